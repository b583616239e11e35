//! Offline messages.

use parlor_model::offline::OfflineMessage;

use crate::statement::statements;
use crate::value::params;
use crate::value::{FromRow, Row};
use crate::{ReadTx, StoreError, WriteTx};

statements! {
    INSERT = "INSERT INTO offline_message (id, name, email, message, department, host, ts) \
              VALUES ($1, $2, $3, $4, $5, $6, $7)";
    NEWEST = "SELECT id, name, email, message, department, host, ts FROM offline_message ORDER BY pk DESC LIMIT $1";
}

impl FromRow for OfflineMessage {
    fn from_row(row: Row<'_>) -> Result<Self, StoreError> {
        let mut c = row.columns();
        Ok(Self {
            id: c.next()?,
            name: c.next()?,
            email: c.next()?,
            message: c.next()?,
            department: c.next()?,
            host: c.next()?,
            ts: c.next()?,
        })
    }
}

/// Stores one.
pub fn insert(tx: &mut WriteTx<'_>, m: &OfflineMessage) -> Result<(), StoreError> {
    tx.run(INSERT, params![&m.id, &m.name, &m.email, &m.message, &m.department, &m.host, m.ts]).map(drop)
}

/// The newest ones, newest first.
pub fn newest(tx: &mut ReadTx<'_>, limit: i64) -> Result<Vec<OfflineMessage>, StoreError> {
    tx.all(NEWEST, params![limit])
}
