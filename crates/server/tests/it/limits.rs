//! What one caller may cost: calls, bytes, time.

use std::time::{SystemTime, UNIX_EPOCH};

use http::{Method, StatusCode};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Duration, interval, timeout};

use crate::PATIENCE;
use crate::place::Place;
use crate::rest::{Answer, Api};
use crate::server::Server;

/// A route with the default allowance: ten calls a minute.
const ROUTE: &str = "/api/v1/livechat/config";
const ALLOWED: usize = 10;

async fn call_from(api: &Api, forwarded: &str) -> Answer {
    api.send(Method::GET, ROUTE, &[("x-forwarded-for", forwarded)], None).await
}

#[tokio::test]
async fn the_eleventh_call_of_a_minute_is_refused_and_told_when_to_come_back() {
    let place = Place::sqlite();
    let server = place.setup().start().await;
    let api = server.api();
    for left in (0..ALLOWED).rev() {
        let answer = api.get(ROUTE).await;
        assert_eq!(answer.header("x-ratelimit-limit"), "10", "{answer}");
        assert_eq!(answer.header("x-ratelimit-remaining"), left.to_string(), "{answer}");
        answer.ok();
    }
    let answer = api.get(ROUTE).await;
    let wait: u64 = answer.header("retry-after").parse().expect("seconds");
    assert!((1..=60).contains(&wait), "{answer}");
    answer.refused(
        429,
        &format!(
            "Error, too many requests. Please slow down. You must wait {wait} seconds before trying this endpoint \
             again. [error-too-many-requests]"
        ),
    );
    assert_eq!(answer.header("x-ratelimit-limit"), "10", "{answer}");
    assert_eq!(answer.header("x-ratelimit-remaining"), "0", "{answer}");
    #[allow(clippy::disallowed_methods, reason = "the server's clock is the machine's")]
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970").as_millis();
    let reset: u128 = answer.header("x-ratelimit-reset").parse().expect("milliseconds");
    assert!(reset > now && reset <= now + 60_000, "{reset} is within the minute after {now}");
}

#[tokio::test]
async fn a_limit_is_per_token_where_there_is_one_and_can_be_switched_off() {
    let place = Place::sqlite();
    let mut server = place.setup().start().await;
    let api = server.api();
    for _ in 0..ALLOWED {
        api.get(&format!("{ROUTE}?token=busy")).await.ok();
    }
    assert_eq!(api.get(&format!("{ROUTE}?token=busy")).await.status, StatusCode::TOO_MANY_REQUESTS);
    api.get(&format!("{ROUTE}?token=calm")).await.ok();
    server.stop().await;
    let server = place.setup().setting("API_Enable_Rate_Limiter", "false").start().await;
    let api = server.api();
    for _ in 0..=ALLOWED {
        let answer = api.get(ROUTE).await;
        assert_eq!(answer.headers.get("x-ratelimit-limit"), None, "{answer}");
        answer.ok();
    }
}

#[tokio::test]
async fn forwarded_addresses_of_strangers_are_not_believed() {
    let place = Place::sqlite();
    // The caller of this test is 127.0.0.1, and not in that network.
    let server = place.setup().env("PARLOR_TRUSTED_PROXIES", "10.0.0.0/8").start().await;
    let api = server.api();
    for n in 0..ALLOWED {
        call_from(&api, &format!("203.0.113.{n}")).await.ok();
    }
    assert_eq!(call_from(&api, "203.0.113.99").await.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn forwarded_addresses_of_trusted_proxies_are_believed() {
    let place = Place::sqlite();
    let server = place.setup().env("PARLOR_TRUSTED_PROXIES", "10.0.0.0/8, 127.0.0.1/32").start().await;
    let api = server.api();
    for n in 0..=ALLOWED {
        call_from(&api, &format!("203.0.113.{n}")).await.ok();
    }
    // What a visitor writes in front of what the proxies add changes nothing.
    for n in 0..ALLOWED {
        call_from(&api, &format!("198.51.100.{n}, 203.0.113.200, 10.0.0.7")).await.ok();
    }
    let answer = call_from(&api, "198.51.100.99, 203.0.113.200, 10.0.0.7").await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_in_the_envelope() {
    let place = Place::sqlite();
    let server = place.setup().open().env("PARLOR_MAX_BODY_BYTES", "1024").start().await;
    let api = server.api();
    let rid = api.visitor_with_room("wordy").await;
    let answer = api.message("wordy", &rid, "tooLargeToBeStored", &"x".repeat(1024)).await;
    answer.refused(413, "Request body is too large, at most 1024 bytes are taken [error-request-too-large]");
    api.message("wordy", &rid, "smallEnoughToStore", &"x".repeat(512)).await.ok();
    assert_eq!(place.rows("SELECT id FROM message WHERE t IS NULL").await, [["smallEnoughToStore"]]);
}

async fn connect(server: &Server) -> TcpStream {
    TcpStream::connect(server.address()).await.expect("a connection")
}

/// Reads until the server closes the connection; a reset is a way of closing.
async fn until_closed(stream: &mut TcpStream) -> String {
    let mut said = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut said)).await.expect("the server closes the connection");
    String::from_utf8_lossy(&said).into_owned()
}

#[tokio::test]
async fn a_head_that_does_not_arrive_in_time_ends_its_connection() {
    let place = Place::sqlite();
    let server = place.setup().open().env("PARLOR_REQUEST_TIMEOUT_SECS", "1").start().await;
    let (mut silent, mut half) = (connect(&server).await, connect(&server).await);
    half.write_all(b"GET /health/live HTTP/1.1\r\nHost: par").await.expect("it is taken");
    // One that always has a little more to say.
    let mut dripping = connect(&server).await;
    dripping.write_all(b"GET /health/live HTTP/1.1\r\n").await.expect("it is taken");
    let drip = async {
        let mut ticks = interval(Duration::from_millis(100));
        let mut sink = Vec::new();
        loop {
            tokio::select! {
                _ = ticks.tick() => if dripping.write_all(b"X-More: 1\r\n").await.is_err() { return },
                read = dripping.read_buf(&mut sink) => if read.is_err() || read.is_ok_and(|n| n == 0) { return },
            }
        }
    };
    timeout(PATIENCE, drip).await.expect("the server closes the connection");
    assert!(!until_closed(&mut silent).await.contains("200 OK"));
    assert!(!until_closed(&mut half).await.contains("200 OK"));
    server.api().get("/health/live").await.ok();
}

#[tokio::test]
async fn a_body_that_does_not_arrive_in_time_is_refused() {
    let place = Place::sqlite();
    let server = place.setup().open().env("PARLOR_REQUEST_TIMEOUT_SECS", "1").start().await;
    let mut slow = connect(&server).await;
    let head = "POST /api/v1/livechat/message HTTP/1.1\r\nHost: parlor\r\nContent-Type: application/json\r\n\
                Content-Length: 100\r\n\r\n{";
    slow.write_all(head.as_bytes()).await.expect("it is taken");
    let said = until_closed(&mut slow).await;
    assert!(said.starts_with("HTTP/1.1 408 "), "{said}");
    assert!(said.contains(r#"{"success":false,"error":"The request body took too long"}"#), "{said}");
}

#[tokio::test]
async fn a_flood_of_headers_ends_its_connection() {
    let place = Place::sqlite();
    let server = place.setup().open().start().await;
    let mut flood = connect(&server).await;
    let flooding = async {
        let mut text = b"GET /health/live HTTP/1.1\r\nHost: parlor\r\n".to_vec();
        for n in 0_u64.. {
            text.extend_from_slice(format!("X-Header-{n}: {}\r\n", "y".repeat(1000)).as_bytes());
            if flood.write_all(&text).await.is_err() {
                return n;
            }
            text.clear();
        }
        u64::MAX
    };
    let written = timeout(PATIENCE, flooding).await.expect("the server stops reading");
    // What the system's buffers hold comes on top of what the server takes.
    assert!(written < 20_000, "{written} KB were taken");
    server.api().get("/health/live").await.ok();
    let many = (0..1000).map(|n| format!("h{n}")).collect::<Vec<_>>();
    let many: Vec<(&str, &str)> = many.iter().map(|name| (name.as_str(), "1")).collect();
    let answer = server.api().try_send(Method::GET, "/health/live", &many, None).await;
    assert!(answer.is_err_or_refused(), "{answer:?}");
    server.api().post("/api/v1/livechat/visitor", &json!({ "visitor": { "token": "next" } })).await.ok();
}

trait Refused {
    fn is_err_or_refused(&self) -> bool;
}

impl Refused for Result<Answer, crate::rest::Broken> {
    fn is_err_or_refused(&self) -> bool {
        self.as_ref().map_or(true, |answer| answer.status == StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)
    }
}
