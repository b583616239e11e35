//! `SQLite`: one file, write-ahead log, every commit synced to the disk.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::StoreError;
use crate::statement::Statement;
use crate::value::{Row, Value};

/// Statements kept prepared on each connection: all of ours, with room to spare.
const CACHED_STATEMENTS: usize = 256;

/// Pages of the log from which on the writer folds in what the checkpoint thread has left: 64 MiB.
const LONGEST_LOG: u32 = 16_384;

pub(crate) struct SqliteSession {
    connection: Connection,
}

impl SqliteSession {
    /// Opens the file for the one writer, creating it if needed.
    pub(crate) fn open_writer(path: &Path, cache_kb: u32) -> Result<Self, StoreError> {
        let connection = Connection::open(path)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        // In WAL mode anything less lets a power cut take acknowledged commits.
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "wal_autocheckpoint", LONGEST_LOG)?;
        connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
        Self::finish(connection, cache_kb)
    }

    /// Opens the file for reading; the engine itself refuses writes.
    pub(crate) fn open_reader(path: &Path, cache_kb: u32) -> Result<Self, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        connection.pragma_update(None, "query_only", true)?;
        Self::finish(connection, cache_kb)
    }

    /// Opens the file for checkpoints alone.
    pub(crate) fn open_checkpointer(path: &Path) -> Result<Self, StoreError> {
        let connection = Connection::open(path)?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        Self::finish(connection, 512)
    }

    /// Copies what can be copied of the log into the file, without waiting for anybody.
    pub(crate) fn checkpoint(&self) -> Result<(), StoreError> {
        Ok(self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?)
    }

    /// Copies the whole log into the file, so that the next commit begins it anew and needs no more disk; false if that
    /// did not come about.
    pub(crate) fn reuse_log(&self) -> bool {
        let folded = self.connection.query_row("PRAGMA wal_checkpoint(RESTART)", [], |row| {
            let (busy, frames, copied): (bool, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(!busy && frames > 0 && frames == copied)
        });
        folded.unwrap_or(false)
    }

    fn finish(connection: Connection, cache_kb: u32) -> Result<Self, StoreError> {
        connection.pragma_update(None, "cache_size", -i64::from(cache_kb))?;
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        // Plans must not depend on bound values: without this SQLite parses some statements anew at each run, which
        // shows at the top of a profile of sends.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        connection.busy_timeout(Duration::from_secs(5))?;
        connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
        Ok(Self { connection })
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    fn control(&self, sql: &'static str) -> Result<(), StoreError> {
        self.connection.prepare_cached(sql)?.raw_execute()?;
        Ok(())
    }

    pub(crate) fn begin_write(&self) -> Result<(), StoreError> {
        self.control("BEGIN IMMEDIATE")
    }

    pub(crate) fn begin_read(&self) -> Result<(), StoreError> {
        self.control("BEGIN")
    }

    pub(crate) fn savepoint(&self) -> Result<(), StoreError> {
        self.control("SAVEPOINT caller")
    }

    pub(crate) fn release(&self) -> Result<(), StoreError> {
        self.control("RELEASE caller")
    }

    pub(crate) fn rollback_to(&self) -> Result<(), StoreError> {
        self.control("ROLLBACK TO caller")?;
        self.control("RELEASE caller")
    }

    pub(crate) fn commit(&self) -> Result<(), StoreError> {
        self.control("COMMIT").inspect_err(|_| self.rollback()).map_err(|error| match error {
            // The log may hold the commit although its sync failed; a later start would find it.
            StoreError::Down(_) => StoreError::Unknown,
            other => other,
        })
    }

    pub(crate) fn rollback(&self) {
        if self.in_transaction()
            && let Err(error) = self.control("ROLLBACK")
        {
            tracing::error!(%error, "a rollback failed");
        }
    }

    pub(crate) fn in_transaction(&self) -> bool {
        !self.connection.is_autocommit()
    }
}

/// Binds the parameters. The portable subset relies on `$n` being the n-th parameter; `SQLite` numbers names by their
/// first use, so a debug build checks that the two agree.
fn bind(
    statement: &mut rusqlite::CachedStatement<'_>,
    what: Statement,
    params: &[Value<'_>],
) -> Result<(), StoreError> {
    debug_assert_eq!(statement.parameter_count(), params.len(), "{}", what.name);
    for (i, value) in params.iter().enumerate() {
        debug_assert_eq!(
            statement.parameter_name(i + 1),
            Some(format!("${}", i + 1).as_str()),
            "{}",
            what.name
        );
        statement.raw_bind_parameter(i + 1, value)?;
    }
    Ok(())
}

pub(crate) fn each(
    connection: &Connection,
    what: Statement,
    params: &[Value<'_>],
    f: &mut dyn FnMut(Row<'_>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(what.sql)?;
    bind(&mut statement, what, params)?;
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next()? {
        f(Row::Sqlite(row))?;
    }
    Ok(())
}

pub(crate) fn run(connection: &Connection, what: Statement, params: &[Value<'_>]) -> Result<u64, StoreError> {
    let mut statement = connection.prepare_cached(what.sql)?;
    bind(&mut statement, what, params)?;
    Ok(statement.raw_execute()? as u64)
}
