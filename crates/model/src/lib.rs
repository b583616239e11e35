//! What Parlor talks about: ids, entities, commands' vocabulary, events, settings, error codes and pure rules.
//!
//! Owns the words of the field and every rule that can be decided from its arguments alone.
//! Must not do I/O, speak SQL or HTTP, read a clock or draw randomness: those arrive as arguments.

pub mod account;
pub mod clock;
pub mod error;
pub mod event;
pub mod id;
pub mod inquiry;
pub mod job;
pub mod leads;
pub mod lockout;
pub mod mail_domain;
pub mod markdown;
pub mod message;
pub mod offline;
pub mod origin;
pub mod password;
pub mod permission;
pub mod room;
pub mod routing;
pub mod settings;
pub mod text;
pub mod time;
pub mod token;
pub mod visitor;

pub use clock::Clock;
pub use error::ErrorCode;
pub use event::Event;
pub use id::IdSource;
pub use job::Job;
pub use origin::Origin;
pub use password::{PasswordDigest, Passwords, Verdict};
pub use settings::Settings;
pub use time::Millis;
