//! `DELETE livechat/message/:_id` without a body: credentials elsewhere, or the id alone (decision D1).

use http::Method;
use serde_json::json;

use super::shown;
use crate::rest::testing::{Call, Reply, Server, TOKEN, after_start, text};

async fn delete(server: &Server, target: &str) -> Reply {
    server.call(Call::new(Method::DELETE, target)).await
}

#[tokio::test]
async fn the_id_alone_removes_a_visitors_message_in_an_open_room() {
    let server = Server::start();
    let chat = server.chat().await;
    let id = server.say(&chat, "secret").await["_id"].clone();
    server.clock.advance(1_000);
    let removed = delete(&server, &format!("message/{}", text(&id))).await;
    removed.is(200, &json!({ "message": { "_id": id, "ts": after_start(1_000) }, "success": true }));
    assert_eq!(shown(&server, &chat, &id).await, None);
    delete(&server, &format!("message/{}", text(&id))).await.plain("invalid-message");
    let id = text(&id);
    let audit = server.read(move |tx| parlor_store::audit::of_target(tx, &id)).await;
    let row =
        ("message.removed".into(), "anyone".into(), None, "rest".into(), Some("203.0.113.7".into()), None);
    assert_eq!(audit, [row]);
}

#[tokio::test]
async fn the_id_alone_removes_nothing_else() {
    let mut server = Server::start();
    let chat = server.chat().await;
    let started = text(&server.history(&chat, "").await.pop().unwrap()["_id"]);
    let agents = server.agent_says(&chat, "from the agent").await;
    let short = json!({ "token": TOKEN, "rid": chat.rid, "msg": "a", "_id": "sixteen-letters-" });
    server.post("message", short).await.message();
    for id in ["none", "ZKWP8LfGnRHQ3ozWa", &started, &agents, "sixteen-letters-"] {
        delete(&server, &format!("message/{id}")).await.plain("invalid-message");
    }
    let mine = text(&server.say(&chat, "mine").await["_id"]);
    server.set(|s| s.allow_deleting = false);
    delete(&server, &format!("message/{mine}")).await.plain("error-action-not-allowed");
    server.set(|s| s.allow_deleting = true);
    server.close(&chat).await;
    delete(&server, &format!("message/{mine}")).await.plain("invalid-message");
}

#[tokio::test]
async fn a_setting_turns_the_form_off() {
    let server = Server::with(|s| s.delete_requires_token = true);
    let chat = server.chat().await;
    let id = text(&server.say(&chat, "mine").await["_id"]);
    delete(&server, &format!("message/{id}")).await.invalid("must have required property 'token'");
    delete(&server, "message/none").await.invalid("must have required property 'token'");
    delete(&server, &format!("message/{id}?token={TOKEN}&rid={}", chat.rid)).await.ok();
}

#[tokio::test]
async fn credentials_are_taken_from_query_and_header_and_checked_in_full() {
    let server = Server::start();
    let chat = server.chat().await;
    let rid = &chat.rid;
    let mine = async || text(&server.say(&chat, "mine").await["_id"]);
    let id = mine().await;
    delete(&server, &format!("message/{id}?token={TOKEN}&rid={rid}&other=ignored")).await.ok();
    let id = mine().await;
    let with_header = |target: String| Call::new(Method::DELETE, &target).header("x-visitor-token", TOKEN);
    server.call(with_header(format!("message/{id}?rid={rid}"))).await.ok();
    let id = mine().await;
    delete(&server, &format!("message/{id}?token=bob&rid={rid}")).await.plain("invalid-room");
    delete(&server, &format!("message/{id}?token=nobody&rid={rid}")).await.plain("invalid-token");
    let agents = server.agent_says(&chat, "from the agent").await;
    delete(&server, &format!("message/{agents}?token={TOKEN}&rid={rid}"))
        .await
        .plain("error-action-not-allowed");
}

#[tokio::test]
async fn one_of_two_credentials_never_passes_for_none() {
    let server = Server::start();
    let chat = server.chat().await;
    let id = text(&server.say(&chat, "mine").await["_id"]);
    let at = |query: &str| Call::new(Method::DELETE, &format!("message/{id}?{query}"));
    let (no_token, no_rid) = ("must have required property 'token'", "must have required property 'rid'");
    for (call, reason) in [
        (at(&format!("rid={}", chat.rid)), no_token),
        (at("rid="), no_token),
        (at(&format!("token={TOKEN}")), no_rid),
        (at("token="), no_rid),
        (at("token=%00"), no_rid),
        (at("token[a]=b"), no_rid),
        (at("token=a&token=b"), no_rid),
        (at("").header("x-visitor-token", TOKEN), no_rid),
        (at("").header("x-visitor-token", b"\xff\xfe"), no_rid),
        (at("token=a&rid[]=b&rid[]=c"), "must be string"),
        (at("token=%00&rid=b"), "must NOT contain the null character"),
        (at("rid=b").header("x-visitor-token", b"\xff\xfe"), "must be string"),
        (at("token=a&rid=b").json(&json!({ "token": TOKEN })), no_rid),
        (at("token=a&rid=b").json(&json!({ "rid": chat.rid })).header("x-visitor-token", TOKEN), no_token),
    ] {
        server.call(call).await.invalid(reason);
    }
    server.call(at("token=%ff")).await.plain("Invalid query parameters");
    assert!(shown(&server, &chat, &json!(id)).await.is_some());
}

#[tokio::test]
async fn unknown_ids_count_towards_a_stricter_limit() {
    let server = Server::with(|s| s.rate_limiter = true);
    let chat = server.chat().await;
    let id = text(&server.say(&chat, "mine").await["_id"]);
    for guess in ["ZKWP8LfGnRHQ3ozWa", "ZKWP8LfGnRHQ3ozWb", "ZKWP8LfGnRHQ3ozWc"] {
        delete(&server, &format!("message/{guess}")).await.plain("invalid-message");
    }
    let refused = delete(&server, &format!("message/{id}")).await;
    assert_eq!(refused.status.as_u16(), 429, "also for an id that exists");
    assert_eq!(refused.header("x-ratelimit-limit"), Some("3"));
    let elsewhere = Call::new(Method::DELETE, "message/ZKWP8LfGnRHQ3ozWa").from([203, 0, 113, 8]);
    server.call(elsewhere).await.plain("invalid-message");
    server.clock.advance(60_000);
    delete(&server, &format!("message/{id}")).await.ok();
}

#[tokio::test]
async fn the_form_is_limited_per_address() {
    let server = Server::with(|s| s.rate_limiter = true);
    let chat = server.chat().await;
    for n in 0..10 {
        let id = text(&server.say(&chat, "mine").await["_id"]);
        let reply = delete(&server, &format!("message/{id}")).await;
        assert_eq!(reply.header("x-ratelimit-remaining"), Some((9 - n).to_string().as_str()));
        reply.ok();
    }
    let id = text(&server.say(&chat, "mine").await["_id"]);
    assert_eq!(delete(&server, &format!("message/{id}")).await.status.as_u16(), 429);
}
