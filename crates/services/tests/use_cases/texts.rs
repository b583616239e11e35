//! What a visitor's text does beside being stored: ways to reach the visitor, quotes of other messages.

use parlor_model::Event;
use parlor_services::messages::{self, Edit, Remove, Send};
use parlor_services::visitors::{self, Register};
use serde_json::{Value, json};

use crate::common::Desk;

const SITE: &str = "https://chat.example.org";

async fn say(desk: &Desk, rid: &str, msg: &str) -> parlor_model::message::Message {
    let id = desk.context().id();
    let command = Send { token: "token".into(), rid: rid.into(), msg: msg.into(), id };
    desk.run(move |tx, ctx| messages::send(tx, ctx, &command)).await.unwrap()
}

async fn change(desk: &Desk, rid: &str, id: &str, msg: String) -> parlor_model::message::Message {
    let command = Edit { token: "token".into(), rid: rid.into(), id: id.into(), msg };
    desk.run(move |tx, ctx| messages::edit(tx, ctx, &command)).await.unwrap()
}

/// The texts that a message quotes.
fn quoted(extra: Option<&str>) -> Vec<Value> {
    let extra: Value = extra.map_or(Value::Null, |e| serde_json::from_str(e).unwrap());
    extra["attachments"].as_array().cloned().unwrap_or_default().iter().map(|q| q["text"].clone()).collect()
}

fn link(rid: &str, id: &str) -> String {
    format!("{SITE}/live/{rid}?msg={id}")
}

#[tokio::test]
async fn addresses_and_numbers_of_a_text_are_added_to_the_visitor_once() {
    let desk = Desk::new();
    let command = Register { token: "token".into(), email: Some("a@b.org".into()), ..Register::default() };
    let visitor = desk.run(move |tx, ctx| visitors::register(tx, ctx, &command)).await.unwrap().id;
    let rid = desk.open_room("token").await;
    let known = async || {
        let leads = desk.read(|tx| parlor_store::visitors::by_token(tx, "token")).await.unwrap().leads;
        (leads.emails.join(" "), leads.phones.join(", "))
    };
    let saved = |desk: &Desk| desk.heard().contains(&Event::VisitorSaved { visitor: visitor.clone() });
    desk.heard();
    let id = say(&desk, &rid, "hello, order 12").await.id;
    assert!(!saved(&desk));
    say(&desk, &rid, "Ana@Example.org or +55 51 5555 0101").await;
    assert!(saved(&desk));
    assert_eq!(known().await, ("a@b.org ana@example.org".into(), "+55 51 5555 0101".into()));
    say(&desk, &rid, "again ana@example.org, A@b.org").await;
    assert!(!saved(&desk), "nothing new, nothing written");
    change(&desk, &rid, &id, "edit@example.org".into()).await;
    assert_eq!(known().await.0, "a@b.org ana@example.org", "an edit captures nothing");
    let command = Register { token: "token".into(), email: Some("new@b.org".into()), ..Register::default() };
    desk.run(move |tx, ctx| visitors::register(tx, ctx, &command)).await.unwrap();
    assert_eq!(known().await, ("new@b.org".into(), "+55 51 5555 0101".into()), "a registration replaces");
}

#[tokio::test]
async fn a_link_to_a_message_of_the_room_becomes_a_quote() {
    let desk = Desk::new();
    desk.register("token", "Ana").await;
    let rid = desk.open_room("token").await;
    let first = say(&desk, &rid, "first").await;
    let url = link(&rid, &first.id);
    let second = say(&desk, &rid, &format!("see {url}")).await;
    let quote = json!({ "text": "first", "author_name": "Ana", "message_link": url, "ts": first.ts });
    let extra: Value = serde_json::from_str(second.extra.as_deref().unwrap()).unwrap();
    assert_eq!(extra, json!({ "attachments": [quote] }));
    let (id, stored) = (second.id.clone(), second.clone());
    let found = desk.read(move |tx| parlor_store::messages::by_id(tx, &id)).await.unwrap();
    assert_eq!(found.message, stored);
    let nested = say(&desk, &rid, &link(&rid, &second.id)).await;
    assert_eq!(quoted(nested.extra.as_deref()), [format!("see {url}")]);
    assert!(!nested.extra.unwrap().contains("\"first\""), "quotes are not nested");
}

#[tokio::test]
async fn an_edit_decides_anew_what_is_quoted() {
    let desk = Desk::new();
    desk.register("token", "Ana").await;
    let rid = desk.open_room("token").await;
    let (a, b, c) = (say(&desk, &rid, "a").await, say(&desk, &rid, "b").await, say(&desk, &rid, "c").await);
    let three = [&a, &b, &c].map(|m| link(&rid, &m.id)).join(" ");
    let message = say(&desk, &rid, "nothing").await;
    assert_eq!(message.extra, None);
    let edited = change(&desk, &rid, &message.id, three).await;
    assert_eq!(quoted(edited.extra.as_deref()), ["a", "b"], "two at most");
    assert_eq!(change(&desk, &rid, &message.id, link(&rid, &message.id)).await.extra, None, "not itself");
}

#[tokio::test]
async fn other_links_stay_plain_text() {
    let desk = Desk::new();
    desk.register("token", "Ana").await;
    let rid = desk.open_room("token").await;
    desk.register("other", "Bob").await;
    let others = desk.open_room("other").await;
    let foreign = desk.send("other", &others, "secret").await;
    let gone = say(&desk, &rid, "gone").await.id;
    let remove = Remove { id: gone.clone(), credentials: None };
    desk.run(move |tx, ctx| messages::remove(tx, ctx, &remove)).await.unwrap();
    let long = say(&desk, &rid, &"x".repeat(17 << 10)).await.id;
    let started = desk.rows("SELECT id FROM message WHERE t = 'livechat-started' ORDER BY ts, seq").remove(0);
    let own = say(&desk, &rid, "own").await.id;
    for text in [
        link(&rid, &foreign),
        link(&others, &foreign),
        link(&rid, &gone),
        link(&rid, &long),
        link(&rid, &started),
        link(&rid, "nowhere"),
        format!("`{}`", link(&rid, &own)),
        link(&rid, &own).replace(SITE, "https://elsewhere.example"),
    ] {
        let sent = say(&desk, &rid, &text).await;
        assert_eq!((sent.extra, sent.msg), (None, text));
    }
}
