//! Holds an answer against the `OpenAPI` document: nothing undocumented, nothing promised and missing.

use http::Method;
use serde_json::{Value, json};

use super::Reply;

/// Panics unless the document knows this answer of this operation. Paths outside the document are none of its business.
pub(crate) fn check_answer(document: &Value, method: &Method, path: &str, reply: &Reply) {
    let paths = document["paths"].as_object().unwrap();
    let Some((template, item)) = paths.iter().find(|(template, _)| matches(template, path)) else { return };
    let Some(operation) = item.get(method.as_str().to_lowercase()) else { return };
    // A path that cannot be decoded never reaches the operation.
    let schema = &operation["responses"][reply.status.as_str()]["content"]["application/json"]["schema"];
    assert!(schema.is_object(), "{} {template} does not document {}", method, reply.status);
    if let Some(mismatch) = mismatch(document, schema, &reply.json, "answer") {
        panic!("{}: {mismatch} in {}", reply.asked, reply.json);
    }
}

fn matches(template: &str, path: &str) -> bool {
    let (template, path): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
    template.len() == path.len()
        && template.iter().zip(&path).all(|(t, p)| t == p || (t.starts_with('{') && !p.is_empty()))
}

/// What is wrong with `value`, if anything. Objects with listed properties are taken as closed.
fn mismatch(document: &Value, schema: &Value, value: &Value, at: &str) -> Option<String> {
    if let Some(target) = schema["$ref"].as_str() {
        let target = document.pointer(target.trim_start_matches('#')).unwrap_or(&Value::Null);
        return mismatch(document, target, value, at);
    }
    if let Some(choices) = schema.get("oneOf").or(schema.get("anyOf")).and_then(Value::as_array) {
        let fits = choices.iter().any(|choice| mismatch(document, choice, value, at).is_none());
        return (!fits).then(|| format!("{at} is none of its choices"));
    }
    if let Some(parts) = schema["allOf"].as_array() {
        return mismatch(document, &merged(document, parts), value, at);
    }
    // Nothing but words: any JSON value.
    if schema.as_object().is_some_and(|schema| schema.keys().all(|key| key == "description")) {
        return None;
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(name) => vec![name],
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        _ => return Some(format!("{at} has no documented type")),
    };
    if !types.iter().any(|name| is_a(name, value)) {
        return Some(format!("{at} is not {types:?}"));
    }
    match value {
        Value::String(text) if schema["format"] == "date-time" => {
            (text.len() != 24 || !text.ends_with('Z')).then(|| format!("{at} is no time"))
        }
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(i, item)| mismatch(document, &schema["items"], item, &format!("{at}[{i}]"))),
        Value::Object(fields) => {
            let known = schema["properties"].as_object()?;
            let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            if let Some(missing) = required.into_iter().find(|name| !fields.contains_key(*name)) {
                return Some(format!("{at} lacks {missing}"));
            }
            fields.iter().find_map(|(name, field)| match known.get(name) {
                None => Some(format!("{at}.{name} is not documented")),
                Some(schema) => mismatch(document, schema, field, &format!("{at}.{name}")),
            })
        }
        _ => None,
    }
}

/// The object that has the properties of all parts.
fn merged(document: &Value, parts: &[Value]) -> Value {
    let (mut properties, mut required) = (serde_json::Map::new(), Vec::new());
    for part in parts {
        let target = part["$ref"].as_str().map(|target| target.trim_start_matches('#'));
        let part = target.map_or(part, |target| document.pointer(target).unwrap());
        properties.extend(part["properties"].as_object().unwrap().clone());
        required.extend(part["required"].as_array().into_iter().flatten().cloned());
    }
    json!({ "type": "object", "properties": properties, "required": required })
}

fn is_a(name: &str, value: &Value) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    }
}
