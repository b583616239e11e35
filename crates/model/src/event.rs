//! What has happened: emitted inside a transaction, published after its commit, in commit order.

/// A fact that others may want to hear. Carries ids and the room's change number, never a token or a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A visitor registered or changed their record.
    VisitorSaved {
        /// Public id of the visitor.
        visitor: String,
    },
    /// A visitor and all their rooms were removed.
    VisitorRemoved {
        /// Public id of the visitor.
        visitor: String,
    },
    /// A room was opened, or opened again.
    RoomOpened {
        /// Public id of the room.
        rid: String,
    },
    /// A room was closed.
    RoomClosed {
        /// Public id of the room.
        rid: String,
    },
    /// A message changed: sent, edited, removed or restored.
    MessageChanged {
        /// Public id of the room.
        rid: String,
        /// Public id of the message.
        message: String,
        /// The room's change number.
        rev: i64,
        /// What was done.
        kind: crate::message::ChangeKind,
    },
    /// An account changed: made, logged in, renamed, its roles or status moved.
    AccountChanged {
        /// Public id of the account.
        account: String,
    },
    /// An offline message was stored.
    OfflineMessageLeft {
        /// Public id of the offline message.
        id: String,
    },
    /// Settings were changed; whoever holds their values reads them again.
    SettingsChanged {
        /// Ids of the settings, in the order of the call.
        ids: Vec<&'static str>,
    },
}

impl Event {
    /// The event's name, as counters and logs show it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::VisitorSaved { .. } => "visitor_saved",
            Self::VisitorRemoved { .. } => "visitor_removed",
            Self::RoomOpened { .. } => "room_opened",
            Self::RoomClosed { .. } => "room_closed",
            Self::MessageChanged { kind, .. } => kind.event_name(),
            Self::AccountChanged { .. } => "account_changed",
            Self::OfflineMessageLeft { .. } => "offline_message_left",
            Self::SettingsChanged { .. } => "settings_changed",
        }
    }
}

/// Hears what has been committed. Called by the store's writer between commit and answer, so it must not block.
pub trait Publish: Send + Sync {
    /// Takes the events of one commit, in order. `jobs_waiting` tells that durable work was added.
    fn publish(&self, events: &mut Vec<Event>, jobs_waiting: bool);
}

/// Nobody listens.
impl Publish for () {
    fn publish(&self, _: &mut Vec<Event>, _: bool) {}
}
