//! Accounts and their sessions, one file for each resource.

pub(crate) mod me;
pub(crate) mod session;
