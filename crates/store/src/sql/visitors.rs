//! Visitors, and the author snapshots that their messages carry.

use parlor_model::Millis;
use parlor_model::leads::Leads;
use parlor_model::visitor::{Connection, Visitor};

use crate::statement::statements;
use crate::value::params;
use crate::value::{FromRow, Row};
use crate::{ReadTx, StoreError, WriteTx};

macro_rules! columns {
    () => {
        "pk, id, token, username, name, emails, phones, status, ts, last_chat_rid, last_chat_ts, user_agent, ip, host, \
         author, updated_at"
    };
}

statements! {
    BY_TOKEN = concat!("SELECT ", columns!(), " FROM visitor WHERE token = $1");
    BY_ID = concat!("SELECT ", columns!(), " FROM visitor WHERE id = $1");
    INSERT = "INSERT INTO visitor (id, token, username, name, emails, phones, status, ts, user_agent, ip, host, author, \
              updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) RETURNING pk";
    UPDATE = "UPDATE visitor SET token = $1, username = $2, name = $3, emails = $4, phones = $5, status = $6, \
              author = $7, updated_at = $8 WHERE pk = $9";
    LEADS = "SELECT emails, phones FROM visitor WHERE id = $1";
    LOCK_LEADS = "UPDATE visitor SET updated_at = $1 WHERE id = $2 RETURNING emails, phones";
    SET_LEADS = "UPDATE visitor SET emails = $1, phones = $2 WHERE id = $3";
    SET_LAST_CHAT = "UPDATE visitor SET last_chat_rid = $1, last_chat_ts = $2, updated_at = $2 WHERE pk = $3";
    NEXT_GUEST = "UPDATE counter SET value = value + 1 WHERE name = 'guest' RETURNING value";
    SKIP_GUESTS = "UPDATE counter SET value = $1 WHERE name = 'guest' AND value < $1";
    INSERT_AUTHOR = "INSERT INTO author (kind, id, username, name, token) VALUES ('visitor', $1, $2, $3, $4) RETURNING pk";
    RENAME_ROOMS = "UPDATE room SET fname = $1, updated_at = $2, \
                    v_author = (SELECT v.author FROM visitor v WHERE v.pk = $3), \
                    v_name = (SELECT v.name FROM visitor v WHERE v.pk = $3) WHERE visitor = $3 AND open = TRUE";
    CLEAR = "UPDATE visitor SET token = NULL, username = '', name = NULL, emails = '[]', phones = '[]', \
             status = 'offline', last_chat_rid = NULL, last_chat_ts = NULL, user_agent = NULL, ip = NULL, host = NULL, \
             updated_at = $1 WHERE pk = $2";
    // Emptied and not deleted: before a row may go, both engines look through every message for a reference to it.
    CLEAR_AUTHORS = "UPDATE author SET username = '', name = NULL, token = NULL WHERE kind = 'visitor' AND id = $1";
    DELETE_CHANGES = "DELETE FROM change WHERE room IN (SELECT pk FROM room WHERE visitor = $1)";
    DELETE_VERSIONS = "DELETE FROM message_version WHERE room IN (SELECT pk FROM room WHERE visitor = $1)";
    DELETE_MESSAGES = "DELETE FROM message WHERE (part, room) IN \
                       (SELECT p.part, p.room FROM room r JOIN room_part p ON p.room = r.pk WHERE r.visitor = $1)";
    DELETE_PARTS = "DELETE FROM room_part WHERE room IN (SELECT pk FROM room WHERE visitor = $1)";
    DELETE_INQUIRIES = "DELETE FROM inquiry WHERE room IN (SELECT pk FROM room WHERE visitor = $1)";
    DELETE_ROOMS = "DELETE FROM room WHERE visitor = $1";
}

/// A JSON array of texts, as the columns `emails` and `phones` hold it.
fn texts(column: &str) -> Result<Vec<String>, StoreError> {
    serde_json::from_str(column).map_err(|_| StoreError::Engine("a list of texts is no JSON array".into()))
}

fn column(texts: &[String]) -> String {
    serde_json::Value::from(texts).to_string()
}

struct Stored(Leads);

impl FromRow for Stored {
    fn from_row(row: Row<'_>) -> Result<Self, StoreError> {
        let mut c = row.columns();
        Ok(Self(Leads { emails: texts(&c.next::<String>()?)?, phones: texts(&c.next::<String>()?)? }))
    }
}

impl FromRow for Visitor {
    fn from_row(row: Row<'_>) -> Result<Self, StoreError> {
        let mut c = row.columns();
        Ok(Self {
            pk: c.next()?,
            id: c.next()?,
            token: c.next()?,
            username: c.next()?,
            name: c.next()?,
            leads: Leads { emails: texts(&c.next::<String>()?)?, phones: texts(&c.next::<String>()?)? },
            status: c.next()?,
            ts: c.next()?,
            last_chat: c.next::<Option<String>>()?.zip(c.next::<Option<Millis>>()?),
            connection: Connection { user_agent: c.next()?, ip: c.next()?, host: c.next()? },
            author: c.next()?,
            updated_at: c.next()?,
        })
    }
}

/// The visitor who holds `token`.
pub fn by_token(tx: &mut ReadTx<'_>, token: &str) -> Result<Option<Visitor>, StoreError> {
    tx.opt(BY_TOKEN, params![token])
}

/// The visitor with the public id `id`.
pub fn by_id(tx: &mut ReadTx<'_>, id: &str) -> Result<Option<Visitor>, StoreError> {
    tx.opt(BY_ID, params![id])
}

/// The next number for a `guest-N`; the first visitor of a fresh server gets 2.
pub fn next_guest(tx: &mut WriteTx<'_>) -> Result<i64, StoreError> {
    tx.one::<(i64,)>(NEXT_GUEST, &[]).map(|(n,)| n)
}

/// Makes sure that no later visitor gets a number up to `last`.
pub fn skip_guests(tx: &mut WriteTx<'_>, last: i64) -> Result<(), StoreError> {
    tx.run(SKIP_GUESTS, params![last]).map(drop)
}

/// Adds a snapshot of how the visitor is called now, and gives its row number.
pub fn insert_author(
    tx: &mut WriteTx<'_>,
    id: &str,
    username: &str,
    name: Option<&str>,
    token: Option<&str>,
) -> Result<i64, StoreError> {
    tx.one::<(i64,)>(INSERT_AUTHOR, params![id, username, name, token]).map(|(pk,)| pk)
}

/// Adds a visitor whose `author` exists; `pk` is ignored and given back.
pub fn insert(tx: &mut WriteTx<'_>, v: &Visitor) -> Result<i64, StoreError> {
    let c = &v.connection;
    let (emails, phones) = (column(&v.leads.emails), column(&v.leads.phones));
    let params = params![
        &v.id,
        &v.token,
        &v.username,
        &v.name,
        &emails,
        &phones,
        &v.status,
        v.ts,
        &c.user_agent,
        &c.ip,
        &c.host,
        v.author,
        v.updated_at
    ];
    tx.one::<(i64,)>(INSERT, params).map(|(pk,)| pk)
}

/// Writes what a registration may change.
pub fn update(tx: &mut WriteTx<'_>, v: &Visitor) -> Result<(), StoreError> {
    let (emails, phones) = (column(&v.leads.emails), column(&v.leads.phones));
    let params =
        params![&v.token, &v.username, &v.name, &emails, &phones, &v.status, v.author, v.updated_at, v.pk];
    tx.run(UPDATE, params).map(drop)
}

/// Adds addresses and numbers to those of the visitor with the public id `id`; false if all were known. Safe where
/// only locked rows may decide: the union is made again under the row's lock.
pub fn add_leads(tx: &mut WriteTx<'_>, id: &str, more: &Leads, now: Millis) -> Result<bool, StoreError> {
    let news = |known: Option<Stored>| known.map(|Stored(known)| known).filter(|k| k.clone().add(more));
    if news(tx.opt(LEADS, params![id])?).is_none() {
        return Ok(false);
    }
    let Some(mut leads) = news(tx.opt(LOCK_LEADS, params![now, id])?) else { return Ok(false) };
    leads.add(more);
    tx.run(SET_LEADS, params![&column(&leads.emails), &column(&leads.phones), id])?;
    Ok(true)
}

/// Remembers the visitor's newest chat.
pub fn set_last_chat(tx: &mut WriteTx<'_>, pk: i64, rid: &str, ts: Millis) -> Result<(), StoreError> {
    tx.run(SET_LAST_CHAT, params![rid, ts, pk]).map(drop)
}

/// Gives the visitor's open room their new name and author snapshot, which must be stored already.
pub fn rename_rooms(tx: &mut WriteTx<'_>, pk: i64, name: &str, now: Millis) -> Result<(), StoreError> {
    tx.run(RENAME_ROOMS, params![name, now, pk]).map(drop)
}

/// Removes everything about a visitor but a stub that keeps the public id.
pub fn remove(tx: &mut WriteTx<'_>, v: &Visitor, now: Millis) -> Result<(), StoreError> {
    for statement in
        [DELETE_CHANGES, DELETE_VERSIONS, DELETE_MESSAGES, DELETE_PARTS, DELETE_INQUIRIES, DELETE_ROOMS]
    {
        tx.run(statement, params![v.pk])?;
    }
    tx.run(CLEAR_AUTHORS, params![&v.id])?;
    tx.run(CLEAR, params![now, v.pk]).map(drop)
}
