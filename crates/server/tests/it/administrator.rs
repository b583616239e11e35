//! The administrator of an automated set-up: made once, able to log in, and never made without being asked for.

use http::Method;
use serde_json::{Value, json};

use crate::place::Place;
use crate::rest::Api;

const PASSWORD: &str = "a long sentence of mine";

async fn log_in(api: &Api, password: &str) -> Result<Value, Value> {
    let answer = api.post("/api/v1/login", &json!({ "user": "boss", "password": password })).await;
    if answer.status.as_u16() == 200 { Ok(answer.json()["data"].clone()) } else { Err(answer.json()) }
}

async fn logs_in_after_each_start(place: Place) {
    for round in 0..2 {
        let mut server = place
            .setup()
            .env("PARLOR_ADMIN_USERNAME", "boss")
            // Only the first start makes the account, so only its password counts.
            .env("PARLOR_ADMIN_PASSWORD", if round == 0 { PASSWORD } else { "another long sentence" })
            .env("PARLOR_ADMIN_EMAIL", "boss@example.org")
            .env("PARLOR_ADMIN_ID", "theBoss")
            .start()
            .await;
        let api = server.api();
        let session = log_in(&api, PASSWORD).await.expect("a session");
        assert_eq!(session["userId"], "theBoss");
        let token = session["authToken"].as_str().expect("a token");
        let headers = [("x-user-id", "theBoss"), ("x-auth-token", token)];
        let me = api.send(Method::GET, "/api/v1/me", &headers, None).await.ok();
        assert_eq!(me["roles"], json!(["admin", "user"]));
        let title = "/api/v1/settings/Livechat_title";
        let expected = if round == 0 { "Chat with us" } else { "Talk to us" };
        assert_eq!(api.send(Method::GET, title, &headers, None).await.ok()["value"], expected);
        let change = json!({ "value": "Talk to us" });
        api.send(Method::POST, title, &headers, Some(&change)).await.ok();
        assert_eq!(api.get("/api/v1/livechat/config").await.ok()["config"]["theme"]["title"], "Talk to us");
        assert_eq!(
            log_in(&api, "another long sentence").await.expect_err("no session")["error"],
            "Unauthorized"
        );
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_administrator_logs_in_after_each_start_on_sqlite() {
    logs_in_after_each_start(Place::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_administrator_logs_in_after_each_start_on_postgres() {
    logs_in_after_each_start(Place::postgres()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_can_log_in_unless_an_administrator_was_named() {
    let place = Place::sqlite();
    let mut server = place.setup().start().await;
    for (name, password) in [("admin", "admin"), ("admin", ""), ("admin", "password")] {
        let answer = server.api().post("/api/v1/login", &json!({ "user": name, "password": password })).await;
        assert_eq!(answer.status.as_u16(), 401, "{name} {password}");
    }
    assert_eq!(place.rows("SELECT COUNT(*) FROM account").await, [["0"]]);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_printed_link_makes_the_administrator_once() {
    let place = Place::sqlite();
    let mut server = place.setup().start().await;
    let line = server.out.find("/setup?token=").await.expect("a link");
    let path = line.find("/setup?").map(|start| line[start..].trim().to_owned()).expect("a path");
    let token = path.split_once('=').expect("a token").1.to_owned();
    let form =
        json!({ "token": token, "username": "boss", "email": "boss@example.org", "password": PASSWORD });
    assert!(server.api().get(&path).await.text.contains("<form"));
    assert!(server.api().post("/setup", &form).await.text.contains("can log in now"));
    assert!(server.api().post("/setup", &form).await.text.contains("was used or is too old"));
    log_in(&server.api(), PASSWORD).await.expect("a session");
    server.stop().await;
    let err = server.err.whole().await;
    assert!(!err.contains(&token), "the log does not hold it: {err}");

    let mut server = place.setup().start().await;
    log_in(&server.api(), PASSWORD).await.expect("a session");
    server.stop().await;
    assert!(!server.out.whole().await.contains("/setup?token="), "there is an administrator");
}
