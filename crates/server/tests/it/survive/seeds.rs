//! Repeatable choices.

use std::hash::{BuildHasher, RandomState};

const VARIABLE: &str = "PARLOR_PROVE_SEED";

/// A stream of numbers that one number decides (the splitmix64 sequence).
pub(super) struct Seeds(u64);

impl Seeds {
    /// The stream of the seed that the environment names, else of a fresh one; and the seed.
    pub(super) fn of_this_run() -> (Self, u64) {
        let seed = match std::env::var(VARIABLE) {
            Ok(text) => text.parse().unwrap_or_else(|_| panic!("{VARIABLE} is {text:?} and not a number")),
            Err(_) => RandomState::new().hash_one(()),
        };
        (Self(seed), seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A stream of its own.
    pub(super) fn branch(&mut self) -> Self {
        Self(self.next())
    }

    /// A number in a range, both ends included.
    pub(super) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low + 1)
    }

    /// The place of one of several things.
    pub(super) fn index(&mut self, count: usize) -> usize {
        usize::try_from(self.between(0, count as u64 - 1)).expect("a place in memory")
    }
}
