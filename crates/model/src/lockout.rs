//! How long a login is refused unseen after failures, per account and per address: longer with every failure.
//!
//! A refused try is not looked at and must not be counted, or anybody could keep an account locked for ever.

use crate::Millis;

/// Failed logins in a row. Starts anew after a success or after [`Rules::forgotten_after`] without a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failures {
    /// How many.
    pub count: i64,
    /// When the last one was.
    pub last: Millis,
}

/// The measures; all times in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Failures that cost nothing.
    pub free: i64,
    /// The lock after the first failure beyond the free ones. Every further failure doubles it.
    pub shortest: i64,
    /// The lock stops growing here.
    pub longest: i64,
    /// Failures are forgotten when the last one is this long ago.
    pub forgotten_after: i64,
}

impl Default for Rules {
    /// Five for free, then 1 s, 2 s, 4 s and so on up to 15 minutes; forgotten after an hour.
    fn default() -> Self {
        Self { free: 5, shortest: 1_000, longest: 15 * 60_000, forgotten_after: 60 * 60_000 }
    }
}

impl Failures {
    /// The failures to store after one more at `now`, given those that were stored before.
    #[must_use]
    pub fn one_more(before: Option<Self>, now: Millis, rules: Rules) -> Self {
        let remembered = before.filter(|failures| !is_forgotten(*failures, now, rules));
        Self { count: remembered.map_or(0, |failures| failures.count).saturating_add(1), last: now }
    }
}

/// The first moment at which a try is looked at again; it may be in the past. `None` while failures are free.
pub fn locked_until(failures: Failures, rules: Rules) -> Option<Millis> {
    let beyond = failures.count.saturating_sub(rules.free);
    (beyond > 0).then(|| Millis(failures.last.0.saturating_add(lock(beyond, rules))))
}

/// Whether stored failures no longer matter at `now` and may be deleted.
pub fn is_forgotten(failures: Failures, now: Millis, rules: Rules) -> bool {
    now.0.saturating_sub(failures.last.0) >= rules.forgotten_after
}

/// Milliseconds of the lock after `beyond` (at least 1) failures that were not free.
fn lock(beyond: i64, rules: Rules) -> i64 {
    let doublings = u32::try_from(beyond - 1).unwrap_or(u32::MAX);
    let factor = 2i64.checked_pow(doublings).unwrap_or(i64::MAX);
    rules.shortest.saturating_mul(factor).min(rules.longest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Millis = Millis(1_700_000_000_000);

    fn lock_after(count: i64) -> Option<i64> {
        locked_until(Failures { count, last: NOW }, Rules::default()).map(|until| until.0 - NOW.0)
    }

    #[test]
    fn five_failures_are_free_and_the_sixth_costs_a_second() {
        assert_eq!((0..=5).find_map(lock_after), None);
        assert_eq!(lock_after(6), Some(1_000));
    }

    #[test]
    fn every_failure_doubles_the_lock_up_to_a_quarter_of_an_hour() {
        assert_eq!([7, 8, 9, 15].map(lock_after), [2_000, 4_000, 8_000, 512_000].map(Some));
        assert_eq!([16, 17, 1_000, i64::MAX].map(lock_after), [Some(900_000); 4]);
    }

    #[test]
    fn failures_are_counted_until_an_hour_passes_without_one() {
        let rules = Rules::default();
        let first = Failures::one_more(None, NOW, rules);
        assert_eq!(first, Failures { count: 1, last: NOW });
        let just = Millis(NOW.0 + rules.forgotten_after - 1);
        assert_eq!(Failures::one_more(Some(first), just, rules), Failures { count: 2, last: just });
        let hour = Millis(NOW.0 + rules.forgotten_after);
        assert_eq!(Failures::one_more(Some(first), hour, rules), Failures { count: 1, last: hour });
    }

    #[test]
    fn a_clock_that_was_set_back_forgets_nothing() {
        let rules = Rules::default();
        let before = Failures { count: 9, last: NOW };
        let back = Millis(NOW.0 - 10 * rules.forgotten_after);
        assert_eq!(Failures::one_more(Some(before), back, rules), Failures { count: 10, last: back });
    }

    proptest! {
        #[test]
        fn a_lock_never_shrinks_with_more_failures(count in any::<i64>(), more in 0i64..100, last in any::<i64>()) {
            let until = |count| locked_until(Failures { count, last: Millis(last) }, Rules::default());
            prop_assert!(until(count) <= until(count.saturating_add(more)));
        }

        #[test]
        fn a_lock_begins_with_the_last_failure_and_is_bounded(count in any::<i64>(), last in any::<i64>()) {
            let rules = Rules::default();
            if let Some(until) = locked_until(Failures { count, last: Millis(last) }, rules) {
                prop_assert!((last..=last.saturating_add(rules.longest)).contains(&until.0));
            }
        }

        #[test]
        fn no_lock_outlives_its_failures(count in any::<i64>(), last in -4_000_000_000_000i64..4_000_000_000_000) {
            let (failures, rules) = (Failures { count, last: Millis(last) }, Rules::default());
            if let Some(until) = locked_until(failures, rules) {
                prop_assert!(!is_forgotten(failures, until, rules));
            }
        }
    }
}
