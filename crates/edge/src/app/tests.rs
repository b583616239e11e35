//! Settings that are changed while the server runs.

use parlor_services::Refusal;
use parlor_services::settings::Changed;
use parlor_store::StoreError;
use serde_json::{Value, json};

use crate::caller::Caller;
use crate::rest::testing::Server;

async fn change(server: &Server, id: &str, value: Value) -> Result<Vec<Changed>, Refusal> {
    let ctx = server.app.context(&Caller::default());
    server.app.change_settings(ctx, vec![(id.to_owned(), value)], "manager".to_owned()).await
}

async fn title(server: &Server) -> Value {
    server.get("config").await.ok()["config"]["theme"]["title"].clone()
}

#[tokio::test]
async fn a_changed_setting_is_in_force_on_the_next_request() {
    let server = Server::start();
    let changed = change(&server, "Livechat_title", json!("Hi")).await.unwrap();
    assert_eq!(changed, [Changed { id: "Livechat_title", public: true }]);
    assert_eq!(title(&server).await, "Hi");
    change(&server, "Livechat_enabled", json!("false")).await.unwrap();
    assert_eq!(server.get("config").await.ok()["config"], json!({ "enabled": false }));
    change(&server, "Livechat_enabled", json!(true)).await.unwrap();
    assert_eq!(title(&server).await, "Hi", "and the earlier change stays");
}

#[tokio::test]
async fn a_refused_change_changes_nothing() {
    let server = Server::start();
    let before = title(&server).await;
    let refused = change(&server, "Livechat_title", json!(5)).await;
    assert!(matches!(refused, Err(Refusal::Code(code)) if code.code() == "error-setting-validation-failed"));
    assert_eq!(title(&server).await, before);
}

#[tokio::test]
async fn many_changes_at_once_are_all_in_force_when_the_last_is_answered() {
    let server = Server::start();
    let ids =
        ["Livechat_title", "Livechat_offline_title", "Livechat_offline_message", "Site_Name", "Language"];
    let mut running = tokio::task::JoinSet::new();
    for round in 0..40 {
        let (app, id) = (server.app.clone(), ids[round % ids.len()]);
        let value = json!(format!("{}", round / ids.len()));
        running.spawn(async move {
            let ctx = app.context(&Caller::default());
            app.change_settings(ctx, vec![(id.to_owned(), value)], "manager".to_owned()).await.unwrap();
        });
    }
    running.join_all().await;
    let stored = server.store.read(parlor_store::settings::all).await.unwrap();
    let in_force = server.app.options().settings.current();
    assert_eq!(stored.len(), ids.len());
    for (id, text) in stored {
        assert_eq!(in_force.show(&id), Some(text), "{id}");
    }
}

#[tokio::test]
async fn what_another_program_stored_comes_into_force_when_it_is_read() {
    let server = Server::start();
    server.sql(
        "INSERT INTO setting (id, value, updated_at) VALUES ('Livechat_title', 'theirs', 0), ('Gone', '1', 0)",
    );
    server.app.reload_settings().await.unwrap();
    assert_eq!(title(&server).await, "theirs");
}

#[tokio::test]
async fn a_store_that_has_stopped_is_told() {
    let server = Server::start();
    server.store.stop().await;
    let refused = change(&server, "Livechat_title", json!("Hi")).await;
    assert_eq!(refused, Err(Refusal::Store(StoreError::Stopped)));
    assert_eq!(server.app.reload_settings().await, Err(StoreError::Stopped));
}
