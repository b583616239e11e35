//! The page that Parlor is built to answer, and the lines that the demo prints: pasted into a shell as they are.

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::timeout;

use crate::PATIENCE;
use crate::place::Place;
use crate::server::Server;

const PAGE: &str = include_str!("livechat-messages.md");
const TOKEN: &str = "iNKE8a6k6cjbqWhWd";
const OPEN_ROOM: &str = "zRAeTszXor8CCPceB";
const CLOSED_ROOM: &str = "KuACMJ5MpN6SfAFWg";
const MESSAGE: &str = "ZKWP8LfGnRHQ3ozWa";

/// One call of the page: what to type, and what the page shows as its result.
struct Example {
    line: String,
    result: Value,
}

/// The page's calls, in its order. Each is followed by its "Example Result".
fn examples() -> Vec<Example> {
    let mut examples = Vec::new();
    let mut rest = PAGE;
    while let Some((_, after)) = rest.split_once("```bash\n") {
        let (line, after) = after.split_once("```").expect("a closed block");
        let (_, after) = after.split_once("## Example Result\n\n```json\n").expect("a result");
        let (result, after) = after.split_once("```").expect("a closed block");
        let result = serde_json::from_str(result).expect("a result in JSON");
        examples.push(Example { line: line.to_owned(), result });
        rest = after;
    }
    examples
}

/// A shell in an empty folder whose curl, without a word more on its line, also tells status and content type.
struct Shell(TempDir);

impl Shell {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let config = "silent\nshow-error\nnoproxy = \"*\"\nwrite-out = \"\\n%{http_code} %{content_type}\"\n";
        std::fs::write(folder.path().join(".curlrc"), config).expect("a configuration for curl");
        Self(folder)
    }

    /// Runs a line; fails unless it is answered 200 with exactly `application/json`. Gives the body.
    async fn paste(&self, line: &str) -> Value {
        let mut bash = Command::new("bash");
        bash.args(["-c", line]).current_dir(self.0.path()).env("CURL_HOME", self.0.path()).kill_on_drop(true);
        let output = timeout(PATIENCE, bash.output()).await.expect("curl ends").expect("bash starts");
        let text = String::from_utf8_lossy(&output.stdout);
        let said = String::from_utf8_lossy(&output.stderr);
        let (body, told) = text.rsplit_once('\n').unwrap_or_else(|| panic!("{line}\n{text}\n{said}"));
        assert_eq!(told, "200 application/json", "{line}\n{body}\n{said}");
        serde_json::from_str(body).unwrap_or_else(|e| panic!("{e}: {line}\n{body}"))
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// Everything that the page prints and the answer has not, or has as another type. An array stands for what it holds:
/// its printed element has to be found among those answered (a closed room's newest entry tells that it was closed).
fn missing(printed: &Value, answered: &Value, path: &str) -> Vec<String> {
    if kind(printed) != kind(answered) {
        return vec![format!("{path} is {} and not {}", kind(answered), kind(printed))];
    }
    match (printed, answered) {
        (Value::Object(printed), Value::Object(answered)) => {
            let part = |(key, value): (&String, &Value)| match answered.get(key) {
                Some(found) => missing(value, found, &format!("{path}.{key}")),
                None => vec![format!("{path}.{key} is missing")],
            };
            printed.iter().flat_map(part).collect()
        }
        (Value::Array(printed), Value::Array(answered)) => {
            let Some(printed) = printed.first() else { return Vec::new() };
            let differences = answered.iter().map(|found| missing(printed, found, &format!("{path}[]")));
            differences.min_by_key(Vec::len).unwrap_or_else(|| vec![format!("{path} is empty")])
        }
        _ => Vec::new(),
    }
}

/// Runs the whole page.
async fn run_page(server: &Server) {
    let shell = Shell::new();
    let examples = examples();
    assert_eq!(examples.len(), 5);
    for Example { line, result } in examples {
        assert_eq!(line.matches("localhost:3000").count(), 1, "{line}");
        let answer = shell.paste(&line.replace("localhost:3000", server.address())).await;
        assert_eq!(missing(&result, &answer, "answer"), Vec::<String>::new(), "{line}\n{answer:#}");
    }
}

/// Ends the demo, looks into its data, and starts it again.
async fn start_again(place: &Place, mut server: Server) -> Server {
    server.stop().await;
    place.rooms_are_gapless().await;
    place.setup().demo().start().await
}

#[tokio::test]
async fn every_line_of_the_page_is_answered_as_printed() {
    let place = Place::sqlite();
    let mut server = place.setup().demo().start().await;
    run_page(&server).await;
    server.stop().await;
    place.rooms_are_gapless().await;
}

#[tokio::test]
async fn the_page_works_on_postgresql_too() {
    let place = Place::postgres();
    let server = place.setup().demo().start().await;
    run_page(&server).await;
    let server = start_again(&place, server).await;
    run_page(&server).await;
    place.rooms_are_gapless().await;
}

#[tokio::test]
async fn the_page_works_again_after_its_room_was_closed_and_another_opened() {
    let place = Place::sqlite();
    let server = place.setup().demo().start().await;
    run_page(&server).await;
    let server = start_again(&place, server).await;
    run_page(&server).await;
    let api = server.api();
    api.post("/api/v1/livechat/room.close", &json!({ "token": TOKEN, "rid": OPEN_ROOM })).await.ok();
    let other = api.room(TOKEN).await.ok();
    assert_eq!(other["newRoom"], true);
    let other = other["room"]["_id"].as_str().expect("an id").to_owned();
    api.message(TOKEN, &other, "", "hello").await.ok();
    let before = place.rows("SELECT pk, rev FROM room ORDER BY pk").await;

    let server = start_again(&place, server).await;
    run_page(&server).await;
    let api = server.api();
    api.message(TOKEN, &other, "", "hello").await.refused(400, "room-closed");
    let history = api.history(TOKEN, &other).await;
    assert_eq!(history.last().expect("an entry")["t"], "livechat-close", "closed like any other room");
    let after = place.rows("SELECT pk, rev FROM room ORDER BY pk").await;
    let number = |text: &String| text.parse::<u64>().expect("a number");
    for (before, after) in before.iter().zip(&after) {
        assert!(before[0] == after[0] && number(&before[1]) <= number(&after[1]), "a room's log only grows");
    }
    place.rooms_are_gapless().await;
}

#[tokio::test]
async fn without_demo_mode_none_of_the_pages_records_exist() {
    let place = Place::sqlite();
    let server = place.setup().open().start().await;
    let api = server.api();
    api.message(TOKEN, OPEN_ROOM, "", "hello").await.refused(400, "invalid-token");
    let answer = api.try_edit(TOKEN, OPEN_ROOM, MESSAGE, "hello").await.expect("an answer");
    answer.refused(400, "invalid-token");
    let path = format!("/api/v1/livechat/message/{MESSAGE}");
    api.send(http::Method::DELETE, &path, &[], None).await.refused(400, "invalid-message");
    api.room(TOKEN).await.refused(400, "invalid-token");
    for rid in [OPEN_ROOM, CLOSED_ROOM] {
        let path = format!("/api/v1/livechat/messages.history/{rid}?token={TOKEN}");
        api.get(&path).await.refused(400, "invalid-token");
    }
    // Whoever registers with the page's token is somebody else, and has none of the page's rooms.
    let visitor = api.register(TOKEN).await.ok();
    assert_ne!(visitor["visitor"]["_id"], "YgEoq2djbGdjjZnsL");
    for rid in [OPEN_ROOM, CLOSED_ROOM] {
        let path = format!("/api/v1/livechat/messages.history/{rid}?token={TOKEN}");
        api.get(&path).await.refused(400, "invalid-room");
        api.message(TOKEN, rid, "", "hello").await.refused(400, "invalid-room");
    }
    let rid = api.room(TOKEN).await.ok()["room"]["_id"].clone();
    let query = format!("?token={TOKEN}&rid={}", rid.as_str().expect("an id"));
    api.get(&format!("/api/v1/livechat/message/{MESSAGE}{query}")).await.refused(400, "invalid-message");
}

#[tokio::test]
async fn the_lines_that_the_demo_prints_work_as_printed() {
    let place = Place::sqlite();
    let mut server = place.setup().demo().start().await;
    server.out.find("Stop with Ctrl-C").await.expect("the whole banner");
    let banner = server.out.so_far();
    let lines: Vec<&str> = banner.split("\n\n").filter(|part| part.starts_with("curl ")).collect();
    assert_eq!(lines.len(), 3, "{banner}");
    let shell = Shell::new();
    for line in lines {
        let answer = shell.paste(line).await;
        assert_eq!(answer["success"], true, "{line}\n{answer:#}");
    }
}
