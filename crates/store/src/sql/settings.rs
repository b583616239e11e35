//! Stored settings: text values by id, over the compiled defaults and under the operator's environment.

use crate::statement::statements;
use crate::{ReadTx, StoreError};

statements! {
    ALL_VALUES = "SELECT id, value FROM setting ORDER BY id";
}

/// Every stored value: id and text form.
pub fn all(tx: &mut ReadTx<'_>) -> Result<Vec<(String, String)>, StoreError> {
    tx.all(ALL_VALUES, &[])
}
