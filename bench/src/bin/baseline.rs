//! The bare server that Parlor is measured against: axum and serde, no middleware, no storage.
//!
//! It parses the request JSON of `POST livechat/message` into a typed struct and answers the response JSON that Parlor
//! answers, with derived or fixed values. What it reaches is what HTTP and JSON alone allow on this machine, so a share
//! of it says what everything else costs. It must not grow features.
//!
//! `baseline [ADDRESS]` listens on ADDRESS (127.0.0.1 and a free port unless told) and prints `port N`; the
//! environment variable `THREADS` sets the number of worker threads (one per core unless told).

// A command line tool: its answer goes to standard output.
#![allow(clippy::print_stdout)]

use std::borrow::Cow;
use std::error::Error;

use axum::serve::ListenerExt;
use axum::{Json, Router, routing::post};
use serde::{Deserialize, Serialize};

/// What a visitor's client sends (section 3.1 of the visitor contract).
#[derive(Deserialize)]
struct Request {
    token: String,
    rid: String,
    msg: String,
    #[serde(rename = "_id")]
    id: Option<String>,
}

#[derive(Serialize)]
struct Answer {
    message: Message,
    success: bool,
}

#[derive(Serialize)]
struct Message {
    #[serde(rename = "_id")]
    id: Cow<'static, str>,
    rid: String,
    msg: String,
    token: String,
    alias: &'static str,
    ts: &'static str,
    u: Author,
    md: [Paragraph; 1],
    urls: [&'static str; 0],
    mentions: [&'static str; 0],
    channels: [&'static str; 0],
    #[serde(rename = "_updatedAt")]
    updated_at: &'static str,
    seq: i64,
    rev: i64,
}

#[derive(Serialize)]
struct Author {
    #[serde(rename = "_id")]
    id: &'static str,
    username: &'static str,
    name: &'static str,
}

#[derive(Serialize)]
struct Paragraph {
    #[serde(rename = "type")]
    kind: &'static str,
    value: [Plain; 1],
}

#[derive(Serialize)]
struct Plain {
    #[serde(rename = "type")]
    kind: &'static str,
    value: String,
}

async fn send(Json(request): Json<Request>) -> Json<Answer> {
    let text = Plain { kind: "PLAIN_TEXT", value: request.msg.clone() };
    Json(Answer {
        message: Message {
            id: request.id.map_or(Cow::Borrowed("mQ4cJ7hTz8NwEa5Gd"), Cow::Owned),
            rid: request.rid,
            msg: request.msg,
            token: request.token,
            alias: "Bench Visitor",
            ts: "2026-02-03T10:00:05.123Z",
            u: Author { id: "66f2a9c4e1b7d03f5a8c1e42", username: "guest-31", name: "Bench Visitor" },
            md: [Paragraph { kind: "PARAGRAPH", value: [text] }],
            urls: [],
            mentions: [],
            channels: [],
            updated_at: "2026-02-03T10:00:05.160Z",
            seq: 1_234,
            rev: 1_234,
        },
        success: true,
    })
}

async fn serve(address: String) -> Result<(), Box<dyn Error>> {
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("port {}", listener.local_addr()?.port());
    // Parlor sets it too; an error only means that the client has already gone.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    let router = Router::new().route("/api/v1/livechat/message", post(send));
    axum::serve(listener, router).await?;
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    if let Ok(threads) = std::env::var("THREADS") {
        runtime.worker_threads(threads.parse::<usize>()?.max(1));
    }
    runtime.enable_all().build()?.block_on(serve(address))
}
