//! What can go wrong with storage, in words that no engine owns.

use thiserror::Error;

/// A failure of the store. Cloneable, because one failed commit answers many callers.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StoreError {
    /// A uniqueness rule refused the write; names the constraint or the columns.
    #[error("conflict: {0}")]
    Conflict(String),
    /// The engine asked to try again and the tries ran out.
    #[error("storage is contended: {0}")]
    Again(String),
    /// More commands wait than the queue takes; nothing was done.
    #[error("too many commands are waiting")]
    Busy,
    /// The disk is full; nothing was done.
    #[error("no space left for the database")]
    Full,
    /// The database cannot be reached; nothing was done.
    #[error("the database cannot be reached: {0}")]
    Down(String),
    /// The connection broke during COMMIT: the command may or may not have taken effect.
    #[error("the connection broke during commit; whether the command took effect is unknown")]
    Unknown,
    /// A row was not of the shape the code expects: the column and what was wanted.
    #[error("column {0} is not {1}")]
    Shape(usize, &'static str),
    /// A use case panicked; its changes were rolled back.
    #[error("a command panicked")]
    Panicked,
    /// The store has stopped.
    #[error("the store has stopped")]
    Stopped,
    /// Anything else the engine reported.
    #[error("database: {0}")]
    Engine(String),
}

impl StoreError {
    /// True when waiting a moment and asking again may help and the request was not at fault.
    pub fn is_temporary(&self) -> bool {
        matches!(
            self,
            Self::Again(_) | Self::Busy | Self::Full | Self::Down(_) | Self::Unknown | Self::Stopped
        )
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        let rusqlite::Error::SqliteFailure(code, text) = &error else {
            return Self::Engine(error.to_string());
        };
        let text = text.clone().unwrap_or_else(|| code.to_string());
        match (code.code, code.extended_code) {
            (ErrorCode::DiskFull, _) => Self::Full,
            // UNIQUE, PRIMARY KEY and ROWID; other constraints are mistakes of ours.
            (ErrorCode::ConstraintViolation, 2067 | 1555 | 2579) => Self::Conflict(text),
            (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _) => Self::Again(text),
            // A failing disk, a quota: the same call may work later, and is not at fault.
            (ErrorCode::SystemIoFailure, _) => Self::Down(text),
            _ => Self::Engine(text),
        }
    }
}

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        use tokio_postgres::error::SqlState;
        let Some(db) = error.as_db_error() else {
            return if error.is_closed() || std::error::Error::source(&error).is_some_and(is_io) {
                Self::Down(error.to_string())
            } else {
                Self::Engine(error.to_string())
            };
        };
        let code = db.code();
        if *code == SqlState::T_R_SERIALIZATION_FAILURE || *code == SqlState::T_R_DEADLOCK_DETECTED {
            Self::Again(db.message().to_owned())
        } else if *code == SqlState::UNIQUE_VIOLATION {
            Self::Conflict(db.constraint().unwrap_or("unique").to_owned())
        } else if *code == SqlState::DISK_FULL {
            Self::Full
        } else if code.code().starts_with("57P")
            || code.code().starts_with("08")
            || *code == SqlState::TOO_MANY_CONNECTIONS
        {
            Self::Down(db.message().to_owned())
        } else {
            Self::Engine(format!("{}: {}", code.code(), db.message()))
        }
    }
}

fn is_io(source: &(dyn std::error::Error + 'static)) -> bool {
    source.is::<std::io::Error>()
}
