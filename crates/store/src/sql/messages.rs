//! Messages, the log of what was done to them, and their earlier texts.

use parlor_model::Millis;
use parlor_model::message::{Author, ChangeKind, Edited, Message};

use crate::sql::rooms::Numbers;
use crate::statement::statements;
use crate::value::params;
use crate::value::{FromRow, Row};
use crate::{ReadTx, StoreError, WriteTx};

macro_rules! columns {
    () => {
        "m.id, m.seq, m.rev, m.ts, a.id, a.username, a.name, a.token, m.t, m.msg, m.extra, m.edited_at, e.id, \
         e.username, m.hidden, m.removed_at, m.updated_at"
    };
}
macro_rules! from {
    () => {
        " FROM message m JOIN author a ON a.pk = m.author LEFT JOIN author e ON e.pk = m.edited_by "
    };
}
// The messages of room $1, found through its parts. In order of `p.part, m.seq` they are in order of `seq`.
macro_rules! of_room {
    () => {
        " FROM room_part p JOIN message m ON m.part = p.part AND m.room = p.room "
    };
}
macro_rules! of_room_with_authors {
    () => {
        concat!(of_room!(), "JOIN author a ON a.pk = m.author LEFT JOIN author e ON e.pk = m.edited_by ")
    };
}
// The part that holds room $1's place `seq`, or its last part before that place.
macro_rules! part_of {
    ($seq:expr) => {
        concat!("(SELECT MAX(q.part) FROM room_part q WHERE q.room = $1 AND q.first_seq <= ", $seq, ")")
    };
}
// The last part of room $1 that begins before time $2: nothing earlier reaches up to that time.
macro_rules! part_before {
    () => {
        "(SELECT COALESCE(MAX(q.part), 0) FROM room_part q WHERE q.room = $1 AND q.first_ts < $2)"
    };
}
// The number of messages that room $1 had after its change number $2.
macro_rules! sent_by {
    () => {
        "($2 - (SELECT COALESCE(MAX(c.k), 0) FROM change c WHERE c.room = $1 AND c.n <= $2))"
    };
}
// Visible in history: neither hidden nor of a kind in the list `,a,b,` that stands in the parameter.
macro_rules! visible {
    ($hidden_kinds:literal) => {
        // Not LIKE: it would take an underscore for any letter, and SQLite's ignores case.
        concat!(
            "m.hidden = FALSE AND (m.t IS NULL OR REPLACE(",
            $hidden_kinds,
            ", ',' || m.t || ',', '') = ",
            $hidden_kinds,
            ") "
        )
    };
}

statements! {
    INSERT = "INSERT INTO message (id, room, part, seq, n, rev, ts, author, t, msg, extra, hidden) \
              VALUES ($1, $2, $3, $4, $5, $5, $6, $7, $8, $9, $10, FALSE)";
    OPEN_PART = "INSERT INTO room_part (room, part, first_seq, first_ts) VALUES ($1, $2, $3, $4)";
    NEWEST_PART = "SELECT COALESCE(MAX(part), 0) FROM message";
    BY_ID = concat!("SELECT ", columns!(), ", r.id, r.pk, r.open, a.kind, m.author", from!(),
                    "JOIN room r ON r.pk = m.room WHERE m.id = $1");
    PAGE = concat!("SELECT ", columns!(), of_room_with_authors!(), "WHERE p.room = $1 AND p.part >= ", part_before!(),
                   " AND p.first_ts < $3 AND m.ts >= $2 AND m.ts < $3 AND ", visible!("$4"),
                   "ORDER BY p.part DESC, m.seq DESC LIMIT $5 OFFSET $6");
    UNREAD_BEFORE = concat!("SELECT COUNT(*), MIN(m.seq)", of_room!(), "WHERE p.room = $1 AND p.part >= ", part_before!(),
                            " AND p.first_ts < $3 AND m.ts > $2 AND m.ts < $3 AND ", visible!("$4"));
    AT = concat!("SELECT ", columns!(), of_room_with_authors!(), "WHERE p.room = $1 AND p.part = ", part_of!("$2"),
                 " AND m.seq = $2");
    // The room's `lastMessage`: the newest that is not hidden and not a mere signal. Once a text after a note was
    // removed, only texts can take its place.
    LAST = concat!("SELECT ", columns!(), of_room_with_authors!(), "WHERE p.room = $1 AND m.hidden = FALSE AND \
                   (m.t IS NULL OR (m.t IN ('livechat-started', 'livechat-close') AND NOT EXISTS \
                   (SELECT 1 FROM room_part y JOIN message x ON x.part = y.part AND x.room = y.room \
                   WHERE y.room = $1 AND y.part >= p.part AND x.seq > m.seq AND x.removed_at IS NOT NULL))) \
                   ORDER BY p.part DESC, m.seq DESC LIMIT 1");
    EDIT = "UPDATE message SET msg = $1, extra = $2, edited_at = $3, edited_by = $4, rev = $5, updated_at = $3 \
            WHERE id = $6";
    REMOVE = "UPDATE message SET msg = '', extra = NULL, hidden = $1, t = $2, removed_at = $3, edited_at = $3, \
              edited_by = $4, rev = $5, updated_at = $3 WHERE id = $6";
    RESTORE = "UPDATE message SET msg = $1, extra = NULL, hidden = FALSE, t = NULL, removed_at = NULL, edited_at = NULL, \
               edited_by = NULL, rev = $2, updated_at = $3 WHERE id = $4";
    KEEP_VERSION = "INSERT INTO message_version (message, rev, room, msg, replaced_at) \
                    SELECT id, rev, room, msg, $1 FROM message WHERE id = $2";
    INSERT_CHANGE = "INSERT INTO change (room, n, k, message, kind, ts) VALUES ($1, $2, $3, $4, $5, $6)";
    // Sends are numbered by their message, everything else by the log; together they are gapless.
    CHANGES = concat!("SELECT n, message, kind FROM (\
                 SELECT m.n AS n, m.id AS message, 'sent' AS kind", of_room!(), "WHERE p.room = $1 AND \
                   p.part >= COALESCE(", part_of!(sent_by!()), ", 0) AND m.seq > ", sent_by!(), " \
                 UNION ALL \
                 SELECT c.n, c.message, c.kind FROM change c WHERE c.room = $1 AND c.n > $2) AS log \
               ORDER BY n LIMIT $3");
    VERSIONS = "SELECT rev, msg FROM message_version WHERE message = $1 ORDER BY rev";
}

fn read(row: Row<'_>) -> Result<Message, StoreError> {
    let mut c = row.columns();
    Ok(Message {
        id: c.next()?,
        rid: String::new(),
        seq: c.next()?,
        rev: c.next()?,
        ts: c.next()?,
        author: Author { id: c.next()?, username: c.next()?, name: c.next()?, token: c.next()? },
        t: c.next()?,
        msg: c.next()?,
        extra: c.next()?,
        edited: match (c.next::<Option<Millis>>()?, c.next::<Option<String>>()?, c.next::<Option<String>>()?)
        {
            (Some(at), Some(by_id), Some(by_username)) => Some(Edited { at, by_id, by_username }),
            _ => None,
        },
        hidden: c.next()?,
        removed_at: c.next()?,
        updated_at: Millis(0),
    })
    .and_then(|mut message| {
        message.updated_at = c.next::<Option<Millis>>()?.unwrap_or(message.ts);
        Ok(message)
    })
}

/// A message with what decides about it.
#[derive(Debug)]
pub struct Found {
    /// The message.
    pub message: Message,
    /// Row number of its author snapshot.
    pub author: i64,
    /// Row number of its room.
    pub room: i64,
    /// Whether that room is open.
    pub room_open: bool,
    /// Whether a visitor wrote it.
    pub by_visitor: bool,
}

impl FromRow for Found {
    fn from_row(row: Row<'_>) -> Result<Self, StoreError> {
        let mut message = read(row)?;
        message.rid = row.get(17)?;
        Ok(Self {
            message,
            room: row.get(18)?,
            room_open: row.get(19)?,
            by_visitor: row.text(20)? == Some("visitor"),
            author: row.get(21)?,
        })
    }
}

/// A message of a known room; `rid` is filled in by the functions below.
struct Plain(Message);

impl FromRow for Plain {
    fn from_row(row: Row<'_>) -> Result<Self, StoreError> {
        read(row).map(Plain)
    }
}

impl Plain {
    fn of(self, rid: &str) -> Message {
        Message { rid: rid.to_owned(), ..self.0 }
    }
}

/// What a new message row holds.
#[derive(Debug, Clone, Copy)]
pub struct NewMessage<'a> {
    /// Public id.
    pub id: &'a str,
    /// Row number of the room.
    pub room: i64,
    /// Place, change number and time, as the room gave them.
    pub numbers: Numbers,
    /// Row number of the author snapshot.
    pub author: i64,
    /// Kind of system message.
    pub t: Option<&'a str>,
    /// Text.
    pub msg: &'a str,
    /// JSON object of further fields.
    pub extra: Option<&'a str>,
}

/// Which part of a room's history.
#[derive(Debug, Clone)]
pub struct Page {
    /// Inclusive lower bound.
    pub from: Option<Millis>,
    /// Exclusive upper bound.
    pub until: Option<Millis>,
    /// Kinds of system messages to leave out.
    pub hidden_kinds: Vec<String>,
    /// How many, at most.
    pub limit: i64,
    /// How many to skip from the newest end.
    pub offset: i64,
}

impl Page {
    fn hidden_list(&self) -> String {
        format!(",{},", self.hidden_kinds.join(","))
    }
}

/// Adds a message.
pub fn insert(tx: &mut WriteTx<'_>, m: NewMessage<'_>) -> Result<(), StoreError> {
    let Numbers { seq, rev, ts, part, part_seq } = m.numbers;
    if seq == part_seq {
        tx.run_later(OPEN_PART, params![m.room, part, seq, ts])?;
    }
    tx.count_message();
    tx.run_later(INSERT, params![m.id, m.room, part, seq, rev, ts, m.author, m.t, m.msg, m.extra])
}

/// The newest part that holds a message; 0 before there is any.
pub(crate) fn newest_part(tx: &mut ReadTx<'_>) -> Result<i64, StoreError> {
    tx.one::<(i64,)>(NEWEST_PART, params![]).map(|(part,)| part)
}

/// A message by its public id, removed ones too.
pub fn by_id(tx: &mut ReadTx<'_>, id: &str) -> Result<Option<Found>, StoreError> {
    tx.opt(BY_ID, params![id])
}

/// The most text that one page holds, in bytes: a room of giant messages must not fill the server's memory.
const PAGE_BYTES: usize = 16 << 20;

/// A page of the visible messages of a room, newest first, ties in time broken by `seq`. Ends early after 16 MiB of
/// text.
pub fn page(tx: &mut ReadTx<'_>, room: i64, rid: &str, page: &Page) -> Result<Vec<Message>, StoreError> {
    let from = page.from.map_or(i64::MIN, |t| t.0);
    let until = page.until.map_or(i64::MAX, |t| t.0);
    let mut messages = Vec::new();
    let mut bytes = 0;
    tx.each(PAGE, params![room, from, until, &page.hidden_list(), page.limit, page.offset], |row| {
        if bytes < PAGE_BYTES {
            let message = Plain::from_row(row)?.of(rid);
            bytes += message.msg.len() + message.extra.as_ref().map_or(0, String::len);
            messages.push(message);
        }
        Ok(())
    })?;
    Ok(messages)
}

/// How many visible messages lie between two times (both exclusive), and the oldest of them.
pub fn unread_before(
    tx: &mut ReadTx<'_>,
    room: i64,
    rid: &str,
    after: Millis,
    before: Millis,
    shape: &Page,
) -> Result<(i64, Option<Message>), StoreError> {
    let (count, oldest) =
        tx.one::<(i64, Option<i64>)>(UNREAD_BEFORE, params![room, after, before, &shape.hidden_list()])?;
    let Some(seq) = oldest else { return Ok((count, None)) };
    let first = tx.opt::<Plain>(AT, params![room, seq])?;
    Ok((count, first.map(|m| m.of(rid))))
}

/// The newest message that a room shows as its last.
pub fn last(tx: &mut ReadTx<'_>, room: i64, rid: &str) -> Result<Option<Message>, StoreError> {
    Ok(tx.opt::<Plain>(LAST, params![room])?.map(|m| m.of(rid)))
}

/// Replaces the text, and the further fields that follow from it.
pub fn edit(
    tx: &mut WriteTx<'_>,
    id: &str,
    msg: &str,
    extra: Option<&str>,
    editor: i64,
    numbers: Numbers,
) -> Result<(), StoreError> {
    tx.run(EDIT, params![msg, extra, numbers.ts, editor, numbers.rev, id]).map(drop)
}

/// Turns a message into a tombstone without text; with `t` it stays visible as that kind.
pub fn remove(
    tx: &mut WriteTx<'_>,
    id: &str,
    t: Option<&str>,
    remover: i64,
    numbers: Numbers,
) -> Result<(), StoreError> {
    tx.run(REMOVE, params![t.is_none(), t, numbers.ts, remover, numbers.rev, id]).map(drop)
}

/// Brings a message back as it was first written.
pub fn restore(tx: &mut WriteTx<'_>, id: &str, msg: &str, numbers: Numbers) -> Result<(), StoreError> {
    tx.run(RESTORE, params![msg, numbers.rev, numbers.ts, id]).map(drop)
}

/// Keeps the present text for auditors.
pub fn keep_version(tx: &mut WriteTx<'_>, id: &str, now: Millis) -> Result<(), StoreError> {
    tx.run(KEEP_VERSION, params![now, id]).map(drop)
}

/// Notes an edit, removal or restoration in the room's change log.
pub fn log_change(
    tx: &mut WriteTx<'_>,
    room: i64,
    id: &str,
    kind: ChangeKind,
    numbers: Numbers,
) -> Result<(), StoreError> {
    let Numbers { seq, rev, ts, .. } = numbers;
    tx.run(INSERT_CHANGE, params![room, rev, rev - seq, id, kind.as_str(), ts]).map(drop)
}

/// What happened in a room after change number `after`, in order: number, message id, kind.
pub fn changes(
    tx: &mut ReadTx<'_>,
    room: i64,
    after: i64,
    limit: i64,
) -> Result<Vec<(i64, String, String)>, StoreError> {
    tx.all(CHANGES, params![room, after, limit])
}

/// The earlier texts of a message, oldest first: the change number each came with, and the text.
pub fn versions(tx: &mut ReadTx<'_>, id: &str) -> Result<Vec<(i64, String)>, StoreError> {
    tx.all(VERSIONS, params![id])
}
