//! A message of a room, and the numbers that order it.
//!
//! `seq` is the message's place in the room, given once. `rev` is the room's change number when the message was last
//! sent, edited, removed or restored; the changes of a room are a gapless log.

use crate::Millis;

/// A stored message (section 2.3 of `visitor-api.md`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Public id.
    pub id: String,
    /// Public id of the room.
    pub rid: String,
    /// Place in the room, from 1.
    pub seq: i64,
    /// The room's change number of the last change to this message.
    pub rev: i64,
    /// Server time of sending; never runs against `seq`.
    pub ts: Millis,
    /// Who wrote it, as they were called then.
    pub author: Author,
    /// Absent on a normal message; else the kind of system message (section 5.5).
    pub t: Option<String>,
    /// Text as sent; empty on a removed message.
    pub msg: String,
    /// Fields that only some messages have, such as quotes: a JSON object, or nothing.
    pub extra: Option<String>,
    /// When and by whom it was last edited (or removed, if a trace is shown).
    pub edited: Option<Edited>,
    /// True when history does not show it.
    pub hidden: bool,
    /// When it was removed, if it was.
    pub removed_at: Option<Millis>,
    /// When the record last changed.
    pub updated_at: Millis,
}

/// Who wrote a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// Public id.
    pub id: String,
    /// Username.
    pub username: String,
    /// Shown name, if there was one.
    pub name: Option<String>,
    /// The visitor's token; absent on messages of anyone else.
    pub token: Option<String>,
}

/// The last edit of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// When.
    pub at: Millis,
    /// Public id of the editor.
    pub by_id: String,
    /// Username of the editor.
    pub by_username: String,
}

/// What was done to a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChangeKind {
    /// It was written.
    Sent,
    /// Its text changed.
    Edited,
    /// It was removed; its number stays.
    Removed,
    /// A removed message is back as it was first written (only the demo does this).
    Restored,
}

impl ChangeKind {
    /// The wire's and the database's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Edited => "edited",
            Self::Removed => "removed",
            Self::Restored => "restored",
        }
    }

    pub(crate) const fn event_name(self) -> &'static str {
        match self {
            Self::Sent => "message_sent",
            Self::Edited => "message_edited",
            Self::Removed => "message_removed",
            Self::Restored => "message_restored",
        }
    }
}
