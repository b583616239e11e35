//! Rooms, the numbers they hand out, and their place in the queue.

use parlor_model::Millis;
use parlor_model::inquiry::InquiryStatus;
use parlor_model::room::{Closed, Room, Source};

use crate::statement::statements;
use crate::value::params;
use crate::value::{FromRow, Row};
use crate::{ReadTx, StoreError, WriteTx};

macro_rules! columns {
    () => {
        "r.pk, r.id, r.visitor, r.v_id, r.v_username, r.v_token, r.v_status, r.v_last_message_ts, r.fname, r.open, \
         r.seq, r.rev, r.msgs, r.ts, r.lm, r.queued_at, r.waiting_response, r.last_question, r.source_type, \
         r.source_destination, r.closed_at, r.closer, r.closed_by_id, r.closed_by_username, r.updated_at"
    };
}

// Time never runs against `seq`: the number and the time are taken in one statement, and the row lock that it takes
// makes every later statement of the transaction safe.
// The part a room's next message goes to, by the store's position `$2` (`Parts`). Rooms change over one by one: if all
// did at the same message, each of them would open its part in the same moment.
macro_rules! due_part {
    () => {
        "(($2 + pk * 7919 % 16384) / 16384)"
    };
}
// A room never goes back to an earlier part, so its parts keep its order.
macro_rules! next_place {
    () => {
        concat!(
            "seq = seq + 1, rev = rev + 1, msgs = msgs + 1, \
             last_ts = CASE WHEN last_ts > $1 THEN last_ts ELSE $1 END, \
             updated_at = CASE WHEN last_ts > $1 THEN last_ts ELSE $1 END, \
             part = CASE WHEN part < ",
            due_part!(),
            " THEN ",
            due_part!(),
            " ELSE part END, part_seq = CASE WHEN part < ",
            due_part!(),
            " THEN seq + 1 ELSE part_seq END "
        )
    };
}
macro_rules! after_visitor_message {
    () => {
        concat!(
            next_place!(),
            ", waiting_response = TRUE, \
             lm = CASE WHEN last_ts > $1 THEN last_ts ELSE $1 END, \
             v_last_message_ts = CASE WHEN last_ts > $1 THEN last_ts ELSE $1 END, \
             last_question = CASE WHEN last_question IS NOT NULL THEN last_question \
                                  WHEN last_ts > $1 THEN last_ts ELSE $1 END "
        )
    };
}
macro_rules! numbers {
    () => {
        "seq, rev, last_ts, part, part_seq"
    };
}

statements! {
    // Who asks, for which room, and whether the message's id is taken.
    SENDER = "SELECT v.id, v.username, v.name, v.author, r.pk, r.open, \
              EXISTS (SELECT 1 FROM message m WHERE m.id = $1) \
              FROM visitor v LEFT JOIN room r ON r.id = $2 AND r.v_token = v.token WHERE v.token = $3";
    BY_ID = concat!("SELECT ", columns!(), " FROM room r WHERE r.id = $1");
    OPEN_OF_VISITOR = concat!("SELECT ", columns!(), " FROM room r WHERE r.visitor = $1 AND r.open = TRUE");
    INSERT = "INSERT INTO room (id, visitor, v_author, v_name, v_id, v_username, v_token, v_status, fname, open, seq, \
              rev, last_ts, part, part_seq, msgs, ts, queued_at, waiting_response, source_type, source_destination, \
              updated_at) VALUES ($1, $2, (SELECT v.author FROM visitor v WHERE v.pk = $2), \
              (SELECT v.name FROM visitor v WHERE v.pk = $2), $3, $4, $5, $6, $7, TRUE, 0, 0, $8, 0, 0, 0, $8, $8, TRUE, $9, \
              $10, $8) RETURNING pk";
    NUMBER_VISITOR_MESSAGE = concat!("UPDATE room SET ", after_visitor_message!(),
                                     "WHERE pk = $3 AND open = TRUE RETURNING ", numbers!());
    // The hottest path in one look: whose room, open, the id free, and the numbers. What it refuses, `SENDER` explains.
    PLACE =
        concat!("UPDATE room SET ", after_visitor_message!(), "WHERE id = $3 AND v_token = $4 AND open = TRUE AND \
                 NOT EXISTS (SELECT 1 FROM message m WHERE m.id = $5) RETURNING ", numbers!(),
                ", pk, v_author, v_id, v_username, v_name");
    // `lm` moves only for messages that people see.
    NUMBER_SYSTEM_MESSAGE =
        concat!("UPDATE room SET ", next_place!(),
                ", lm = CASE WHEN NOT $3 THEN lm WHEN last_ts > $1 THEN last_ts ELSE $1 END WHERE pk = $4 RETURNING ",
                numbers!());
    NUMBER_CHANGE =
        concat!("UPDATE room SET rev = rev + 1, msgs = msgs + $1, \
                 last_ts = CASE WHEN last_ts > $2 THEN last_ts ELSE $2 END, \
                 updated_at = CASE WHEN last_ts > $2 THEN last_ts ELSE $2 END \
                 WHERE pk = $3 RETURNING ", numbers!());
    CLOSE = "UPDATE room SET open = FALSE, v_status = 'offline', waiting_response = FALSE, closed_at = $1, closer = $2, \
             closed_by_id = $3, closed_by_username = $4, updated_at = $1 WHERE pk = $5 AND open = TRUE";
    REOPEN = "UPDATE room SET open = TRUE, v_status = 'online', waiting_response = TRUE, closed_at = NULL, closer = NULL, \
              closed_by_id = NULL, closed_by_username = NULL, updated_at = $1, \
              v_author = (SELECT v.author FROM visitor v WHERE v.pk = room.visitor), \
              v_name = (SELECT v.name FROM visitor v WHERE v.pk = room.visitor) WHERE pk = $2 AND open = FALSE";
    COUNT_OPEN_OF_VISITOR = "SELECT COUNT(*) FROM room WHERE visitor = $1 AND open = TRUE";
    ENQUEUE = "INSERT INTO inquiry (id, room, status, ts, queued_at, updated_at) VALUES ($1, $2, $3, $4, $4, $4)";
    DEQUEUE = "DELETE FROM inquiry WHERE room = $1";
    COUNT_INQUIRIES = "SELECT COUNT(*) FROM inquiry WHERE room = $1";
}

impl FromRow for Room {
    fn from_row(row: Row<'_>) -> Result<Self, StoreError> {
        let mut c = row.columns();
        Ok(Self {
            pk: c.next()?,
            id: c.next()?,
            visitor: c.next()?,
            v_id: c.next()?,
            v_username: c.next()?,
            v_token: c.next()?,
            v_status: c.next()?,
            v_last_message_ts: c.next()?,
            fname: c.next()?,
            open: c.next()?,
            seq: c.next()?,
            rev: c.next()?,
            msgs: c.next()?,
            ts: c.next()?,
            lm: c.next()?,
            queued_at: c.next()?,
            waiting_response: c.next()?,
            last_question: c.next()?,
            source: Source { kind: c.next()?, destination: c.next()? },
            closed: match (c.next::<Option<Millis>>()?, c.next()?, c.next()?, c.next()?) {
                (Some(at), closer, by_id, by_username) => Some(Closed {
                    at,
                    closer: Option::unwrap_or_default(closer),
                    by_id: Option::unwrap_or_default(by_id),
                    by_username: Option::unwrap_or_default(by_username),
                }),
                (None, ..) => None::<Closed>,
            },
            updated_at: c.next()?,
        })
    }
}

/// A message's place in its room, and the visitor it is from.
#[derive(Debug)]
pub struct Place {
    /// Place, change number and time.
    pub numbers: Numbers,
    /// Row number of the room.
    pub room: i64,
    /// Row number of the author snapshot.
    pub author: i64,
    /// Visitor's public id.
    pub id: String,
    /// Visitor's username.
    pub username: String,
    /// Visitor's name.
    pub name: Option<String>,
}

impl FromRow for Place {
    fn from_row(row: Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            numbers: Numbers::from_row(row)?,
            room: row.get(5)?,
            author: row.get(6)?,
            id: row.get(7)?,
            username: row.get(8)?,
            name: row.get(9)?,
        })
    }
}

/// Who asks, and for which room.
#[derive(Debug)]
pub struct Sender {
    /// Visitor's public id.
    pub id: String,
    /// Visitor's username.
    pub username: String,
    /// Visitor's name.
    pub name: Option<String>,
    /// Row number of the author snapshot.
    pub author: i64,
    /// The visitor's own room: row number, and whether it is open. `None` for any other room.
    pub room: Option<(i64, bool)>,
    /// A message with this id exists, somewhere.
    pub id_taken: bool,
}

impl FromRow for Sender {
    fn from_row(row: Row<'_>) -> Result<Self, StoreError> {
        let mut c = row.columns();
        Ok(Self {
            id: c.next()?,
            username: c.next()?,
            name: c.next()?,
            author: c.next()?,
            room: c.next::<Option<i64>>()?.zip(c.next::<Option<bool>>()?),
            id_taken: c.next()?,
        })
    }
}

/// The numbers a room hands out for one change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbers {
    /// Place of the newest message.
    pub seq: i64,
    /// Number of this change.
    pub rev: i64,
    /// Its time: now, or the room's last time if that is later.
    pub ts: Millis,
    /// Part of the newest message.
    pub part: i64,
    /// The room's first place in that part.
    pub part_seq: i64,
}

impl FromRow for Numbers {
    fn from_row(row: Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            seq: row.get(0)?,
            rev: row.get(1)?,
            ts: row.get(2)?,
            part: row.get(3)?,
            part_seq: row.get(4)?,
        })
    }
}

/// The visitor with `token`, their own room `rid`, and whether message id `id` is taken.
pub fn sender(tx: &mut ReadTx<'_>, token: &str, rid: &str, id: &str) -> Result<Option<Sender>, StoreError> {
    tx.opt(SENDER, params![id, rid, token])
}

/// A room by its public id.
pub fn by_id(tx: &mut ReadTx<'_>, rid: &str) -> Result<Option<Room>, StoreError> {
    tx.opt(BY_ID, params![rid])
}

/// The open room of a visitor, by the visitor's row number.
pub fn open_of_visitor(tx: &mut ReadTx<'_>, visitor: i64) -> Result<Option<Room>, StoreError> {
    tx.opt(OPEN_OF_VISITOR, params![visitor])
}

/// How many open rooms a visitor has: 0 or 1.
pub fn count_open_of_visitor(tx: &mut ReadTx<'_>, visitor: i64) -> Result<i64, StoreError> {
    tx.one::<(i64,)>(COUNT_OPEN_OF_VISITOR, params![visitor]).map(|(n,)| n)
}

/// Adds an open room without messages, from the fields of `room` that a new one has; gives its row number.
pub fn insert(tx: &mut WriteTx<'_>, room: &Room) -> Result<i64, StoreError> {
    let params = params![
        &room.id,
        room.visitor,
        &room.v_id,
        &room.v_username,
        &room.v_token,
        &room.v_status,
        &room.fname,
        room.ts,
        &room.source.kind,
        &room.source.destination
    ];
    tx.one::<(i64,)>(INSERT, params).map(|(pk,)| pk)
}

/// Takes a place in the visitor's own open room for a message with a free id, and moves the room's counters; `None`
/// if any of that does not hold, and [`sender`] tells which.
pub fn place(
    tx: &mut WriteTx<'_>,
    token: &str,
    rid: &str,
    id: &str,
    now: Millis,
) -> Result<Option<Place>, StoreError> {
    let position = tx.part_position();
    tx.opt(PLACE, params![now, position, rid, token, id])
}

/// Takes the numbers for a visitor's message and moves the room's counters; `None` if the room is closed.
pub fn number_visitor_message(
    tx: &mut WriteTx<'_>,
    room: i64,
    now: Millis,
) -> Result<Option<Numbers>, StoreError> {
    let position = tx.part_position();
    tx.opt(NUMBER_VISITOR_MESSAGE, params![now, position, room])
}

/// Takes the numbers for a system message; `shown` ones move `lm`, mere signals to the widget do not.
pub fn number_system_message(
    tx: &mut WriteTx<'_>,
    room: i64,
    now: Millis,
    shown: bool,
) -> Result<Numbers, StoreError> {
    let position = tx.part_position();
    tx.one(NUMBER_SYSTEM_MESSAGE, params![now, position, shown, room])
}

/// Takes the number for an edit, removal or restoration; `msgs` is added to the room's count.
pub fn number_change(tx: &mut WriteTx<'_>, room: i64, now: Millis, msgs: i64) -> Result<Numbers, StoreError> {
    tx.one(NUMBER_CHANGE, params![msgs, now, room])
}

/// Closes an open room; false if it was closed already.
pub fn close(tx: &mut WriteTx<'_>, room: i64, closed: &Closed) -> Result<bool, StoreError> {
    let params = params![closed.at, &closed.closer, &closed.by_id, &closed.by_username, room];
    tx.run(CLOSE, params).map(|n| n == 1)
}

/// Opens a closed room again; false if it was open.
pub fn reopen(tx: &mut WriteTx<'_>, room: i64, now: Millis) -> Result<bool, StoreError> {
    tx.run(REOPEN, params![now, room]).map(|n| n == 1)
}

/// Puts a room into the queue.
pub fn enqueue(
    tx: &mut WriteTx<'_>,
    id: &str,
    room: i64,
    status: InquiryStatus,
    now: Millis,
) -> Result<(), StoreError> {
    tx.run(ENQUEUE, params![id, room, status.as_str(), now]).map(drop)
}

/// Takes a room out of the queue.
pub fn dequeue(tx: &mut WriteTx<'_>, room: i64) -> Result<(), StoreError> {
    tx.run(DEQUEUE, params![room]).map(drop)
}

/// How many queue entries a room has: 1 while open, 0 once closed.
pub fn count_inquiries(tx: &mut ReadTx<'_>, room: i64) -> Result<i64, StoreError> {
    tx.one::<(i64,)>(COUNT_INQUIRIES, params![room]).map(|(n,)| n)
}
