//! Settings that a manager changes: all or none, stored, written down and told; pinned ones stay.

use parlor_model::{ErrorCode, Event};
use parlor_services::Refusal;
use parlor_services::settings::{self, Changed, SettingsError};
use serde_json::{Value, json};

use crate::common::Desk;

const STORED: &str = "SELECT id, value FROM setting ORDER BY id";
const AUDIT: &str = "SELECT actor_kind, actor, action, target, door, detail FROM audit ORDER BY pk";

async fn change(desk: &Desk, changes: &[(&str, Value)]) -> Result<Vec<&'static str>, Refusal> {
    let changes: Vec<_> = changes.iter().map(|(id, value)| ((*id).to_owned(), value.clone())).collect();
    let done = desk.run(move |tx, ctx| settings::change(tx, ctx, &changes, "manager")).await?;
    Ok(done.into_iter().map(|setting: Changed| setting.id).collect())
}

fn code(refused: Result<Vec<&'static str>, Refusal>) -> (&'static str, String) {
    match refused {
        Err(Refusal::Code(ErrorCode::Coded { code, reason, .. })) => (code, reason),
        Err(Refusal::Code(ErrorCode::Plain(code))) => (code, String::new()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_change_is_stored_written_down_and_told_once() {
    let desk = Desk::new();
    let changes = [("Livechat_enabled", json!("false")), ("Livechat_maximum_chats_per_agent", json!(5))];
    let ids = ["Livechat_enabled", "Livechat_maximum_chats_per_agent"];
    assert_eq!(change(&desk, &changes).await.unwrap(), ids);
    assert_eq!(desk.rows(STORED), ["Livechat_enabled false", "Livechat_maximum_chats_per_agent 5"]);
    let expected = [
        "user manager setting.changed Livechat_enabled rest true -> false",
        "user manager setting.changed Livechat_maximum_chats_per_agent rest 0 -> 5",
    ];
    assert_eq!(desk.rows(AUDIT), expected);
    assert_eq!(desk.heard(), [Event::SettingsChanged { ids: ids.to_vec() }]);
    // The same again changes nothing.
    assert_eq!(change(&desk, &changes).await.unwrap(), Vec::<&str>::new());
    assert_eq!((desk.rows(AUDIT).len(), desk.heard()), (2, vec![]));
    change(&desk, &[("Livechat_enabled", json!(true))]).await.unwrap();
    assert_eq!(desk.rows(AUDIT)[2], "user manager setting.changed Livechat_enabled rest false -> true");
}

#[tokio::test]
async fn one_wrong_value_keeps_all_from_being_stored() {
    let desk = Desk::new();
    let good = ("Livechat_title", json!("Hi"));
    for (bad, expected) in [
        (("No_such_setting", json!(1)), ("invalid-setting", String::new())),
        (
            ("Livechat_enabled", json!("maybe")),
            ("error-setting-validation-failed", "Livechat_enabled: expected true or false".into()),
        ),
        (
            ("Livechat_max_queue_wait_time", json!(-2)),
            (
                "error-setting-validation-failed",
                "Livechat_max_queue_wait_time: expected a whole number from -1 to 525600".into(),
            ),
        ),
        (("uniqueID", json!("x")), ("error-setting-read-only", "uniqueID cannot be changed".into())),
    ] {
        assert_eq!(code(change(&desk, &[good.clone(), bad]).await), expected);
    }
    assert!(desk.rows(STORED).is_empty() && desk.rows(AUDIT).is_empty() && desk.heard().is_empty());
}

#[tokio::test]
async fn what_the_operator_overrules_is_not_changed() {
    let mut desk = Desk::new();
    desk.settings.pinned.insert("Livechat_title");
    let refused = change(&desk, &[("Language", json!("de")), ("Livechat_title", json!("Hi"))]).await;
    let expected = "Livechat_title is fixed by the operator of this server";
    assert_eq!(code(refused), ("error-setting-overruled", expected.to_owned()));
    assert!(desk.rows(STORED).is_empty());
}

#[tokio::test]
async fn no_text_or_secret_stands_in_the_audit_or_on_the_bus() {
    let desk = Desk::new();
    let token = ("Livechat_External_Queue_Token", json!("hunter2"));
    change(&desk, &[token, ("Livechat_offline_email", json!("hunter2@example.org"))]).await.unwrap();
    let expected = [
        "user manager setting.changed Livechat_External_Queue_Token rest -",
        "user manager setting.changed Livechat_offline_email rest -",
    ];
    assert_eq!(desk.rows(AUDIT), expected);
    assert!(!format!("{:?}", desk.heard()).contains("hunter2"));
    // Nor in what a refusal says.
    let refused = change(&desk, &[("Livechat_External_Queue_Token", json!({ "a": "hunter3" }))]).await;
    assert!(!format!("{refused:?}").contains("hunter3"));
}

#[tokio::test]
async fn an_installation_keeps_its_name() {
    let desk = Desk::new();
    let first = desk.run(|tx, ctx| settings::unique_id(tx, ctx).map_err(SettingsError::Store)).await.unwrap();
    let again = desk.run(|tx, ctx| settings::unique_id(tx, ctx).map_err(SettingsError::Store)).await.unwrap();
    assert_eq!((first.len(), &again), (17, &first));
}
