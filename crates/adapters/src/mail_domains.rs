//! Asks the domain name system whether mail for a domain can be delivered.
//!
//! Owns the reading of its answers (RFC 5321 section 5.1: exchangers, else addresses; RFC 7505: "no mail here").
//! Only a definite no counts as one; whatever keeps the answer from coming is no fault of the address.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::time::Duration;

use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use hickory_resolver::{ResolverBuilder, TokioResolver};
use parlor_model::mail_domain::{DomainVerdict, MailDomains};
use tokio::sync::Semaphore;

/// Time for one verdict.
pub const LIMIT: Duration = Duration::from_secs(2);
/// Verdicts in the making at one time; a further question is answered "unknown" at once.
const CONCURRENT: usize = 64;
/// Octets of a domain name's text and of one of its labels (RFC 1035 section 2.3.4).
const NAME_LENGTH: usize = 253;
const LABEL_LENGTH: usize = 63;

/// Asks name servers, remembering answers for the time they say they hold.
pub struct SystemMailDomains {
    resolver: Option<TokioResolver>,
    permits: Semaphore,
    limit: Duration,
}

impl SystemMailDomains {
    /// Asks the name servers of this machine's configuration, at most 2 s per verdict.
    ///
    /// Where that configuration is missing or unusable every verdict is [`DomainVerdict::Unknown`].
    pub fn system() -> Self {
        Self::build(TokioResolver::builder_tokio(), LIMIT)
    }

    /// Asks the given name servers over UDP (TCP for long answers), at most `limit` per verdict.
    pub fn with_servers(servers: &[SocketAddr], limit: Duration) -> Self {
        let server = |address: &SocketAddr| {
            let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
                connection.port = address.port();
                connection
            });
            NameServerConfig::new(address.ip(), true, connections.to_vec())
        };
        let config = ResolverConfig::from_name_servers(servers.iter().map(server).collect());
        let provider = TokioRuntimeProvider::default();
        Self::build(Ok(TokioResolver::builder_with_config(config, provider)), limit)
    }

    fn build(builder: Result<ResolverBuilder<TokioRuntimeProvider>, NetError>, limit: Duration) -> Self {
        let resolver = builder.and_then(|mut builder| {
            let options = builder.options_mut();
            options.timeout = limit;
            // A name in the hosts file says nothing about mail.
            options.use_hosts_file = ResolveHosts::Never;
            options.max_active_requests = CONCURRENT * 2;
            builder.build()
        });
        if let Err(error) = &resolver {
            tracing::warn!(%error, "no usable name server configuration; mail domains stay unchecked");
        }
        Self { resolver: resolver.ok(), permits: Semaphore::new(CONCURRENT), limit }
    }

    async fn ask(&self, domain: &str) -> DomainVerdict {
        let name = match readable(domain) {
            Readable::Name(name) => name,
            Readable::NoDomain => return DomainVerdict::Refused,
            Readable::NotForUs => return DomainVerdict::Unknown,
        };
        let (Some(resolver), Ok(_permit)) = (&self.resolver, self.permits.try_acquire()) else {
            return DomainVerdict::Unknown;
        };
        tokio::time::timeout(self.limit, resolve(resolver, name)).await.unwrap_or(DomainVerdict::Unknown)
    }
}

impl MailDomains for SystemMailDomains {
    fn verdict<'a>(&'a self, domain: &'a str) -> Pin<Box<dyn Future<Output = DomainVerdict> + Send + 'a>> {
        Box::pin(self.ask(domain))
    }
}

enum Readable {
    Name(Name),
    /// No name server could ever know it.
    NoDomain,
    /// Perhaps deliverable, but the public tree of names does not decide: address literals, local host names.
    NotForUs,
}

fn readable(domain: &str) -> Readable {
    let domain = domain.strip_suffix('.').unwrap_or(domain);
    let blank = |c: char| c.is_whitespace() || c.is_control();
    let too_long = |text: &str, most: usize| text.is_ascii() && text.len() > most;
    if domain.starts_with('[') || domain.parse::<IpAddr>().is_ok() {
        return Readable::NotForUs;
    }
    if domain.contains(blank)
        || too_long(domain, NAME_LENGTH)
        || domain.split('.').any(|label| label.is_empty() || too_long(label, LABEL_LENGTH))
    {
        return Readable::NoDomain;
    }
    // A backslash would be read as an escape, which turns the text into another name.
    if !domain.contains('.') || domain.contains('\\') {
        return Readable::NotForUs;
    }
    match Name::from_utf8(domain) {
        Ok(mut name) => {
            // Without this the machine's search domains would be tried too.
            name.set_fqdn(true);
            Readable::Name(name)
        }
        Err(_) => Readable::NotForUs,
    }
}

/// What one question for one kind of record brought.
enum Answer {
    Records(Vec<RData>),
    /// The name exists and has no such record.
    NoData,
    /// The name does not exist.
    NoName,
    /// Not an answer: a failing or silent server, or a referral elsewhere.
    Nothing,
}

async fn resolve(resolver: &TokioResolver, name: Name) -> DomainVerdict {
    match look_up(resolver, &name, RecordType::MX).await {
        Answer::Records(records) if says_no_mail(&records) => DomainVerdict::Refused,
        Answer::Records(_) => DomainVerdict::Deliverable,
        Answer::NoName => DomainVerdict::Refused,
        Answer::Nothing => DomainVerdict::Unknown,
        Answer::NoData => {
            let (v4, v6) = tokio::join!(
                look_up(resolver, &name, RecordType::A),
                look_up(resolver, &name, RecordType::AAAA)
            );
            match (v4, v6) {
                (Answer::Records(_), _) | (_, Answer::Records(_)) => DomainVerdict::Deliverable,
                (Answer::Nothing, _) | (_, Answer::Nothing) => DomainVerdict::Unknown,
                (Answer::NoName | Answer::NoData, Answer::NoName | Answer::NoData) => DomainVerdict::Refused,
            }
        }
    }
}

/// RFC 7505 section 3: exactly one exchanger, with preference 0 and the root as its name.
fn says_no_mail(records: &[RData]) -> bool {
    matches!(records, [RData::MX(only)] if only.preference == 0 && only.exchange.is_root())
}

async fn look_up(resolver: &TokioResolver, name: &Name, kind: RecordType) -> Answer {
    match resolver.lookup(name.clone(), kind).await {
        Ok(lookup) => {
            let asked_for = lookup.answers().iter().filter(|record| record.record_type() == kind);
            let records: Vec<_> = asked_for.map(|record| record.data.clone()).collect();
            if records.is_empty() { Answer::Nothing } else { Answer::Records(records) }
        }
        // RFC 2308 section 2: a "no" that comes from a zone names the zone's start of authority. One without is a
        // referral, or a resolver with no way out that says no to everything.
        Err(NetError::Dns(DnsError::NoRecordsFound(none))) if none.soa.is_some() => {
            match none.response_code {
                ResponseCode::NXDomain => Answer::NoName,
                ResponseCode::NoError => Answer::NoData,
                _ => Answer::Nothing,
            }
        }
        Err(error) => {
            tracing::debug!(%error, %kind, "a mail domain could not be looked up");
            Answer::Nothing
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_resolver_can_be_set_up_outside_a_runtime() {
        let _ = SystemMailDomains::system();
    }

    #[tokio::test]
    async fn without_a_resolver_every_domain_is_unknown() {
        let domains = SystemMailDomains::build(Err(NetError::NoConnections), LIMIT);
        assert_eq!(domains.verdict("example.org").await, DomainVerdict::Unknown);
    }

    #[tokio::test]
    async fn without_a_free_permit_the_answer_is_unknown_at_once() {
        let nobody = SocketAddr::from(([127, 0, 0, 1], 9));
        let domains = SystemMailDomains::with_servers(&[nobody], Duration::from_secs(3_600));
        let _all = domains.permits.try_acquire_many(u32::try_from(CONCURRENT).unwrap()).unwrap();
        assert_eq!(domains.verdict("example.org").await, DomainVerdict::Unknown);
    }
}
