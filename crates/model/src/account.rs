//! Accounts: the people who work here (sections 2.1 and 2.2 of `agent-api.md`).

use crate::Millis;

/// How an account's presence looks to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// There.
    Online,
    /// There, but idle.
    Away,
    /// There, and not to be disturbed.
    Busy,
    /// Not there, or invisible.
    Offline,
}

impl Presence {
    /// The word on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Away => "away",
            Self::Busy => "busy",
            Self::Offline => "offline",
        }
    }

    /// The presence with this name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Online, Self::Away, Self::Busy, Self::Offline].into_iter().find(|p| p.as_str() == text)
    }
}

/// A person with a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Row number.
    pub pk: i64,
    /// Public id.
    pub id: String,
    /// Unique, whatever its letters' case.
    pub username: String,
    /// Shown name.
    pub name: Option<String>,
    /// E-mail address, lower case.
    pub email: Option<String>,
    /// The address is known to be theirs.
    pub email_verified: bool,
    /// May log in.
    pub active: bool,
    /// What the person chose to show while connected.
    pub status_default: Presence,
    /// A few words beside it.
    pub status_text: String,
    /// What others see now.
    pub presence: Presence,
    /// Takes chats; `None` for who is no agent.
    pub available: Option<bool>,
    /// Language code.
    pub language: String,
    /// Row of the author snapshot that messages refer to.
    pub author: i64,
    /// When it was made.
    pub created_at: Millis,
    /// When it was last used to log in.
    pub last_login_at: Option<Millis>,
    /// When it last changed.
    pub updated_at: Millis,
}

/// How names are compared: case does not count.
pub fn key(name: &str) -> String {
    name.trim().to_lowercase()
}

/// Signs that a username may consist of (the reference's default): letters, digits, `-`, `_` and `.`.
pub fn is_username(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 255
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usernames_are_plain() {
        for name in ["maria", "m.silva-2_x", "A"] {
            assert!(is_username(name), "{name}");
        }
        for name in ["", "a b", "a@b", "ü", &"x".repeat(256)] {
            assert!(!is_username(name), "{name}");
        }
    }

    #[test]
    fn presences_have_names() {
        for presence in [Presence::Online, Presence::Away, Presence::Busy, Presence::Offline] {
            assert_eq!(Presence::parse(presence.as_str()), Some(presence));
        }
        assert_eq!(Presence::parse("invisible"), None);
    }
}
