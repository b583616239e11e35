//! One list of behaviours, run on `SQLite` and on `PostgreSQL`: a use case must not be able to tell which one it has.
//!
//! Every case below is two tests, `…::sqlite::<case>` and `…::postgres::<case>`; see `on_both_engines!`.

// The lint knows a test function, not the helpers that belong to it.
#![allow(clippy::unwrap_used)]

#[macro_use]
mod common;

mod accounts;
mod changes;
mod contention;
mod jobs;
mod lost_connections;
mod messages;
mod migrations;
mod queues;
mod rooms;
mod rows;
mod settings;
mod transactions;
mod visitors;
