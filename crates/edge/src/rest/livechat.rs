//! The visitor's endpoints, one file for each resource.

pub(crate) mod config;
pub(crate) mod history;
pub(crate) mod message;
pub(crate) mod offline;
pub(crate) mod room;
pub(crate) mod visitor;
