//! Secret randomness for ids and tokens, drawn from the operating system in portions. It does not know what ids look like.

use std::cell::RefCell;

use parlor_model::IdSource;

const PORTION: usize = 512;

/// Draws from the operating system's secure random source, 512 bytes per thread and system call.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemIds;

impl IdSource for SystemIds {
    /// Ends the process when the operating system has no randomness to give, because guessable ids would open
    /// other people's conversations.
    fn random(&self) -> u64 {
        PORTIONS.with_borrow_mut(Portion::draw)
    }
}

struct Portion {
    bytes: [u8; PORTION],
    next: usize,
}

thread_local! {
    static PORTIONS: RefCell<Portion> = const { RefCell::new(Portion { bytes: [0; PORTION], next: PORTION }) };
}

impl Portion {
    fn draw(&mut self) -> u64 {
        loop {
            if let Some(chunk) = self.bytes.get(self.next..).and_then(<[u8]>::first_chunk) {
                self.next += chunk.len();
                return u64::from_le_bytes(*chunk);
            }
            self.refill();
        }
    }

    #[allow(clippy::disallowed_methods, reason = "this is the id source that the rest of the program asks")]
    fn refill(&mut self) {
        if let Err(error) = getrandom::fill(&mut self.bytes) {
            tracing::error!(%error, "the operating system gives no randomness; ids would be guessable");
            std::process::abort();
        }
        self.next = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn draws_beyond_one_portion_and_across_threads_never_repeat() {
        let draw = || (0..1_000).map(|_| SystemIds.random()).collect::<Vec<_>>();
        let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(draw)).collect();
        let mut seen: HashSet<u64> = draw().into_iter().collect();
        for thread in threads {
            seen.extend(thread.join().unwrap());
        }
        assert_eq!(seen.len(), 5_000);
    }

    #[test]
    fn secrets_never_repeat_and_are_no_copies_within() {
        let secrets: Vec<_> = (0..100).map(|_| SystemIds.secret()).collect();
        let eights: HashSet<&[u8]> = secrets.iter().flat_map(|secret| secret.chunks_exact(8)).collect();
        assert_eq!(eights.len(), 400);
    }

    #[test]
    fn every_bit_is_sometimes_set_and_sometimes_not() {
        let (mut ever, mut always) = (0, u64::MAX);
        for _ in 0..1_000 {
            let bits = SystemIds.random();
            ever |= bits;
            always &= bits;
        }
        assert_eq!((ever, always), (u64::MAX, 0));
    }
}
