//! The audit log: rows are added in the transaction of what they tell, and never changed.

use parlor_model::{Millis, Origin};

use crate::statement::statements;
use crate::value::params;
use crate::{ReadTx, StoreError, WriteTx};

statements! {
    INSERT = "INSERT INTO audit (ts, actor_kind, actor, action, target, door, address, detail) \
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    OF_TARGET = "SELECT action, actor_kind, actor, door, address, detail FROM audit WHERE target = $1 ORDER BY pk";
}

/// What an audit row tells.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// `visitor`, `user`, `server`, or `anyone` for a call without credentials.
    pub actor_kind: &'static str,
    /// Public id of the actor, where there is one.
    pub actor: Option<&'a str>,
    /// What was done, such as `message.removed`.
    pub action: &'static str,
    /// Public id of what it was done to.
    pub target: &'a str,
    /// A short remark; never a token or a text of a person.
    pub detail: Option<&'a str>,
}

/// A stored row: action, kind of actor, actor, door, address, detail.
pub type Row = (String, String, Option<String>, String, Option<String>, Option<String>);

/// Adds a row.
pub fn append(
    tx: &mut WriteTx<'_>,
    now: Millis,
    origin: &Origin,
    entry: Entry<'_>,
) -> Result<(), StoreError> {
    let address = origin.address.map(|a| a.to_string());
    let Entry { actor_kind, actor, action, target, detail } = entry;
    tx.run(INSERT, params![now, actor_kind, actor, action, target, origin.door, &address, detail])?;
    Ok(())
}

/// What was done to one record, oldest first.
pub fn of_target(tx: &mut ReadTx<'_>, target: &str) -> Result<Vec<Row>, StoreError> {
    tx.all(OF_TARGET, params![target])
}
