//! What the contract says of `livechat/messages.history/:rid` (section 3.4, decisions D2 to D4).

use serde_json::{Value, json};

use crate::rest::testing::{Chat, Server, TOKEN, after_start, text};
use crate::rest::wire::message::MessageBody;

/// Messages named by their number, one second apart, the first a second after the room opened.
async fn talk(server: &Server, chat: &Chat, count: usize) {
    for n in 1..=count {
        server.clock.advance(1_000);
        server.say(chat, &n.to_string()).await;
    }
}

/// The texts of a page; the note that the chat started is `started`.
async fn texts(server: &Server, chat: &Chat, query: &str) -> Vec<String> {
    let shown = |m: &Value| if m["t"] == "livechat-started" { "started".into() } else { text(&m["msg"]) };
    server.history(chat, query).await.iter().map(shown).collect()
}

#[tokio::test]
async fn real_names_are_those_of_users_and_visitors_go_by_username() {
    let mut server = Server::start();
    let chat = server.chat().await;
    server.say(&chat, "hello").await;
    server.agent_says(&chat, "good day").await;
    let names = async |server: &Server| -> Vec<Value> {
        server.history(&chat, "").await.iter().map(|m| m["u"]["name"].clone()).collect()
    };
    assert_eq!(names(&server).await, [json!("Maria Silva"), json!("Ana Costa"), Value::Null]);
    server.set(|s| s.use_real_name = true);
    assert_eq!(names(&server).await, [json!("Maria Silva"), json!(chat.username), json!(chat.username)]);
    assert_eq!(server.history(&chat, "").await[1]["alias"], "Ana Costa", "the alias stays");
}

#[tokio::test]
async fn checks_come_in_the_contracts_order() {
    let server = Server::start();
    let chat = server.chat().await;
    let get = async |rid: &str, query: &str| server.get(&format!("messages.history/{rid}?{query}")).await;
    for (query, reason) in [
        ("", "must have required property 'token'"),
        ("x=1&limit=abc", "must have required property 'token'"),
        ("token=a&x=1&limit=abc", "must NOT have additional properties"),
        ("token=a&updatedSince=2020-01-01", "must NOT have additional properties"),
        ("token[$ne]=a&limit=abc", "must be string"),
        ("token=a&token=b", "must be string"),
        ("token=a&limit=abc", "must be number"),
        ("token=a&limit=NaN", "must be number"),
        ("token=a&limit=1e999", "must be number"),
        ("token=a&limit[a]=1", "must be number"),
        ("token=a&offset=true", "must be number"),
        ("token=a&count=x", "must be number"),
        ("token=a&sort[ts]=1", "must be string"),
        ("token=a&end=yesterday", "must match format \"date-time\""),
        ("token=a&ls=1700000000000", "must match format \"date-time\""),
        ("token=a&ts=2018-13-01T00:00:00Z", "must match format \"date-time\""),
        ("token=%00", "must NOT contain the null character"),
    ] {
        get("nowhere", query).await.invalid(reason);
    }
    get("nowhere", "token=").await.plain("error-token-param-not-provided");
    get("nowhere", "token=a&limit=%ff").await.plain("Invalid query parameters");
    get("nowhere", "a[b][c][d][e][f][g]=1").await.plain("Invalid query parameters");
    get("nowhere", "token=nobody").await.plain("invalid-token");
    get("nowhere", &format!("token={TOKEN}")).await.plain("invalid-room");
    get(&chat.other_rid, &format!("token={TOKEN}")).await.plain("invalid-room");
    get("%00", &format!("token={TOKEN}")).await.plain("Invalid path");
}

#[tokio::test]
async fn a_fresh_chat_shows_the_text_and_the_note_newest_first() {
    let server = Server::with(|s| s.routing_method = "Manual_Selection".into());
    let chat = server.chat().await;
    server.clock.advance(1_000);
    let sent = server.say(&chat, "hello").await;
    let page = server.get(&format!("messages.history/{}?token={TOKEN}", chat.rid)).await;
    let note = &page.json["messages"][1];
    let expected_note = json!({
        "_id": note["_id"], "rid": chat.rid, "t": "livechat-started", "msg": "", "groupable": false, "token": TOKEN,
        "ts": after_start(0), "u": { "_id": chat.visitor, "username": chat.username },
        "_updatedAt": after_start(0), "seq": 1, "rev": 1,
    });
    page.is(200, &json!({ "messages": [sent, expected_note], "unreadNotLoaded": 0, "success": true }));
    for message in page.json["messages"].as_array().unwrap() {
        serde_json::from_value::<MessageBody>(message.clone()).unwrap();
    }
}

#[tokio::test]
async fn a_page_has_twenty_messages_unless_asked_otherwise() {
    let server = Server::start();
    let chat = server.chat().await;
    talk(&server, &chat, 25).await;
    let numbers = |from: usize, to: usize| (to..=from).rev().map(|n| n.to_string()).collect::<Vec<_>>();
    for query in
        ["", "&limit=0", "&limit=", "&limit=0.9", "&limit=20", "&count=3&sort=x&searchText=y", "&limit[]=20"]
    {
        assert_eq!(texts(&server, &chat, query).await, numbers(25, 6), "{query}");
    }
    for query in ["&limit=3", "&limit=3.9", "&limit=-3", "&limit=%203", "&limit=3e0"] {
        assert_eq!(texts(&server, &chat, query).await, numbers(25, 23), "{query}");
    }
    assert_eq!(texts(&server, &chat, "&limit=1&offset=1").await, ["24"]);
    assert_eq!(texts(&server, &chat, "&limit=2&offset=-5").await, numbers(25, 24), "a negative offset is 0");
    assert_eq!(texts(&server, &chat, "&offset=24").await, ["1", "started"]);
    assert!(texts(&server, &chat, "&offset=1e300").await.is_empty());
    assert_eq!(texts(&server, &chat, "&limit=1e300").await.len(), 26);
    assert_eq!(texts(&server, &chat, "&limit=-9223372036854775808").await.len(), 26);
}

#[tokio::test]
async fn the_cap_on_a_page_is_a_setting() {
    let mut server = Server::start();
    let chat = server.chat().await;
    talk(&server, &chat, 5).await;
    server.set(|s| s.history_limit_max = 3);
    assert_eq!(texts(&server, &chat, "&limit=1000").await, ["5", "4", "3"], "decision D4");
}

#[tokio::test]
async fn the_lower_bound_is_inclusive_and_the_upper_exclusive() {
    let server = Server::start();
    let chat = server.chat().await;
    talk(&server, &chat, 4).await;
    let (second, fourth) = (after_start(2_000), after_start(4_000));
    assert_eq!(texts(&server, &chat, &format!("&ts={second}&end={fourth}")).await, ["3", "2"], "decision D2");
    assert_eq!(texts(&server, &chat, &format!("&end={second}")).await, ["1", "started"]);
    assert_eq!(texts(&server, &chat, &format!("&ts={fourth}")).await, ["4"]);
    assert_eq!(
        texts(&server, &chat, &format!("&ts={second}&limit=1&offset=1")).await,
        ["3"],
        "bounds, then offset"
    );
    assert_eq!(texts(&server, &chat, "&ts=&end=&ls=").await.len(), 5, "an empty bound is none");
    assert!(texts(&server, &chat, "&end=1970-01-01").await.is_empty());
    assert!(texts(&server, &chat, &format!("&ts={fourth}&end={fourth}")).await.is_empty());
}

#[tokio::test]
async fn equal_times_are_ordered_by_their_place() {
    let server = Server::start();
    let chat = server.chat().await;
    for n in 1..=4 {
        server.say(&chat, &n.to_string()).await;
    }
    assert_eq!(texts(&server, &chat, "").await, ["4", "3", "2", "1", "started"]);
    assert_eq!(texts(&server, &chat, "&limit=2&offset=1").await, ["3", "2"]);
    assert_eq!(texts(&server, &chat, &format!("&ts={}", after_start(0))).await.len(), 5);
    assert!(texts(&server, &chat, &format!("&end={}", after_start(0))).await.is_empty());
}

#[tokio::test]
async fn what_lies_unread_before_the_page_is_counted() {
    let server = Server::start();
    let chat = server.chat().await;
    talk(&server, &chat, 10).await;
    let page = async |query: &str| {
        let body = server.get(&format!("messages.history/{}?token={TOKEN}{query}", chat.rid)).await.ok();
        (body["unreadNotLoaded"].clone(), body.get("firstUnread").map(|m| text(&m["msg"])))
    };
    let seen = |n: i64| format!("&ls={}", after_start(n * 1_000));
    assert_eq!(
        page(&format!("&limit=3{}", seen(4))).await,
        (json!(3), Some("5".into())),
        "5, 6, 7 lie before 8"
    );
    assert_eq!(page(&format!("&limit=3{}", seen(7))).await, (json!(0), None));
    assert_eq!(
        page(&format!("&limit=3{}", seen(8))).await,
        (json!(0), None),
        "the page begins at what was seen"
    );
    assert_eq!(page(&format!("&limit=3{}", seen(20))).await, (json!(0), None));
    assert_eq!(page("&limit=3").await, (json!(0), None));
    assert_eq!(page(&format!("&end=1970-01-01{}", seen(1))).await, (json!(0), None), "an empty page");
    assert_eq!(
        page("&limit=3&ls=2018-09-14T13:31:33.201Z").await,
        (json!(8), Some(String::new())),
        "with the note"
    );
}

#[tokio::test]
async fn kinds_that_a_setting_hides_are_neither_shown_nor_counted() {
    let mut server = Server::start();
    let chat = server.chat().await;
    talk(&server, &chat, 3).await;
    server.close(&chat).await;
    let kinds = async |server: &Server| {
        let page = server.history(&chat, "").await;
        page.iter().map(|m| m["t"].as_str().unwrap_or("text").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(kinds(&server).await, ["livechat-close", "text", "text", "text", "livechat-started"]);
    server.set(|s| s.hide_system_messages = vec!["livechat-close".into(), "mute_unmute".into()]);
    assert_eq!(kinds(&server).await, ["text", "text", "text", "livechat-started"]);
    server.set(|s| s.hide_system_messages = vec!["livechat-started".into(), "livechat-close".into()]);
    assert_eq!(kinds(&server).await, ["text", "text", "text"]);
    let query = format!("messages.history/{}?token={TOKEN}&limit=1&ls=2018-01-01", chat.rid);
    assert_eq!(server.get(&query).await.ok()["unreadNotLoaded"], 2, "the note is hidden");
    server.sql("UPDATE message SET t = 'user-muted' WHERE msg = '1'; UPDATE message SET t = 'livechat' WHERE msg = '2'");
    server.set(|s| s.hide_system_messages = vec!["mute_unmute".into()]);
    assert_eq!(
        kinds(&server).await,
        ["livechat-close", "text", "livechat", "livechat-started"],
        "whole names only"
    );
}

#[tokio::test]
async fn a_closed_room_may_still_be_read() {
    let server = Server::start();
    let chat = server.chat().await;
    talk(&server, &chat, 1).await;
    server.close(&chat).await;
    let page = server.history(&chat, "").await;
    assert_eq!((&page[0]["t"], &page[0]["token"]), (&json!("livechat-close"), &json!(TOKEN)));
    assert_eq!(page.len(), 3);
}

#[tokio::test]
async fn a_time_zone_may_be_given_and_a_plus_sign_may_arrive_as_a_space() {
    let server = Server::start();
    let chat = server.chat().await;
    talk(&server, &chat, 2).await;
    for bound in ["2023-11-15T00:13:22.000%2B02:00", "2023-11-15T00:13:22+02:00", "2023-11-14T22:13:22"] {
        assert_eq!(texts(&server, &chat, &format!("&ts={bound}")).await, ["2"], "{bound}");
    }
}
