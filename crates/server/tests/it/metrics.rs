//! The metrics endpoint: off unless asked for, and on a port of its own.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use http::StatusCode;

use crate::place::Place;
use crate::rest::Api;
use crate::server::Server;

/// An address of this machine that nobody else listens on: one of sixteen million that all lead here.
pub(crate) fn lonely_address() -> String {
    let [_, a, b, c, ..] = RandomState::new().hash_one(()).to_be_bytes();
    format!("127.{}.{b}.{}:9464", a.max(1), c.clamp(1, 254))
}

/// How many TCP ports the server listens on, as the system tells.
fn listening(server: &Server) -> usize {
    let process = format!("/proc/{}", server.id());
    let entries = std::fs::read_dir(format!("{process}/fd")).expect("its descriptors");
    let links = entries.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
    let mine: HashSet<String> = links.map(|link| link.to_string_lossy().into_owned()).collect();
    let tables = ["tcp", "tcp6"].map(|table| {
        // A machine without IPv6 has no second table.
        std::fs::read_to_string(format!("{process}/net/{table}")).unwrap_or_default()
    });
    let is_ours = |line: &&str| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        // 0A: listening; the tenth column names the socket.
        columns.len() > 9 && columns[3] == "0A" && mine.contains(&format!("socket:[{}]", columns[9]))
    };
    tables.iter().flat_map(|table| table.lines()).filter(is_ours).count()
}

/// The value of a sample, by its whole name with labels.
fn sample(text: &str, name: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.and_then(|value| value.parse().ok())
}

#[tokio::test]
async fn there_are_no_metrics_unless_asked_for() {
    let place = Place::sqlite();
    let server = place.setup().open().start().await;
    server.api().get("/metrics").await.refused(404, "Resource not found");
    assert_eq!(listening(&server), 1, "the main port and no other");
}

#[tokio::test]
async fn metrics_count_commits_commands_events_and_answers() {
    let place = Place::sqlite();
    let address = lonely_address();
    let server = place.setup().open().env("PARLOR_METRICS_LISTEN", &address).start().await;
    assert_eq!(listening(&server), 2);
    let api = server.api();
    let rid = api.visitor_with_room("counted").await;
    for n in 0..3 {
        api.message("counted", &rid, &format!("countedMessage{n}"), "hello").await.ok();
    }
    api.message("counted", "nowhere", "", "hello").await.refused(400, "invalid-room");
    api.get("/metrics").await.refused(404, "Resource not found");

    let metrics = Api::new(&format!("http://{address}"));
    let answer = metrics.get("/metrics").await;
    assert_eq!(answer.status, StatusCode::OK);
    let kind = answer.header("content-type");
    assert!(kind.starts_with("application/openmetrics-text"), "{kind}");
    let text = &answer.text;
    assert!(sample(text, "parlor_store_commits_total").is_some_and(|n| n >= 5.0), "{text}");
    assert!(sample(text, "parlor_store_commands_total").is_some_and(|n| n >= 5.0), "{text}");
    assert_eq!(
        sample(text, r#"parlor_events_total{event="message_sent"}"#),
        Some(3.0 + started(text)),
        "{text}"
    );
    let sends = |class: &str| {
        sample(text, &format!(r#"parlor_rest_calls_total{{route="POST livechat/message",status="{class}"}}"#))
    };
    assert_eq!((sends("2xx"), sends("4xx")), (Some(3.0), Some(1.0)), "{text}");
    assert!(!text.contains("counted") && !text.contains(&rid), "labels hold nothing of a person: {text}");
    assert_eq!(metrics.get("/").await.status, StatusCode::NOT_FOUND, "nothing else is served there");
    assert_eq!(metrics.get("/api/v1/livechat/config").await.status, StatusCode::NOT_FOUND);
}

/// The note with which each room begins is a message too.
fn started(text: &str) -> f64 {
    sample(text, r#"parlor_events_total{event="room_opened"}"#).unwrap_or(0.0)
}
