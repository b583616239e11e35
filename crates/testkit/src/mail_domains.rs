//! A domain name system with made-up answers.

use std::collections::HashMap;
use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};

use parlor_model::mail_domain::{DomainVerdict, MailDomains};

/// Answers from a table, without regard to letter case; domains not in it are [`DomainVerdict::Unknown`].
#[derive(Debug, Default)]
pub struct ZonedMailDomains(Mutex<HashMap<String, DomainVerdict>>);

impl ZonedMailDomains {
    /// An empty table.
    pub fn new() -> Self {
        Self::default()
    }

    /// The table with one more domain.
    #[must_use]
    pub fn with(self, domain: &str, verdict: DomainVerdict) -> Self {
        self.set(domain, verdict);
        self
    }

    /// Changes what is answered from now on.
    pub fn set(&self, domain: &str, verdict: DomainVerdict) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(domain.to_lowercase(), verdict);
    }
}

impl MailDomains for ZonedMailDomains {
    fn verdict<'a>(&'a self, domain: &'a str) -> Pin<Box<dyn Future<Output = DomainVerdict> + Send + 'a>> {
        let zones = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Box::pin(ready(zones.get(&domain.to_lowercase()).copied().unwrap_or(DomainVerdict::Unknown)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_domain_is_unknown_until_it_is_set() {
        let zones = ZonedMailDomains::new().with("good.example", DomainVerdict::Deliverable);
        assert_eq!(zones.verdict("GOOD.example").await, DomainVerdict::Deliverable);
        assert_eq!(zones.verdict("other.example").await, DomainVerdict::Unknown);
        zones.set("other.example", DomainVerdict::Refused);
        assert_eq!(zones.verdict("other.example").await, DomainVerdict::Refused);
    }
}
