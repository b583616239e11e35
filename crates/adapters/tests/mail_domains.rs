//! Verdicts about mail domains, asked of a real name server with made-up zones.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hickory_resolver::proto::op::{Message, OpCode, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, AAAA, CNAME, MX, NS, SOA};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use parlor_adapters::SystemMailDomains;
use parlor_model::mail_domain::DomainVerdict::{self, Deliverable, Refused, Unknown};
use parlor_model::mail_domain::MailDomains;
use tokio::net::UdpSocket;
use tokio::task::AbortHandle;

const LONG: Duration = Duration::from_secs(10);
const SHORT: Duration = Duration::from_millis(300);

#[derive(Clone)]
enum Zone {
    Has(Vec<RData>),
    Fails(ResponseCode),
    /// Answers for exchangers and fails for addresses.
    HalfFails,
    Refers,
    Silent,
}

struct NameServer {
    address: SocketAddr,
    asked: Arc<AtomicUsize>,
    task: AbortHandle,
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl NameServer {
    async fn start(zones: &[(&str, Zone)]) -> Self {
        let socket = UdpSocket::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = socket.local_addr().expect("a bound address");
        let zones: HashMap<Name, Zone> =
            zones.iter().map(|(name, zone)| (self::name(name), zone.clone())).collect();
        let asked = Arc::new(AtomicUsize::new(0));
        let task = tokio::spawn(serve(socket, zones, Arc::clone(&asked))).abort_handle();
        Self { address, asked, task }
    }

    fn domains(&self, limit: Duration) -> SystemMailDomains {
        SystemMailDomains::with_servers(&[self.address], limit)
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

async fn serve(socket: UdpSocket, zones: HashMap<Name, Zone>, asked: Arc<AtomicUsize>) {
    let mut buffer = [0; 4_096];
    loop {
        let (length, client) = socket.recv_from(&mut buffer).await.expect("a question");
        asked.fetch_add(1, Ordering::SeqCst);
        let question = Message::from_vec(&buffer[..length]).expect("a well-formed question");
        if let Some(answer) = answer(&question, &zones) {
            let bytes = answer.to_vec().expect("a well-formed answer");
            socket.send_to(&bytes, client).await.expect("the client listens");
        }
    }
}

fn answer(question: &Message, zones: &HashMap<Name, Zone>) -> Option<Message> {
    let query = question.queries.first().expect("one question").clone();
    let (asked, kind) = (query.name().clone(), query.query_type());
    let mut answer = Message::response(question.metadata.id, OpCode::Query);
    answer.metadata.recursion_available = true;
    answer.add_query(query);
    let records = match zones.get(&asked) {
        None => {
            answer.metadata.response_code = ResponseCode::NXDomain;
            Vec::new()
        }
        Some(Zone::Silent) => return None,
        Some(Zone::HalfFails) if kind == RecordType::MX => Vec::new(),
        Some(Zone::HalfFails) => {
            answer.metadata.response_code = ResponseCode::ServFail;
            return Some(answer);
        }
        Some(Zone::Fails(code)) => {
            answer.metadata.response_code = *code;
            return Some(answer);
        }
        Some(Zone::Refers) => {
            answer.add_authority(Record::from_rdata(asked, 60, RData::NS(NS(name("ns.elsewhere.test.")))));
            return Some(answer);
        }
        Some(Zone::Has(data)) => {
            let fits = |data: &&RData| data.record_type() == kind || data.record_type() == RecordType::CNAME;
            data.iter().filter(fits).cloned().collect()
        }
    };
    if records.is_empty() {
        let origin = SOA::new(name("ns.test."), name("admin.test."), 1, 60, 60, 60, 60);
        answer.add_authority(Record::from_rdata(asked.clone(), 60, RData::SOA(origin)));
    }
    answer.add_answers(records.into_iter().map(|data| Record::from_rdata(asked.clone(), 60, data)));
    Some(answer)
}

fn name(text: &str) -> Name {
    let mut name = Name::from_utf8(text).expect("a name");
    name.set_fqdn(true);
    name
}

fn exchanger(preference: u16, host: &str) -> RData {
    RData::MX(MX::new(preference, name(host)))
}

fn has(records: impl Into<Vec<RData>>) -> Zone {
    Zone::Has(records.into())
}

async fn verdict_of(zone: Zone) -> DomainVerdict {
    let server = NameServer::start(&[("asked.test", zone)]).await;
    server.domains(LONG).verdict("asked.test").await
}

#[tokio::test]
async fn a_domain_with_exchangers_is_deliverable() {
    assert_eq!(verdict_of(has([exchanger(10, "mx.asked.test")])).await, Deliverable);
    assert_eq!(verdict_of(has([exchanger(0, "."), exchanger(10, "mx.asked.test")])).await, Deliverable);
}

#[tokio::test]
async fn a_domain_that_says_no_mail_here_is_refused_even_with_an_address() {
    let address = RData::A(A::new(192, 0, 2, 1));
    assert_eq!(verdict_of(has([exchanger(0, "."), address])).await, Refused);
}

#[tokio::test]
async fn a_domain_that_does_not_exist_is_refused() {
    let server = NameServer::start(&[]).await;
    assert_eq!(server.domains(LONG).verdict("missing.test").await, Refused);
    assert_eq!(server.asked(), 1);
}

#[tokio::test]
async fn a_domain_without_exchanger_is_deliverable_at_either_kind_of_address() {
    assert_eq!(verdict_of(has([RData::A(A::new(192, 0, 2, 1))])).await, Deliverable);
    assert_eq!(verdict_of(has([RData::AAAA(AAAA::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1))])).await, Deliverable);
}

#[tokio::test]
async fn a_domain_with_neither_exchanger_nor_address_is_refused() {
    assert_eq!(verdict_of(has([])).await, Refused);
}

#[tokio::test]
async fn an_alias_counts_as_what_it_stands_for() {
    let alias = |target: &str| has([RData::CNAME(CNAME(name(target)))]);
    let zones = [
        ("good.test", alias("mail.test")),
        ("bad.test", alias("missing.test")),
        ("mail.test", has([exchanger(5, "mx.test")])),
    ];
    let server = NameServer::start(&zones).await;
    let domains = server.domains(LONG);
    assert_eq!(domains.verdict("good.test").await, Deliverable);
    assert_eq!(domains.verdict("bad.test").await, Refused);
}

#[tokio::test]
async fn failing_and_refusing_servers_leave_the_domain_unknown() {
    for code in [ResponseCode::ServFail, ResponseCode::Refused, ResponseCode::FormErr, ResponseCode::NotImp] {
        assert_eq!(verdict_of(Zone::Fails(code)).await, Unknown, "{code}");
    }
    assert_eq!(verdict_of(Zone::HalfFails).await, Unknown);
    assert_eq!(verdict_of(Zone::Refers).await, Unknown);
}

#[tokio::test]
async fn a_silent_server_leaves_the_domain_unknown_within_the_limit() {
    let server = NameServer::start(&[("asked.test", Zone::Silent)]).await;
    let domains = server.domains(SHORT);
    let verdict = tokio::time::timeout(LONG, domains.verdict("asked.test")).await;
    assert_eq!(verdict, Ok(Unknown));
    assert!(server.asked() >= 1);
}

#[tokio::test]
async fn a_port_where_nobody_listens_leaves_the_domain_unknown() {
    let server = NameServer::start(&[]).await;
    let address = server.address;
    server.task.abort();
    drop(server);
    let domains = SystemMailDomains::with_servers(&[address], SHORT);
    assert_eq!(tokio::time::timeout(LONG, domains.verdict("asked.test")).await, Ok(Unknown));
    let none = SystemMailDomains::with_servers(&[], SHORT);
    assert_eq!(tokio::time::timeout(LONG, none.verdict("asked.test")).await, Ok(Unknown));
}

#[tokio::test]
async fn answers_are_remembered() {
    let server = NameServer::start(&[("asked.test", has([exchanger(10, "mx.test")]))]).await;
    let domains = server.domains(LONG);
    for _ in 0..3 {
        assert_eq!(domains.verdict("asked.test").await, Deliverable);
        assert_eq!(domains.verdict("missing.test").await, Refused);
    }
    assert_eq!(server.asked(), 2);
}

#[tokio::test]
async fn a_domain_in_another_script_is_asked_for_in_ascii() {
    let server = NameServer::start(&[("xn--bcher-kva.test", has([exchanger(10, "mx.test")]))]).await;
    assert_eq!(server.domains(LONG).verdict("Bücher.test").await, Deliverable);
}

#[tokio::test]
async fn what_is_no_public_domain_is_never_asked_for() {
    let server = NameServer::start(&[]).await;
    let domains = server.domains(LONG);
    let long_label = format!("{}.test", "a".repeat(64));
    let long_name = "abc.".repeat(64);
    for bad in ["", ".", "a b.test", "a.test\n", "a..test", ".test", "a.test..", &long_label, &long_name] {
        assert_eq!(domains.verdict(bad).await, Refused, "{bad:?}");
    }
    for other in
        ["localhost", "intranet.", "[192.0.2.1]", "[IPv6:2001:db8::1]", "192.0.2.1", "::1", "a\\.b.test"]
    {
        assert_eq!(domains.verdict(other).await, Unknown, "{other:?}");
    }
    assert_eq!(server.asked(), 0);
}
