//! What the contract says of `livechat/room` and `livechat/room.close` (sections 4.6, 4.7, 5.1 and 5.4).

use http::Method;
use serde_json::json;

use crate::rest::testing::{Call, Server, TOKEN, after_start, text};

#[tokio::test]
async fn the_first_call_opens_a_room_and_the_next_gives_the_same() {
    let server = Server::start();
    let ana = server.register(json!({ "token": TOKEN, "name": "Ana Costa" })).await;
    server.clock.advance(1_000);
    let opened = server.get(&format!("room?token={TOKEN}")).await;
    let room = opened.json["room"].clone();
    let note = json!({
        "_id": room["lastMessage"]["_id"], "rid": room["_id"], "t": "livechat-started", "msg": "", "groupable": false,
        "token": TOKEN, "ts": after_start(1_000), "u": { "_id": ana["_id"], "username": "guest-2" },
        "_updatedAt": after_start(1_000), "seq": 1, "rev": 1,
    });
    let expected = json!({
        "_id": room["_id"], "t": "l", "fname": "Ana Costa", "msgs": 1, "usersCount": 1, "open": true, "cl": false,
        "waitingResponse": true, "verified": false, "ts": after_start(1_000), "lm": after_start(1_000),
        "queuedAt": after_start(1_000),
        "v": { "_id": ana["_id"], "username": "guest-2", "token": TOKEN, "status": "online" },
        "source": { "type": "api" }, "priorityWeight": 99, "estimatedWaitingTimeQueue": 9_999_999,
        "lastMessage": note, "_updatedAt": after_start(1_000),
    });
    opened.is(200, &json!({ "room": expected, "newRoom": true, "success": true }));
    assert_eq!(text(&room["_id"]).len(), 17);
    for again in ["", "&agentId=nobody", "&rid=", &format!("&rid={}", text(&room["_id"]))] {
        let reply = server.get(&format!("room?token={TOKEN}{again}")).await;
        reply.is(200, &json!({ "room": expected, "newRoom": false, "success": true }));
    }
    assert_eq!(server.number("SELECT COUNT(*) FROM inquiry WHERE status = 'ready'"), 1);
}

#[tokio::test]
async fn both_cookies_make_a_widgets_room() {
    let server = Server::start();
    for (n, (cookies, source)) in [
        (
            "a=b; rc_is_widget=t; rc_room_type=l",
            json!({ "type": "widget", "destination": "chat.example.org" }),
        ),
        ("rc_is_widget=t", json!({ "type": "api" })),
        ("rc_is_widget=f; rc_room_type=l", json!({ "type": "api" })),
    ]
    .into_iter()
    .enumerate()
    {
        server.register(json!({ "token": n })).await;
        let call = Call::new(Method::GET, &format!("room?token={n}"));
        let call = call.header("cookie", cookies).header("host", "chat.example.org");
        assert_eq!(server.call(call).await.ok()["room"]["source"], source, "{cookies}");
    }
}

#[tokio::test]
async fn checks_come_in_the_contracts_order() {
    let mut server = Server::start();
    let chat = server.chat().await;
    let get = async |server: &Server, query: &str| server.get(&format!("room?{query}")).await;
    get(&server, "").await.invalid("must have required property 'token'");
    get(&server, "token=a&x=1").await.invalid("must NOT have additional properties");
    get(&server, "token[$ne]=a").await.invalid("must be string");
    get(&server, "token=a&rid[$ne]=a").await.invalid("must be string");
    get(&server, "token=a&agentId[]=a&agentId[]=b").await.invalid("must be string");
    get(&server, "token=").await.plain("invalid-token");
    get(&server, "token=nobody&rid=nowhere").await.plain("invalid-token");
    get(&server, &format!("token={TOKEN}&rid=nowhere")).await.plain("invalid-room");
    get(&server, &format!("token={TOKEN}&rid={}", chat.other_rid)).await.plain("invalid-room");
    server.set(|s| {
        s.livechat_enabled = false;
        s.accept_chats_with_no_agents = false;
    });
    get(&server, &format!("token={TOKEN}")).await.ok();
    server.close(&chat).await;
    get(&server, &format!("token={TOKEN}&rid={}", chat.rid)).await.plain("invalid-room");
    let disabled = get(&server, &format!("token={TOKEN}")).await;
    disabled.coded("[error-omnichannel-is-disabled]", "error-omnichannel-is-disabled");
    server.set(|s| s.livechat_enabled = true);
    get(&server, &format!("token={TOKEN}"))
        .await
        .coded("Sorry, no online agents [no-agent-online]", "no-agent-online");
}

#[tokio::test]
async fn a_closed_chat_is_followed_by_a_new_one() {
    let server = Server::start();
    let chat = server.chat().await;
    server.close(&chat).await;
    server.clock.advance(1_000);
    let next = server.get(&format!("room?token={TOKEN}")).await.ok();
    assert_eq!(next["newRoom"], true);
    assert_ne!(next["room"]["_id"], json!(chat.rid));
    let visitor = server.get(&format!("visitor/{TOKEN}")).await.ok()["visitor"].clone();
    assert_eq!(visitor["lastChat"], json!({ "_id": next["room"]["_id"], "ts": after_start(1_000) }));
}

#[tokio::test]
async fn a_room_shows_its_last_message_only_where_a_setting_allows() {
    let server = Server::with(|s| s.store_last_message = false);
    server.register(json!({ "token": TOKEN })).await;
    assert!(server.room(TOKEN).await.get("lastMessage").is_none());
}

#[tokio::test]
async fn manual_routing_puts_the_room_into_the_queue() {
    let server = Server::with(|s| s.routing_method = "Manual_Selection".into());
    server.register(json!({ "token": TOKEN })).await;
    server.room(TOKEN).await;
    assert_eq!(server.number("SELECT COUNT(*) FROM inquiry WHERE status = 'queued'"), 1);
}

#[tokio::test]
async fn parallel_calls_get_one_room() {
    let server = Server::start();
    server.register(json!({ "token": TOKEN })).await;
    let target = format!("room?token={TOKEN}");
    let (a, b, c) = tokio::join!(server.get(&target), server.get(&target), server.get(&target));
    let replies = [a, b, c].map(super::super::super::testing::Reply::ok);
    assert!(replies.iter().all(|r| r["room"]["_id"] == replies[0]["room"]["_id"]));
    assert_eq!(replies.iter().filter(|r| r["newRoom"] == true).count(), 1);
    assert_eq!(server.number("SELECT COUNT(*) FROM message"), 1, "one note that the chat started");
}

#[tokio::test]
async fn closing_ends_the_chat_with_a_note() {
    let server = Server::start();
    let chat = server.chat().await;
    server.clock.advance(90_500);
    let closed = server.post("room.close", json!({ "token": TOKEN, "rid": chat.rid })).await;
    closed.is(200, &json!({ "rid": chat.rid, "comment": "Closed by visitor", "success": true }));
    let last = server.history(&chat, "&limit=1").await.remove(0);
    let note = json!({
        "_id": last["_id"], "rid": chat.rid, "t": "livechat-close", "msg": "Closed by visitor", "groupable": false,
        "token": TOKEN, "ts": after_start(90_500), "u": { "_id": chat.visitor, "username": chat.username },
        "transcriptRequested": false, "_updatedAt": after_start(90_500), "seq": 2, "rev": 2,
    });
    assert_eq!(last, note);
    let body = json!({ "token": TOKEN, "rid": chat.rid });
    server.post("room.close", body).await.plain("room-closed");
    let body = json!({ "token": TOKEN, "rid": chat.rid, "msg": "too late" });
    server.post("message", body).await.plain("room-closed");
    let rid = chat.rid.clone();
    let room = server.read(move |tx| parlor_store::rooms::by_id(tx, &rid)).await.unwrap();
    assert!(!room.open);
    assert_eq!((room.v_status.as_str(), room.msgs, room.chat_duration()), ("offline", 2, Some(90.5)));
    let end = room.closed.unwrap();
    assert_eq!((end.closer.as_str(), end.by_id, end.by_username), ("visitor", chat.visitor, chat.username));
    let queued =
        format!("SELECT COUNT(*) FROM inquiry i JOIN room r ON r.pk = i.room WHERE r.id = '{}'", chat.rid);
    assert_eq!(server.number(&queued), 0, "the queue entry is gone");
}

#[tokio::test]
async fn transcript_settings_decide_what_closing_says() {
    for (enable, always, requested, prompted) in [
        (false, false, false, false),
        (true, false, false, true),
        (false, true, true, false),
        (true, true, false, false),
    ] {
        let server = Server::with(|s| {
            s.enable_transcript = enable;
            s.transcript_send_always = always;
        });
        let chat = server.chat().await;
        server.close(&chat).await;
        let page = server.history(&chat, "").await;
        let close = page.iter().find(|m| m["t"] == "livechat-close").unwrap();
        assert_eq!(close["transcriptRequested"], requested, "{enable} {always}");
        let prompt = page.iter().find(|m| m["t"] == "command");
        assert_eq!(prompt.is_some(), prompted, "{enable} {always}");
        if let Some(prompt) = prompt {
            assert_eq!((&prompt["msg"], &prompt["token"]), (&json!("promptTranscript"), &json!(TOKEN)));
            assert_eq!(prompt["_id"], page[0]["_id"], "after the note");
        }
    }
}

#[tokio::test]
async fn closing_checks_in_the_contracts_order() {
    let mut server = Server::start();
    let chat = server.chat().await;
    let close = async |server: &Server, body| server.post("room.close", body).await;
    server.set(|s| s.visitors_can_close = false);
    close(&server, json!({ "rid": "a" })).await.invalid("must have required property 'token'");
    let body = json!({ "token": "nobody", "rid": "nowhere" });
    close(&server, body.clone()).await.plain("error-not-allowed-to-close-conversation");
    server.set(|s| s.visitors_can_close = true);
    close(&server, json!({ "token": "a", "comment": "c" }))
        .await
        .invalid("must have required property 'rid'");
    let extra = json!({ "token": "a", "rid": "b", "comment": "c" });
    close(&server, extra).await.invalid("must NOT have additional properties");
    close(&server, json!({ "token": {}, "rid": "b" })).await.invalid("must be string");
    close(&server, json!({ "token": "a", "rid": [] })).await.invalid("must be string");
    close(&server, body).await.plain("invalid-token");
    close(&server, json!({ "token": TOKEN, "rid": "nowhere" })).await.plain("invalid-room");
    close(&server, json!({ "token": TOKEN, "rid": chat.other_rid })).await.plain("invalid-room");
}
