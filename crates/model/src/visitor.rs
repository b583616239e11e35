//! The visitor of a website: known by a token of their own making (section 2.1 of `visitor-api.md`).

use crate::Millis;
use crate::leads::Leads;

/// A stored visitor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visitor {
    /// Internal row number; never leaves the server.
    pub pk: i64,
    /// Public id.
    pub id: String,
    /// The secret that stands for this visitor; absent once removed.
    pub token: Option<String>,
    /// `guest-N`, or what the visitor chose.
    pub username: String,
    /// Shown name, absent until known.
    pub name: Option<String>,
    /// E-mail addresses and telephone numbers: those of the registration first, then those found in texts.
    pub leads: Leads,
    /// Presence: `online`, `away`, `offline`.
    pub status: String,
    /// When the visitor first registered.
    pub ts: Millis,
    /// The last chat's room id and time.
    pub last_chat: Option<(String, Millis)>,
    /// Only kept when a setting allows it (decision D20).
    pub connection: Connection,
    /// Row number of the author snapshot that new messages carry.
    pub author: i64,
    /// When the record last changed.
    pub updated_at: Millis,
}

/// What the browser's request said about itself; kept only when a setting allows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Connection {
    /// `User-Agent`.
    pub user_agent: Option<String>,
    /// Caller's address.
    pub ip: Option<String>,
    /// `Host`.
    pub host: Option<String>,
}
