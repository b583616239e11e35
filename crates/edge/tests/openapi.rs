//! The committed OpenAPI document is the generated one, and it is sound.

#![allow(clippy::unwrap_used)] // a test fails by panicking, in its helpers too

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");

fn document() -> Value {
    serde_json::from_str(&parlor_edge::openapi()).unwrap()
}

/// Every object in the document with a key of this name, and where it is.
fn having<'a>(value: &'a Value, key: &str, at: String, found: &mut Vec<(String, &'a Value)>) {
    if value.get(key).is_some() {
        found.push((at.clone(), value));
    }
    match value {
        Value::Object(fields) => fields.iter().for_each(|(k, v)| having(v, key, format!("{at}/{k}"), found)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, v)| having(v, key, format!("{at}/{i}"), found));
        }
        _ => {}
    }
}

/// Verb, path and description of every operation.
fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    paths
        .iter()
        .flat_map(|(path, item)| {
            item.as_object().unwrap().iter().map(move |(verb, op)| (verb.as_str(), path.as_str(), op))
        })
        .filter(|(verb, ..)| ["get", "post", "put", "delete"].contains(verb))
        .collect()
}

#[test]
fn the_committed_document_is_the_generated_one() {
    let generated = parlor_edge::openapi() + "\n";
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        std::fs::write(COMMITTED, &generated).unwrap();
    }
    let committed = std::fs::read_to_string(Path::new(COMMITTED)).unwrap_or_default();
    assert!(committed == generated, "docs/openapi.json is out of date: renew it with `make gen`");
}

#[test]
fn every_endpoint_is_there() {
    let document = document();
    let found: BTreeSet<_> =
        operations(&document).into_iter().map(|(verb, path, _)| format!("{verb} {path}")).collect();
    let livechat = |rest: &str| {
        let (verb, path) = rest.split_once(' ').unwrap();
        format!("{verb} /api/v1/livechat/{path}")
    };
    let mut expected: BTreeSet<_> = [
        "post message",
        "get message/{_id}",
        "put message/{_id}",
        "delete message/{_id}",
        "get messages.history/{rid}",
        "post offline.message",
        "get config",
        "post visitor",
        "get visitor/{token}",
        "delete visitor/{token}",
        "get room",
        "post room.close",
    ]
    .map(livechat)
    .into();
    expected.extend(
        [
            "get /api/info",
            "get /health/live",
            "get /health/ready",
            "post /api/v1/login",
            "post /api/v1/logout",
            "get /api/v1/logout",
            "get /api/v1/me",
            "get /api/v1/settings.public",
            "get /api/v1/settings/{_id}",
            "post /api/v1/settings/{_id}",
        ]
        .map(String::from),
    );
    assert_eq!(found, expected);
}

#[test]
fn it_is_openapi_three_one_and_every_reference_resolves() {
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    assert!(document["info"]["title"].is_string() && document["info"]["version"].is_string());
    let mut references = Vec::new();
    having(&document, "$ref", String::new(), &mut references);
    assert!(references.len() > 20, "found only {}", references.len());
    let mut named = BTreeSet::new();
    for (at, reference) in references {
        let target = reference["$ref"].as_str().unwrap().strip_prefix('#').unwrap();
        assert!(document.pointer(target).is_some(), "{at} points nowhere: {target}");
        named.insert(target.rsplit('/').next().unwrap().to_owned());
    }
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let unused: Vec<_> = schemas.keys().filter(|name| !named.contains(*name)).collect();
    assert!(unused.is_empty(), "nothing refers to {unused:?}");
}

#[test]
fn every_path_parameter_is_declared_and_no_other() {
    for (verb, path, operation) in operations(&document()) {
        let in_path: BTreeSet<_> = path
            .split('/')
            .filter_map(|s| s.strip_prefix('{')?.strip_suffix('}'))
            .map(String::from)
            .collect();
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let declared: BTreeSet<_> = parameters
            .iter()
            .filter(|p| p["in"] == "path")
            .map(|p| {
                assert_eq!(p["required"], true, "{verb} {path}");
                p["name"].as_str().unwrap().to_owned()
            })
            .collect();
        assert_eq!(declared, in_path, "{verb} {path}");
    }
}

#[test]
fn every_operation_and_every_answer_is_described() {
    let document = document();
    let mut ids = BTreeSet::new();
    for (verb, path, operation) in operations(&document) {
        let at = format!("{verb} {path}");
        assert!(operation["summary"].as_str().is_some_and(|s| !s.is_empty()), "{at} has no summary");
        assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()), "{at} shares its id");
        let answers = operation["responses"].as_object().unwrap();
        for (status, answer) in answers {
            assert!(!answer["description"].as_str().unwrap().is_empty(), "{at} {status}");
            let schema = answer["content"]["application/json"]["schema"]["$ref"].as_str().unwrap_or_default();
            let name = schema.rsplit('/').next().unwrap();
            let failure = if status == "401" { "Unauthorized" } else { "Failure" };
            assert_eq!(name == failure, status != "200", "{at} {status}: {name}");
            let shape = &document["components"]["schemas"][name];
            // A body that stands beside `success` at the top level.
            let shape = shape["allOf"].as_array().and_then(|parts| parts.last()).unwrap_or(shape);
            assert_eq!(shape["properties"]["success"]["type"], "boolean", "{name}");
            let required = shape["required"].as_array().unwrap();
            assert!(required.contains(&Value::from("success")), "{name}");
        }
        if path.starts_with("/api/v1/") {
            for status in ["200", "400", "413", "429", "503"] {
                assert!(answers.contains_key(status), "{at} does not tell of {status}");
            }
        }
    }
}

#[test]
fn nothing_in_an_answer_may_be_null() {
    let document = document();
    let mut seen = BTreeSet::new();
    let mut waiting: Vec<String> = Vec::new();
    for (.., operation) in operations(&document) {
        collect(&operation["responses"], &mut waiting);
    }
    while let Some(target) = waiting.pop() {
        let schema = document.pointer(&target).unwrap();
        if seen.insert(target.clone()) {
            collect(schema, &mut waiting);
            assert!(!schema.to_string().contains("\"null\""), "{target}: what is not known is absent");
        }
    }
    assert!(
        seen.contains("/components/schemas/Message") && seen.contains("/components/schemas/Visitor"),
        "{seen:?}"
    );
}

fn collect(value: &Value, targets: &mut Vec<String>) {
    let mut references = Vec::new();
    having(value, "$ref", String::new(), &mut references);
    targets.extend(
        references.iter().map(|(_, r)| r["$ref"].as_str().unwrap().trim_start_matches('#').to_owned()),
    );
}
