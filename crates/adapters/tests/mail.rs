//! Sending mail to a real SMTP server, and to made-up ones that misbehave.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use parlor_adapters::{MailError, Mailer, SmtpConfig};
use parlor_model::job::{Mail, Mailbox};
use parlor_testkit::{SmtpServer, TestClock};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(10);

fn mailer(url: &str) -> Mailer {
    limited(url, PATIENCE)
}

fn limited(url: &str, limit: Duration) -> Mailer {
    let mut config = SmtpConfig::new(url, "Front desk <desk@example.org>");
    config.timeout = limit;
    Mailer::new(&config, Arc::new(TestClock::new())).expect("a usable configuration")
}

fn mail() -> Mail {
    Mail {
        id: "BTZKgKbB8QbK9Qy2z".into(),
        to: "agent@example.com".into(),
        from_name: "Ann Visitor".into(),
        reply_to: Some(Mailbox { name: "Ann Visitor".into(), address: "ann@example.net".into() }),
        subject: "A question".into(),
        text: "Hello there,\nwhat does it cost?".into(),
        html: "<p>Hello there,<br>what does it cost?</p>".into(),
    }
}

/// Sends to a fresh server and returns what arrived.
async fn delivered(mail: &Mail) -> String {
    let server = SmtpServer::start().await;
    mailer(&server.url()).send(mail).await.expect("an accepted mail");
    server.wait_for(1, PATIENCE).await.swap_remove(0)
}

/// The header lines, unfolded.
fn headers(mail: &str) -> Vec<String> {
    let head = mail.split("\r\n\r\n").next().expect("a head");
    head.replace("\r\n ", " ").split("\r\n").map(str::to_owned).collect()
}

fn header(mail: &str, name: &str) -> Option<String> {
    let lines = headers(mail);
    let mut found = lines.iter().filter_map(|line| line.strip_prefix(&format!("{name}: ")));
    let value = found.next().map(str::to_owned);
    assert_eq!(found.next(), None, "{name} twice");
    value
}

/// Undoes RFC 2047's base64 words, which is all the encoding these headers use.
async fn decoded(mail: String, name: &str) -> String {
    let script = "import email, email.policy, sys\n\
                  mail = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)\n\
                  sys.stdout.buffer.write(str(mail[sys.argv[1]]).encode())";
    let name = name.to_owned();
    let run = move || {
        use std::io::Write as _;
        use std::process::{Command, Stdio};
        let mut python = Command::new("/usr/bin/python3")
            .args(["-c", script, &name])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3");
        python.stdin.take().expect("a pipe").write_all(mail.as_bytes()).expect("a reader");
        String::from_utf8(python.wait_with_output().expect("an end").stdout).expect("text")
    };
    timeout(PATIENCE, tokio::task::spawn_blocking(run)).await.expect("in time").expect("no panic")
}

#[tokio::test]
async fn a_mail_arrives_with_its_headers() {
    let mail = delivered(&mail()).await;
    for (name, value) in [
        ("Date", "Tue, 14 Nov 2023 22:13:20 +0000"),
        ("Message-ID", "<BTZKgKbB8QbK9Qy2z@example.org>"),
        ("From", "\"Ann Visitor\" <desk@example.org>"),
        ("To", "agent@example.com"),
        ("Reply-To", "\"Ann Visitor\" <ann@example.net>"),
        ("Subject", "A question"),
    ] {
        assert_eq!(header(&mail, name).as_deref(), Some(value), "{mail}");
    }
    assert!(header(&mail, "Content-Type").is_some_and(|kind| kind.starts_with("multipart/alternative;")));
}

#[tokio::test]
async fn text_comes_before_html_in_the_same_mail() {
    let mail = delivered(&mail()).await;
    let text = mail.find("Hello there,\r\nwhat does it cost?").expect("the text part");
    let html = mail.find("<p>Hello there,<br>what does it cost?</p>").expect("the HTML part");
    assert!(text < html);
    assert!(mail.contains("Content-Type: text/plain; charset=utf-8"));
    assert!(mail.contains("Content-Type: text/html; charset=utf-8"));
}

#[tokio::test]
async fn a_line_with_a_single_dot_does_not_end_the_mail() {
    let mail = delivered(&Mail { text: "one\n.\ntwo".into(), ..mail() }).await;
    assert!(mail.contains("one\r\n.\r\ntwo"), "{mail}");
}

#[tokio::test]
async fn without_a_shown_name_the_configured_one_is_used() {
    let mail = delivered(&Mail { from_name: " \r\n".into(), reply_to: None, ..mail() }).await;
    assert_eq!(header(&mail, "From").as_deref(), Some("\"Front desk\" <desk@example.org>"));
    assert_eq!(header(&mail, "Reply-To"), None);
}

#[tokio::test]
async fn line_breaks_in_names_subject_and_id_add_no_header() {
    let attack = "x\r\nBcc: thief@example.com\r\n\r\nbody\nX-Evil: 1\rX-Evil: 2\u{85}\u{2028}X-Evil: 3";
    let attacked = Mail {
        id: format!("id>{attack}"),
        from_name: attack.into(),
        reply_to: Some(Mailbox { name: attack.into(), address: "ann@example.net".into() }),
        subject: attack.into(),
        ..mail()
    };
    let mail = delivered(&attacked).await;
    let names: Vec<_> = headers(&mail).iter().map(|line| line.split(':').next().map(str::to_owned)).collect();
    let expected =
        ["Date", "Message-ID", "From", "To", "Subject", "Reply-To", "MIME-Version", "Content-Type"];
    assert_eq!(names, expected.map(|name| Some(name.to_owned())), "{mail}");
}

#[tokio::test]
async fn an_unusable_reply_address_is_left_out_and_the_mail_goes() {
    for address in ["", "ann", "ann@example.net\r\nBcc: thief@example.com", "ann@example.net, b@example.net"]
    {
        let reply_to = Some(Mailbox { name: "Ann".into(), address: address.into() });
        let mail = delivered(&Mail { reply_to, ..mail() }).await;
        assert_eq!(header(&mail, "Reply-To"), None, "{address:?}");
        assert_eq!(header(&mail, "Bcc"), None, "{address:?}");
    }
}

#[tokio::test]
async fn other_scripts_arrive_readable() {
    let subject = "Frage zu „Größe“ — 价格 😀";
    let name = "Jörg, \"der\" Händler";
    let sent = Mail { subject: subject.into(), from_name: name.into(), text: "Grüße".into(), ..mail() };
    let mail = delivered(&sent).await;
    assert!(mail.is_ascii(), "{mail}");
    assert_eq!(decoded(mail.clone(), "Subject").await, subject);
    let from = decoded(mail, "From").await;
    assert!(
        from.contains("Jörg, ") && from.contains("Händler") && from.ends_with("<desk@example.org>"),
        "{from}"
    );
}

#[tokio::test]
async fn a_server_without_encryption_gets_no_mail_when_encryption_is_required() {
    let server = SmtpServer::start().await;
    let error = mailer(&format!("{}?tls=required", server.url())).send(&mail()).await.unwrap_err();
    assert!(!error.permanent, "{error}");
    assert_eq!(server.mails(), Vec::<String>::new());
}

/// A server for one connection: greets, then answers each line by its first word, and hangs on words it lacks.
async fn scripted(
    greeting: &'static str,
    answers: &'static [(&str, &str)],
) -> (SocketAddr, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let address = listener.local_addr().expect("a bound address");
    let talk = async move {
        let (stream, _) = listener.accept().await.expect("a client");
        converse(stream, greeting, answers).await
    };
    (address, tokio::spawn(talk))
}

async fn converse(mut stream: TcpStream, greeting: &str, answers: &[(&str, &str)]) -> Vec<String> {
    let (read, mut write) = stream.split();
    write.write_all(greeting.as_bytes()).await.expect("a listening client");
    let mut lines = BufReader::new(read).lines();
    let mut heard = Vec::new();
    while let Ok(Some(line)) = lines.next_line().await {
        let answer = answers.iter().find(|(word, _)| line.starts_with(word)).map(|(_, answer)| *answer);
        heard.push(line);
        if let Some(answer) = answer
            && write.write_all(answer.as_bytes()).await.is_err()
        {
            break;
        }
    }
    heard
}

const POLITE: &[(&str, &str)] = &[
    ("EHLO", "250 fake\r\n"),
    ("MAIL", "250 ok\r\n"),
    ("RCPT", "250 ok\r\n"),
    ("DATA", "354 go\r\n"),
    (".", "250 stored\r\n"),
];

async fn failure(greeting: &'static str, answers: &'static [(&str, &str)], query: &str) -> MailError {
    let (address, _server) = scripted(greeting, answers).await;
    let (user, rest) = if query.is_empty() { ("", "") } else { ("user:hunter2@", query) };
    let mailer = mailer(&format!("smtp://{user}{address}{rest}"));
    mailer.send(&mail()).await.expect_err("a mail that is not accepted")
}

#[tokio::test]
async fn nobody_listening_is_temporary() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = mailer(&format!("smtp://{address}")).send(&mail()).await.unwrap_err();
    assert!(!error.permanent && error.reason.starts_with("connection"), "{error}");
}

#[tokio::test]
async fn a_recipient_refused_for_good_is_permanent_and_for_now_is_temporary() {
    const NEVER: &[(&str, &str)] = &[
        ("EHLO", "250 fake\r\n"),
        ("MAIL", "250 ok\r\n"),
        ("RCPT", "550-no such\r\n550 person here\r\n"),
        ("QUIT", "221 bye\r\n"),
    ];
    const LATER: &[(&str, &str)] = &[
        ("EHLO", "250 fake\r\n"),
        ("MAIL", "250 ok\r\n"),
        ("RCPT", "451 later\r\n"),
        ("QUIT", "221 bye\r\n"),
    ];
    let error = failure("220 fake\r\n", NEVER, "").await;
    assert!(error.permanent && error.reason.contains("550") && error.reason.contains("no such"), "{error}");
    assert!(!error.reason.contains('\n'));
    let error = failure("220 fake\r\n", LATER, "").await;
    assert!(!error.permanent && error.reason.contains("451"), "{error}");
}

#[tokio::test]
async fn an_overloaded_server_is_temporary() {
    let error = failure("421 too busy\r\n", &[], "").await;
    assert!(!error.permanent, "{error}");
}

#[tokio::test]
async fn a_hanging_server_is_given_up_within_the_limit() {
    let greets_only: &[(&str, &str)] = &[];
    for greeting in ["", "220 fake\r\n"] {
        let (address, _server) = scripted(greeting, greets_only).await;
        let mailer = limited(&format!("smtp://{address}"), Duration::from_millis(200));
        let mail = mail();
        let error = timeout(PATIENCE, mailer.send(&mail)).await.expect("within the limit").unwrap_err();
        assert!(!error.permanent && error.reason.contains("200ms"), "{error}");
    }
}

#[tokio::test]
async fn a_mail_that_was_accepted_is_sent_even_if_the_goodbye_hangs() {
    let (address, _server) = scripted("220 fake\r\n", POLITE).await;
    let mailer = limited(&format!("smtp://{address}"), Duration::from_millis(500));
    let mail = mail();
    assert_eq!(timeout(PATIENCE, mailer.send(&mail)).await, Ok(Ok(())));
}

#[tokio::test]
async fn the_greeting_name_is_the_configured_one_or_the_senders_domain() {
    for (hello, said) in [(None, "EHLO example.org"), (Some("chat.example.org"), "EHLO chat.example.org")] {
        let (address, server) =
            scripted("220 fake\r\n", &[("EHLO", "451 no\r\n"), ("QUIT", "221 bye\r\n")]).await;
        let mut config = SmtpConfig::new(format!("smtp://{address}"), "desk@example.org");
        config.hello = hello.map(str::to_owned);
        config.timeout = PATIENCE;
        let mailer = Mailer::new(&config, Arc::new(TestClock::new())).unwrap();
        mailer.send(&mail()).await.unwrap_err();
        let heard = timeout(PATIENCE, server).await.unwrap().unwrap();
        assert_eq!(heard.first().map(String::as_str), Some(said));
    }
}

#[tokio::test]
async fn the_password_shows_nowhere_even_if_the_server_repeats_it() {
    const ECHO: &[(&str, &str)] = &[
        ("EHLO", "250-fake\r\n250 AUTH PLAIN\r\n"),
        ("AUTH", "535 not hunter2\r\n"),
        ("QUIT", "221 bye\r\n"),
    ];
    let error = failure("220 fake\r\n", ECHO, "?tls=none").await;
    assert!(error.reason.contains("535"), "{error}");
    let mailer = mailer("smtps://user:hunter2@mail.example.org");
    assert!(!format!("{error} {error:?} {mailer:?}").contains("hunter2"));
}

#[tokio::test]
async fn another_sender_can_be_named_and_must_be_an_address() {
    let server = SmtpServer::start().await;
    let usual = mailer(&server.url());
    for wrong in ["", "nobody", "a@b\r\nTo: c@d"] {
        assert!(usual.with_sender(wrong).is_none(), "{wrong}");
    }
    let other = usual.with_sender("Other desk <other@example.org>").expect("an address");
    other.send(&mail()).await.expect("an accepted mail");
    let arrived = server.wait_for(1, PATIENCE).await.swap_remove(0);
    let from = header(&arrived, "From").expect("a sender");
    assert!(from.contains("<other@example.org>"), "{from}");
}
