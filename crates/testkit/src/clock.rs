//! A clock that stands still until a test moves it.

use std::sync::atomic::{AtomicI64, Ordering};

use parlor_model::{Clock, Millis};

/// A settable clock; share it in an `Arc`.
#[derive(Debug)]
pub struct TestClock(AtomicI64);

impl TestClock {
    /// Where a new clock stands: 2023-11-14T22:13:20.000Z.
    pub const START: Millis = Millis(1_700_000_000_000);

    /// A clock that stands at [`TestClock::START`].
    pub fn new() -> Self {
        Self(AtomicI64::new(Self::START.0))
    }

    /// Moves the clock by `ms` milliseconds (backwards when negative) and returns the new time.
    pub fn advance(&self, ms: i64) -> Millis {
        Millis(self.0.fetch_add(ms, Ordering::SeqCst) + ms)
    }

    /// Puts the clock at `now`.
    pub fn set(&self, now: Millis) {
        self.0.store(now.0, Ordering::SeqCst);
    }
}

impl Default for TestClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for TestClock {
    fn now(&self) -> Millis {
        Millis(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_moves_only_when_told() {
        let clock = TestClock::new();
        assert_eq!((clock.now(), clock.now()), (TestClock::START, TestClock::START));
        assert_eq!(clock.advance(5), Millis(1_700_000_000_005));
        clock.set(Millis(7));
        assert_eq!(clock.now(), Millis(7));
    }
}
