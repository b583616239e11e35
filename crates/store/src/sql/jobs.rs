//! Durable work: claimed for a while, then done, put off, or given up for good.

use parlor_model::{Job, Millis};

use crate::statement::statements;
use crate::value::params;
use crate::value::{FromRow, Row};
use crate::{ReadTx, StoreError, WriteTx};

statements! {
    INSERT = "INSERT INTO job (kind, payload, state, due, attempts, created_at) VALUES ($1, $2, 'waiting', $3, 0, $4)";
    // A claim moves `due` to the end of the lease: a worker that dies gives the job back by doing nothing.
    CLAIM = "UPDATE job SET due = $1, attempts = attempts + 1 WHERE pk IN \
             (SELECT pk FROM job WHERE state = 'waiting' AND due <= $2 ORDER BY due, pk LIMIT $3) \
             RETURNING pk, attempts, payload";
    DONE = "DELETE FROM job WHERE pk = $1";
    PUT_OFF = "UPDATE job SET due = $1, last_error = $2 WHERE pk = $3";
    GIVE_UP = "UPDATE job SET state = 'failed', last_error = $1 WHERE pk = $2";
    COUNT = "SELECT COUNT(*) FROM job WHERE state = $1";
    FAILED = "SELECT pk, kind, last_error FROM job WHERE state = 'failed' ORDER BY pk LIMIT 100";
    NEXT_DUE = "SELECT MIN(due) FROM job WHERE state = 'waiting'";
}

/// A job that a worker holds until its lease ends.
#[derive(Debug)]
pub struct Claimed {
    /// Row number.
    pub pk: i64,
    /// How often it has been claimed, this time included.
    pub attempts: i64,
    /// What to do; an error for a payload that this program cannot read.
    pub job: Result<Job, String>,
}

impl FromRow for Claimed {
    fn from_row(row: Row<'_>) -> Result<Self, StoreError> {
        let payload: String = row.get(2)?;
        let job = serde_json::from_str(&payload).map_err(|e| e.to_string());
        Ok(Self { pk: row.get(0)?, attempts: row.get(1)?, job })
    }
}

/// Takes up to `limit` due jobs and keeps other workers off them until `lease_end`.
pub fn claim(
    tx: &mut WriteTx<'_>,
    now: Millis,
    lease_end: Millis,
    limit: i64,
) -> Result<Vec<Claimed>, StoreError> {
    tx.all(CLAIM, params![lease_end, now, limit])
}

/// Removes a job that was done.
pub fn done(tx: &mut WriteTx<'_>, pk: i64) -> Result<(), StoreError> {
    tx.run(DONE, params![pk]).map(drop)
}

/// Lets a job wait until `due`, and remembers why.
pub fn put_off(tx: &mut WriteTx<'_>, pk: i64, due: Millis, reason: &str) -> Result<(), StoreError> {
    tx.run(PUT_OFF, params![due, reason, pk]).map(drop)
}

/// Marks a job as failed for good; it stays, visible.
pub fn give_up(tx: &mut WriteTx<'_>, pk: i64, reason: &str) -> Result<(), StoreError> {
    tx.run(GIVE_UP, params![reason, pk]).map(drop)
}

/// How many jobs are `waiting` or `failed`.
pub fn count(tx: &mut ReadTx<'_>, state: &str) -> Result<i64, StoreError> {
    tx.one::<(i64,)>(COUNT, params![state]).map(|(n,)| n)
}

/// The first hundred jobs that failed for good: number, kind, last error.
pub fn failed(tx: &mut ReadTx<'_>) -> Result<Vec<(i64, String, Option<String>)>, StoreError> {
    tx.all(FAILED, &[])
}

/// When the next waiting job is due.
pub fn next_due(tx: &mut ReadTx<'_>) -> Result<Option<Millis>, StoreError> {
    tx.one::<(Option<Millis>,)>(NEXT_DUE, &[]).map(|(due,)| due)
}
