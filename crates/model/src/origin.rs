//! Where a command came from; written to the audit log, never shown to visitors.

use std::net::IpAddr;

/// Who asked, as far as the network knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The door that took the command: `rest`, `demo`, `worker`.
    pub door: &'static str,
    /// The caller's address: the peer's, or the one a trusted proxy forwarded.
    pub address: Option<IpAddr>,
}

impl Origin {
    /// A command that the server gives itself.
    pub const fn internal(door: &'static str) -> Self {
        Self { door, address: None }
    }
}
