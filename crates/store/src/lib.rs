//! Durable storage: `Store { read, write }`, every SQL statement, migrations, and the two engines they run on.
//!
//! Owns the schema, the statements (written once, in the subset that `SQLite` and `PostgreSQL` share; see
//! `docs/adr/0002-sql-layer.md`), group commit and what a failure of an engine means.
//! Must not decide anything about chat: use cases pass plain functions and get rows.
//!
//! To add a query: a constant in a `statements!` block of `src/sql/`, and a function beside it that takes a
//! transaction and gives back model types. The test `every_statement_prepares_on_both_engines` finds mistakes.

mod driver;
mod error;
mod migrate;
mod parts;
mod statement;
mod store;
mod tx;
mod value;
mod writer;

pub mod sql;

pub use error::StoreError;
pub use migrate::Migrated;
pub use parlor_model::event::Publish;
pub use sql::{accounts, audit, jobs, messages, offline, rooms, settings, visitors};
pub use store::{Stats, Store, StoreOptions, migrate_only};
pub use tx::{ReadTx, WriteTx};
