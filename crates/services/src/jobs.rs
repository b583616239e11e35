//! Durable work from a worker's side: take some, and settle each.

use parlor_model::Millis;
use parlor_store::{StoreError, WriteTx, jobs};

/// How long a worker may hold a job before others may take it.
pub const LEASE: i64 = 120_000;
/// Attempts before a job is given up for good: spread over about a day.
pub const ATTEMPTS: i64 = 16;
/// Jobs taken at a time.
const BATCH: i64 = 16;

pub use parlor_store::jobs::Claimed;

/// How one attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The work is done.
    Done,
    /// It may work later; the reason is kept.
    Later(String),
    /// It will never work; the reason is kept.
    Never(String),
}

/// Takes the jobs that are due, each for [`LEASE`] milliseconds.
pub fn claim(tx: &mut WriteTx<'_>, now: Millis) -> Result<Vec<Claimed>, StoreError> {
    jobs::claim(tx, now, Millis(now.0 + LEASE), BATCH)
}

/// Writes down how an attempt ended. A job that failed for good stays, visible.
pub fn settle(
    tx: &mut WriteTx<'_>,
    now: Millis,
    pk: i64,
    attempts: i64,
    outcome: &Outcome,
) -> Result<(), StoreError> {
    match outcome {
        Outcome::Done => jobs::done(tx, pk),
        Outcome::Later(reason) if attempts < ATTEMPTS => {
            jobs::put_off(tx, pk, Millis(now.0 + delay(attempts)), reason)
        }
        Outcome::Later(reason) | Outcome::Never(reason) => jobs::give_up(tx, pk, reason),
    }
}

/// Milliseconds until the next attempt: 5 s, doubled each time, at most 3 hours.
fn delay(attempts: i64) -> i64 {
    let doublings = u32::try_from(attempts.clamp(1, 20) - 1).unwrap_or(0);
    (5_000_i64 << doublings).min(3 * 3_600_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_grows_and_is_bounded() {
        let delays: Vec<i64> = (1..=ATTEMPTS).map(delay).collect();
        assert_eq!(&delays[..3], [5_000, 10_000, 20_000]);
        assert!(delays.is_sorted());
        assert_eq!(delay(i64::MAX), 10_800_000);
        let total: i64 = delays.iter().sum();
        assert!((12..=36).contains(&(total / 3_600_000)), "about a day, {} h", total / 3_600_000);
    }
}
