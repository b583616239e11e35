//! What the contract says of `livechat/offline.message` (section 3.5, decisions D16 and D23).

use parlor_model::mail_domain::DomainVerdict;
use serde_json::{Value, json};

use crate::rest::testing::Server;

const GENERIC: &str = "Error sending Omnichannel offline message";

fn form(changes: &[(&str, Value)]) -> Value {
    let mut body = json!({ "name": "Ana Costa", "email": "ana@example.org", "message": "I need help" });
    for (key, value) in changes {
        body[*key] = value.clone();
    }
    body
}

fn sent() -> Value {
    json!({ "message": "Livechat offline message sent", "success": true })
}

#[tokio::test]
async fn three_fields_are_enough_and_the_message_is_stored() {
    let server = Server::start();
    server.post("offline.message", form(&[])).await.is(200, &sent());
    let stored = server.read(|tx| parlor_store::offline::newest(tx, 10)).await;
    assert_eq!(stored.len(), 1);
    let m = &stored[0];
    assert_eq!(
        (m.name.as_str(), m.email.as_str(), m.message.as_str()),
        ("Ana Costa", "ana@example.org", "I need help")
    );
    assert_eq!((m.ts.to_string(), m.id.len()), (server.now(), 17));
    assert_eq!(server.number("SELECT COUNT(*) FROM visitor"), 0, "no visitor record is needed or made");
    assert_eq!(server.number("SELECT COUNT(*) FROM job"), 0, "no recipient, no mail (decision D16)");
}

#[tokio::test]
async fn a_recipient_gets_a_mail() {
    let mut server = Server::with(|s| s.offline_email = "desk@example.org".into());
    server.post("offline.message", form(&[])).await.is(200, &sent());
    assert_eq!(server.number("SELECT COUNT(*) FROM job WHERE kind = 'mail' AND state = 'waiting'"), 1);
    let mail: Value = serde_json::from_str(&server.text("SELECT payload FROM job")).unwrap();
    assert_eq!(
        (&mail["to"], &mail["reply_to"]["address"]),
        (&json!("desk@example.org"), &json!("ana@example.org"))
    );
    for list in ["a@example.org,b@example.org", "desk"] {
        server.set(|s| s.offline_email = list.into());
        server.post("offline.message", form(&[])).await.is(200, &sent());
    }
    assert_eq!(server.number("SELECT COUNT(*) FROM job"), 1, "a recipient that is no address gets nothing");
    assert_eq!(server.number("SELECT COUNT(*) FROM offline_message"), 3);
}

#[tokio::test]
async fn the_first_violation_is_told_in_the_contracts_order() {
    let server = Server::start();
    for (body, reason) in [
        (json!({}), "must have required property 'name'"),
        (json!({ "name": "a", "message": "c", "x": 1 }), "must have required property 'email'"),
        (json!({ "name": {}, "email": "b" }), "must have required property 'message'"),
        (form(&[("token", json!("t"))]), "must NOT have additional properties"),
        (form(&[("pageUrl", json!("https://x.test"))]), "must NOT have additional properties"),
        (form(&[("name", json!({}))]), "must be string"),
        (form(&[("email", json!(["ana@example.org"]))]), "must be string"),
        (form(&[("message", json!([]))]), "must be string"),
        (form(&[("department", json!({}))]), "must be string"),
        (form(&[("host", json!({}))]), "must be string"),
        (form(&[("message", json!("\u{0}"))]), "must NOT contain the null character"),
    ] {
        server.post("offline.message", body).await.invalid(reason);
    }
}

#[tokio::test]
async fn empty_texts_and_unknown_departments_pass() {
    let server = Server::start();
    for changes in [
        vec![("name", json!("")), ("message", json!(""))],
        vec![("name", json!(null)), ("message", json!(5))],
        vec![("department", json!("no such department")), ("host", json!("https://shop.example.org"))],
        vec![("department", json!(null)), ("host", json!(null))],
    ] {
        server.post("offline.message", form(&changes)).await.is(200, &sent());
    }
}

#[tokio::test]
async fn every_other_refusal_has_the_one_text() {
    let mut server = Server::start();
    server.domains.set("gone.example", DomainVerdict::Refused);
    for email in [
        "",
        "  ",
        "no-at-sign",
        "@example.org",
        "ana@",
        "a@b@example.org",
        "ana@gone.example",
        "ana@GONE.example",
    ] {
        server.post("offline.message", form(&[("email", json!(email))])).await.plain(GENERIC);
    }
    server.post("offline.message", form(&[("email", json!(null))])).await.plain(GENERIC);
    server.set(|s| s.display_offline_form = false);
    server.post("offline.message", form(&[])).await.plain(GENERIC);
    assert_eq!(server.number("SELECT COUNT(*) FROM offline_message"), 0);
}

#[tokio::test]
async fn only_an_authoritative_no_refuses() {
    let server = Server::start();
    server.domains.set("good.example", DomainVerdict::Deliverable);
    server.domains.set("slow.example", DomainVerdict::Unknown);
    for domain in ["good.example", "slow.example", "never-asked.example"] {
        let email = json!(format!("ana@{domain}"));
        server.post("offline.message", form(&[("email", email)])).await.is(200, &sent());
    }
}

#[tokio::test]
async fn without_validation_any_address_but_an_empty_one_passes() {
    let server = Server::with(|s| s.validate_offline_email = false);
    server.domains.set("gone.example", DomainVerdict::Refused);
    for email in ["ana@gone.example", "no-at-sign"] {
        server.post("offline.message", form(&[("email", json!(email))])).await.is(200, &sent());
    }
    server.post("offline.message", form(&[("email", json!(""))])).await.plain(GENERIC);
}

#[tokio::test]
async fn an_address_may_leave_one_message_in_five_seconds() {
    let server = Server::with(|s| s.rate_limiter = true);
    server.post("offline.message", form(&[])).await.is(200, &sent());
    let refused = server.post("offline.message", form(&[])).await;
    let text = "Error, too many requests. Please slow down. You must wait 5 seconds before trying this endpoint again. \
                [error-too-many-requests]";
    refused.is(429, &json!({ "success": false, "error": text }));
    server.clock.advance(5_000);
    server.post("offline.message", form(&[])).await.is(200, &sent());
}
