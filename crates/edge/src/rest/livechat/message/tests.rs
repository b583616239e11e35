//! What the contract says of `livechat/message`, row by row.

mod edit;
mod one;
mod remove;
mod remove_by_id;
mod send;
mod send_schema;

use serde_json::{Value, json};

use crate::rest::testing::{Chat, Server};

/// The message as history shows it to Ana.
async fn shown(server: &Server, chat: &Chat, id: &Value) -> Option<Value> {
    server.history(chat, "").await.into_iter().find(|m| m["_id"] == *id)
}

/// The room, as its visitor's client gets it.
async fn room(server: &Server) -> Value {
    server.room(crate::rest::testing::TOKEN).await
}

fn plain_text(text: &str) -> Value {
    json!([{ "type": "PARAGRAPH", "value": [{ "type": "PLAIN_TEXT", "value": text }] }])
}
