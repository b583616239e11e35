//! Public ids: 17 characters of the 55 that cannot be mistaken for one another.
//!
//! The first eight characters are the time in milliseconds, so that new rows land at the right edge of an index;
//! the last nine are secret (52 bits), because possession of a message id is a right (decision D1 of the contract).
//! Order is never read from an id: `ts` and `seq` decide.

use crate::Millis;

/// The 55 signs, in byte order, so that encoded numbers sort as they count.
pub const ALPHABET: &[u8; 55] = b"23456789ABCDEFGHJKLMNPQRSTWXYZabcdefghijkmnopqrstuvwxyz";
/// Characters of a public id.
pub const LENGTH: usize = 17;
const HEAD: usize = 8;

/// Draws ids. The system's source lives in the adapters, a seeded one in the test kit.
pub trait IdSource: Send + Sync {
    /// Sixty-four random bits that a stranger cannot guess.
    fn random(&self) -> u64;

    /// A new public id for something made at `now`.
    fn id(&self, now: Millis) -> String {
        time_ordered(now, self.random())
    }

    /// Thirty-two random bytes that a stranger cannot guess: the stuff of login tokens, set-up links and salts.
    fn secret(&self) -> [u8; 32] {
        let mut out = [0; 32];
        for eight in out.chunks_exact_mut(8) {
            eight.copy_from_slice(&self.random().to_le_bytes());
        }
        out
    }
}

/// Builds an id from a time (a negative one counts as 0) and 64 random bits, of which 52 are kept.
pub fn time_ordered(now: Millis, random: u64) -> String {
    let mut out = [ALPHABET[0]; LENGTH];
    encode(u64::try_from(now.0).unwrap_or(0), &mut out[..HEAD]);
    encode(random, &mut out[HEAD..]);
    out.iter().map(|&b| char::from(b)).collect()
}

fn encode(mut number: u64, out: &mut [u8]) {
    for place in out.iter_mut().rev() {
        *place = ALPHABET[usize::try_from(number % 55).unwrap_or(0)];
        number /= 55;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_id_has_seventeen_unmistakable_characters() {
        let id = time_ordered(Millis(1_700_000_000_000), u64::MAX);
        assert_eq!(id.len(), LENGTH);
        assert!(id.bytes().all(|b| ALPHABET.contains(&b)), "{id}");
    }

    #[test]
    fn the_alphabet_is_in_byte_order() {
        assert!(ALPHABET.is_sorted());
    }

    proptest! {
        #[test]
        fn later_ids_sort_after_earlier_ones(a in 0i64..4_000_000_000_000, step in 1i64..1_000_000, r in any::<u64>(), s in any::<u64>()) {
            prop_assert!(time_ordered(Millis(a), r) < time_ordered(Millis(a + step), s));
        }
    }
}
