//! `POST livechat/message` (section 3.1).

use serde_json::json;

use super::{plain_text, room, shown};
use crate::rest::testing::{Server, TOKEN, after_start, text};

#[tokio::test]
async fn the_answer_is_the_whole_message_as_stored() {
    let server = Server::start();
    let chat = server.chat().await;
    server.clock.advance(5_123);
    let message = server.say(&chat, "hello").await;
    let expected = json!({
        "_id": message["_id"], "rid": chat.rid, "msg": "hello", "token": TOKEN, "alias": "Ana Costa",
        "ts": after_start(5_123), "u": { "_id": chat.visitor, "username": "guest-2", "name": "Ana Costa" },
        "md": plain_text("hello"), "urls": [], "mentions": [], "channels": [], "_updatedAt": after_start(5_123),
        "seq": 2, "rev": 2,
    });
    assert_eq!(message, expected);
    assert_eq!(text(&message["_id"]).len(), 17, "decision D18");
    assert_eq!(shown(&server, &chat, &message["_id"]).await, Some(expected));
}

#[tokio::test]
async fn addresses_and_numbers_of_a_text_show_on_the_visitor() {
    let server = Server::start();
    let chat = server.chat().await;
    server.say(&chat, "ana@example.org, or call +55 51 5555 0101").await;
    server.say(&chat, "or ANA@work.example.org").await;
    let visitor = server.get(&format!("visitor/{TOKEN}")).await.ok()["visitor"].clone();
    let emails = json!([{ "address": "ana@example.org" }, { "address": "ana@work.example.org" }]);
    assert_eq!(visitor["visitorEmails"], emails);
    assert_eq!(visitor["phone"], json!([{ "phoneNumber": "+55 51 5555 0101" }]));
    let config = server.get(&format!("config?token={TOKEN}")).await.ok();
    assert_eq!(config["config"]["guest"]["visitorEmails"], emails);
}

#[tokio::test]
async fn a_link_to_a_message_is_sent_as_a_quote_until_it_is_edited_away() {
    let server = Server::with(|s| s.show_deleted_status = true);
    let chat = server.chat().await;
    let first = server.say(&chat, "\"first\"").await;
    let link = format!("https://chat.example.org/live/{}?msg={}", chat.rid, text(&first["_id"]));
    let quoting = server.say(&chat, &format!("see {link}")).await;
    let quote = json!({
        "text": "\"first\"", "author_name": "Ana Costa", "message_link": link, "ts": first["ts"],
    });
    assert_eq!(quoting["attachments"], json!([quote]));
    assert_eq!(shown(&server, &chat, &quoting["_id"]).await, Some(quoting.clone()));
    let path = format!("message/{}", text(&quoting["_id"]));
    let body = |msg: &str| json!({ "token": TOKEN, "rid": chat.rid, "msg": msg });
    assert!(server.put(&path, body("nothing")).await.message().get("attachments").is_none());
    assert_eq!(server.put(&path, body(&link)).await.message()["attachments"], json!([quote]));
    server.delete(&path, json!({ "token": TOKEN, "rid": chat.rid })).await.ok();
    assert_eq!(shown(&server, &chat, &quoting["_id"]).await.unwrap()["attachments"], json!([]));
}

#[tokio::test]
async fn a_visitor_without_a_name_has_neither_alias_nor_name() {
    let server = Server::start();
    let chat = server.chat().await;
    let body = json!({ "token": "bob", "rid": chat.other_rid, "msg": "" });
    let message = server.post("message", body).await.message();
    assert_eq!(message["msg"], "", "decision D17: an empty text is a message");
    assert_eq!(message["u"], json!({ "_id": chat.other, "username": "guest-3" }));
    assert!(message.get("alias").is_none() && message.get("md").is_none());
    assert_eq!(
        (&message["urls"], &message["mentions"], &message["channels"]),
        (&json!([]), &json!([]), &json!([]))
    );
}

#[tokio::test]
async fn checks_come_in_the_contracts_order() {
    let mut server = Server::start();
    let chat = server.chat().await;
    server.set(|s| {
        s.limit_message_length = true;
        s.message_character_limit = 3;
        s.livechat_enabled = false;
    });
    let send = async |token: &str, rid: &str, msg: &str| {
        server.post("message", json!({ "token": token, "rid": rid, "msg": msg })).await
    };
    send("nobody", "nowhere", "long text").await.plain("invalid-token");
    send("", &chat.rid, "hey").await.plain("invalid-token");
    send(TOKEN, "nowhere", "long text").await.plain("invalid-room");
    send(TOKEN, "", "hey").await.plain("invalid-room");
    send(TOKEN, &chat.other_rid, "long text").await.plain("invalid-room");
    send(TOKEN, &chat.rid, "long").await.plain("message-length-exceeds-character-limit");
    send(TOKEN, &chat.rid, "hey")
        .await
        .coded("[error-omnichannel-is-disabled]", "error-omnichannel-is-disabled");
    server.close(&chat).await;
    send(TOKEN, &chat.rid, "long text").await.plain("room-closed");
}

#[tokio::test]
async fn the_limit_counts_utf16_units_and_zero_refuses_every_text() {
    let mut server = Server::with(|s| s.limit_message_length = true);
    let chat = server.chat().await;
    let send = async |server: &Server, msg: &str| {
        server.post("message", json!({ "token": TOKEN, "rid": chat.rid, "msg": msg })).await
    };
    send(&server, "a").await.plain("message-length-exceeds-character-limit");
    send(&server, "").await.message();
    server.set(|s| s.message_character_limit = 4);
    send(&server, "\u{1F600}\u{1F600}").await.message();
    send(&server, "\u{1F600}\u{1F600}a").await.plain("message-length-exceeds-character-limit");
    server.set(|s| s.limit_message_length = false);
    send(&server, &"a".repeat(6_000)).await.message();
}

#[tokio::test]
async fn the_same_id_again_gives_the_stored_message_and_adds_nothing() {
    let server = Server::start();
    let chat = server.chat().await;
    let body = |msg: &str| json!({ "token": TOKEN, "rid": chat.rid, "msg": msg, "_id": "my-own-id" });
    let first = server.post("message", body("first")).await.message();
    assert_eq!(first["_id"], "my-own-id");
    server.clock.advance(1_000);
    let (rows, before) = (server.rows(), room(&server).await);
    assert_eq!(server.post("message", body("first")).await.message(), first);
    assert_eq!(
        server.post("message", body("another text")).await.message(),
        first,
        "the stored one, not the new"
    );
    assert_eq!((server.rows(), room(&server).await), (rows, before));
    server.close(&chat).await;
    assert_eq!(
        server.post("message", body("first")).await.message(),
        first,
        "a late retry still learns of it"
    );
}

#[tokio::test]
async fn an_id_in_use_for_anything_else_is_refused() {
    let server = Server::start();
    let chat = server.chat().await;
    let mine = server.say(&chat, "mine").await;
    let note = server.history(&chat, "").await.pop().unwrap();
    let by_agent = server.agent_says(&chat, "from the agent").await;
    let send = async |token: &str, rid: &str, id: &str| {
        server.post("message", json!({ "token": token, "rid": rid, "msg": "x", "_id": id })).await
    };
    send("bob", &chat.other_rid, &text(&mine["_id"])).await.plain("invalid-message");
    send(TOKEN, &chat.rid, &text(&note["_id"])).await.plain("invalid-message");
    send(TOKEN, &chat.rid, &by_agent).await.plain("invalid-message");
    let removed = text(&server.say(&chat, "short-lived").await["_id"]);
    server.delete(&format!("message/{removed}"), json!({ "token": TOKEN, "rid": chat.rid })).await.ok();
    send(TOKEN, &chat.rid, &removed).await.plain("invalid-message");
    send(TOKEN, &chat.rid, &"i".repeat(256)).await.plain("invalid-message");
    send("nobody", &chat.rid, &"i".repeat(256)).await.plain("invalid-token");
    assert_eq!(send(TOKEN, &chat.rid, &"i".repeat(255)).await.message()["_id"], "i".repeat(255));
}

#[tokio::test]
async fn an_empty_or_null_id_is_drawn_by_the_server() {
    let server = Server::start();
    let chat = server.chat().await;
    for id in [json!(""), json!(null)] {
        let body = json!({ "token": TOKEN, "rid": chat.rid, "msg": "x", "_id": id });
        assert_eq!(text(&server.post("message", body).await.message()["_id"]).len(), 17);
    }
}

#[tokio::test]
async fn a_call_to_everyone_is_plain_text_without_mentions() {
    let server = Server::start();
    let chat = server.chat().await;
    for text in ["@all please", "hello @here"] {
        let message = server.say(&chat, text).await;
        assert_eq!((&message["msg"], &message["mentions"]), (&json!(text), &json!([])), "decision D7");
    }
}

#[tokio::test]
async fn the_text_is_stored_as_sent_but_for_fences_and_listed_words() {
    let mut server = Server::start();
    let chat = server.chat().await;
    assert_eq!(server.say(&chat, "  two  spaces \n").await["msg"], "  two  spaces \n");
    assert_eq!(server.say(&chat, "```code").await["msg"], "```code\n```");
    let linked = server.say(&chat, "see https://x.test/a?b=c").await;
    assert_eq!(linked["urls"], json!([{ "url": "https://x.test/a?b=c", "meta": {} }]));
    server.set(|s| {
        s.filter_bad_words = true;
        s.bad_words = vec!["darn".into()];
    });
    assert_eq!(server.say(&chat, "Darn!").await["msg"], "****!");
}

#[tokio::test]
async fn a_message_moves_its_room() {
    let server = Server::start();
    let chat = server.chat().await;
    let fresh = room(&server).await;
    assert_eq!((&fresh["msgs"], &fresh["waitingResponse"]), (&json!(1), &json!(true)));
    assert!(fresh["v"].get("lastMessageTs").is_none() && fresh.get("metrics").is_none());
    server.clock.advance(1_000);
    let first = server.say(&chat, "first").await;
    server.clock.advance(1_000);
    let second = server.say(&chat, "second").await;
    let moved = room(&server).await;
    assert_eq!(moved["msgs"], 3, "the note that the chat started counts once (decision D14)");
    assert_eq!((&moved["lm"], &moved["v"]["lastMessageTs"]), (&second["ts"], &second["ts"]));
    assert_eq!((&moved["_updatedAt"], &moved["lastMessage"]), (&second["ts"], &second));
    assert_eq!(
        moved["metrics"],
        json!({ "v": { "lq": first["ts"] } }),
        "nobody has answered the first question"
    );
    assert_eq!(moved["waitingResponse"], true);
}

#[tokio::test]
async fn time_never_runs_backwards_within_a_room() {
    let server = Server::start();
    let chat = server.chat().await;
    server.clock.advance(10_000);
    let early = server.say(&chat, "early").await;
    server.clock.advance(-9_000);
    let late = server.say(&chat, "late").await;
    assert_eq!((&early["ts"], &late["ts"]), (&json!(after_start(10_000)), &json!(after_start(10_000))));
    let body = json!({ "token": TOKEN, "rid": chat.rid, "msg": "edited" });
    let edited = server.put(&format!("message/{}", text(&late["_id"])), body).await.message();
    assert_eq!((&edited["editedAt"], &edited["_updatedAt"]), (&late["ts"], &late["ts"]));
    let order: Vec<_> = server.history(&chat, "&limit=2").await.iter().map(|m| m["_id"].clone()).collect();
    assert_eq!(
        order,
        [late["_id"].clone(), early["_id"].clone()],
        "ties are broken by the place in the room"
    );
    server.clock.advance(20_000);
    assert_eq!(server.say(&chat, "on time").await["ts"], server.now());
}
