//! `DELETE livechat/message/:_id` with token and room (section 3.3, decisions D6 and D21).

use http::Method;
use serde_json::{Value, json};

use super::{room, shown};
use crate::rest::testing::{Call, Chat, Reply, Server, TOKEN, after_start, text};

async fn remove(server: &Server, chat: &Chat, id: &Value) -> Reply {
    server.delete(&format!("message/{}", text(id)), json!({ "token": TOKEN, "rid": chat.rid })).await
}

#[tokio::test]
async fn the_answer_is_the_id_and_the_time_of_removal() {
    let server = Server::start();
    let chat = server.chat().await;
    let sent = server.say(&chat, "gone soon").await;
    server.clock.advance(120_000);
    let removed = remove(&server, &chat, &sent["_id"]).await;
    removed
        .is(200, &json!({ "message": { "_id": sent["_id"], "ts": after_start(120_000) }, "success": true }));
    assert_eq!(shown(&server, &chat, &sent["_id"]).await, None);
    remove(&server, &chat, &sent["_id"]).await.plain("invalid-message");
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
    let delete = async |server: &Server, id: &str, token: &str, rid: &str| {
        server.delete(&format!("message/{id}"), json!({ "token": token, "rid": rid })).await
    };
    delete(&server, "none", "nobody", "nowhere").await.plain("invalid-token");
    delete(&server, "none", TOKEN, "nowhere").await.plain("invalid-room");
    delete(&server, &others, TOKEN, &chat.other_rid).await.plain("invalid-room");
    delete(&server, "none", TOKEN, &chat.rid).await.plain("invalid-message");
    delete(&server, &others, TOKEN, &chat.rid).await.plain("invalid-message");
    delete(&server, &started, TOKEN, &chat.rid).await.plain("invalid-message");
    delete(&server, &agents, TOKEN, &chat.rid).await.plain("error-action-not-allowed");
    server.set(|s| s.allow_deleting = false);
    delete(&server, &mine, TOKEN, &chat.rid).await.plain("error-action-not-allowed");
}

#[tokio::test]
async fn a_closed_room_allows_removal_with_credentials() {
    let server = Server::start();
    let chat = server.chat().await;
    let sent = server.say(&chat, "gone soon").await;
    server.close(&chat).await;
    remove(&server, &chat, &sent["_id"]).await.ok();
}

#[tokio::test]
async fn the_body_is_closed_and_needs_both() {
    let server = Server::start();
    let chat = server.chat().await;
    let id = text(&server.say(&chat, "a").await["_id"]);
    let target = format!("message/{id}");
    let (token, rid) = (json!(TOKEN), json!(chat.rid));
    for (body, reason) in [
        (json!({}), "must have required property 'token'"),
        (json!({ "rid": rid }), "must have required property 'token'"),
        (json!({ "token": token }), "must have required property 'rid'"),
        (json!({ "token": token, "rid": rid, "_id": id }), "must NOT have additional properties"),
        (json!({ "token": {}, "rid": rid }), "must be string"),
        (json!({ "token": token, "rid": [] }), "must be string"),
        (json!({ "token": token, "rid": rid, "count": "abc" }), "must be number"),
        (json!({ "token": token, "rid": rid, "offset": {} }), "must be number"),
        (json!({ "token": token, "rid": rid, "sort": {} }), "must be string"),
    ] {
        server.delete(&target, body).await.invalid(reason);
    }
    let tolerated = json!({ "token": token, "rid": rid, "count": 1, "offset": "2", "sort": "{}" });
    server.delete(&target, tolerated).await.ok();
}

#[tokio::test]
async fn a_body_of_another_kind_is_no_body_of_ours() {
    let server = Server::start();
    let chat = server.chat().await;
    let id = text(&server.say(&chat, "a").await["_id"]);
    let both = json!({ "token": TOKEN, "rid": chat.rid }).to_string();
    // Also with credentials beside it: only a request of zero bytes counts as one without a body.
    for target in [format!("message/{id}"), format!("message/{id}?token={TOKEN}&rid={}", chat.rid)] {
        for (kind, body) in [
            ("application/json", "{}"),
            ("application/json", "{\"token\":"),
            ("application/json", "[]"),
            ("application/json", " "),
            ("text/plain", both.as_str()),
        ] {
            let reply = server.call(Call::new(Method::DELETE, &target).body(kind, body)).await;
            reply.invalid("must have required property 'token'");
        }
    }
    let form = format!("token={TOKEN}&rid={}", chat.rid);
    let call =
        Call::new(Method::DELETE, &format!("message/{id}")).body("application/x-www-form-urlencoded", form);
    server.call(call).await.ok();
}

#[tokio::test]
async fn a_removal_takes_one_from_the_rooms_count() {
    let server = Server::start();
    let chat = server.chat().await;
    let first = server.say(&chat, "first").await;
    server.clock.advance(1_000);
    let second = server.say(&chat, "second").await;
    server.clock.advance(1_000);
    remove(&server, &chat, &second["_id"]).await.ok();
    let after = room(&server).await;
    assert_eq!((&after["msgs"], &after["lm"]), (&json!(2), &second["ts"]), "`lm` stays");
    assert_eq!(after["lastMessage"], first);
}

#[tokio::test]
async fn what_remains_is_decided_by_two_settings() {
    for (keep_history, show_deleted_status) in [(false, false), (false, true), (true, false), (true, true)] {
        let server = Server::with(|s| {
            s.keep_history = keep_history;
            s.show_deleted_status = show_deleted_status;
        });
        let chat = server.chat().await;
        let sent = server.say(&chat, "see https://x.test").await;
        server.clock.advance(1_000);
        remove(&server, &chat, &sent["_id"]).await.ok();
        let trace = json!({
            "_id": sent["_id"], "rid": chat.rid, "msg": "", "t": "rm", "ts": sent["ts"], "token": TOKEN,
            "alias": "Ana Costa", "u": sent["u"], "editedAt": after_start(1_000),
            "editedBy": { "_id": chat.visitor, "username": chat.username }, "urls": [], "mentions": [],
            "channels": [], "attachments": [], "reactions": {}, "_updatedAt": after_start(1_000),
            "seq": 2, "rev": 3,
        });
        assert_eq!(shown(&server, &chat, &sent["_id"]).await, show_deleted_status.then_some(trace));
        assert_eq!(room(&server).await["msgs"], 1);
        let id = text(&sent["_id"]);
        let (stored, kept) = server
            .read(move |tx| {
                Ok((
                    parlor_store::messages::by_id(tx, &id)?.unwrap().message,
                    parlor_store::messages::versions(tx, &id)?,
                ))
            })
            .await;
        assert!(
            stored.msg.is_empty() && stored.removed_at.is_some(),
            "a tombstone without text (decision D21)"
        );
        assert_eq!(stored.edited.unwrap().by_id, chat.visitor);
        let kept: Vec<_> = kept.into_iter().map(|(_, msg)| msg).collect();
        assert_eq!(kept, if keep_history { vec!["see https://x.test"] } else { vec![] });
    }
}
