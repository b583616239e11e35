//! The audit log: who did what, on which id, from where, when, in the transaction of the deed.

use parlor_model::ErrorCode;
use parlor_model::mail_domain::DomainVerdict;
use parlor_services::messages::{self, Edit, Remove};
use parlor_services::offline::{self, Leave};
use parlor_services::rooms::{self, Close};
use parlor_services::{Refusal, visitors};

use crate::common::{ADDRESS, Desk};

const COLUMNS: &str =
    "SELECT ts, actor_kind, actor, action, target, door, address, detail FROM audit ORDER BY pk";

#[tokio::test]
async fn every_deed_is_written_down_with_who_what_where_and_when() {
    let desk = Desk::new();
    let mut expected = Vec::new();
    let mut row = |who: &str, action: &str, target: &str, detail: &str| {
        let now = parlor_model::Clock::now(desk.clock.as_ref()).0;
        expected.push(format!("{now} {who} {action} {target} rest {ADDRESS} {detail}"));
        desk.clock.advance(1_000);
    };
    let visitor = desk.register("token", "Ana").await;
    let ana = format!("visitor {visitor}");
    row(&ana, "visitor.registered", &visitor, "-");
    let rid = desk.open_room("token").await;
    row(&ana, "room.opened", &rid, "-");
    let (first, second) = (desk.send("token", &rid, "first").await, desk.send("token", &rid, "second").await);
    let edit = Edit { token: "token".into(), rid: rid.clone(), id: first.clone(), msg: "edited".into() };
    desk.run(move |tx, ctx| messages::edit(tx, ctx, &edit)).await.unwrap();
    row(&ana, "message.edited", &first, "-");
    let owned = Remove { id: first.clone(), credentials: Some(("token".into(), rid.clone())) };
    desk.run(move |tx, ctx| messages::remove(tx, ctx, &owned)).await.unwrap();
    row(&ana, "message.removed", &first, "-");
    let alone = Remove { id: second.clone(), credentials: None };
    desk.run(move |tx, ctx| messages::remove(tx, ctx, &alone)).await.unwrap();
    row("anyone -", "message.removed", &second, "-");
    let close = Close { token: "token".into(), rid: rid.clone() };
    desk.run(move |tx, ctx| rooms::close(tx, ctx, &close)).await.unwrap();
    row(&ana, "room.closed", &rid, "-");
    desk.run(|tx, ctx| visitors::remove(tx, ctx, "token")).await.unwrap();
    row(&ana, "visitor.removed", &visitor, "-");
    assert_eq!(desk.rows(COLUMNS), expected);
}

#[tokio::test]
async fn an_offline_message_is_written_down_without_its_words() {
    let mut desk = Desk::new();
    let leave = Leave {
        name: "Ana".into(),
        email: "ana@example.org".into(),
        message: "help".into(),
        department: None,
        host: None,
        domain: DomainVerdict::Unknown,
    };
    let again = leave.clone();
    desk.run(move |tx, ctx| offline::leave(tx, ctx, &leave)).await.unwrap();
    desk.settings.offline_email = "desk@example.org".into();
    desk.run(move |tx, ctx| offline::leave(tx, ctx, &again)).await.unwrap();
    let ids = desk.rows("SELECT id FROM offline_message ORDER BY pk");
    let row = |id: &str, detail: &str| {
        format!("1700000000000 anyone - offline_message.left {id} rest {ADDRESS} {detail}")
    };
    assert_eq!(desk.rows(COLUMNS), [row(&ids[0], "stored"), row(&ids[1], "stored, mail enqueued")]);
}

#[tokio::test]
async fn a_refused_deed_leaves_no_row() {
    let desk = Desk::new();
    desk.register("token", "Ana").await;
    let rid = desk.open_room("token").await;
    let before = desk.everything();
    let edit = Edit { token: "token".into(), rid: rid.clone(), id: "none".into(), msg: "x".into() };
    let refused = desk.run(move |tx, ctx| messages::edit(tx, ctx, &edit)).await;
    assert_eq!(refused, Err(Refusal::Code(ErrorCode::Plain("invalid-message"))));
    let remove = Remove { id: "none".into(), credentials: None };
    desk.run(move |tx, ctx| messages::remove(tx, ctx, &remove)).await.unwrap_err();
    let close = Close { token: "another".into(), rid };
    desk.run(move |tx, ctx| rooms::close(tx, ctx, &close)).await.unwrap_err();
    desk.run(|tx, ctx| visitors::remove(tx, ctx, "token")).await.unwrap_err();
    assert_eq!(desk.everything(), before);
}

#[tokio::test]
async fn neither_token_nor_text_is_written_down() {
    let desk = Desk::new();
    desk.register("secret-token", "Ana Costa").await;
    let rid = desk.open_room("secret-token").await;
    let id = desk.send("secret-token", &rid, "a private word").await;
    let edit = Edit { token: "secret-token".into(), rid, id, msg: "another private word".into() };
    desk.run(move |tx, ctx| messages::edit(tx, ctx, &edit)).await.unwrap();
    let log = desk.rows(COLUMNS).join("\n");
    assert_eq!(log.lines().count(), 3);
    for secret in ["secret-token", "private word", "Ana Costa"] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}
