//! Does a mail domain exist? The question offline messages ask before they are believed (decision D23).

use std::future::Future;
use std::pin::Pin;

/// What the domain name system said about a mail domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DomainVerdict {
    /// It has a mail exchanger, or an address that mail may be tried at.
    Deliverable,
    /// An authoritative no: the domain does not exist, or has neither exchanger nor address, or says "no mail here".
    Refused,
    /// Nobody could say: a time-out, a failing server, no resolver, or nobody asked.
    Unknown,
}

/// Asks the domain name system. The real one lives in the adapters, one with made-up zones in the test kit.
pub trait MailDomains: Send + Sync {
    /// Answers within a bounded time; every failure to find out is [`DomainVerdict::Unknown`].
    fn verdict<'a>(&'a self, domain: &'a str) -> Pin<Box<dyn Future<Output = DomainVerdict> + Send + 'a>>;
}
