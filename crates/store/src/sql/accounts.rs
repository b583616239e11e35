//! Accounts, their roles and what those permit, their login tokens, and failed logins.

use parlor_model::Millis;
use parlor_model::account::{Account, Presence, key};
use parlor_model::lockout::Failures;

use crate::statement::statements;
use crate::value::params;
use crate::value::{FromRow, Row};
use crate::{ReadTx, StoreError, WriteTx};

macro_rules! columns {
    () => {
        "a.pk, a.id, a.username, a.name, a.email, a.email_verified, a.active, a.status_default, a.status_text, \
         a.presence, a.available, a.language, a.author, a.created_at, a.last_login_at, a.updated_at"
    };
}

statements! {
    BY_TOKEN = concat!("SELECT ", columns!(), " FROM login_token t JOIN account a ON a.pk = t.account \
                       WHERE t.hash = $1 AND a.id = $2 AND a.active = TRUE AND (t.expires_at IS NULL OR t.expires_at > $3)");
    BY_USERNAME = concat!("SELECT ", columns!(), " FROM account a WHERE a.username_key = $1");
    BY_EMAIL = concat!("SELECT ", columns!(), " FROM account a WHERE a.email_key = $1");
    OF_RESUMED = concat!("SELECT ", columns!(), " FROM login_token t JOIN account a ON a.pk = t.account \
                         WHERE t.hash = $1 AND a.active = TRUE AND (t.expires_at IS NULL OR t.expires_at > $2)");
    PASSWORD = "SELECT password FROM account WHERE pk = $1";
    INSERT_AUTHOR = "INSERT INTO author (kind, id, username, name) VALUES ('user', $1, $2, $3) RETURNING pk";
    INSERT = "INSERT INTO account (id, username, username_key, name, email, email_key, email_verified, password, active, \
              status_default, status_text, presence, language, utc_offset, preferences, author, created_at, updated_at) \
              VALUES ($1, $2, $3, $4, $5, $5, $6, $7, TRUE, 'online', '', 'offline', 'en', 0, '{}', $8, $9, $9) RETURNING pk";
    SET_PASSWORD = "UPDATE account SET password = $1, updated_at = $2 WHERE pk = $3";
    LOGGED_IN = "UPDATE account SET last_login_at = $1 WHERE pk = $2";
    INSERT_TOKEN = "INSERT INTO login_token (hash, account, bypass_two_factor, created_at, expires_at) \
                    VALUES ($1, $2, FALSE, $3, $4)";
    DELETE_TOKEN = "DELETE FROM login_token WHERE hash = $1 AND account = $2 AND name IS NULL";
    DELETE_EXPIRED = "DELETE FROM login_token WHERE account = $1 AND expires_at <= $2";
    ROLES_OF = "SELECT role FROM account_role WHERE account = $1 ORDER BY role";
    GRANTED = "SELECT DISTINCT p.permission FROM account_role r JOIN role_permission p ON p.role = r.role \
               WHERE r.account = $1";
    ADD_ROLE = "INSERT INTO account_role (account, role) VALUES ($1, $2) ON CONFLICT (account, role) DO NOTHING";
    IN_ROLE = "SELECT role FROM account_role WHERE role = $1 LIMIT 1";
    SECRET = "SELECT value FROM secret WHERE name = $1 AND expires_at > $2";
    SET_SECRET = "INSERT INTO secret (name, value, expires_at) VALUES ($1, $2, $3) \
                  ON CONFLICT (name) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at";
    DELETE_SECRET = "DELETE FROM secret WHERE name = $1";
    SEED_ROLE = "INSERT INTO role (id, name, description, protected) VALUES ($1, $1, $2, TRUE) ON CONFLICT (id) DO NOTHING";
    SEED_PERMISSION = "INSERT INTO permission (id, updated_at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING";
    GRANT = "INSERT INTO role_permission (role, permission) VALUES ($1, $2) ON CONFLICT (role, permission) DO NOTHING";
    FAILURES = "SELECT count, last FROM login_failure WHERE key = $1";
    SET_FAILURES = "INSERT INTO login_failure (key, count, last) VALUES ($1, $2, $3) \
                    ON CONFLICT (key) DO UPDATE SET count = excluded.count, last = excluded.last";
    FORGET_FAILURES = "DELETE FROM login_failure WHERE key = $1";
}

fn presence(word: &str) -> Result<Presence, StoreError> {
    Presence::parse(word).ok_or_else(|| StoreError::Engine(format!("{word} is no presence")))
}

impl FromRow for Account {
    fn from_row(row: Row<'_>) -> Result<Self, StoreError> {
        let mut c = row.columns();
        Ok(Self {
            pk: c.next()?,
            id: c.next()?,
            username: c.next()?,
            name: c.next()?,
            email: c.next()?,
            email_verified: c.next()?,
            active: c.next()?,
            status_default: presence(&c.next::<String>()?)?,
            status_text: c.next()?,
            presence: presence(&c.next::<String>()?)?,
            available: c.next()?,
            language: c.next()?,
            author: c.next()?,
            created_at: c.next()?,
            last_login_at: c.next()?,
            updated_at: c.next()?,
        })
    }
}

/// What a new account is made of.
#[derive(Debug, Clone, Copy)]
pub struct NewAccount<'a> {
    /// Public id.
    pub id: &'a str,
    /// Username as written.
    pub username: &'a str,
    /// Shown name.
    pub name: Option<&'a str>,
    /// E-mail address, lower case.
    pub email: Option<&'a str>,
    /// The address is known to be theirs.
    pub email_verified: bool,
    /// Hash of the password.
    pub password: Option<&'a str>,
}

/// The active account `id` that holds a token with this hash, unless the token has run out by `now`.
pub fn by_token(
    tx: &mut ReadTx<'_>,
    hash: &str,
    id: &str,
    now: Millis,
) -> Result<Option<Account>, StoreError> {
    tx.opt(BY_TOKEN, params![hash, id, now])
}

/// The active account that holds a token with this hash.
pub fn of_resumed(tx: &mut ReadTx<'_>, hash: &str, now: Millis) -> Result<Option<Account>, StoreError> {
    tx.opt(OF_RESUMED, params![hash, now])
}

/// The account with this username, whatever its case.
pub fn by_username(tx: &mut ReadTx<'_>, username: &str) -> Result<Option<Account>, StoreError> {
    tx.opt(BY_USERNAME, params![&key(username)])
}

/// The account with this e-mail address, whatever its case.
pub fn by_email(tx: &mut ReadTx<'_>, email: &str) -> Result<Option<Account>, StoreError> {
    tx.opt(BY_EMAIL, params![&key(email)])
}

/// The stored hash of an account's password.
pub fn password(tx: &mut ReadTx<'_>, account: i64) -> Result<Option<String>, StoreError> {
    tx.opt::<(Option<String>,)>(PASSWORD, params![account]).map(|row| row.and_then(|(hash,)| hash))
}

/// Adds an active account without roles; gives its row number.
pub fn insert(tx: &mut WriteTx<'_>, new: NewAccount<'_>, now: Millis) -> Result<i64, StoreError> {
    let (author,) = tx.one::<(i64,)>(INSERT_AUTHOR, params![new.id, new.username, new.name])?;
    let NewAccount { id, username, name, email, email_verified, password } = new;
    let username_key = key(username);
    let params = params![id, username, &username_key, name, email, email_verified, password, author, now];
    tx.one::<(i64,)>(INSERT, params).map(|(pk,)| pk)
}

/// Replaces the hash of a password.
pub fn set_password(tx: &mut WriteTx<'_>, account: i64, hash: &str, now: Millis) -> Result<(), StoreError> {
    tx.run(SET_PASSWORD, params![hash, now, account]).map(drop)
}

/// Notes a login.
pub fn logged_in(tx: &mut WriteTx<'_>, account: i64, now: Millis) -> Result<(), StoreError> {
    tx.run(LOGGED_IN, params![now, account]).map(drop)
}

/// Adds a login token by its hash, and drops those of the account that have run out.
pub fn add_token(
    tx: &mut WriteTx<'_>,
    account: i64,
    hash: &str,
    now: Millis,
    expires_at: Millis,
) -> Result<(), StoreError> {
    tx.run(DELETE_EXPIRED, params![account, now])?;
    tx.run(INSERT_TOKEN, params![hash, account, now, expires_at]).map(drop)
}

/// Removes one login token; personal access tokens stay.
pub fn remove_token(tx: &mut WriteTx<'_>, account: i64, hash: &str) -> Result<(), StoreError> {
    tx.run(DELETE_TOKEN, params![hash, account]).map(drop)
}

/// The roles of an account, in order of their ids.
pub fn roles_of(tx: &mut ReadTx<'_>, account: i64) -> Result<Vec<String>, StoreError> {
    tx.all::<(String,)>(ROLES_OF, params![account]).map(|rows| rows.into_iter().map(|(r,)| r).collect())
}

/// The ids of everything that an account's roles permit.
pub fn granted(tx: &mut ReadTx<'_>, account: i64) -> Result<Vec<String>, StoreError> {
    tx.all::<(String,)>(GRANTED, params![account]).map(|rows| rows.into_iter().map(|(p,)| p).collect())
}

/// Gives an account a role that exists.
pub fn add_role(tx: &mut WriteTx<'_>, account: i64, role: &str) -> Result<(), StoreError> {
    tx.run(ADD_ROLE, params![account, role]).map(drop)
}

/// Whether any account has a role.
pub fn someone_in_role(tx: &mut ReadTx<'_>, role: &str) -> Result<bool, StoreError> {
    tx.opt::<(String,)>(IN_ROLE, params![role]).map(|row| row.is_some())
}

/// A secret that has not run out by `now`.
pub fn secret(tx: &mut ReadTx<'_>, name: &str, now: Millis) -> Result<Option<String>, StoreError> {
    tx.opt::<(String,)>(SECRET, params![name, now]).map(|row| row.map(|(value,)| value))
}

/// Writes a secret in place of the one before.
pub fn set_secret(
    tx: &mut WriteTx<'_>,
    name: &str,
    value: &str,
    expires_at: Millis,
) -> Result<(), StoreError> {
    tx.run(SET_SECRET, params![name, value, expires_at]).map(drop)
}

/// Forgets a secret.
pub fn remove_secret(tx: &mut WriteTx<'_>, name: &str) -> Result<(), StoreError> {
    tx.run(DELETE_SECRET, params![name]).map(drop)
}

/// Makes sure that a role of the program exists.
pub fn seed_role(tx: &mut WriteTx<'_>, id: &str, description: &str) -> Result<(), StoreError> {
    tx.run(SEED_ROLE, params![id, description]).map(drop)
}

/// Makes a permission known; its default roles get it only the first time, so that what people change stays changed.
pub fn seed_permission(
    tx: &mut WriteTx<'_>,
    id: &str,
    roles: &[&str],
    now: Millis,
) -> Result<(), StoreError> {
    if tx.run(SEED_PERMISSION, params![id, now])? == 0 {
        return Ok(());
    }
    for role in roles {
        tx.run(GRANT, params![*role, id])?;
    }
    Ok(())
}

/// Failed logins under a key.
pub fn failures(tx: &mut ReadTx<'_>, key: &str) -> Result<Option<Failures>, StoreError> {
    let row = tx.opt::<(i64, Millis)>(FAILURES, params![key])?;
    Ok(row.map(|(count, last)| Failures { count, last }))
}

/// Writes the failed logins of a key.
pub fn set_failures(tx: &mut WriteTx<'_>, key: &str, failures: Failures) -> Result<(), StoreError> {
    tx.run(SET_FAILURES, params![key, failures.count, failures.last]).map(drop)
}

/// Forgets the failed logins of a key.
pub fn forget_failures(tx: &mut WriteTx<'_>, key: &str) -> Result<(), StoreError> {
    tx.run(FORGET_FAILURES, params![key]).map(drop)
}
