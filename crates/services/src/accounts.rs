//! Accounts: who may log in, who is asking, what they may do (sections 1.2 and 2.1 to 2.5 of `agent-api.md`).

use std::collections::HashSet;

use parlor_model::account::{Account, is_username};
use parlor_model::lockout::{self, Failures, Rules};
use parlor_model::permission::{Permission, ROLES};
use parlor_model::token::hash_token;
use parlor_model::{Event, Millis, Verdict};
use parlor_store::accounts::{self, NewAccount};
use parlor_store::{ReadTx, StoreError, WriteTx, audit};

use crate::Context;
use crate::error::errors;

/// How long a login lasts, in milliseconds: 90 days.
const LOGIN_LASTS: i64 = 90 * 24 * 60 * 60 * 1000;

errors! {
    /// Why an account cannot be made.
    AccountError {
        /// The username holds other signs than letters, digits, `-`, `_` and `.`, or none.
        InvalidUsername(String) => |name: String| ErrorCode::coded(
            "error-invalid-username", format!("{} is not a valid username", parlor_model::text::single_line(&name)));
        /// Another account has the username or the e-mail address.
        Taken(String) => |what: String| ErrorCode::coded(
            "error-field-unavailable", format!("{} is already in use", parlor_model::text::single_line(&what)));
        /// The address has not the form `x@y`.
        InvalidEmail(String) => |address: String| ErrorCode::coded(
            "error-invalid-email", format!("Invalid email {}", parlor_model::text::single_line(&address)));
    }
}

/// Makes sure that the roles and permissions of this release are known. What people changed stays as it is.
pub fn seed(tx: &mut WriteTx<'_>, now: Millis) -> Result<(), StoreError> {
    for (role, purpose) in ROLES {
        accounts::seed_role(tx, role, purpose)?;
    }
    for permission in Permission::ALL {
        accounts::seed_permission(tx, permission.id(), permission.default_roles(), now)?;
    }
    Ok(())
}

/// An account to be made.
#[derive(Debug, Clone)]
pub struct Create {
    /// Public id; drawn where none is given.
    pub id: Option<String>,
    /// Username as written.
    pub username: String,
    /// Shown name.
    pub name: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// The address is known to be theirs.
    pub email_verified: bool,
    /// Hash of the password.
    pub password: Option<String>,
    /// Ids of roles that exist.
    pub roles: Vec<String>,
}

/// Makes an account; gives its public id.
pub fn create(tx: &mut WriteTx<'_>, ctx: &Context, command: &Create) -> Result<String, AccountError> {
    if !is_username(&command.username) {
        return Err(AccountError::InvalidUsername(command.username.clone()));
    }
    if accounts::by_username(tx, &command.username)?.is_some() {
        return Err(AccountError::Taken(command.username.clone()));
    }
    let email = command.email.as_deref().map(|e| e.trim().to_lowercase()).filter(|e| !e.is_empty());
    if let Some(email) = email.as_deref().filter(|email| !parlor_model::text::is_address(email)) {
        return Err(AccountError::InvalidEmail(email.to_owned()));
    }
    if let Some(email) = &email
        && accounts::by_email(tx, email)?.is_some()
    {
        return Err(AccountError::Taken(email.clone()));
    }
    let id = command.id.clone().unwrap_or_else(|| ctx.id());
    let new = NewAccount {
        id: &id,
        username: &command.username,
        name: command.name.as_deref(),
        email: email.as_deref(),
        email_verified: command.email_verified,
        password: command.password.as_deref(),
    };
    let pk = accounts::insert(tx, new, ctx.now)?;
    for role in &command.roles {
        accounts::add_role(tx, pk, role)?;
    }
    note(tx, ctx, None, "account.created", &id)?;
    Ok(id)
}

/// Makes the administrator of an automated set-up, unless an account of that name exists; tells whether it did.
pub fn ensure_administrator(
    tx: &mut WriteTx<'_>,
    ctx: &Context,
    command: &Create,
) -> Result<bool, AccountError> {
    if accounts::by_username(tx, &command.username)?.is_some() {
        return Ok(false);
    }
    create_administrator(tx, ctx, command)?;
    Ok(true)
}

/// Makes an account with every right; gives its public id.
pub(crate) fn create_administrator(
    tx: &mut WriteTx<'_>,
    ctx: &Context,
    command: &Create,
) -> Result<String, AccountError> {
    let roles = vec!["admin".to_owned(), "user".to_owned()];
    create(tx, ctx, &Create { roles, ..command.clone() })
}

/// A caller who has shown who they are.
#[derive(Debug, Clone)]
pub struct Staff {
    /// Their account.
    pub account: Account,
    /// Ids of their roles.
    pub roles: Vec<String>,
    granted: HashSet<String>,
}

impl Staff {
    /// Whether one of their roles holds the permission.
    pub fn may(&self, permission: Permission) -> bool {
        self.granted.contains(permission.id())
    }
}

fn staff(tx: &mut ReadTx<'_>, account: Account) -> Result<Staff, StoreError> {
    let roles = accounts::roles_of(tx, account.pk)?;
    let granted = accounts::granted(tx, account.pk)?.into_iter().collect();
    Ok(Staff { account, roles, granted })
}

/// Who holds this token, if it is theirs and in force; a right token under another's id is nobody's (section 1.2).
pub fn authenticate(
    tx: &mut ReadTx<'_>,
    now: Millis,
    user_id: &str,
    token: &str,
) -> Result<Option<Staff>, StoreError> {
    let account = accounts::by_token(tx, &hash_token(token), user_id, now)?;
    account.map(|account| staff(tx, account)).transpose()
}

/// Whoever holds this token (`{"resume": …}`).
pub fn resume(tx: &mut ReadTx<'_>, now: Millis, token: &str) -> Result<Option<Staff>, StoreError> {
    let account = accounts::of_resumed(tx, &hash_token(token), now)?;
    account.map(|account| staff(tx, account)).transpose()
}

/// Under which name somebody logs in.
#[derive(Debug, Clone)]
pub enum Name {
    /// By username.
    Username(String),
    /// By e-mail address.
    Email(String),
}

impl Name {
    /// A name that may be either: with an `@` it is an address.
    pub fn of(text: String) -> Self {
        if text.contains('@') { Self::Email(text) } else { Self::Username(text) }
    }

    /// The key that failures are counted under, for known and unknown names alike.
    fn failures(&self) -> String {
        let (Self::Username(name) | Self::Email(name)) = self;
        format!("name:{}", hash_token(&parlor_model::account::key(name)))
    }
}

/// What a password is checked against.
#[derive(Debug, Clone, Default)]
pub struct Found {
    account: Option<Account>,
    /// The stored hash; `None` for an unknown name, an inactive account, and one without a password.
    pub password: Option<String>,
    /// Until when this name or this address may not try.
    pub locked_until: Option<Millis>,
}

/// Looks for the account behind a name. Says nothing that tells known names from unknown ones.
pub fn look_up(tx: &mut ReadTx<'_>, ctx: &Context, name: &Name) -> Result<Found, StoreError> {
    let mut locked_until = None;
    for key in keys(ctx, name) {
        let until = accounts::failures(tx, &key)?.and_then(|f| lockout::locked_until(f, Rules::default()));
        locked_until = locked_until.max(until.filter(|until| *until > ctx.now));
    }
    let account = match name {
        Name::Username(username) => accounts::by_username(tx, username)?,
        Name::Email(address) => accounts::by_email(tx, address)?,
    };
    let account = account.filter(|account| account.active);
    let password = match &account {
        Some(account) => accounts::password(tx, account.pk)?,
        None => None,
    };
    Ok(Found { account, password, locked_until })
}

fn keys(ctx: &Context, name: &Name) -> Vec<String> {
    let address = ctx.origin.address.map(|address| format!("address:{address}"));
    [Some(name.failures()), address].into_iter().flatten().collect()
}

/// The end of a login: what was found, what the password said, and what is to be kept.
#[derive(Debug, Clone)]
pub struct Login {
    /// The name that was tried.
    pub name: Name,
    /// What [`look_up`] gave.
    pub found: Found,
    /// What the check of the password gave.
    pub verdict: Verdict,
    /// A hash in today's form, where the stored one is older.
    pub renewed: Option<String>,
    /// Hash of the token that the caller will get.
    pub token_hash: String,
}

/// Notes a failed login, or opens a session: `None` for a wrong name or password.
pub fn log_in(tx: &mut WriteTx<'_>, ctx: &Context, login: &Login) -> Result<Option<Staff>, StoreError> {
    let (Some(account), Verdict::Right | Verdict::RightButOld) = (&login.found.account, login.verdict) else {
        return failed(tx, ctx, login).map(|()| None);
    };
    if let Some(hash) = &login.renewed {
        accounts::set_password(tx, account.pk, hash, ctx.now)?;
    }
    // The address keeps its failures: one good login must not clear the way for guesses at other names.
    accounts::forget_failures(tx, &login.name.failures())?;
    accounts::add_token(tx, account.pk, &login.token_hash, ctx.now, Millis(ctx.now.0 + LOGIN_LASTS))?;
    accounts::logged_in(tx, account.pk, ctx.now)?;
    note(tx, ctx, Some(&account.id), "login", &account.id)?;
    tx.emit(Event::AccountChanged { account: account.id.clone() });
    staff(tx, Account { last_login_at: Some(ctx.now), ..account.clone() }).map(Some)
}

fn failed(tx: &mut WriteTx<'_>, ctx: &Context, login: &Login) -> Result<(), StoreError> {
    for key in keys(ctx, &login.name) {
        // Read inside the transaction that writes it: guesses that run side by side all count.
        let before = accounts::failures(tx, &key)?;
        accounts::set_failures(tx, &key, Failures::one_more(before, ctx.now, Rules::default()))?;
    }
    let target = login.found.account.as_ref().map_or("unknown", |account| account.id.as_str());
    note(tx, ctx, None, "login.failed", target)
}

/// Ends one session (`logout`).
pub fn log_out(tx: &mut WriteTx<'_>, ctx: &Context, who: &Staff, token: &str) -> Result<(), StoreError> {
    accounts::remove_token(tx, who.account.pk, &hash_token(token))?;
    note(tx, ctx, Some(&who.account.id), "logout", &who.account.id)
}

fn note(
    tx: &mut WriteTx<'_>,
    ctx: &Context,
    actor: Option<&str>,
    action: &'static str,
    target: &str,
) -> Result<(), StoreError> {
    let actor_kind = if actor.is_some() { "user" } else { "server" };
    let entry = audit::Entry { actor_kind, actor, action, target, detail: None };
    audit::append(tx, ctx.now, &ctx.origin, entry)
}
