//! SIGTERM: what was begun is finished, nothing new is begun, the data lies in one file.

use std::io::ErrorKind;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::PATIENCE;
use crate::place::Place;
use crate::server::Server;

/// What the server says when it begins to read the body of a request that asked it to say so.
const GO_ON: &str = "HTTP/1.1 100 Continue\r\n\r\n";

/// A connection on which a request has begun: the server has read its head, and waits for the last byte of the body.
struct Begun {
    stream: TcpStream,
    last: [u8; 1],
}

impl Begun {
    async fn message(server: &Server, token: &str, rid: &str, id: &str) -> Self {
        let body =
            json!({ "token": token, "rid": rid, "_id": id, "msg": "sent in the last moment" }).to_string();
        let (length, (most, last)) = (body.len(), body.as_bytes().split_at(body.len() - 1));
        let head = format!(
            "POST /api/v1/livechat/message HTTP/1.1\r\nHost: parlor\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\nExpect: 100-continue\r\n\r\n"
        );
        let mut stream = TcpStream::connect(server.address()).await.expect("a connection");
        stream.write_all(head.as_bytes()).await.expect("the head is taken");
        let mut told = vec![0; GO_ON.len()];
        timeout(PATIENCE, stream.read_exact(&mut told)).await.expect("in time").expect("a word to go on");
        assert_eq!(String::from_utf8_lossy(&told), GO_ON);
        stream.write_all(most).await.expect("most of the body is taken");
        Self { stream, last: [last[0]] }
    }

    async fn finish(mut self) -> String {
        self.stream.write_all(&self.last).await.expect("the rest of the body is taken");
        to_the_end(&mut self.stream).await
    }
}

async fn to_the_end(stream: &mut TcpStream) -> String {
    let mut answer = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut answer)).await.expect("an end").expect("an answer");
    answer
}

/// Connects until nobody takes the connection any more.
async fn until_refused(server: &Server) {
    let refused = async {
        loop {
            match TcpStream::connect(server.address()).await {
                Err(error) if error.kind() == ErrorKind::ConnectionRefused => return,
                // Between the signal and the end of listening; a reset is the end coming while we connect.
                _ => tokio::task::yield_now().await,
            }
        }
    };
    timeout(PATIENCE, refused).await.expect("new connections are refused");
}

#[tokio::test]
async fn a_stopping_server_answers_what_was_begun_and_refuses_what_is_new() {
    let place = Place::sqlite();
    let mut server = place.setup().open().start().await;
    let rid = server.api().visitor_with_room("last").await;
    let mut begun = Vec::new();
    for n in 0..5 {
        begun.push(Begun::message(&server, "last", &rid, &format!("begunBeforeTheEnd{n}")).await);
    }
    server.term();
    server.err.find("stopping").await.expect("it says so");
    until_refused(&server).await;
    for request in begun {
        let answer = request.finish().await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.to_lowercase().contains("\r\nconnection: close\r\n"), "{answer}");
    }
    let status = server.wait().await;
    assert_eq!(status.code(), Some(0), "{}", server.err.whole().await);
    let log = place.folder().join("parlor.db-wal");
    let left = std::fs::metadata(&log).map_or(0, |file| file.len());
    assert_eq!(left, 0, "the write-ahead log is folded into the file");

    let mut server = place.setup().open().start().await;
    let history = server.api().history("last", &rid).await;
    for n in 0..5 {
        let id = format!("begunBeforeTheEnd{n}");
        assert_eq!(history.iter().filter(|entry| entry["_id"] == *id).count(), 1, "{history:#?}");
    }
    server.api().message("last", &rid, "", "and on").await.ok();
    server.stop().await;
    place.rooms_are_gapless().await;
}

#[tokio::test]
async fn a_server_told_to_stop_as_soon_as_it_listens_ends_well() {
    let place = Place::sqlite();
    let mut server = place.setup().open().start().await;
    server.stop().await;
    let left = std::fs::metadata(place.folder().join("parlor.db-wal")).map_or(0, |file| file.len());
    assert_eq!(left, 0, "the write-ahead log is folded into the file");
}

#[tokio::test]
async fn idle_connections_do_not_hold_up_the_end() {
    let place = Place::sqlite();
    // The limits are far away: what ends the connections is the stop.
    let setup = place.setup().open().env("PARLOR_DRAIN_SECS", "3600");
    let mut server = setup.env("PARLOR_REQUEST_TIMEOUT_SECS", "3600").start().await;
    let mut used = TcpStream::connect(server.address()).await.expect("a connection");
    used.write_all(b"GET /health/live HTTP/1.1\r\nHost: parlor\r\n\r\n").await.expect("a request is taken");
    let mut first = [0];
    timeout(PATIENCE, used.read_exact(&mut first)).await.expect("in time").expect("an answer");
    let mut fresh = TcpStream::connect(server.address()).await.expect("a connection");
    // Answered after `fresh` was taken in.
    server.api().get("/health/live").await.ok();
    server.stop().await;
    assert!(to_the_end(&mut used).await.contains(r#""success":true"#));
    assert_eq!(to_the_end(&mut fresh).await, "");
}

#[tokio::test]
async fn a_call_that_never_ends_is_cut_off_at_the_limit() {
    let place = Place::sqlite();
    let mut server = place.setup().open().env("PARLOR_DRAIN_SECS", "1").start().await;
    let rid = server.api().visitor_with_room("slow").await;
    let _begun = Begun::message(&server, "slow", &rid, "neverSentToItsEnd").await;
    server.stop().await;
    let said = server.err.whole().await;
    assert!(said.contains("cut off"), "{said}");
    assert_eq!(place.rows("SELECT COUNT(*) FROM message WHERE t IS NULL").await, [["0"]]);
}

#[tokio::test]
async fn a_stopping_server_on_postgresql_ends_well() {
    let place = Place::postgres();
    let mut server = place.setup().open().start().await;
    let rid = server.api().visitor_with_room("last").await;
    server.api().message("last", &rid, "beforeTheLastStop", "hello").await.ok();
    server.stop().await;
    let mut server = place.setup().open().start().await;
    let history = server.api().history("last", &rid).await;
    assert!(history.iter().any(|entry| entry["_id"] == "beforeTheLastStop"), "{history:#?}");
    server.stop().await;
    place.rooms_are_gapless().await;
}
