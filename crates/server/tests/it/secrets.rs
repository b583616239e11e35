//! The log tells what happened, and nothing that anybody would want to steal.

use http::Method;
use serde_json::json;

use crate::place::Place;
use crate::server::Server;

const TOKEN: &str = "tokenThatNobodyMaySee";
const UNKNOWN_TOKEN: &str = "tokenOfNobodyAtAll";
const TEXT: &str = "wordsBetweenTwoPeople";
const SMTP_PASSWORD: &str = "passwordOfTheMailServer";
const DATABASE_PASSWORD: &str = "passwordOfTheDatabase";

/// Every visitor call, well and badly made.
async fn talk(server: &Server) {
    let api = server.api();
    let rid = api.visitor_with_room(TOKEN).await;
    let id = "idOfTheOneMessage";
    api.message(TOKEN, &rid, id, TEXT).await.ok();
    api.message(TOKEN, &rid, id, TEXT).await.ok();
    api.try_edit(TOKEN, &rid, id, &format!("{TEXT} again")).await.expect("an answer").ok();
    api.history(TOKEN, &rid).await;
    let paths = [
        format!("config?token={TOKEN}"),
        format!("visitor/{TOKEN}"),
        format!("message/{id}?token={TOKEN}&rid={rid}"),
        format!("messages.history/{rid}?token={UNKNOWN_TOKEN}"),
        format!("messages.history/{TOKEN}?token={TOKEN}"),
        format!("messages.history/{rid}?token={TOKEN}&limit={TEXT}"),
        format!("room?token={UNKNOWN_TOKEN}"),
        format!("room?token={TOKEN}&rid={TEXT}"),
        format!("room?token={TOKEN}&{TEXT}=1"),
        format!("visitor/{UNKNOWN_TOKEN}"),
        format!("nowhere/{TOKEN}?token={TOKEN}"),
        format!("room?token={TOKEN}&a[b={TEXT}"),
    ];
    for path in paths {
        let path = format!("/api/v1/livechat/{path}");
        for method in [Method::GET, Method::PATCH, Method::OPTIONS] {
            api.send(method, &path, &[("x-visitor-token", TOKEN)], None).await;
        }
    }
    api.message(UNKNOWN_TOKEN, &rid, "", TEXT).await.refused(400, "invalid-token");
    api.message(TOKEN, TEXT, "", TEXT).await.refused(400, "invalid-room");
    api.post("/api/v1/livechat/message", &json!({ "token": TOKEN, "msg": TEXT, TEXT: TEXT })).await;
    api.post("/api/v1/livechat/message", &json!({ "token": [TOKEN], "rid": rid, "msg": { TEXT: TEXT } }))
        .await;
    api.post("/api/v1/livechat/visitor", &json!({ "visitor": { "token": TOKEN, "email": TEXT } })).await;
    let offline = json!({ "name": TEXT, "email": "ana@example.org", "message": TEXT });
    api.post("/api/v1/livechat/offline.message", &offline).await.ok();
    api.try_remove(TOKEN, &rid, id).await.expect("an answer").ok();
    let path = format!("/api/v1/livechat/visitor/{TOKEN}");
    api.send(Method::DELETE, &path, &[], None).await;
    api.post("/api/v1/livechat/room.close", &json!({ "token": TOKEN, "rid": rid })).await.ok();
    api.message(TOKEN, &rid, "", TEXT).await.refused(400, "room-closed");
    api.send(Method::DELETE, &path, &[], None).await.ok();
}

async fn says_nothing_secret(place: Place, database_url: Option<String>, format: &str) {
    // Nobody listens there: the mail's failure is told too.
    let smtp = format!("smtp://desk:{SMTP_PASSWORD}@{}?tls=none", crate::metrics::lonely_address());
    let mut setup = place
        .setup()
        .open()
        .setting("Livechat_offline_email", "desk@example.org")
        .setting("Livechat_validate_offline_email", "false")
        .env("PARLOR_SMTP_URL", smtp)
        .env("PARLOR_SMTP_FROM", "parlor@example.org")
        .env("PARLOR_LOG", "debug")
        .env("PARLOR_LOG_FORMAT", format);
    if let Some(url) = database_url {
        setup = setup.env("PARLOR_DATABASE_URL", url);
    }
    let mut server = setup.start().await;
    talk(&server).await;
    server.err.find("a job will be tried again").await.expect("a mail that fails");
    server.stop().await;
    let (out, err) = (server.out.whole().await, server.err.whole().await);
    assert!(err.contains("answered") && err.contains("POST livechat/message"), "the log is on: {err}");
    for secret in [TOKEN, UNKNOWN_TOKEN, TEXT, SMTP_PASSWORD, DATABASE_PASSWORD] {
        let told: Vec<&str> = out.lines().chain(err.lines()).filter(|line| line.contains(secret)).collect();
        assert!(told.is_empty(), "{secret} is told:\n{}", told.join("\n"));
    }
}

#[tokio::test]
async fn no_token_text_or_password_is_logged() {
    says_nothing_secret(Place::sqlite(), None, "text").await;
}

#[tokio::test]
async fn no_token_text_or_password_is_logged_as_json_on_postgresql() {
    let place = Place::postgres();
    let url = place.database().expect("a database").url();
    // The test's server asks for no password, so any does.
    let (scheme, rest) = url.split_once("://").expect("a URL");
    let (user, host) = rest.split_once('@').unwrap_or(("postgres", rest));
    let user = user.split(':').next().unwrap_or_default();
    let url = format!("{scheme}://{user}:{DATABASE_PASSWORD}@{host}");
    says_nothing_secret(place, Some(url), "json").await;
}
