//! `PUT livechat/message/:_id` (section 3.2, decisions D6 and D15).

use serde_json::{Value, json};

use super::{plain_text, room, shown};
use crate::rest::testing::{Chat, Reply, Server, TOKEN, after_start, text};

async fn edit(server: &Server, chat: &Chat, id: &Value, msg: &str) -> Reply {
    let body = json!({ "token": TOKEN, "rid": chat.rid, "msg": msg });
    server.put(&format!("message/{}", text(id)), body).await
}

#[tokio::test]
async fn the_answer_is_the_whole_message_after_the_edit() {
    let server = Server::start();
    let chat = server.chat().await;
    let sent = server.say(&chat, "hello").await;
    server.clock.advance(60_000);
    let edited = edit(&server, &chat, &sent["_id"], "hello https://x.test").await.message();
    let mut expected = sent.clone();
    expected["msg"] = json!("hello https://x.test");
    expected["md"] = edited["md"].clone();
    expected["urls"] = json!([{ "url": "https://x.test", "meta": {} }]);
    expected["editedAt"] = json!(after_start(60_000));
    expected["editedBy"] = json!({ "_id": chat.visitor, "username": chat.username });
    expected["_updatedAt"] = json!(after_start(60_000));
    expected["rev"] = json!(3);
    assert_eq!(edited, expected);
    assert_eq!(shown(&server, &chat, &sent["_id"]).await, Some(expected));
}

#[tokio::test]
async fn an_edit_marks_the_message_whatever_the_text() {
    let server = Server::start();
    let chat = server.chat().await;
    let sent = server.say(&chat, "same").await;
    let same = edit(&server, &chat, &sent["_id"], "same").await.message();
    assert_eq!((&same["md"], &same["editedAt"]), (&plain_text("same"), &json!(after_start(0))));
    let empty = edit(&server, &chat, &sent["_id"], "").await.message();
    assert!(empty.get("md").is_none());
    assert_eq!((&empty["msg"], &empty["urls"]), (&json!(""), &json!([])));
    assert_eq!(edit(&server, &chat, &sent["_id"], "```x").await.message()["msg"], "```x\n```");
}

#[tokio::test]
async fn an_edit_leaves_the_rooms_counters_alone() {
    let server = Server::start();
    let chat = server.chat().await;
    let sent = server.say(&chat, "last").await;
    let before = room(&server).await;
    server.clock.advance(60_000);
    let edited = edit(&server, &chat, &sent["_id"], "edited").await.message();
    let after = room(&server).await;
    for unmoved in ["msgs", "lm", "waitingResponse", "metrics", "v"] {
        assert_eq!(after[unmoved], before[unmoved], "{unmoved}");
    }
    assert_eq!(after["lastMessage"], edited);
}

#[tokio::test]
async fn checks_come_in_the_contracts_order() {
    let mut server = Server::start();
    let chat = server.chat().await;
    let mine = text(&server.say(&chat, "mine").await["_id"]);
    let agents = server.agent_says(&chat, "from the agent").await;
    let started = text(&server.history(&chat, "").await.pop().unwrap()["_id"]);
    let other = json!({ "token": "bob", "rid": chat.other_rid, "msg": "bob's" });
    let others = text(&server.post("message", other).await.message()["_id"]);
    let put = async |server: &Server, id: &str, token: &str, rid: &str| {
        server.put(&format!("message/{id}"), json!({ "token": token, "rid": rid, "msg": "long text" })).await
    };
    put(&server, "none", "nobody", "nowhere").await.plain("invalid-token");
    put(&server, "none", TOKEN, "nowhere").await.plain("invalid-room");
    put(&server, &others, TOKEN, &chat.other_rid).await.plain("invalid-room");
    put(&server, &others, TOKEN, &chat.rid).await.plain("invalid-message");
    put(&server, "none", TOKEN, &chat.rid).await.plain("invalid-message");
    put(&server, &started, TOKEN, &chat.rid).await.plain("invalid-message");
    put(&server, &agents, TOKEN, &chat.rid).await.plain("error-action-not-allowed");
    server.set(|s| s.limit_message_length = true);
    put(&server, &mine, TOKEN, &chat.rid).await.plain("message-length-exceeds-character-limit");
    server.set(|s| s.allow_editing = false);
    put(&server, &mine, TOKEN, &chat.rid).await.plain("error-action-not-allowed");
}

#[tokio::test]
async fn a_closed_room_allows_edits() {
    let server = Server::start();
    let chat = server.chat().await;
    let sent = server.say(&chat, "typo").await;
    server.close(&chat).await;
    assert_eq!(edit(&server, &chat, &sent["_id"], "text").await.message()["msg"], "text");
}

#[tokio::test]
async fn a_removed_message_cannot_be_edited() {
    for trace in [false, true] {
        let server = Server::with(|s| s.show_deleted_status = trace);
        let chat = server.chat().await;
        let id = server.say(&chat, "gone").await["_id"].clone();
        server
            .delete(&format!("message/{}", text(&id)), json!({ "token": TOKEN, "rid": chat.rid }))
            .await
            .ok();
        edit(&server, &chat, &id, "back").await.plain("invalid-message");
    }
}

#[tokio::test]
async fn the_body_is_closed_but_may_repeat_the_paths_id() {
    let server = Server::start();
    let chat = server.chat().await;
    let id = text(&server.say(&chat, "a").await["_id"]);
    let target = format!("message/{id}");
    let with = |key: &str, value: Value| {
        let mut body = json!({ "token": TOKEN, "rid": chat.rid, "msg": "b" });
        body[key] = value;
        body
    };
    server.put(&target, with("_id", json!(id))).await.message();
    server.put(&target, with("_id", json!("another"))).await.invalid("must NOT have additional properties");
    server.put(&target, with("_id", json!(""))).await.invalid("must NOT have additional properties");
    server.put(&target, with("agent", json!("a"))).await.invalid("must NOT have additional properties");
    server.put(&target, with("msg", json!({}))).await.invalid("must be string");
    for (body, missing) in [
        (json!({ "_id": id }), "token"),
        (json!({ "token": TOKEN, "msg": "b" }), "rid"),
        (json!({ "token": TOKEN, "rid": chat.rid }), "msg"),
    ] {
        server.put(&target, body).await.invalid(&format!("must have required property '{missing}'"));
    }
    assert_eq!(server.put(&target, with("msg", json!(5))).await.message()["msg"], "5");
}

#[tokio::test]
async fn earlier_texts_are_kept_only_where_a_setting_asks() {
    let mut server = Server::start();
    let chat = server.chat().await;
    let id = server.say(&chat, "one").await["_id"].clone();
    edit(&server, &chat, &id, "two").await.message();
    server.set(|s| s.keep_history = true);
    edit(&server, &chat, &id, "three").await.message();
    edit(&server, &chat, &id, "four").await.message();
    let kept = {
        let id = text(&id);
        server.read(move |tx| parlor_store::messages::versions(tx, &id)).await
    };
    assert_eq!(kept.into_iter().map(|(_, msg)| msg).collect::<Vec<_>>(), ["two", "three"]);
    assert_eq!(server.history(&chat, "").await.len(), 2, "what is kept is not shown");
}

#[tokio::test]
async fn a_name_taken_since_does_not_rewrite_old_messages() {
    let server = Server::start();
    let chat = server.chat().await;
    let id = server.say(&chat, "hello").await["_id"].clone();
    server.register(json!({ "token": TOKEN, "name": "Ana Maria" })).await;
    let edited = edit(&server, &chat, &id, "hello again").await.message();
    assert_eq!((&edited["alias"], &edited["u"]["name"]), (&json!("Ana Costa"), &json!("Ana Costa")));
    assert_eq!(server.say(&chat, "new").await["alias"], "Ana Maria");
}
