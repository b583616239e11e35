//! What the contract says of `livechat/visitor` (sections 4.2 and 4.3, decisions D10, D11, D18 and D20).

use http::Method;
use serde_json::{Value, json};

use crate::rest::testing::{Call, Server, TOKEN, after_start, text};

async fn save(server: &Server, visitor: Value) -> crate::rest::testing::Reply {
    server.post("visitor", json!({ "visitor": visitor })).await
}

#[tokio::test]
async fn a_new_token_makes_a_visitor_and_the_same_again_changes_it() {
    let server = Server::start();
    let made = save(&server, json!({ "token": TOKEN })).await;
    let id = text(&made.json["visitor"]["_id"]);
    assert_eq!(id.len(), 17, "decision D18");
    let bare = json!({
        "_id": id, "username": "guest-2", "status": "online", "ts": after_start(0), "token": TOKEN,
        "_updatedAt": after_start(0),
    });
    made.is(200, &json!({ "visitor": bare, "success": true }));
    server.clock.advance(1_000);
    let changed = json!({ "token": TOKEN, "name": "Ana Costa", "email": " Ana@Example.ORG ", "phone": "+55 51 5555 0101" });
    let full = json!({
        "_id": id, "username": "guest-2", "status": "online", "ts": after_start(0), "token": TOKEN, "name": "Ana Costa",
        "visitorEmails": [{ "address": "ana@example.org" }], "phone": [{ "phoneNumber": "+55 51 5555 0101" }],
        "_updatedAt": after_start(1_000),
    });
    save(&server, changed).await.is(200, &json!({ "visitor": full, "success": true }));
    for unsaid in [
        json!({ "token": TOKEN }),
        json!({ "token": TOKEN, "name": null, "email": "", "phone": null, "department": null }),
        json!({ "token": TOKEN, "username": "another", "id": "another", "connectionData": { "x": 1 }, "whatever": {} }),
    ] {
        assert_eq!(save(&server, unsaid).await.ok()["visitor"], full, "only what is given is written");
    }
    server.get(&format!("visitor/{TOKEN}")).await.is(200, &json!({ "visitor": full, "success": true }));
}

#[tokio::test]
async fn guests_are_numbered_unless_they_choose_a_username() {
    let server = Server::start();
    let mut names = Vec::new();
    for visitor in
        [json!({ "token": "a" }), json!({ "token": "b", "username": "bert" }), json!({ "token": "c" })]
    {
        names.push(text(&server.register(visitor).await["username"]));
    }
    assert_eq!(names, ["guest-2", "bert", "guest-3"]);
}

#[tokio::test]
async fn neither_mail_nor_phone_gives_anyone_anothers_record() {
    let server = Server::start();
    let known = json!({ "token": "a", "email": "ana@example.org", "phone": "123" });
    let ana = server.register(known).await;
    let stranger = server.register(json!({ "token": "b", "email": "ana@example.org", "phone": "123" })).await;
    assert_ne!(ana["_id"], stranger["_id"], "decision D10");
    assert_eq!(server.get("visitor/a").await.ok()["visitor"], ana);
}

#[tokio::test]
async fn a_new_name_is_the_open_rooms_name() {
    let server = Server::start();
    server.register(json!({ "token": TOKEN })).await;
    let room = server.room(TOKEN).await;
    assert_eq!(room["fname"], "guest-2");
    server.clock.advance(1_000);
    server.register(json!({ "token": TOKEN, "name": "Ana Costa" })).await;
    let renamed = server.room(TOKEN).await;
    assert_eq!((&renamed["_id"], &renamed["fname"]), (&room["_id"], &json!("Ana Costa")));
    let visitor = server.get(&format!("visitor/{TOKEN}")).await.ok()["visitor"].clone();
    assert_eq!(visitor["lastChat"], json!({ "_id": room["_id"], "ts": after_start(0) }));
}

#[tokio::test]
async fn a_closed_room_keeps_the_old_name() {
    let server = Server::start();
    let chat = server.chat().await;
    server.close(&chat).await;
    server.register(json!({ "token": TOKEN, "name": "Ana Maria" })).await;
    let rid = chat.rid.clone();
    let room = server.read(move |tx| parlor_store::rooms::by_id(tx, &rid)).await.unwrap();
    assert_eq!(room.fname, "Ana Costa");
}

#[tokio::test]
async fn refusals_have_the_contracts_bodies() {
    let server = Server::start();
    for token in [json!(""), json!("  \t"), json!(null)] {
        let body = json!({
            "success": false, "error": "Token cannot be empty [error-invalid-token]",
            "errorType": "error-invalid-token", "details": { "method": "livechat/visitor" },
        });
        save(&server, json!({ "token": token })).await.is(400, &body);
    }
    save(&server, json!({ "token": "a", "department": "Sales" })).await.plain("error-invalid-department");
    for (email, told) in [("x", "x"), ("a@b@c", "a@b@c"), ("A B@C.org", "a b@c.org"), ("a\n@b", "a @b")] {
        let refused = save(&server, json!({ "token": "a", "email": email })).await;
        let error = format!("Invalid email {told} [error-invalid-email]");
        let details = json!({ "method": "livechat/visitor" });
        let body = json!({ "success": false, "error": error, "errorType": "error-invalid-email", "details": details });
        refused.is(400, &body);
    }
    server.get("visitor/a").await.coded("[invalid-token]", "invalid-token");
}

#[tokio::test]
async fn the_first_violation_is_told_in_the_contracts_order() {
    let server = Server::start();
    for (body, reason) in [
        (json!({}), "must have required property 'visitor'"),
        (json!({ "token": "a" }), "must have required property 'visitor'"),
        (json!({ "visitor": {}, "x": 1 }), "must NOT have additional properties"),
        (json!({ "visitor": null }), "must be object"),
        (json!({ "visitor": "a" }), "must be object"),
        (json!({ "visitor": [] }), "must be object"),
        (json!({ "visitor": {} }), "must have required property 'token'"),
        (json!({ "visitor": { "token": {} } }), "must be string"),
        (json!({ "visitor": { "token": "a\u{0}" } }), "must NOT contain the null character"),
        (json!({ "visitor": { "token": "a", "name": {} } }), "must be string"),
        (json!({ "visitor": { "token": "a", "email": [] } }), "must be string"),
        (json!({ "visitor": { "token": "a", "phone": { "number": 1 } } }), "must be string"),
        (json!({ "visitor": { "token": "a", "username": [] } }), "must be string"),
        (json!({ "visitor": { "token": "a", "department": {} } }), "must be string"),
        (json!({ "visitor": { "token": "a", "customFields": "x" } }), "must be array"),
        (json!({ "visitor": { "token": "a", "customFields": [5] } }), "must be object"),
        (json!({ "visitor": { "token": "a", "customFields": [{}] } }), "must have required property 'key'"),
        (
            json!({ "visitor": { "token": "a", "customFields": [{ "key": "k", "value": "v", "overwrite": "x" }] } }),
            "must be boolean",
        ),
    ] {
        server.post("visitor", body).await.invalid(reason);
    }
    let twice = Call::new(Method::POST, "visitor")
        .body("application/json", r#"{"visitor":{"token":"a","token":"b"}}"#);
    server.call(twice).await.invalid("must NOT have duplicate property 'token'");
}

#[tokio::test]
async fn scalars_and_unknown_custom_fields_pass() {
    let server = Server::start();
    let custom = json!([{ "key": "plan", "value": 5, "overwrite": "true" }, { "key": "k", "value": "v" }]);
    let visitor = server.register(json!({ "token": 5, "name": true, "customFields": custom })).await;
    assert_eq!((&visitor["token"], &visitor["name"]), (&json!("5"), &json!("true")));
    assert!(visitor.get("livechatData").is_none(), "undefined fields are passed over");
    let form = Call::new(Method::POST, "visitor")
        .body("application/x-www-form-urlencoded", "visitor[token]=form&visitor[name]=Ana+Costa");
    assert_eq!(server.call(form).await.ok()["visitor"]["name"], "Ana Costa");
}

#[tokio::test]
async fn headers_are_kept_only_where_a_setting_allows() {
    for keep in [false, true] {
        let server = Server::with(|s| s.store_headers = keep);
        let register = |token: &str| {
            Call::new(Method::POST, "visitor")
                .json(&json!({ "visitor": { "token": token } }))
                .header("user-agent", "Mozilla/5.0")
                .header("host", "chat.example.org")
                .header("x-forwarded-for", "198.51.100.9")
        };
        let visitor = server.call(register("a")).await.ok()["visitor"].clone();
        let kept = |value: &str| if keep { json!(value) } else { Value::Null };
        assert_eq!(visitor["userAgent"], kept("Mozilla/5.0"), "decision D20");
        assert_eq!(visitor["ip"], kept("203.0.113.7"), "the peer's: no proxy is trusted");
        assert_eq!(visitor["host"], kept("chat.example.org"));
    }
}

#[tokio::test]
async fn removal_takes_rooms_messages_and_every_personal_field() {
    let server = Server::start();
    let chat = server.chat().await;
    server.say(&chat, "hello").await;
    let target = format!("visitor/{TOKEN}");
    let delete = async |target: &str| server.call(Call::new(Method::DELETE, target)).await;
    let open = "Cannot remove visitors with opened rooms [visitor-has-open-rooms]";
    delete(&target).await.coded(open, "visitor-has-open-rooms");
    server.close(&chat).await;
    server.clock.advance(1_000);
    let removed = json!({ "_id": chat.visitor, "ts": after_start(1_000) });
    delete(&target).await.is(200, &json!({ "visitor": removed, "success": true }));
    delete(&target).await.coded("[invalid-token]", "invalid-token");
    server.get(&target).await.coded("[invalid-token]", "invalid-token");
    let (rid, credentials) = (&chat.rid, json!({ "token": TOKEN, "rid": chat.rid }));
    server.get(&format!("messages.history/{rid}?token={TOKEN}")).await.plain("invalid-token");
    server.get(&format!("message/x?token={TOKEN}&rid={rid}")).await.plain("invalid-token");
    server.get(&format!("room?token={TOKEN}")).await.plain("invalid-token");
    server.post("room.close", credentials.clone()).await.plain("invalid-token");
    server.delete("message/x", credentials).await.plain("invalid-token");
    assert!(server.get(&format!("config?token={TOKEN}")).await.ok()["config"].get("guest").is_none());
    assert_eq!(server.number("SELECT COUNT(*) FROM visitor"), 2, "a stub keeps the public id");
    for trace in [
        format!("SELECT COUNT(*) FROM author WHERE token = '{TOKEN}' OR name = 'Ana Costa'"),
        "SELECT COUNT(*) FROM visitor WHERE name = 'Ana Costa'".to_owned(),
        "SELECT COUNT(*) FROM message WHERE msg = 'hello'".to_owned(),
        format!("SELECT COUNT(*) FROM room WHERE id = '{rid}'"),
    ] {
        assert_eq!(server.number(&trace), 0, "{trace}");
    }
    let again = server.register(json!({ "token": TOKEN })).await;
    assert_ne!(again["_id"], json!(chat.visitor), "the token is free, the record is new");
}

#[tokio::test]
async fn an_open_room_does_not_hold_a_visitor_where_headers_are_kept() {
    let server = Server::with(|s| s.store_headers = true);
    let chat = server.chat().await;
    server.call(Call::new(Method::DELETE, &format!("visitor/{TOKEN}"))).await.ok();
    assert_eq!(server.number(&format!("SELECT COUNT(*) FROM room WHERE id = '{}'", chat.rid)), 0);
}

#[tokio::test]
async fn a_token_in_the_path_may_hold_anything_but_a_null() {
    let server = Server::start();
    server.register(json!({ "token": "a/b c%" })).await;
    assert_eq!(server.get("visitor/a%2Fb%20c%25").await.ok()["visitor"]["token"], "a/b c%");
    server.get("visitor/%00").await.plain("Invalid path");
    server.get("visitor/%ff").await.plain("Invalid path");
}
