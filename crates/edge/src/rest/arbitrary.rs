//! Whatever arrives at whichever endpoint: never a fault, always the envelope, and a refused call changes nothing
//! (the test server holds every answer against the last two).

use std::cell::Cell;

use http::{Method, Uri};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Number, Value, json};

use super::testing::{Call, Chat, Server, TOKEN, text};

/// A call that is taken: verb, path, parameter at the path's end, query, body.
#[derive(Debug, Clone)]
struct Sound {
    method: &'static str,
    path: &'static str,
    parameter: Option<String>,
    query: Vec<(&'static str, String)>,
    body: Value,
}

/// One for each endpoint and form.
fn sound_calls(chat: &Chat, message: &str) -> Vec<Sound> {
    let owner = || vec![("token", TOKEN.to_owned()), ("rid", chat.rid.clone())];
    let token = || vec![("token", TOKEN.to_owned())];
    let sent = json!({ "token": TOKEN, "rid": chat.rid, "msg": "hello" });
    let chosen = json!({
        "token": TOKEN, "rid": chat.rid, "msg": "hello", "_id": "an-id", "agent": { "agentId": "a", "username": "b" },
    });
    let custom = json!([{ "key": "k", "value": "v", "overwrite": true }]);
    let offline = json!({ "name": "Ana", "email": "ana@example.org", "message": "help" });
    let visitor = json!({ "visitor": { "token": TOKEN, "name": "Ana", "email": "ana@example.org" } });
    let none = Value::Null;
    let list = [
        ("POST", "message", None, Vec::new(), sent.clone()),
        ("POST", "message", None, Vec::new(), chosen),
        ("PUT", "message/", Some(message), Vec::new(), sent),
        ("DELETE", "message/", Some(message), Vec::new(), json!({ "token": TOKEN, "rid": chat.rid })),
        ("DELETE", "message/", Some(message), owner(), none.clone()),
        ("GET", "message/", Some(message), owner(), none.clone()),
        ("GET", "messages.history/", Some(&chat.rid), token(), none.clone()),
        ("POST", "offline.message", None, Vec::new(), offline),
        ("GET", "config", None, token(), none.clone()),
        ("POST", "visitor", None, Vec::new(), visitor),
        (
            "POST",
            "visitor",
            None,
            Vec::new(),
            json!({ "visitor": { "token": "new", "customFields": custom } }),
        ),
        ("GET", "visitor/", Some(TOKEN), Vec::new(), none.clone()),
        ("DELETE", "visitor/", Some("nobody"), Vec::new(), none.clone()),
        ("GET", "room", None, token(), none),
        ("POST", "room.close", None, Vec::new(), json!({ "token": "bob", "rid": chat.other_rid })),
    ];
    let call = |(method, path, parameter, query, body): (_, _, Option<&str>, _, _)| Sound {
        method,
        path,
        parameter: parameter.map(String::from),
        query,
        body,
    };
    list.map(call).into()
}

const KEYS: [&str; 27] = [
    "token",
    "rid",
    "msg",
    "_id",
    "agent",
    "agentId",
    "username",
    "limit",
    "offset",
    "end",
    "ls",
    "ts",
    "count",
    "sort",
    "searchText",
    "visitor",
    "name",
    "email",
    "phone",
    "department",
    "customFields",
    "key",
    "value",
    "overwrite",
    "message",
    "host",
    "unknown",
];

/// Texts that mean something to a server with `chat`, and others that should not.
fn known_texts(chat: &Chat, message: &str) -> Vec<String> {
    let mut texts: Vec<String> =
        [TOKEN, "bob", &chat.rid, &chat.other_rid, message, &chat.visitor].map(String::from).to_vec();
    let odd = [
        "",
        " ",
        "\0",
        "null",
        "ana@example.org",
        "2023-11-14T22:13:20.000Z",
        "1e999",
        "-1",
        "\u{1F600}",
        "```",
        "@all",
    ];
    texts.extend(odd.map(String::from));
    texts
}

fn any_text(known: Vec<String>) -> impl Strategy<Value = String> + Clone {
    prop_oneof![4 => select(known), 1 => any::<String>(), 1 => "[a-zA-Z0-9%+&=\\[\\]$\u{e9}]{0,12}"]
}

fn any_json(known: Vec<String>) -> impl Strategy<Value = Value> + Clone {
    let number = prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(|n| Number::from_f64(n).map_or(Value::Null, Value::Number)),
    ];
    let leaf = prop_oneof![
        6 => any_text(known).prop_map(Value::from),
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        1 => number,
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((select(KEYS.to_vec()), inner), 0..6).prop_map(object),
        ]
    })
}

fn object(fields: Vec<(&str, Value)>) -> Value {
    Value::Object(fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect::<Map<_, _>>())
}

/// Properties to set, or to take away.
type Changes = Vec<(&'static str, Option<Value>)>;

fn changed(mut body: Value, changes: Changes) -> Value {
    for (key, value) in changes {
        match (value, body.as_object_mut()) {
            (Some(value), Some(fields)) => drop(fields.insert(key.to_owned(), value)),
            (None, Some(fields)) => drop(fields.remove(key)),
            (_, None) => {}
        }
    }
    body
}

/// A body that has nothing to do with what is asked.
fn any_body(known: Vec<String>) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        2 => any_json(known.clone()).prop_map(|b| b.to_string().into_bytes()),
        1 => vec((select(KEYS.to_vec()), any_text(known)), 0..5).prop_map(|fields| form(&fields).into_bytes()),
        1 => vec(any::<u8>(), 0..64),
        1 => Just(Vec::new()),
    ]
}

/// A byte that is another, or the end that is missing.
fn damaged(mut body: Vec<u8>, (at, byte, cut): (prop::sample::Index, u8, bool)) -> Vec<u8> {
    if !body.is_empty() {
        let at = at.index(body.len());
        body[at] = byte;
        if cut {
            body.truncate(at);
        }
    }
    body
}

fn form(fields: &[(&str, String)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

fn any_query(known: Vec<String>) -> impl Strategy<Value = String> {
    prop_oneof![
        3 => vec((select(KEYS.to_vec()), any_text(known)), 0..5).prop_map(|fields| form(&fields)),
        1 => "[a-z%0-9\\[\\]=&$.+_!*'(),;:@/?-]{0,40}",
    ]
}

fn any_segment(known: Vec<String>) -> impl Strategy<Value = String> {
    let encode = |bytes: &[u8]| {
        percent_encoding::percent_encode(bytes, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    prop_oneof![
        4 => select(known).prop_map(move |t| encode(t.as_bytes())),
        1 => vec(any::<u8>(), 0..20).prop_map(move |b| encode(&b)),
        1 => "[a-zA-Z0-9%._~-]{0,30}",
    ]
}

/// A sound call of which any part may be changed, damaged or replaced.
fn any_call(chat: &Chat, message: &str) -> impl Strategy<Value = Call> + use<> {
    let known = known_texts(chat, message);
    let kinds = ["application/json", "application/x-www-form-urlencoded", "text/plain", ""];
    let text = vec(prop_oneof![Just(b'\t'), 32_u8..127, 128_u8..=255], 0..40);
    let header = (select(vec!["cookie", "x-visitor-token", "host", "user-agent"]), text);
    let changes = vec((select(KEYS.to_vec()), maybe(0.7, any_json(known.clone()))), 0..3);
    let body = (
        maybe(0.4, changes),
        maybe(0.1, any_body(known.clone())),
        maybe(0.1, any::<(prop::sample::Index, u8, bool)>()),
    );
    let target = (maybe(0.15, any_segment(known.clone())), maybe(0.2, any_query(known)));
    let rest = (maybe(0.1, select(kinds.to_vec())), maybe(0.2, header));
    (select(sound_calls(chat, message)), target, body, rest)
        .prop_map(|(sound, (segment, query), (changes, other, damage), (kind, header))| {
            let segment = sound.parameter.map(|sound| segment.unwrap_or(sound)).unwrap_or_default();
            let query = query.unwrap_or_else(|| form(&sound.query));
            let json = changed(sound.body, changes.unwrap_or_default());
            let written = if json.is_null() { Vec::new() } else { json.to_string().into_bytes() };
            let body = other.unwrap_or(written);
            let body = damage.map_or(body.clone(), |damage| damaged(body, damage));
            let target = format!("{}{segment}?{query}", sound.path);
            let call = Call::new(sound.method.parse::<Method>().unwrap(), &target);
            let call = call.body(kind.unwrap_or("application/json"), body);
            match header {
                Some((name, value)) => call.header(name, value),
                None => call,
            }
        })
        .prop_filter("no client sends this as a target", |call| call.target().parse::<Uri>().is_ok())
}

fn maybe<S: Strategy>(probability: f64, strategy: S) -> impl Strategy<Value = Option<S::Value>> {
    proptest::option::weighted(probability, strategy)
}

#[test]
fn no_call_is_a_fault_and_none_that_is_refused_changes_anything() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let (accepted, refused) = (Cell::new(0), Cell::new(0));
    // A few servers, because calls that succeed close rooms and remove what others would have met.
    for _ in 0..8 {
        let server = Server::with(|s| s.store_headers = true);
        let (chat, message) = runtime.block_on(async {
            let chat = server.chat().await;
            let message = text(&server.say(&chat, "hello").await["_id"]);
            (chat, message)
        });
        let config = Config { cases: 96, failure_persistence: None, ..Config::default() };
        let run = TestRunner::new(config).run(&any_call(&chat, &message), |call| {
            let reply = runtime.block_on(server.call(call));
            prop_assert!(!reply.status.is_server_error(), "{}: {}", reply.asked, reply.json);
            prop_assert!(reply.json.is_object());
            let count = if reply.status.is_success() { &accepted } else { &refused };
            count.set(count.get() + 1);
            Ok(())
        });
        if let Err(failure) = run {
            panic!("{failure}");
        }
    }
    let counts = (accepted.get(), refused.get());
    assert!(counts.0 > 50 && counts.1 > 50, "both kinds of answer were met: {counts:?}");
}
