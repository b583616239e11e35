//! Stored settings: text values by id, over the compiled defaults and under the operator's environment.

use parlor_model::Millis;

use crate::statement::statements;
use crate::value::params;
use crate::{ReadTx, StoreError, WriteTx};

statements! {
    ALL_VALUES = "SELECT id, value FROM setting ORDER BY id";
    ONE_VALUE = "SELECT value FROM setting WHERE id = $1";
    SAVE = "INSERT INTO setting (id, value, updated_at) VALUES ($1, $2, $3) \
            ON CONFLICT (id) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at";
    SAVE_FIRST = "INSERT INTO setting (id, value, updated_at) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING";
}

/// Every stored value: id and text form, by id.
pub fn all(tx: &mut ReadTx<'_>) -> Result<Vec<(String, String)>, StoreError> {
    tx.all(ALL_VALUES, &[])
}

/// The text form of one stored value.
pub fn find(tx: &mut ReadTx<'_>, id: &str) -> Result<Option<String>, StoreError> {
    Ok(tx.opt::<(String,)>(ONE_VALUE, params![id])?.map(|(value,)| value))
}

/// Stores a value in its text form, in place of one that was there.
pub fn save(tx: &mut WriteTx<'_>, id: &str, value: &str, now: Millis) -> Result<(), StoreError> {
    tx.run(SAVE, params![id, value, now]).map(drop)
}

/// Stores a value that never changes, unless one is there; gives the one that is stored then.
pub fn save_first(tx: &mut WriteTx<'_>, id: &str, value: &str, now: Millis) -> Result<String, StoreError> {
    tx.run(SAVE_FIRST, params![id, value, now])?;
    tx.one::<(String,)>(ONE_VALUE, params![id]).map(|(value,)| value)
}
