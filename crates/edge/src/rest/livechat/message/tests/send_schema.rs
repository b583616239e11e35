//! What a sent body may look like (sections 1.1, 1.4 and 3.1): bodies, coercion, the first failure told.

use http::Method;
use serde_json::{Value, json};

use crate::rest::testing::{Call, Server, TOKEN, text};

/// The example body with some of it replaced; `null` at the top level takes a key away.
fn with(rid: &str, changes: &[(&str, Value)]) -> Value {
    let mut body = json!({ "token": TOKEN, "rid": rid, "msg": "hello" });
    for (key, value) in changes {
        body[*key] = value.clone();
    }
    body
}

#[tokio::test]
async fn the_first_violation_is_told_in_the_contracts_order() {
    let server = Server::start();
    let rid = server.chat().await.rid;
    for (body, reason) in [
        (json!({}), "must have required property 'token'"),
        (json!({ "x": 1 }), "must have required property 'token'"),
        (json!({ "msg": "a", "rid": "b" }), "must have required property 'token'"),
        (json!({ "token": "a", "msg": "c" }), "must have required property 'rid'"),
        (json!({ "token": {}, "rid": "b", "x": 1 }), "must have required property 'msg'"),
        (with(&rid, &[("x", json!(null))]), "must NOT have additional properties"),
        (with(&rid, &[("token", json!([])), ("tmid", json!("a"))]), "must NOT have additional properties"),
        (with(&rid, &[("token", json!({ "$ne": "" }))]), "must be string"),
        (with(&rid, &[("rid", json!(["a"]))]), "must be string"),
        (with(&rid, &[("msg", json!({}))]), "must be string"),
        (with(&rid, &[("_id", json!(["a"]))]), "must be string"),
        (with(&rid, &[("msg", json!("a\u{0}b"))]), "must NOT contain the null character"),
        (with(&rid, &[("agent", json!(null))]), "must be object"),
        (with(&rid, &[("agent", json!(5))]), "must be object"),
        (with(&rid, &[("agent", json!([]))]), "must be object"),
        (with(&rid, &[("agent", json!({}))]), "must have required property 'agentId'"),
        (with(&rid, &[("agent", json!({ "agentId": "a" }))]), "must have required property 'username'"),
        (
            with(&rid, &[("agent", json!({ "agentId": "a", "username": "b", "name": "c" }))]),
            "must NOT have additional properties",
        ),
        (with(&rid, &[("agent", json!({ "agentId": {}, "username": "b" }))]), "must be string"),
    ] {
        server.post("message", body).await.invalid(reason);
    }
}

#[tokio::test]
async fn scalars_become_text() {
    let server = Server::start();
    let rid = server.chat().await.rid;
    for (msg, stored) in [
        (json!(5), "5"),
        (json!(-2.5), "-2.5"),
        (json!(true), "true"),
        (json!(null), ""),
        (json!(18_446_744_073_709_551_615_u64), "18446744073709552000"),
    ] {
        let message = server.post("message", with(&rid, &[("msg", msg)])).await.message();
        assert_eq!(message["msg"], stored);
    }
    server.post("message", with(&rid, &[("token", json!(5))])).await.plain("invalid-token");
    server.post("message", with(&rid, &[("rid", json!(null))])).await.plain("invalid-room");
}

#[tokio::test]
async fn an_agent_may_be_named_as_object_or_as_text() {
    let server = Server::start();
    let rid = server.chat().await.rid;
    for agent in [
        json!({ "agentId": "a", "username": "b" }),
        json!({ "agentId": 1, "username": null }),
        json!("maria"),
    ] {
        let message = server.post("message", with(&rid, &[("agent", agent)])).await.message();
        assert!(message.get("agent").is_none(), "checked, then unused");
    }
}

#[tokio::test]
async fn a_body_that_is_not_an_object_counts_as_empty() {
    let server = Server::start();
    let good = with(&server.chat().await.rid, &[]).to_string();
    let deep = "[".repeat(10_000);
    let deep_inside = format!("{{\"token\":{}", "{\"a\":".repeat(10_000));
    let bad_utf8 = b"{\"token\":\"a\",\"rid\":\"b\",\"msg\":\"\xff\"}".to_vec();
    for (kind, body) in [
        ("application/json", b"{\"token\":".to_vec()),
        ("application/json", format!("{good}x").into_bytes()),
        ("application/json", b"[]".to_vec()),
        ("application/json", b"\"token\"".to_vec()),
        ("application/json", Vec::new()),
        ("application/json", deep.into_bytes()),
        ("application/json", deep_inside.into_bytes()),
        ("application/json", bad_utf8),
        ("application/json", b"{\"token\":1e999,\"rid\":\"b\",\"msg\":\"c\"}".to_vec()),
        ("text/plain", good.clone().into_bytes()),
        ("application/xml", good.clone().into_bytes()),
        ("multipart/form-data; boundary=x", good.clone().into_bytes()),
        ("", good.clone().into_bytes()),
    ] {
        let call = Call::new(Method::POST, "message").body(kind, body);
        server.call(call).await.invalid("must have required property 'token'");
    }
    let call = Call::new(Method::POST, "message").bare_body(good.clone());
    server.call(call).await.invalid("must have required property 'token'");
    let call = Call::new(Method::POST, "message").body("Application/JSON; charset=utf-8", good);
    server.call(call).await.message();
}

#[tokio::test]
async fn a_key_that_stands_twice_is_refused() {
    let server = Server::start();
    let rid = server.chat().await.rid;
    for (body, name) in [
        (format!(r#"{{"token":"{TOKEN}","rid":"{rid}","msg":"a","msg":"b"}}"#), "msg"),
        (format!(r#"{{"token":"{TOKEN}","tok\u0065n":"x","rid":"{rid}","msg":"a"}}"#), "token"),
        (
            format!(r#"{{"token":"{TOKEN}","rid":"{rid}","msg":"a","agent":{{"agentId":1,"agentId":2}}}}"#),
            "agentId",
        ),
    ] {
        let reply = server.call(Call::new(Method::POST, "message").body("application/json", body)).await;
        reply.invalid(&format!("must NOT have duplicate property '{name}'"));
    }
}

#[tokio::test]
async fn a_form_is_taken_like_json() {
    let server = Server::start();
    let rid = server.chat().await.rid;
    let form = async |body: Vec<u8>| {
        server.call(Call::new(Method::POST, "message").body("application/x-www-form-urlencoded", body)).await
    };
    let sent = format!("token={TOKEN}&rid={rid}&msg=caf%C3%A9+%26+more&agent[agentId]=a&agent[username]=b");
    assert_eq!(form(sent.into_bytes()).await.message()["msg"], "caf\u{e9} & more");
    form(format!("token={TOKEN}&rid={rid}&msg=a&msg=b").into_bytes()).await.invalid("must be string");
    form(format!("token={TOKEN}&rid[$ne]=x&msg=a").into_bytes()).await.invalid("must be string");
    form(format!("token={TOKEN}&rid={rid}&msg=a&x=1").into_bytes())
        .await
        .invalid("must NOT have additional properties");
    form(format!("token={TOKEN}&rid={rid}&msg=%ff").into_bytes())
        .await
        .invalid("must have required property 'token'");
    let many: String = (0..5_000).map(|n| format!("k{n}&")).collect::<Vec<_>>().concat();
    form(format!("{many}token={TOKEN}").into_bytes()).await.invalid("must have required property 'token'");
}

#[tokio::test]
async fn the_query_of_a_post_is_not_read() {
    let server = Server::start();
    let rid = server.chat().await.rid;
    let reply = server.post(&format!("message?token={TOKEN}&rid={rid}&msg=a"), json!({})).await;
    reply.invalid("must have required property 'token'");
    assert_eq!(text(&server.post("message?x=%ff", with(&rid, &[])).await.message()["msg"]), "hello");
}
