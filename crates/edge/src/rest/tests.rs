//! What every call has in common: paths, verbs, headers, limits, sizes (sections 1.1 to 1.6, decision D9).

use http::Method;
use serde_json::{Value, json};

use super::fields::Shape;
use super::livechat::{config, history, message, offline, room, visitor};
use super::testing::{Call, LARGEST_BODY, Server, TOKEN};

const PATHS: [&str; 9] = [
    "message",
    "message/x",
    "messages.history/x",
    "offline.message",
    "config",
    "visitor",
    "visitor/x",
    "room",
    "room.close",
];

#[tokio::test]
async fn an_unknown_path_is_a_404_in_the_envelope() {
    let server = Server::start();
    for path in [
        "/nope",
        "/api",
        "/api/v1/livechat",
        "messages",
        "message/",
        "message/a/b",
        "room.open",
        "Room",
        "room/",
    ] {
        for method in [Method::GET, Method::POST, Method::DELETE] {
            let reply = server.call(Call::new(method, path).json(&json!({}))).await;
            reply.is(404, &json!({ "success": false, "error": "Resource not found" }));
        }
    }
}

#[tokio::test]
async fn a_wrong_verb_is_a_405_in_the_envelope() {
    let server = Server::start();
    let refusal = json!({ "success": false, "error": "Method not allowed" });
    for path in PATHS {
        server.call(Call::new(Method::PATCH, path)).await.is(405, &refusal);
        server.call(Call::new("BREW".parse().unwrap(), path)).await.is(405, &refusal);
    }
    let reply = server.call(Call::new(Method::POST, "room")).await;
    reply.is(405, &refusal);
    assert_eq!(reply.header("allow"), Some("GET,HEAD"), "a 405 names the verbs that work");
    server.get("message").await.is(405, &refusal);
    server.get("/api/v1/livechat/offline.message").await.is(405, &refusal);
    server.call(Call::new(Method::PUT, "/api/info")).await.is(405, &refusal);
}

#[tokio::test]
async fn a_browser_may_ask_before_it_calls_from_another_origin() {
    let server = Server::start();
    for path in PATHS {
        let call = Call::new(Method::OPTIONS, path)
            .header("origin", "https://shop.example.org")
            .header("access-control-request-method", "DELETE")
            .header("access-control-request-headers", "content-type,x-visitor-token");
        let reply = server.call(call).await;
        assert_eq!(reply.status.as_u16(), 204);
        assert_eq!(reply.header("access-control-allow-origin"), Some("*"));
        let allowed = reply.header("access-control-allow-headers").unwrap().to_lowercase();
        assert!(allowed.contains("content-type") && allowed.contains("x-visitor-token"), "{allowed}");
        let verbs = reply.header("access-control-allow-methods").unwrap();
        assert!(["GET", "POST", "PUT", "DELETE"].iter().all(|v| verbs.contains(v)), "{verbs}");
    }
}

#[tokio::test]
async fn a_body_past_the_limit_is_a_413_in_the_envelope() {
    let server = Server::start();
    let rid = server.chat().await.rid;
    let empty = json!({ "token": TOKEN, "rid": rid, "msg": "" }).to_string().len();
    let sized = |size: usize| json!({ "token": TOKEN, "rid": rid, "msg": "a".repeat(size - empty) });
    server.post("message", sized(LARGEST_BODY)).await.message();
    let text = format!(
        "Request body is too large, at most {LARGEST_BODY} bytes are taken [error-request-too-large]"
    );
    let refusal = json!({ "success": false, "error": text });
    server.post("message", sized(LARGEST_BODY + 1)).await.is(413, &refusal);
    for (method, path) in [
        (Method::PUT, "message/x"),
        (Method::DELETE, "message/x"),
        (Method::POST, "visitor"),
        (Method::GET, "room"),
    ] {
        server.call(Call::new(method, path).bare_body(vec![b'['; LARGEST_BODY + 1])).await.is(413, &refusal);
    }
}

#[tokio::test]
async fn a_visitor_has_sixty_messages_a_minute() {
    let server = Server::with(|s| s.rate_limiter = true);
    let chat = server.chat().await;
    let body = json!({ "token": TOKEN, "rid": chat.rid, "msg": "hello" });
    for n in (0..60).rev() {
        let reply = server.post("message", body.clone()).await;
        assert_eq!(reply.header("x-ratelimit-limit"), Some("60"));
        assert_eq!(reply.header("x-ratelimit-remaining"), Some(n.to_string().as_str()));
        assert_eq!(reply.header("x-ratelimit-reset"), Some("1700000060000"), "epoch milliseconds");
        reply.message();
    }
    server.clock.advance(18_000);
    let refused = server.post("message", body.clone()).await;
    let text = "Error, too many requests. Please slow down. You must wait 42 seconds before trying this endpoint again. \
                [error-too-many-requests]";
    refused.is(429, &json!({ "success": false, "error": text }));
    assert_eq!(refused.header("x-ratelimit-remaining"), Some("0"));
    assert_eq!(refused.header("retry-after"), Some("42"));
    let other = json!({ "token": "bob", "rid": chat.other_rid, "msg": "hello" });
    server.post("message", other).await.message();
    server.clock.advance(42_000);
    server.post("message", body).await.message();
}

#[tokio::test]
async fn the_other_routes_keep_the_tables_numbers() {
    let server = Server::with(|s| s.rate_limiter = true);
    server.register(json!({ "token": TOKEN })).await;
    let get = |path: &str| Call::new(Method::GET, path);
    let post = |path: &str| Call::new(Method::POST, path).json(&json!({ "token": TOKEN }));
    for (call, limit) in [
        (get(&format!("room?token={TOKEN}")), "5"),
        (Call::new(Method::POST, "visitor").json(&json!({ "visitor": { "token": "other" } })), "5"),
        (get("visitor/x"), "10"),
        (Call::new(Method::DELETE, "visitor/x"), "5"),
        (get(&format!("messages.history/x?token={TOKEN}")), "10"),
        (get(&format!("message/x?token={TOKEN}")), "10"),
        (Call::new(Method::PUT, "message/x").json(&json!({ "token": TOKEN })), "10"),
        (Call::new(Method::DELETE, "message/x").json(&json!({ "token": TOKEN })), "10"),
        (get("config"), "10"),
        (post("room.close"), "10"),
        (post("offline.message"), "1"),
        (post("message"), "60"),
    ] {
        let reply = server.call(call).await;
        assert_eq!(reply.header("x-ratelimit-limit"), Some(limit), "{}", reply.asked);
    }
}

#[tokio::test]
async fn a_token_inside_a_registration_counts_for_itself() {
    let server = Server::with(|s| s.rate_limiter = true);
    let register = async |token: &str| {
        server.post("visitor", json!({ "visitor": { "token": token } })).await.status.as_u16()
    };
    for _ in 0..5 {
        assert_eq!(register("ana").await, 200);
    }
    assert_eq!((register("ana").await, register("bob").await), (429, 200));
}

#[tokio::test]
async fn refused_calls_count_and_are_refused_before_their_schema_is_read() {
    let server = Server::with(|s| s.rate_limiter = true);
    for _ in 0..10 {
        server.get("messages.history/x?limit=abc").await.invalid("must have required property 'token'");
    }
    assert_eq!(server.get("messages.history/x?limit=abc").await.status.as_u16(), 429);
    assert_eq!(
        server.get("messages.history/x?a=%ff").await.status.as_u16(),
        429,
        "an unreadable query counts too"
    );
    let elsewhere = Call::new(Method::GET, "messages.history/x").from([203, 0, 113, 8]);
    server.call(elsewhere).await.invalid("must have required property 'token'");
}

#[tokio::test]
async fn one_address_has_six_hundred_calls_a_minute_over_all_visitors() {
    let server = Server::with(|s| {
        s.rate_limiter = true;
        s.rate_limit_calls_address = 20;
    });
    for n in 0..20 {
        server.get(&format!("visitor/token-{n}")).await.coded("[invalid-token]", "invalid-token");
    }
    assert_eq!(server.get("visitor/token-20").await.status.as_u16(), 429);
    assert_eq!(parlor_model::Settings::default().rate_limit_calls_address, 600);
}

#[tokio::test]
async fn with_the_limiter_off_nothing_is_counted() {
    let server = Server::start();
    for _ in 0..30 {
        let reply = server.get("config").await;
        assert_eq!((reply.header("x-ratelimit-limit"), reply.status.as_u16()), (None, 200));
    }
}

#[tokio::test]
async fn the_server_tells_what_it_is_and_whether_it_works() {
    let server = Server::start();
    for path in ["/api/info", "/api/info/"] {
        server.get(path).await.is(200, &json!({ "version": "8.8.0", "success": true }));
    }
    for path in ["/health/live", "/health/ready"] {
        server.get(path).await.is(200, &json!({ "status": "ok", "success": true }));
    }
    server.store.stop().await;
    server.get("/health/live").await.ok();
    let refusal = json!({ "success": false, "error": "The storage does not answer" });
    server.get("/health/ready").await.is(503, &refusal);
}

#[tokio::test]
async fn a_store_that_is_gone_is_a_503_that_says_so() {
    let server = Server::start();
    server.store.stop().await;
    let text = "The server's storage cannot be reached; nothing was stored. Please try again [error-storage-unavailable]";
    let refusal = json!({ "success": false, "error": text, "errorType": "error-storage-unavailable" });
    for call in [
        Call::new(Method::POST, "message").json(&json!({ "token": "a", "rid": "b", "msg": "c" })),
        Call::new(Method::GET, "messages.history/x?token=a"),
        Call::new(Method::GET, "config?token=a"),
        Call::new(Method::DELETE, "message/ZKWP8LfGnRHQ3ozWa"),
    ] {
        let reply = server.call(call).await;
        reply.is(503, &refusal);
        assert_eq!(reply.header("retry-after"), Some("1"));
    }
}

/// A request type's properties: name, and whether it must be there.
fn of<T: Shape>() -> Vec<(String, bool)> {
    let mut properties: Vec<_> =
        T::PROPERTIES.iter().map(|(name, required)| ((*name).to_owned(), *required)).collect();
    properties.sort();
    properties
}

#[test]
fn what_is_documented_of_a_body_is_what_is_checked() {
    let document: Value = serde_json::from_str(&crate::openapi()).unwrap();
    for (name, checked) in [
        ("SendRequest", of::<message::SendRequest>()),
        ("EditRequest", of::<message::EditRequest>()),
        ("RemoveRequest", of::<message::RemoveRequest>()),
        ("AgentName", of::<message::AgentName>()),
        ("OfflineRequest", of::<offline::OfflineRequest>()),
        ("VisitorRequest", of::<visitor::VisitorRequest>()),
        ("CustomField", of::<visitor::CustomField>()),
        ("CloseRequest", of::<room::CloseRequest>()),
    ] {
        let schema = &document["components"]["schemas"][name];
        let required = schema["required"].as_array().unwrap();
        let properties = schema["properties"].as_object().unwrap().keys();
        let documented: Vec<_> = properties.map(|p| (p.clone(), required.contains(&json!(p)))).collect();
        assert_eq!(documented, checked, "{name}");
        assert_eq!(schema["additionalProperties"], false, "{name}");
    }
}

#[test]
fn what_is_documented_of_a_query_is_what_is_checked() {
    let document: Value = serde_json::from_str(&crate::openapi()).unwrap();
    for (path, checked) in [
        ("config", of::<config::ConfigQuery>()),
        ("messages.history/{rid}", of::<history::HistoryQuery>()),
        ("message/{_id}", of::<message::OneQuery>()),
        ("room", of::<room::RoomQuery>()),
    ] {
        let parameters = &document["paths"][format!("/api/v1/livechat/{path}")]["get"]["parameters"];
        let in_query = parameters.as_array().unwrap().iter().filter(|p| p["in"] == "query");
        let mut documented: Vec<_> =
            in_query.map(|p| (p["name"].as_str().unwrap().to_owned(), p["required"] == true)).collect();
        documented.sort();
        assert_eq!(documented, checked, "{path}");
    }
}
