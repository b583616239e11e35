//! Use cases called directly, on a real SQLite store: what they leave behind in the log, on the bus and in the audit.

#![allow(clippy::unwrap_used)] // a test fails by panicking, in its helpers too

mod audit;
mod common;
mod demo;
mod events;
mod jobs;
mod races;
mod settings;
mod texts;
