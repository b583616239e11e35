//! A livechat room: one conversation of one visitor (section 2.2 of `visitor-api.md`).

use crate::Millis;

/// A stored room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// Internal row number; never leaves the server.
    pub pk: i64,
    /// Public id (`rid` elsewhere).
    pub id: String,
    /// Row number of the visitor.
    pub visitor: i64,
    /// Visitor's public id, copied when the room was made.
    pub v_id: String,
    /// Visitor's username, copied when the room was made.
    pub v_username: String,
    /// Visitor's token, copied when the room was made; it decides whose room this is.
    pub v_token: String,
    /// Visitor's presence as the room shows it.
    pub v_status: String,
    /// When the visitor last wrote.
    pub v_last_message_ts: Option<Millis>,
    /// Shown name: the visitor's name, else the username.
    pub fname: String,
    /// False once closed.
    pub open: bool,
    /// Place of the newest message.
    pub seq: i64,
    /// Number of the newest change.
    pub rev: i64,
    /// How many messages the room shows as its count.
    pub msgs: i64,
    /// When the room was opened.
    pub ts: Millis,
    /// Time of the last message.
    pub lm: Option<Millis>,
    /// When the room entered the queue.
    pub queued_at: Option<Millis>,
    /// True while the visitor waits for an answer.
    pub waiting_response: bool,
    /// Time of the question that still waits for its answer (`metrics.v.lq`).
    pub last_question: Option<Millis>,
    /// Which kind of client opened it.
    pub source: Source,
    /// Present once closed.
    pub closed: Option<Closed>,
    /// When the record last changed.
    pub updated_at: Millis,
}

/// Which client opened a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// `widget` or `api`.
    pub kind: String,
    /// The host the widget spoke to.
    pub destination: Option<String>,
}

/// How a chat ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// When.
    pub at: Millis,
    /// `visitor` or `user`.
    pub closer: String,
    /// Public id of who closed it.
    pub by_id: String,
    /// Username of who closed it.
    pub by_username: String,
}

impl Room {
    /// Whole seconds from opening to closing (`metrics.chatDuration`), once closed.
    pub fn chat_duration(&self) -> Option<f64> {
        #[allow(clippy::cast_precision_loss)] // milliseconds of a chat are far below 2^52
        self.closed.as_ref().map(|c| (c.at.0 - self.ts.0).max(0) as f64 / 1000.0)
    }
}
