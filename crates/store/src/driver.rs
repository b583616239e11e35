//! The two engines behind one face. Nothing outside this module names a driver's type in a decision.

pub(crate) mod checkpoint;
pub(crate) mod postgres;
pub(crate) mod sqlite;

use crate::StoreError;
use crate::tx::Engine;

use postgres::PgSession;
use sqlite::SqliteSession;

/// One connection and the transaction control that the writer and the readers need.
pub(crate) enum Session {
    Sqlite(SqliteSession),
    Postgres(Box<PgSession>),
}

macro_rules! both {
    ($self:ident, $session:ident => $call:expr) => {
        match $self {
            Session::Sqlite($session) => $call,
            Session::Postgres($session) => $call,
        }
    };
}

impl Session {
    /// Makes sure there is a connection; only a network engine can fail here.
    pub(crate) fn ensure_connected(&mut self) -> Result<(), StoreError> {
        match self {
            Session::Sqlite(_) => Ok(()),
            Session::Postgres(session) => session.ensure_connected(),
        }
    }

    /// Begins a writing transaction. SQLite has one writer, so every one of its transactions is serializable.
    pub(crate) fn begin_write(&self, serializable: bool) -> Result<(), StoreError> {
        match self {
            Session::Sqlite(session) => session.begin_write(),
            Session::Postgres(session) => session.begin_write(serializable),
        }
    }

    pub(crate) fn begin_read(&self) -> Result<(), StoreError> {
        both!(self, s => s.begin_read())
    }

    /// Whether a savepoint for each caller costs next to nothing. On PostgreSQL it is text to parse and a subtransaction, so a batch
    /// runs without until a caller's changes have to be undone, and then once more with them.
    pub(crate) fn guards_freely(&self) -> bool {
        matches!(self, Session::Sqlite(_))
    }

    /// Whether writes may travel late; see [`PgSession::execute_later`].
    pub(crate) fn allow_deferring(&self, allowed: bool) {
        if let Session::Postgres(session) = self {
            session.allow_deferring(allowed);
        }
    }

    pub(crate) fn savepoint(&self) -> Result<(), StoreError> {
        both!(self, s => s.savepoint())
    }

    pub(crate) fn release(&self) -> Result<(), StoreError> {
        both!(self, s => s.release())
    }

    pub(crate) fn rollback_to(&self) -> Result<(), StoreError> {
        both!(self, s => s.rollback_to())
    }

    /// Makes the transaction durable. [`StoreError::Unknown`] when the connection broke before the answer.
    pub(crate) fn commit(&self) -> Result<(), StoreError> {
        both!(self, s => s.commit())
    }

    /// Gives the transaction up; never fails, because a broken connection has given it up already.
    pub(crate) fn rollback(&self) {
        both!(self, s => s.rollback());
    }

    /// True while a transaction is open; false when the engine ended it by itself.
    pub(crate) fn in_transaction(&self) -> bool {
        both!(self, s => s.in_transaction())
    }

    pub(crate) fn engine(&self) -> Engine<'_> {
        match self {
            Session::Sqlite(session) => Engine::Sqlite(session.connection()),
            Session::Postgres(session) => Engine::Postgres(session),
        }
    }

    /// Makes what room the engine can make on a full disk; true if a second try may find it.
    pub(crate) fn make_room(&self) -> bool {
        match self {
            Session::Sqlite(session) => session.reuse_log(),
            Session::Postgres(_) => false,
        }
    }

    /// How many callers may share a transaction. `PostgreSQL` keeps only 64 subtransactions of a backend at hand;
    /// past that every snapshot costs more.
    pub(crate) fn batch_limit(&self) -> usize {
        match self {
            Session::Sqlite(_) => 512,
            Session::Postgres(_) => 64,
        }
    }
}
