//! Reads schemas out of an `OpenAPI` document: follows references, names types, lists fields.
//!
//! Every walk ends, whatever the document says: a reference that is open already is not entered again, and depth is
//! bounded. Must not write HTML.

use std::fmt::Write as _;

use serde_json::Value;

/// Objects inside objects that a table or an example shows.
pub(super) const DEEPEST: usize = 6;
/// References followed one after the other before a target counts as missing.
const MOST_HOPS: usize = 16;
/// Rows of one table; objects that name each other could otherwise fill pages.
const MOST_FIELDS: usize = 400;

static NOTHING: Value = Value::Null;

/// A text, unless the value is none or empty.
pub(super) fn text(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.is_empty())
}

/// The items of a list; none where the value is not one.
pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The parts a schema is put together from.
fn parts(schema: &Value) -> impl Iterator<Item = &Value> {
    ["allOf", "oneOf", "anyOf"].into_iter().flat_map(|kind| list(&schema[kind]))
}

/// The properties, the required ones first in the order in which they are required.
pub(super) fn properties(schema: &Value) -> Vec<(&str, &Value, bool)> {
    let Some(properties) = schema["properties"].as_object() else { return Vec::new() };
    let names: Vec<&str> = list(&schema["required"]).iter().filter_map(Value::as_str).collect();
    let required =
        names.iter().filter_map(|name| properties.get_key_value(*name)).map(|(n, s)| (n.as_str(), s, true));
    let others =
        properties.iter().filter(|(n, _)| !names.contains(&n.as_str())).map(|(n, s)| (n.as_str(), s, false));
    required.chain(others).collect()
}

/// Media type and schema of a request body or response: JSON if it is among them, else the first.
pub(super) fn content(message: &Value) -> Option<(&str, &Value)> {
    let content = message["content"].as_object()?;
    let (kind, media) = content.get_key_value("application/json").or_else(|| content.iter().next())?;
    Some((kind, &media["schema"]))
}

/// A row of a field table.
pub(super) struct Field<'a> {
    pub(super) name: &'a str,
    pub(super) schema: &'a Value,
    pub(super) required: bool,
    /// 0 for the fields of the object itself, at most [`DEEPEST`].
    pub(super) depth: usize,
}

/// An `OpenAPI` document, and how to look things up in it.
pub(super) struct Document<'a> {
    pub(super) root: &'a Value,
}

impl<'a> Document<'a> {
    pub(super) fn new(root: &'a Value) -> Self {
        Self { root }
    }

    /// What a local reference names; null where there is no such place.
    pub(super) fn target(&self, reference: &str) -> &'a Value {
        reference.strip_prefix('#').and_then(|place| self.root.pointer(place)).unwrap_or(&NOTHING)
    }

    /// The value, or what it refers to; null where the references lead nowhere or in a circle.
    pub(super) fn resolve(&self, value: &'a Value) -> &'a Value {
        let mut value = value;
        for _ in 0..MOST_HOPS {
            match value["$ref"].as_str() {
                Some(reference) => value = self.target(reference),
                None => return value,
            }
        }
        &NOTHING
    }

    /// The type in words: `string (date-time) or null`, `array of Message`. A reference to an object goes by the
    /// object's name.
    pub(super) fn kind(&self, schema: &Value) -> String {
        self.kind_within(schema, DEEPEST)
    }

    fn kind_within(&self, schema: &Value, depth: usize) -> String {
        let Some(depth) = depth.checked_sub(1) else { return "any".to_owned() };
        if let Some(reference) = schema["$ref"].as_str() {
            let target = self.target(reference);
            let named =
                target["properties"].is_object() || parts(target).next().is_some() || target.is_null();
            let name = || reference.rsplit('/').next().unwrap_or_default().to_owned();
            return if named { name() } else { self.kind_within(target, depth) };
        }
        let mut kinds: Vec<String> = parts(schema).map(|part| self.kind_within(part, depth)).collect();
        let own = match &schema["type"] {
            Value::Array(several) => several.as_slice(),
            Value::Null => &[],
            one => std::slice::from_ref(one),
        };
        for kind in own.iter().filter_map(Value::as_str) {
            kinds.push(match (kind, text(&schema["format"])) {
                ("array", _) => format!("array of {}", self.kind_within(&schema["items"], depth)),
                ("string", Some(format)) => format!("string ({format})"),
                ("object", _) if schema["additionalProperties"].is_object() => {
                    format!("map of {}", self.kind_within(&schema["additionalProperties"], depth))
                }
                (other, _) => other.to_owned(),
            });
        }
        // "null" reads best at the end.
        kinds.sort_by_key(|kind| kind == "null");
        kinds.dedup();
        if kinds.is_empty() {
            let guess = if schema["properties"].is_object() { "object" } else { "any" };
            return guess.to_owned();
        }
        kinds.join(" or ")
    }

    /// The description: the schema's own, else that of its parts, else that of what it refers to.
    pub(super) fn note(&self, schema: &'a Value) -> Option<&'a str> {
        text(&schema["description"])
            .or_else(|| parts(schema).find_map(|part| text(&part["description"])))
            .or_else(|| text(&self.resolve(schema)["description"]))
            .or_else(|| parts(schema).find_map(|part| text(&self.resolve(part)["description"])))
    }

    /// What values are allowed or taken if none is given, as sentences that follow the description; empty if the
    /// schema says nothing of it.
    pub(super) fn limits(&self, schema: &'a Value) -> String {
        let schema = self.resolve(schema);
        let shown =
            |value: &Value| format!("`{}`", value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        let mut out = String::new();
        let values: Vec<String> = list(&schema["enum"]).iter().map(shown).collect();
        if !values.is_empty() {
            out = format!(" One of {}.", values.join(", "));
        }
        if !schema["default"].is_null() {
            let _ = write!(out, " Default {}.", shown(&schema["default"]));
        }
        out
    }

    /// The fields of an object, each followed by the fields inside it. Objects that stand inside themselves are
    /// listed once.
    pub(super) fn fields(&self, schema: &'a Value) -> Vec<Field<'a>> {
        let mut fields = Vec::new();
        self.collect(schema, 0, &mut Vec::new(), &mut fields);
        fields
    }

    fn collect(&self, schema: &'a Value, depth: usize, open: &mut Vec<&'a str>, fields: &mut Vec<Field<'a>>) {
        if depth > DEEPEST || !schema.is_object() {
            return;
        }
        if let Some(reference) = schema["$ref"].as_str()
            && !open.contains(&reference)
        {
            open.push(reference);
            self.collect(self.target(reference), depth, open, fields);
            open.pop();
        }
        for part in parts(schema).chain([&schema["items"]]) {
            self.collect(part, depth, open, fields);
        }
        for (name, inner, required) in properties(schema) {
            if fields.len() == MOST_FIELDS {
                return;
            }
            fields.push(Field { name, schema: inner, required, depth });
            self.collect(inner, depth + 1, open, fields);
        }
    }
}
