//! `GET livechat/message/:_id` (section 4.16).

use serde_json::json;

use crate::rest::testing::{Server, TOKEN, text};

#[tokio::test]
async fn any_visible_message_of_the_own_room_is_shown_whoever_wrote_it() {
    let server = Server::start();
    let chat = server.chat().await;
    let mine = server.say(&chat, "mine").await;
    let agents = server.agent_says(&chat, "from the agent").await;
    let started = server.history(&chat, "").await.pop().unwrap();
    let get = async |id: &str| server.get(&format!("message/{id}?token={TOKEN}&rid={}", chat.rid)).await;
    assert_eq!(get(&text(&mine["_id"])).await.message(), mine);
    assert_eq!(get(&text(&started["_id"])).await.message(), started);
    let by_agent = get(&agents).await.message();
    assert_eq!(
        by_agent["u"],
        json!({ "_id": "aG3nT9Qk2LmXw7PzR", "username": "maria", "name": "Maria Silva" })
    );
    assert!(
        by_agent.get("token").is_none() && by_agent.get("alias").is_none(),
        "a token means: from the visitor"
    );
    server.close(&chat).await;
    assert_eq!(get(&text(&mine["_id"])).await.message(), mine, "a closed room may still be read");
}

#[tokio::test]
async fn checks_come_in_the_contracts_order() {
    let server = Server::start();
    let chat = server.chat().await;
    let mine = text(&server.say(&chat, "mine").await["_id"]);
    let other = json!({ "token": "bob", "rid": chat.other_rid, "msg": "bob's" });
    let others = text(&server.post("message", other).await.message()["_id"]);
    let get = async |id: &str, query: &str| server.get(&format!("message/{id}?{query}")).await;
    let rid = &chat.rid;
    get(&mine, "").await.invalid("must have required property 'token'");
    get(&mine, "rid=a").await.invalid("must have required property 'token'");
    get(&mine, "token=a").await.invalid("must have required property 'rid'");
    get(&mine, "token=a&rid=b&x=1").await.invalid("must NOT have additional properties");
    get(&mine, "token=a&rid[$ne]=b").await.invalid("must be string");
    get(&mine, "token=nobody&rid=nowhere").await.plain("invalid-token");
    get(&mine, &format!("token={TOKEN}&rid={}", chat.other_rid)).await.plain("invalid-room");
    get("none", &format!("token={TOKEN}&rid={rid}")).await.plain("invalid-message");
    get(&others, &format!("token={TOKEN}&rid={rid}")).await.plain("invalid-message");
    get("%00", &format!("token={TOKEN}&rid={rid}")).await.plain("Invalid path");
    get("%ff", &format!("token={TOKEN}&rid={rid}")).await.plain("Invalid path");
}

#[tokio::test]
async fn a_removed_message_is_shown_as_a_trace_or_not_at_all() {
    for (trace, shown) in [(false, false), (true, true)] {
        let server = Server::with(|s| s.show_deleted_status = trace);
        let chat = server.chat().await;
        let id = text(&server.say(&chat, "gone").await["_id"]);
        server.delete(&format!("message/{id}"), json!({ "token": TOKEN, "rid": chat.rid })).await.ok();
        let reply = server.get(&format!("message/{id}?token={TOKEN}&rid={}", chat.rid)).await;
        if shown {
            assert_eq!(reply.message()["t"], "rm");
        } else {
            reply.plain("invalid-message");
        }
    }
}
