//! What the contract says of `livechat/config` (section 4.1).

use serde_json::{Value, json};

use crate::rest::testing::{Server, TOKEN};

async fn config(server: &Server, query: &str) -> Value {
    server.get(&format!("config?{query}")).await.ok()["config"].clone()
}

#[tokio::test]
async fn a_stranger_gets_the_whole_configuration_and_no_guest() {
    let server = Server::start();
    let expected = json!({
        "enabled": true,
        "online": true,
        "settings": {
            "registrationForm": true, "allowSwitchingDepartments": true, "nameFieldRegistrationForm": true,
            "emailFieldRegistrationForm": true, "displayOfflineForm": true, "videoCall": false, "fileUpload": true,
            "language": "en", "transcript": false, "historyMonitorType": "url",
            "forceAcceptDataProcessingConsent": false, "showConnecting": false, "agentHiddenInfo": false,
            "clearLocalStorageWhenChatEnded": false, "limitTextLength": false,
            "hiddenSystemMessages": ["uj", "ul", "livechat-close"], "livechatLogo": { "url": "" },
            "hideWatermark": false, "visitorsCanCloseChat": true,
        },
        "theme": {
            "title": parlor_model::Settings::default().title, "color": "#C1272D", "offlineTitle": "Leave a message",
            "offlineColor": "#666666", "position": "right", "background": "", "hideExpandChat": false,
            "actionLinks": { "jitsi": [
                { "icon": "icon-videocam", "i18nLabel": "Accept" }, { "icon": "icon-cancel", "i18nLabel": "Decline" },
            ] },
        },
        "messages": {
            "offlineMessage": "", "offlineSuccessMessage": "", "offlineUnavailableMessage": "",
            "conversationFinishedMessage": "", "conversationFinishedText": "", "transcriptMessage": "",
            "registrationFormMessage": "", "dataProcessingConsentText": "",
        },
        "survey": {
            "items": ["satisfaction", "agentKnowledge", "agentResposiveness", "agentFriendliness"],
            "values": ["1", "2", "3", "4", "5"],
        },
        "triggers": [],
        "departments": [],
        "resources": { "sound": "https://chat.example.org/sounds/chime.mp3", "emojis": [] },
    });
    for query in ["", "token=", "token=nobody", "department=none&businessUnit=none"] {
        assert_eq!(config(&server, query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn switched_off_it_says_nothing_else() {
    let server = Server::with(|s| s.livechat_enabled = false);
    let reply = server.get(&format!("config?token={TOKEN}")).await;
    reply.is(200, &json!({ "config": { "enabled": false }, "success": true }));
    server.get("config?x=1").await.invalid("must NOT have additional properties");
}

#[tokio::test]
async fn a_known_token_is_told_guest_and_open_room() {
    let server = Server::start();
    let ana = server.register(json!({ "token": TOKEN })).await;
    let known = config(&server, &format!("token={TOKEN}")).await;
    assert_eq!(known["guest"], json!({ "_id": ana["_id"], "username": "guest-2", "token": TOKEN }));
    assert!(known.get("room").is_none() && known.get("agent").is_none());
    server.register(json!({ "token": TOKEN, "name": "Ana Costa", "email": "Ana@Example.org" })).await;
    let room = server.room(TOKEN).await;
    let known = config(&server, &format!("token={TOKEN}")).await;
    let guest = json!({
        "_id": ana["_id"], "username": "guest-2", "token": TOKEN, "name": "Ana Costa",
        "visitorEmails": [{ "address": "ana@example.org" }],
    });
    assert_eq!((&known["guest"], &known["room"]), (&guest, &json!({ "_id": room["_id"], "open": true })));
    assert!(known.get("agent").is_none(), "nobody serves the room");
    server.post("room.close", json!({ "token": TOKEN, "rid": room["_id"] })).await.ok();
    let known = config(&server, &format!("token={TOKEN}")).await;
    assert!(known.get("room").is_none() && known.get("guest").is_some());
}

#[tokio::test]
async fn settings_show_where_the_contract_says() {
    let mut server = Server::start();
    server.set(|s| {
        s.accept_chats_with_no_agents = false;
        s.routing_method = "Manual_Selection".into();
        s.show_agent_info = false;
        s.file_upload = false;
        s.visitors_can_close = false;
        s.enable_transcript = true;
        s.widget_position = "left".into();
        s.consent_text = "Do you agree?".into();
        s.limit_message_length = true;
    });
    let shown = config(&server, "").await;
    assert_eq!(shown["online"], false);
    for (key, value) in [
        ("showConnecting", json!(true)),
        ("agentHiddenInfo", json!(true)),
        ("fileUpload", json!(false)),
        ("visitorsCanCloseChat", json!(false)),
        ("transcript", json!(true)),
        ("limitTextLength", json!(5000)),
    ] {
        assert_eq!(shown["settings"][key], value, "{key}");
    }
    assert_eq!(
        (&shown["theme"]["position"], &shown["messages"]["dataProcessingConsentText"]),
        (&json!("left"), &json!("Do you agree?"))
    );
    server.set(|s| s.message_character_limit = 200);
    assert_eq!(config(&server, "").await["settings"]["limitTextLength"], 200);
}

#[tokio::test]
async fn the_query_is_closed() {
    let server = Server::start();
    server.get("config?x=1").await.invalid("must NOT have additional properties");
    server.get("config?token[$ne]=a").await.invalid("must be string");
    server.get("config?department=a&department=b").await.invalid("must be string");
    server.get("config?businessUnit[]=a&businessUnit[]=b").await.invalid("must be string");
    server.get("config?a=%ff").await.plain("Invalid query parameters");
}
