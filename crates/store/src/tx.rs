//! Transactions as use cases see them: synchronous, over either engine.

use std::ops::{Deref, DerefMut};

use parlor_model::{Event, Job, Millis};

use crate::driver::postgres::PgSession;
use crate::driver::sqlite;
use crate::parts::Parts;
use crate::statement::Statement;
use crate::value::params;
use crate::value::{FromRow, Row, Value};
use crate::{StoreError, sql};

/// The connection a transaction runs on.
#[derive(Clone, Copy)]
pub(crate) enum Engine<'c> {
    Sqlite(&'c rusqlite::Connection),
    Postgres(&'c PgSession),
}

/// A consistent view of the store.
pub struct ReadTx<'c> {
    engine: Engine<'c>,
    /// The first failed statement. A use case that swallows it fails all the same: `PostgreSQL`'s transaction is dead
    /// by then, and the two engines must agree.
    failed: Option<StoreError>,
    /// Something was written that a refusal would have to undo.
    wrote: bool,
}

impl<'c> ReadTx<'c> {
    pub(crate) fn new(engine: Engine<'c>) -> Self {
        Self { engine, failed: None, wrote: false }
    }

    pub(crate) fn take_failure(&mut self) -> Option<StoreError> {
        self.failed.take()
    }

    /// Every row of the answer.
    pub(crate) fn all<T: FromRow>(
        &mut self,
        statement: Statement,
        params: &[Value<'_>],
    ) -> Result<Vec<T>, StoreError> {
        let mut rows = Vec::new();
        self.each(statement, params, |row| {
            rows.push(T::from_row(row)?);
            Ok(())
        })?;
        Ok(rows)
    }

    /// The first row of the answer, if there is one.
    pub(crate) fn opt<T: FromRow>(
        &mut self,
        statement: Statement,
        params: &[Value<'_>],
    ) -> Result<Option<T>, StoreError> {
        let mut first = None;
        self.each(statement, params, |row| {
            if first.is_none() {
                first = Some(T::from_row(row)?);
            }
            Ok(())
        })?;
        Ok(first)
    }

    /// The only row of an answer that always has one.
    pub(crate) fn one<T: FromRow>(
        &mut self,
        statement: Statement,
        params: &[Value<'_>],
    ) -> Result<T, StoreError> {
        self.opt(statement, params)?
            .ok_or_else(|| StoreError::Engine(format!("{} gave no row", statement.name)))
    }

    pub(crate) fn wrote(&self) -> bool {
        self.wrote
    }

    /// Calls `f` with each row of the answer.
    pub(crate) fn each(
        &mut self,
        statement: Statement,
        params: &[Value<'_>],
        mut f: impl FnMut(Row<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let reads = statement.sql.starts_with("SELECT");
        let mut rows = 0;
        let mut f = |row: Row<'_>| {
            rows += 1;
            f(row)
        };
        let done = match self.engine {
            Engine::Sqlite(connection) => sqlite::each(connection, statement, params, &mut f),
            Engine::Postgres(session) => session
                .query(statement, params)
                .and_then(|rows| rows.iter().try_for_each(|row| f(Row::Postgres(row)))),
        };
        self.wrote |= !reads && rows > 0;
        self.note(done)
    }

    fn note<T>(&mut self, done: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(error) = &done
            && self.failed.is_none()
        {
            self.failed = Some(error.clone());
        }
        done
    }
}

/// A transaction that may write. Changes, events and jobs take effect together, at commit, or not at all.
pub struct WriteTx<'c> {
    read: ReadTx<'c>,
    events: &'c mut Vec<Event>,
    jobs: &'c mut bool,
    parts: &'c Parts,
}

impl<'c> WriteTx<'c> {
    pub(crate) fn new(
        engine: Engine<'c>,
        events: &'c mut Vec<Event>,
        jobs: &'c mut bool,
        parts: &'c Parts,
    ) -> Self {
        Self { read: ReadTx::new(engine), events, jobs, parts }
    }

    /// Where the store stands in its parts.
    pub(crate) fn part_position(&self) -> i64 {
        self.parts.position()
    }

    /// A message was added to the present part.
    pub(crate) fn count_message(&self) {
        self.parts.count();
    }

    /// Runs a statement and tells how many rows it changed.
    pub(crate) fn run(&mut self, statement: Statement, params: &[Value<'_>]) -> Result<u64, StoreError> {
        let done = match self.read.engine {
            Engine::Sqlite(connection) => sqlite::run(connection, statement, params),
            Engine::Postgres(session) => session.execute(statement, params),
        };
        self.read.wrote |= done.as_ref().is_ok_and(|changed| *changed > 0);
        self.read.note(done)
    }

    /// Runs a statement whose outcome nobody needs to know. On PostgreSQL it may travel with the next one, which halves
    /// the round trips of a send.
    pub(crate) fn run_later(&mut self, statement: Statement, params: &[Value<'_>]) -> Result<(), StoreError> {
        let done = match self.read.engine {
            Engine::Sqlite(connection) => sqlite::run(connection, statement, params).map(drop),
            Engine::Postgres(session) => session.execute_later(statement, params),
        };
        self.read.wrote = true;
        self.read.note(done)
    }

    /// Tells the world, after the commit.
    pub fn emit(&mut self, event: Event) {
        self.events.push(event);
    }

    /// Writes a piece of durable work, to be run at `due` or later.
    pub fn enqueue(&mut self, now: Millis, due: Millis, job: &Job) -> Result<(), StoreError> {
        let payload = serde_json::to_string(job).map_err(|e| StoreError::Engine(e.to_string()))?;
        self.run(sql::jobs::INSERT, params![job.kind(), &payload, due, now])?;
        *self.jobs = true;
        Ok(())
    }
}

impl<'c> Deref for WriteTx<'c> {
    type Target = ReadTx<'c>;
    fn deref(&self) -> &Self::Target {
        &self.read
    }
}

impl DerefMut for WriteTx<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.read
    }
}

#[cfg(test)]
mod tests;
