//! Offline messages on their way: from the call to a real mail server, over a restart if need be.

use http::StatusCode;
use parlor_testkit::SmtpServer;
use serde_json::json;

use crate::PATIENCE;
use crate::metrics::lonely_address;
use crate::place::Place;
use crate::server::{Server, Setup};

fn mailing(place: &Place, url: &str) -> Setup {
    place
        .setup()
        .open()
        .setting("Livechat_offline_email", "desk@example.org")
        // The names here exist nowhere.
        .setting("Livechat_validate_offline_email", "false")
        .env("PARLOR_SMTP_URL", url)
        .env("PARLOR_SMTP_FROM", "Parlor <parlor@example.org>")
}

async fn leave(server: &Server, message: &str) {
    let body = json!({ "name": "Ana Costa", "email": "ana@example.org", "message": message });
    let answer = server.api().post("/api/v1/livechat/offline.message", &body).await.ok();
    assert_eq!(answer["message"], "Livechat offline message sent");
}

fn has_header(mail: &str, name: &str, value: &str) -> bool {
    let head = mail.split("\r\n\r\n").next().unwrap_or_default();
    head.lines().any(|line| line.split_once(": ").is_some_and(|(n, v)| n == name && v.contains(value)))
}

#[tokio::test]
async fn an_offline_message_is_mailed_and_answered_to_its_writer() {
    let (place, smtp) = (Place::sqlite(), SmtpServer::start().await);
    let mut server = mailing(&place, &smtp.url()).start().await;
    leave(&server, "I need help with order 77").await;
    let mails = smtp.wait_for(1, PATIENCE).await;
    assert_eq!(mails.len(), 1);
    let mail = &mails[0];
    assert!(has_header(mail, "Reply-To", "ana@example.org"), "{mail}");
    assert!(has_header(mail, "To", "desk@example.org"), "{mail}");
    assert!(has_header(mail, "From", "parlor@example.org"), "{mail}");
    assert!(mail.contains("I need help with order 77"), "{mail}");
    server.stop().await;
    assert_eq!(place.rows("SELECT state FROM job").await, Vec::<Vec<String>>::new(), "the job is done");
    assert_eq!(place.rows("SELECT message FROM offline_message").await, [["I need help with order 77"]]);
}

#[tokio::test]
async fn a_mail_waits_for_its_server_over_a_restart() {
    let place = Place::sqlite();
    let mut server = mailing(&place, &format!("smtp://{}", lonely_address())).start().await;
    leave(&server, "Is anybody there?").await;
    server.err.find("a job will be tried again").await.expect("a first try that fails");
    // Said before it is written down; a server that is killed in between keeps the job for its whole lease.
    place
        .wait_for(
            "SELECT kind, state, attempts FROM job WHERE last_error IS NOT NULL",
            &["mail", "waiting", "1"],
        )
        .await;
    server.kill9().await;

    let smtp = SmtpServer::start().await;
    let mut server = mailing(&place, &smtp.url()).start().await;
    let mails = smtp.wait_for(1, PATIENCE).await;
    assert!(mails[0].contains("Is anybody there?"), "{}", mails[0]);
    server.stop().await;
    assert_eq!(smtp.mails().len(), 1);
    assert_eq!(place.rows("SELECT state FROM job").await, Vec::<Vec<String>>::new());
}

#[tokio::test]
async fn a_message_without_a_mail_server_is_kept_and_its_mail_waits() {
    let place = Place::sqlite();
    let setup = place.setup().open().setting("Livechat_validate_offline_email", "false");
    let server = setup.setting("Livechat_offline_email", "desk@example.org").start().await;
    leave(&server, "Later, then").await;
    assert_eq!(place.rows("SELECT state, attempts FROM job").await, [["waiting", "0"]]);
    drop(server);
    let smtp = SmtpServer::start().await;
    let server = mailing(&place, &smtp.url()).start().await;
    assert!(smtp.wait_for(1, PATIENCE).await[0].contains("Later, then"));
    assert_eq!(server.api().get("/health/ready").await.status, StatusCode::OK);
}
