//! Example calls, as curl lines that can be pasted into a shell.
//!
//! Values come from the schema's own examples, else from a field's usual name, else from its type. Must not write
//! HTML.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::schema::{DEEPEST, Document, content, properties, text};
use super::{HOST, Operation};

/// What stays as it is in a path segment or query value.
const PLAIN: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b':').remove(b'@');

const TOKEN: &str = "iNKE8a6k6cjbqWhWd";

/// What a field of this name usually holds.
const USUAL: [(&str, &str); 21] = [
    ("token", TOKEN),
    ("X-Visitor-Token", TOKEN),
    ("rid", "zRAeTszXor8CCPceB"),
    ("roomId", "zRAeTszXor8CCPceB"),
    ("_id", "ZKWP8LfGnRHQ3ozWa"),
    ("messageId", "ZKWP8LfGnRHQ3ozWa"),
    ("msg", "hello"),
    ("message", "Please write back to me."),
    ("name", "Mia Berg"),
    ("email", "visitor@example.org"),
    ("phone", "+1 555 0100"),
    ("username", "guest-2"),
    ("department", "sales"),
    ("host", "https://www.example.org"),
    ("key", "plan"),
    ("value", "gold"),
    ("limit", "20"),
    ("count", "20"),
    ("offset", "0"),
    ("status", "online"),
    ("agentId", "aG3nT9Qk2LmXw7PzR"),
];

/// Optional fields worth showing; with the others a reader would have to know the server's set-up.
const WORTH_SHOWING: [&str; 4] = ["_id", "name", "email", "phone"];

/// The three calls from nothing to a message that was sent; each works after the one before it, in the same shell.
pub(super) fn first_calls() -> [String; 3] {
    let livechat = format!("{HOST}/api/v1/livechat");
    let json = "-H 'Content-Type: application/json'";
    [
        format!(
            "curl -X POST '{livechat}/visitor' \\\n  {json} \\\n  \
             -d '{{\"visitor\": {{\"token\": \"{TOKEN}\", \"name\": \"Mia Berg\"}}}}'"
        ),
        format!(
            "RID=$(curl -s '{livechat}/room?token={TOKEN}' \\\n  \
             | sed 's/.*\"room\":{{\"_id\":\"\\([^\"]*\\)\".*/\\1/'); echo \"$RID\""
        ),
        format!(
            "curl -X POST '{livechat}/message' \\\n  {json} \\\n  \
             -d '{{\"token\": \"{TOKEN}\", \"rid\": \"'\"$RID\"'\", \"msg\": \"hello\"}}'"
        ),
    ]
}

/// One call of the operation: its path and query filled in, and a JSON body where it takes one.
pub(super) fn call(document: &Document<'_>, operation: &Operation<'_>) -> String {
    let mut url = format!("{HOST}{}", operation.path);
    let mut query = Vec::new();
    let mut headers = Vec::new();
    for parameter in &operation.parameters {
        let name = text(&parameter["name"]).unwrap_or_default();
        let given =
            [&parameter["example"], &parameter["schema"]["example"]].into_iter().find(|v| !v.is_null());
        let value = given.map_or_else(|| bare(&scalar(name, document.resolve(&parameter["schema"]))), bare);
        let encoded = utf8_percent_encode(&value, PLAIN);
        match (text(&parameter["in"]), parameter["required"] == Value::Bool(true) || given.is_some()) {
            (Some("path"), _) => url = url.replace(&format!("{{{name}}}"), &encoded.to_string()),
            (Some("query"), true) => query.push(format!("{}={encoded}", utf8_percent_encode(name, PLAIN))),
            (Some("header"), true) => headers.push(format!("{name}: {value}")),
            _ => {}
        }
    }
    if !query.is_empty() {
        url = format!("{url}?{}", query.join("&"));
    }
    let verb = if operation.verb == "get" {
        String::new()
    } else {
        format!("-X {} ", operation.verb.to_uppercase())
    };
    let mut lines = vec![format!("curl {verb}{}", quoted(&url))];
    let request = document.resolve(&operation.body["requestBody"]);
    let body = content(request);
    if let Some((kind, _)) = body {
        headers.push(format!("Content-Type: {kind}"));
    }
    lines.extend(headers.iter().map(|header| format!("-H {}", quoted(header))));
    if let Some((_, schema)) = body {
        let mut sample = String::new();
        write_sample(document, "", schema, 0, &mut sample);
        lines.push(format!("-d {}", quoted(&sample)));
    }
    lines.join(" \\\n  ")
}

/// One argument for a POSIX shell.
fn quoted(argument: &str) -> String {
    format!("'{}'", argument.replace('\'', r"'\''"))
}

/// A value as it stands in a URL or header.
fn bare(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Appends a JSON value of this schema, set on several lines and indented by `depth`.
fn write_sample(document: &Document<'_>, name: &str, schema: &Value, depth: usize, out: &mut String) {
    let schema = one_of(document, schema);
    if let Some(given) = given(schema) {
        out.push_str(&given.to_string());
        return;
    }
    let shown: Vec<(&str, &Value, bool)> = properties(schema)
        .into_iter()
        .filter(|(name, _, required)| *required || WORTH_SHOWING.contains(name))
        .collect();
    if depth > DEEPEST {
        out.push_str("null");
    } else if is(schema, "array") {
        out.push('[');
        write_sample(document, name, &schema["items"], depth + 1, out);
        out.push(']');
    } else if shown.is_empty() && (is(schema, "object") || schema["properties"].is_object()) {
        out.push_str("{}");
    } else if shown.is_empty() {
        out.push_str(&scalar(name, schema).to_string());
    } else {
        out.push('{');
        for (i, (name, inner, _)) in shown.iter().enumerate() {
            out.push_str(if i == 0 { "\n" } else { ",\n" });
            // Two levels deeper than the line of the shell that the body stands in.
            out.push_str(&"  ".repeat(depth + 2));
            out.push_str(&Value::from(*name).to_string());
            out.push_str(": ");
            write_sample(document, name, inner, depth + 1, out);
        }
        out.push('\n');
        out.push_str(&"  ".repeat(depth + 1));
        out.push('}');
    }
}

/// The schema, or the first of its alternatives that is not null.
fn one_of<'a>(document: &Document<'a>, schema: &'a Value) -> &'a Value {
    let mut schema = document.resolve(schema);
    for _ in 0..DEEPEST {
        let alternatives = ["oneOf", "anyOf", "allOf"].into_iter().find_map(|kind| schema[kind].as_array());
        let Some(first) = alternatives.and_then(|all| all.iter().find(|one| one["type"] != "null")) else {
            break;
        };
        schema = document.resolve(first);
    }
    schema
}

/// The value the schema itself offers.
fn given(schema: &Value) -> Option<&Value> {
    let offers = ["/example", "/examples/0", "/const", "/enum/0", "/default"];
    offers.into_iter().find_map(|place| schema.pointer(place)).filter(|value| !value.is_null())
}

fn is(schema: &Value, kind: &str) -> bool {
    match &schema["type"] {
        Value::Array(several) => several.iter().any(|one| one == kind),
        one => one == kind,
    }
}

/// A value without parts: the schema's own, else the usual one of the name, else any of the type.
fn scalar(name: &str, schema: &Value) -> Value {
    if let Some(given) = given(schema) {
        return given.clone();
    }
    let usual = USUAL.iter().find(|(usual, _)| *usual == name).map(|(_, value)| *value);
    if is(schema, "integer") || is(schema, "number") {
        return usual.and_then(|value| value.parse::<i64>().ok()).unwrap_or(1).into();
    }
    if is(schema, "boolean") {
        return true.into();
    }
    match (usual, text(&schema["format"])) {
        (Some(usual), _) => usual,
        (None, Some("date-time")) => "2026-02-03T10:11:12.345Z",
        (None, Some("date")) => "2026-02-03",
        (None, Some("email")) => "visitor@example.org",
        (None, Some("uuid")) => "5f0c7c1e-9d1b-4c55-8d6e-2b1f6a3c9e10",
        (None, _) => "text",
    }
    .into()
}
