//! The outer world behind the model's interfaces: the system's clock and randomness, mail, the domain name system, password
//! hashing.
//!
//! Owns every conversation with those. Holds no rules of its own beyond reading their answers, knows neither the
//! database nor HTTP, and takes its settings as arguments.

pub mod bus;
pub mod clock;
pub mod ids;
pub mod mail;
pub mod mail_domains;
pub mod passwords;

pub use bus::LocalBus;
pub use clock::SystemClock;
pub use ids::SystemIds;
pub use mail::{MailError, Mailer, SmtpConfig, SmtpConfigError};
pub use mail_domains::SystemMailDomains;
pub use passwords::{ArgonPasswords, PasswordOptions, PasswordOptionsError};
