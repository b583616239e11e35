//! What the tests of several crates share: a settable clock, seeded ids, made-up mail domains, a real SMTP server,
//! databases on a real `PostgreSQL` server.
//!
//! Only ever a dev-dependency. Starts what it needs itself, on ports of its own, and ends it when dropped.

pub mod clock;
pub mod ids;
pub mod mail_domains;
pub mod postgres;
pub mod smtp;

pub use clock::TestClock;
pub use ids::SeededIds;
pub use mail_domains::ZonedMailDomains;
pub use postgres::TestDatabase;
pub use smtp::SmtpServer;
