//! Calls that meet: whatever happens at the same time, there is one of it.

use std::collections::HashSet;

use serde_json::Value;
use tokio::task::JoinSet;

use crate::place::Place;
use crate::rest::Answer;

/// Makes a call from many connections at once.
async fn at_once<F: Future<Output = Answer> + Send + 'static>(
    times: usize,
    call: impl Fn() -> F,
) -> Vec<Value> {
    let answers: JoinSet<Answer> = (0..times).map(|_| call()).collect();
    answers.join_all().await.into_iter().map(Answer::ok).collect()
}

async fn one_room_for_fifty_callers(place: Place) {
    let server = place.setup().open().start().await;
    server.api().register("eager").await.ok();
    let answers = at_once(50, || {
        let api = server.api();
        async move { api.room("eager").await }
    })
    .await;
    let ids: HashSet<&str> = answers.iter().filter_map(|answer| answer["room"]["_id"].as_str()).collect();
    assert_eq!(ids.len(), 1, "{ids:?}");
    assert_eq!(answers.iter().filter(|answer| answer["newRoom"] == true).count(), 1, "one of them made it");
    assert_eq!(place.rows("SELECT COUNT(*) FROM room").await, [["1"]]);
    assert_eq!(place.rows("SELECT COUNT(*) FROM inquiry").await, [["1"]]);
    place.rooms_are_gapless().await;
}

async fn one_message_for_twenty_senders(place: Place) {
    let server = place.setup().open().start().await;
    let rid = server.api().visitor_with_room("insistent").await;
    let answers = at_once(20, || {
        let (api, rid) = (server.api(), rid.clone());
        async move { api.message("insistent", &rid, "chosenByTheClient", "hello").await }
    })
    .await;
    let first = &answers[0]["message"];
    assert_eq!((&first["_id"], &first["msg"]), (&"chosenByTheClient".into(), &"hello".into()));
    assert!(answers.iter().all(|answer| answer["message"] == *first), "all see the one: {answers:#?}");
    let history = server.api().history("insistent", &rid).await;
    assert_eq!(history.iter().filter(|entry| entry["t"].is_null()).count(), 1, "{history:#?}");
    assert_eq!(place.rows("SELECT COUNT(*) FROM message WHERE t IS NULL").await, [["1"]]);
    place.rooms_are_gapless().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_calls_for_a_room_open_one_on_sqlite() {
    one_room_for_fifty_callers(Place::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_calls_for_a_room_open_one_on_postgresql() {
    one_room_for_fifty_callers(Place::postgres()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_sends_of_one_id_store_one_message_on_sqlite() {
    one_message_for_twenty_senders(Place::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_sends_of_one_id_store_one_message_on_postgresql() {
    one_message_for_twenty_senders(Place::postgres()).await;
}
