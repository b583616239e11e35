//! A client of the REST door.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::PATIENCE;

/// No answer, or not all of it: the connection broke.
#[derive(Debug)]
#[allow(dead_code, reason = "why it broke stands in the messages of failed tests")]
pub(crate) struct Broken(String);

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e} in {self}"))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body of an answer of success; fails on any other.
    pub(crate) fn ok(self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{self}");
        assert_eq!(self.header("content-type"), "application/json", "{self}");
        let body = self.json();
        assert_eq!(body["success"], true, "{self}");
        body
    }

    /// Fails unless the answer is a failure in the contract's envelope, with this status and exactly this `error`.
    pub(crate) fn refused(&self, status: u16, error: &str) {
        let body = self.json();
        assert_eq!((self.status.as_u16(), &body["error"]), (status, &json!(error)), "{self}");
        assert_eq!(
            (self.header("content-type"), &body["success"]),
            ("application/json", &json!(false)),
            "{self}"
        );
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}: {}", self.status, self.headers, self.text)
    }
}

/// One client: its connections are kept and used again.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    url: String,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Api {
    pub(crate) fn new(url: &str) -> Self {
        // A request that is sent again by itself would hide what the server did with the first.
        let client = Client::builder(TokioExecutor::new()).retry_canceled_requests(false).build_http();
        Self { url: url.to_owned(), client }
    }

    /// Sends a request and reads the answer.
    pub(crate) async fn try_send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Answer, Broken> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = Full::from(body.map(Value::to_string).unwrap_or_default());
        let request = request.body(body).expect("a request");
        let answered = async {
            let (head, body) =
                self.client.request(request).await.map_err(|e| Broken(e.to_string()))?.into_parts();
            let body = body.collect().await.map_err(|e| Broken(e.to_string()))?.to_bytes();
            let text = String::from_utf8_lossy(&body).into_owned();
            Ok(Answer { status: head.status, headers: head.headers, text })
        };
        timeout(PATIENCE, answered).await.unwrap_or_else(|_| panic!("no answer in {PATIENCE:?}: {path}"))
    }

    /// As [`Api::try_send`], and fails where no answer comes.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Answer {
        self.try_send(method, path, headers, body).await.unwrap_or_else(|e| panic!("{path}: {e:?}"))
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], None).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, &[], Some(body)).await
    }

    /// Registers a visitor.
    pub(crate) async fn register(&self, token: &str) -> Answer {
        let visitor = json!({ "visitor": { "token": token, "name": "Ana", "email": "ana@example.org" } });
        self.post("/api/v1/livechat/visitor", &visitor).await
    }

    /// Gets or opens the visitor's room.
    pub(crate) async fn room(&self, token: &str) -> Answer {
        self.get(&format!("/api/v1/livechat/room?token={token}")).await
    }

    /// Registers a visitor and opens a room; gives the room's id.
    pub(crate) async fn visitor_with_room(&self, token: &str) -> String {
        self.register(token).await.ok();
        let room = self.room(token).await.ok();
        room["room"]["_id"].as_str().expect("a room's id").to_owned()
    }

    pub(crate) async fn try_message(
        &self,
        token: &str,
        rid: &str,
        id: &str,
        msg: &str,
    ) -> Result<Answer, Broken> {
        let body = json!({ "token": token, "rid": rid, "_id": id, "msg": msg });
        self.try_send(Method::POST, "/api/v1/livechat/message", &[], Some(&body)).await
    }

    pub(crate) async fn message(&self, token: &str, rid: &str, id: &str, msg: &str) -> Answer {
        self.try_message(token, rid, id, msg).await.unwrap_or_else(|e| panic!("sending {id}: {e:?}"))
    }

    pub(crate) async fn try_edit(
        &self,
        token: &str,
        rid: &str,
        id: &str,
        msg: &str,
    ) -> Result<Answer, Broken> {
        let body = json!({ "token": token, "rid": rid, "msg": msg });
        self.try_send(Method::PUT, &format!("/api/v1/livechat/message/{id}"), &[], Some(&body)).await
    }

    pub(crate) async fn try_remove(&self, token: &str, rid: &str, id: &str) -> Result<Answer, Broken> {
        let body = json!({ "token": token, "rid": rid });
        self.try_send(Method::DELETE, &format!("/api/v1/livechat/message/{id}"), &[], Some(&body)).await
    }

    /// A room's whole history, oldest first, fetched in pages.
    pub(crate) async fn history(&self, token: &str, rid: &str) -> Vec<Value> {
        const PAGE: usize = 500;
        let mut all = Vec::new();
        loop {
            let page = format!("token={token}&limit={PAGE}&offset={}", all.len());
            let answer = self.get(&format!("/api/v1/livechat/messages.history/{rid}?{page}")).await.ok();
            let messages = answer["messages"].as_array().expect("a page of messages");
            all.extend(messages.iter().cloned());
            if messages.len() < PAGE {
                all.reverse();
                return all;
            }
        }
    }
}
