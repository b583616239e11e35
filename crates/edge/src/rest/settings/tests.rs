//! Settings as people and programs see them.

use http::Method;
use serde_json::{Value, json};

use crate::rest::testing::{Call, Server};

async fn session(server: &Server, name: &str, roles: &[&str]) -> Value {
    server.account(name, &format!("{name}@example.org"), "a long sentence", roles).await;
    let body = json!({ "user": name, "password": "a long sentence" });
    server.call(Call::new(Method::POST, "/api/v1/login").json(&body)).await.ok()["data"].clone()
}

fn get(target: &str) -> Call {
    Call::new(Method::GET, target)
}

fn post(id: &str, body: &Value) -> Call {
    Call::new(Method::POST, &format!("/api/v1/settings/{id}")).json(body)
}

#[tokio::test]
async fn public_settings_come_by_id_and_in_pages() {
    let server = Server::start();
    let some =
        get("/api/v1/settings.public?_id=Livechat_title,nonsense,Livechat_secret_token,Livechat_enabled");
    let answer = server.call(some).await.ok();
    let expected = json!([{ "_id": "Livechat_enabled", "value": true },
                          { "_id": "Livechat_title", "value": "Chat with us" }]);
    assert_eq!((&answer["settings"], &answer["total"]), (&expected, &json!(2)));
    let all = server.call(get("/api/v1/settings.public?count=0")).await.ok();
    assert_eq!(all["count"], all["total"]);
    let total = all["total"].as_u64().unwrap();
    assert!(total > 50, "{total}");
    let mut paged = Vec::new();
    while (paged.len() as u64) < total {
        let page = server.call(get(&format!("/api/v1/settings.public?offset={}", paged.len()))).await.ok();
        let settings = page["settings"].as_array().unwrap().clone();
        assert!(!settings.is_empty(), "a page within the total is empty");
        paged.extend(settings);
    }
    assert_eq!(json!(paged), all["settings"]);
}

#[tokio::test]
async fn a_change_is_in_force_for_the_next_call() {
    let server = Server::start();
    let admin = session(&server, "maria", &["admin"]).await;
    let one = "/api/v1/settings/Livechat_Routing_Method";
    let before = server.call(get(one).signed(&admin)).await.ok();
    assert_eq!(
        before,
        json!({ "_id": "Livechat_Routing_Method", "value": "Auto_Selection", "success": true })
    );
    let change = post("Livechat_Routing_Method", &json!({ "value": "Manual_Selection" })).signed(&admin);
    assert_eq!(server.call(change).await.ok(), json!({ "success": true }));
    assert_eq!(server.call(get(one).signed(&admin)).await.ok()["value"], "Manual_Selection");
    server.call(post("Livechat_enabled", &json!({ "value": false })).signed(&admin)).await.ok();
    let config = server.call(get("config")).await.ok();
    assert_eq!(config["config"], json!({ "enabled": false }));
}

#[tokio::test]
async fn what_does_not_fit_is_refused_and_changes_nothing() {
    let server = Server::start();
    let admin = session(&server, "maria", &["admin"]).await;
    let unknown = server.call(post("No_Such_Setting", &json!({ "value": 1 })).signed(&admin)).await;
    unknown.plain("invalid-setting");
    server.call(get("/api/v1/settings/No_Such_Setting").signed(&admin)).await.plain("invalid-setting");
    let wrong =
        server.call(post("Livechat_Routing_Method", &json!({ "value": "Dice" })).signed(&admin)).await;
    assert_eq!(
        (wrong.status.as_u16(), &wrong.json["errorType"]),
        (400, &json!("error-setting-validation-failed"))
    );
    let missing = server.call(post("Livechat_enabled", &json!({})).signed(&admin)).await;
    missing.invalid("must have required property 'value'");
    let one = server.call(get("/api/v1/settings/Livechat_Routing_Method").signed(&admin)).await.ok();
    assert_eq!(one["value"], "Auto_Selection");
}

/// Role by endpoint: who is let in. Nobody is found out by anything but the status.
#[tokio::test]
async fn each_endpoint_lets_in_the_roles_that_hold_its_permission() {
    let server = Server::start();
    let endpoints = [
        ("GET", "/api/v1/me"),
        ("GET", "/api/v1/settings/Livechat_title"),
        ("POST", "/api/v1/settings/Livechat_title"),
    ];
    let golden = [
        ("admin", [200, 200, 200]),
        ("livechat-manager", [200, 403, 403]),
        ("livechat-monitor", [200, 403, 403]),
        ("livechat-agent", [200, 403, 403]),
        ("bot", [200, 403, 403]),
        ("user", [200, 403, 403]),
    ];
    let mut found = Vec::new();
    for (role, _) in golden {
        let session = session(&server, role, &[role]).await;
        let mut row = [0; 3];
        for (place, (verb, path)) in endpoints.iter().enumerate() {
            let call = Call::new(verb.parse().unwrap(), path).signed(&session);
            let call = if *verb == "POST" { call.json(&json!({ "value": "Hello" })) } else { call };
            row[place] = server.call(call).await.status.as_u16();
        }
        found.push((role, row));
    }
    assert_eq!(found, golden);
    for (verb, path) in endpoints {
        let nobody = server.call(Call::new(verb.parse().unwrap(), path)).await;
        assert_eq!(nobody.status.as_u16(), 401, "{verb} {path}");
    }
}
