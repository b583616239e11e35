//! The use cases: the only place that decides. One module for each family.
//!
//! A use case is a plain function of a transaction, a [`Context`] and a command. It cannot wait on the network, read a
//! clock or draw randomness that it was not given, and it is tested by calling it. Must not know HTTP, DDP or `async`.

mod context;
mod error;
mod quotes;

pub mod accounts;
pub mod config;
pub mod demo;
pub mod jobs;
pub mod messages;
pub mod offline;
pub mod rooms;
pub mod settings;
pub mod setup;
pub mod visitors;

pub use context::Context;
pub use error::Refusal;
