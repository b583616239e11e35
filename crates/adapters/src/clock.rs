//! The system's clock: the one place where the time of day enters. It holds no rules about time.

use std::time::{SystemTime, UNIX_EPOCH};

use parlor_model::{Clock, Millis};

/// The wall clock of this machine; it may step when the machine's clock is set.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "everything else gets its time from here")]
    fn now(&self) -> Millis {
        let now = SystemTime::now();
        let count = |span: std::time::Duration| i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        match now.duration_since(UNIX_EPOCH) {
            Ok(after) => Millis(count(after)),
            Err(before) => Millis(-count(before.duration())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_tells_a_time_of_this_century_and_does_not_stand_still() {
        let first = SystemClock.now();
        assert!((Millis(1_700_000_000_000)..Millis(4_102_444_800_000)).contains(&first), "{first}");
        assert!((0..10_000_000).any(|_| SystemClock.now() > first));
    }
}
