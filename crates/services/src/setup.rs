//! The first administrator, made by whoever holds the one-time link that the server printed.

use parlor_model::token::{hash_token, new_token};
use parlor_model::{ErrorCode, Millis};
use parlor_store::{ReadTx, StoreError, WriteTx, accounts};

use crate::accounts::{AccountError, Create, create_administrator};
use crate::{Context, Refusal};

/// How long a link lasts, in milliseconds: 24 hours.
const LASTS: i64 = 24 * 60 * 60 * 1000;
/// The secret's name in the store.
const LINK: &str = "setup-link";
/// The fewest signs of a password.
pub const SHORTEST_PASSWORD: usize = 8;

/// Why the first administrator is not made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SetupError {
    /// The link was used, has run out, was replaced by a later start's, or never was one.
    InvalidLink,
    /// The account cannot be made.
    Account(AccountError),
}

impl From<StoreError> for SetupError {
    fn from(error: StoreError) -> Self {
        Self::Account(AccountError::Store(error))
    }
}

impl From<SetupError> for Refusal {
    fn from(error: SetupError) -> Self {
        match error {
            SetupError::InvalidLink => Self::Code(ErrorCode::coded(
                "error-invalid-setup-link",
                "This link was used or is too old. Start the server again for a new one",
            )),
            SetupError::Account(error) => error.into(),
        }
    }
}

/// Makes a new link's secret while there is no administrator; the one before is void then.
pub fn begin(tx: &mut WriteTx<'_>, ctx: &Context) -> Result<Option<String>, StoreError> {
    if accounts::someone_in_role(tx, "admin")? {
        return Ok(None);
    }
    let token = new_token(ctx.ids.as_ref());
    accounts::set_secret(tx, LINK, &hash_token(&token), Millis(ctx.now.0 + LASTS))?;
    Ok(Some(token))
}

/// Whether a link still opens the way; asked before a password is hashed for it.
pub fn check(tx: &mut ReadTx<'_>, ctx: &Context, token: &str) -> Result<(), SetupError> {
    let known = accounts::secret(tx, LINK, ctx.now)?;
    if known.is_some_and(|hash| hash == hash_token(token)) { Ok(()) } else { Err(SetupError::InvalidLink) }
}

/// Makes the administrator and uses up the link; gives the new account's public id.
pub fn finish(
    tx: &mut WriteTx<'_>,
    ctx: &Context,
    token: &str,
    command: &Create,
) -> Result<String, SetupError> {
    check(tx, ctx, token)?;
    // Named by the operator's configuration since the link was printed.
    if accounts::someone_in_role(tx, "admin")? {
        return Err(SetupError::InvalidLink);
    }
    let id = create_administrator(tx, ctx, command).map_err(SetupError::Account)?;
    accounts::remove_secret(tx, LINK)?;
    Ok(id)
}
