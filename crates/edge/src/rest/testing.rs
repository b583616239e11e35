//! A whole server without a network: the real router on a real `SQLite` file, with a clock, ids, mail domains and
//! settings that a test decides.
//!
//! Every answer is held against what all answers promise: headers, envelope, the documented shape, and that a refused
//! call has committed nothing.

mod schema;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use parlor_adapters::{ArgonPasswords, PasswordOptions};
use parlor_model::{Millis, PasswordDigest, Settings};
use parlor_services::accounts::{self, AccountError};
use parlor_services::settings::SettingsHolder;
use parlor_store::{ReadTx, Store, StoreError, StoreOptions};
use parlor_testkit::{SeededIds, TestClock, ZonedMailDomains};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::caller::{Caller, Peer};
use crate::rest::wire::message::MessageBody;
use crate::{App, AppOptions};

/// The largest body the test server takes.
pub(crate) const LARGEST_BODY: usize = 64 * 1024;
/// The token of the visitor that [`Server::chat`] makes.
pub(crate) const TOKEN: &str = "b7e09a51c3d2f468";

pub(crate) struct Server {
    pub(crate) clock: Arc<TestClock>,
    pub(crate) domains: Arc<ZonedMailDomains>,
    pub(crate) store: Store,
    pub(crate) app: App,
    ids: Arc<SeededIds>,
    settings: Settings,
    router: Router,
    document: Value,
    witness: rusqlite::Connection,
    _folder: tempfile::TempDir,
}

impl Server {
    /// A server that takes chats in without agents and counts no calls.
    pub(crate) fn start() -> Self {
        Self::with(|_| ())
    }

    /// The same with other settings.
    pub(crate) fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("parlor.db");
        let mut options = StoreOptions::new(format!("sqlite:{}", file.display()));
        options.readers = 1;
        // Small, so that most rooms of these tests reach over several parts.
        options.part_messages = 3;
        let (store, _) = Store::open(&options, Arc::new(()), TestClock::START).unwrap();
        let mut settings =
            Settings { accept_chats_with_no_agents: true, rate_limiter: false, ..Settings::default() };
        change(&mut settings);
        let (clock, domains) = (Arc::new(TestClock::new()), Arc::new(ZonedMailDomains::new()));
        let ids = Arc::new(SeededIds::new(1));
        let app = app(&store, &settings, &clock, &domains, &ids);
        let router = super::router(app.clone());
        let document = serde_json::from_str(&crate::openapi()).unwrap();
        let witness = rusqlite::Connection::open(file).unwrap();
        Self { clock, domains, store, app, ids, settings, router, document, witness, _folder: folder }
    }

    /// Changes settings on the way; all counts of calls start anew.
    pub(crate) fn set(&mut self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.settings);
        self.app = app(&self.store, &self.settings, &self.clock, &self.domains, &self.ids);
        self.router = super::router(self.app.clone());
    }

    /// One call, and the checks that every answer must stand.
    pub(crate) async fn call(&self, call: Call) -> Reply {
        let (method, path) = (call.method.clone(), call.target.split('?').next().unwrap().to_owned());
        let asked = format!("{method} {}", call.target);
        let before = self.commits();
        let response = self.router.clone().oneshot(call.request()).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let reply = Reply {
            asked,
            status: parts.status,
            headers: parts.headers,
            json: serde_json::from_slice(&body).unwrap_or(Value::Null),
        };
        if reply.status == StatusCode::NO_CONTENT {
            assert!(body.is_empty());
            return reply;
        }
        reply.keeps_the_promises();
        // A failed login is counted, and nothing else.
        if reply.status != StatusCode::OK && path != "/api/v1/login" {
            assert_eq!(self.commits(), before, "a refused call changed something: {}", reply.asked);
        }
        schema::check_answer(&self.document, &method, &path, &reply);
        reply
    }

    /// The routes, for calls that are not the API's.
    pub(crate) fn router(&self) -> Router {
        self.router.clone()
    }

    /// Makes an account that can log in.
    pub(crate) async fn account(&self, username: &str, email: &str, password: &str, roles: &[&str]) {
        let hash = self.app.options().passwords.hash(PasswordDigest::from_clear(password)).await.unwrap();
        let command = accounts::Create {
            id: None,
            username: username.to_owned(),
            name: None,
            email: Some(email.to_owned()),
            email_verified: true,
            password: Some(hash),
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        };
        let ctx = self.app.context(&Caller::default());
        let made = self.store.write("accounts", move |tx| {
            accounts::seed(tx, ctx.now)?;
            accounts::create(tx, &ctx, &command).map(drop)
        });
        let made: Result<(), AccountError> = made.await;
        made.unwrap();
    }

    /// Moves whenever anyone else commits a change.
    fn commits(&self) -> i64 {
        self.witness.pragma_query_value(None, "data_version", |row| row.get(0)).unwrap()
    }

    /// Changes the database behind the server's back.
    pub(crate) fn sql(&self, statement: &str) {
        self.witness.execute_batch(statement).unwrap();
    }

    /// The only number that a query gives.
    pub(crate) fn number(&self, query: &str) -> i64 {
        self.witness.query_row(query, [], |row| row.get(0)).unwrap()
    }

    /// The only text that a query gives.
    pub(crate) fn text(&self, query: &str) -> String {
        self.witness.query_row(query, [], |row| row.get(0)).unwrap()
    }

    /// Rows of the tables that calls fill.
    pub(crate) fn rows(&self) -> Vec<i64> {
        ["message", "room", "visitor", "offline_message", "inquiry", "change", "audit", "job"]
            .map(|table| self.number(&format!("SELECT COUNT(*) FROM {table}")))
            .to_vec()
    }

    pub(crate) async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&mut ReadTx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> T {
        self.store.read(query).await.unwrap()
    }

    pub(crate) fn now(&self) -> String {
        parlor_model::Clock::now(self.clock.as_ref()).to_string()
    }

    pub(crate) async fn get(&self, target: &str) -> Reply {
        self.call(Call::new(Method::GET, target)).await
    }

    pub(crate) async fn post(&self, target: &str, body: Value) -> Reply {
        self.call(Call::new(Method::POST, target).json(&body)).await
    }

    pub(crate) async fn put(&self, target: &str, body: Value) -> Reply {
        self.call(Call::new(Method::PUT, target).json(&body)).await
    }

    pub(crate) async fn delete(&self, target: &str, body: Value) -> Reply {
        self.call(Call::new(Method::DELETE, target).json(&body)).await
    }

    /// Registers a visitor and gives the record.
    pub(crate) async fn register(&self, visitor: Value) -> Value {
        self.post("visitor", json!({ "visitor": visitor })).await.ok()["visitor"].clone()
    }

    /// The visitor's open room.
    pub(crate) async fn room(&self, token: &str) -> Value {
        self.get(&format!("room?token={token}")).await.ok()["room"].clone()
    }

    /// A visitor named Ana Costa with an open room, and another visitor with one.
    pub(crate) async fn chat(&self) -> Chat {
        let ana = self.register(json!({ "token": TOKEN, "name": "Ana Costa" })).await;
        let bob = self.register(json!({ "token": "bob" })).await;
        Chat {
            visitor: text(&ana["_id"]),
            username: text(&ana["username"]),
            rid: text(&self.room(TOKEN).await["_id"]),
            other_rid: text(&self.room("bob").await["_id"]),
            other: text(&bob["_id"]),
        }
    }

    /// A message of Ana's.
    pub(crate) async fn say(&self, chat: &Chat, msg: &str) -> Value {
        let body = json!({ "token": TOKEN, "rid": chat.rid, "msg": msg });
        self.post("message", body).await.message()
    }

    /// A message in Ana's room that an agent wrote.
    pub(crate) async fn agent_says(&self, chat: &Chat, msg: &str) -> String {
        let id = text(&self.say(chat, msg).await["_id"]);
        self.sql(&format!(
            "INSERT INTO author (kind, id, username, name) VALUES ('user', 'aG3nT9Qk2LmXw7PzR', 'maria', 'Maria Silva');
             UPDATE message SET author = (SELECT MAX(pk) FROM author) WHERE id = '{id}';"
        ));
        id
    }

    /// Ana's room as the history shows it, newest first.
    pub(crate) async fn history(&self, chat: &Chat, query: &str) -> Vec<Value> {
        let page = self.get(&format!("messages.history/{}?token={TOKEN}{query}", chat.rid)).await.ok();
        page["messages"].as_array().unwrap().clone()
    }

    pub(crate) async fn close(&self, chat: &Chat) {
        self.post("room.close", json!({ "token": TOKEN, "rid": chat.rid })).await.ok();
    }
}

fn app(
    store: &Store,
    settings: &Settings,
    clock: &Arc<TestClock>,
    mail_domains: &Arc<ZonedMailDomains>,
    ids: &Arc<SeededIds>,
) -> App {
    let passwords = ArgonPasswords::new(PasswordOptions::weakest()).unwrap();
    App::new(AppOptions {
        store: store.clone(),
        settings: Arc::new(SettingsHolder::from(settings.clone())),
        clock: clock.clone(),
        ids: ids.clone(),
        mail_domains: mail_domains.clone(),
        passwords: Arc::new(passwords),
        trusted_proxies: Vec::new(),
        public_url: "https://chat.example.org".into(),
        max_body_bytes: LARGEST_BODY,
        body_limit: Duration::from_secs(10),
    })
}

/// Two visitors with an open room each; calls are mostly Ana's.
pub(crate) struct Chat {
    pub(crate) visitor: String,
    pub(crate) username: String,
    pub(crate) rid: String,
    pub(crate) other: String,
    pub(crate) other_rid: String,
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

/// A time after the clock's start, as the wire writes it.
pub(crate) fn after_start(ms: i64) -> String {
    Millis(TestClock::START.0 + ms).to_string()
}

/// A request to be made.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    method: Method,
    target: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Vec<u8>,
    peer: IpAddr,
}

impl Call {
    /// `target` is below `/api/v1/livechat/` unless it begins with a slash.
    pub(crate) fn new(method: Method, target: &str) -> Self {
        let target =
            if target.starts_with('/') { target.to_owned() } else { format!("/api/v1/livechat/{target}") };
        Self { method, target, headers: Vec::new(), body: Vec::new(), peer: IpAddr::from([203, 0, 113, 7]) }
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.body("application/json", serde_json::to_vec(body).unwrap())
    }

    pub(crate) fn body(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.header("content-type", content_type.as_bytes())
    }

    pub(crate) fn bare_body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.parse().unwrap(), HeaderValue::from_bytes(value.as_ref()).unwrap()));
        self
    }

    /// With the headers of a session, as `login` answered it.
    pub(crate) fn signed(self, session: &Value) -> Self {
        let text = |name: &str| session[name].as_str().unwrap().to_owned();
        self.header("x-user-id", text("userId")).header("x-auth-token", text("authToken"))
    }

    pub(crate) fn target(&self) -> &str {
        &self.target
    }

    pub(crate) fn from(mut self, peer: [u8; 4]) -> Self {
        self.peer = IpAddr::from(peer);
        self
    }

    fn request(self) -> Request<Body> {
        let mut request =
            Request::builder().method(self.method).uri(self.target).body(Body::from(self.body)).unwrap();
        for (name, value) in self.headers {
            request.headers_mut().append(name, value);
        }
        request.extensions_mut().insert(Peer(SocketAddr::new(self.peer, 50_000)));
        request
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    /// What was asked, for failures of tests.
    pub(crate) asked: String,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) json: Value,
}

impl Reply {
    /// Sections 1.1 and 1.3, and acceptance line 15.
    fn keeps_the_promises(&self) {
        let asked = &self.asked;
        for (name, value) in [
            (header::CONTENT_TYPE, "application/json"),
            (header::CACHE_CONTROL, "no-store"),
            (header::PRAGMA, "no-cache"),
            (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        ] {
            let found: Vec<_> = self.headers.get_all(&name).iter().collect();
            assert_eq!(found, [value], "{name} of {asked}");
        }
        assert_eq!(self.json["success"], self.status == StatusCode::OK, "{asked}: {}", self.json);
        assert!(self.status == StatusCode::OK || self.json["error"].is_string(), "{asked}: {}", self.json);
    }

    /// The body of a success.
    pub(crate) fn ok(self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}: {}", self.asked, self.json);
        self.json
    }

    /// The message of a success; it has the documented fields and no others.
    pub(crate) fn message(self) -> Value {
        let message = self.ok()["message"].clone();
        serde_json::from_value::<MessageBody>(message.clone()).unwrap();
        message
    }

    /// Exactly this status and body.
    #[track_caller]
    pub(crate) fn is(&self, status: u16, body: &Value) {
        assert_eq!((self.status.as_u16(), &self.json), (status, body), "{}", self.asked);
    }

    /// A plain failure with this code.
    #[track_caller]
    pub(crate) fn plain(&self, code: &str) {
        self.is(400, &json!({ "success": false, "error": code }));
    }

    /// A coded failure.
    #[track_caller]
    pub(crate) fn coded(&self, error: &str, code: &str) {
        self.is(400, &json!({ "success": false, "error": error, "errorType": code }));
    }

    /// A schema violation.
    #[track_caller]
    pub(crate) fn invalid(&self, reason: &str) {
        self.coded(&format!("{reason} [invalid-params]"), "invalid-params");
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|v| v.to_str().unwrap())
    }
}
