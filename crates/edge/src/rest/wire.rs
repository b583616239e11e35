//! Records as REST shows them.

pub(crate) mod config;
pub(crate) mod message;
pub(crate) mod room;
pub(crate) mod visitor;
