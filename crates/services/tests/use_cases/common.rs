//! A store in a folder of its own, and what a use case is given besides its command.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use parlor_model::room::Source;
use parlor_model::{Clock, Event, Origin, Settings};
use parlor_services::messages::{self, Send};
use parlor_services::rooms::{self, Open};
use parlor_services::visitors::{self, Register};
use parlor_services::{Context, Refusal};
use parlor_store::{Publish, ReadTx, Store, StoreError, StoreOptions, WriteTx};
use parlor_testkit::{SeededIds, TestClock};

/// Where commands of these tests come from.
pub(crate) const ADDRESS: &str = "203.0.113.7";

/// A store with one visitor's desk before it.
pub(crate) struct Desk {
    pub(crate) store: Store,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) settings: Settings,
    ids: Arc<SeededIds>,
    heard: Arc<Heard>,
    witness: rusqlite::Connection,
    _folder: tempfile::TempDir,
}

#[derive(Default)]
struct Heard(Mutex<Vec<Event>>);

impl Publish for Heard {
    fn publish(&self, events: &mut Vec<Event>, _: bool) {
        self.0.lock().unwrap().append(events);
    }
}

impl Desk {
    /// A fresh store; chats are taken in without agents.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("parlor.db");
        let mut options = StoreOptions::new(format!("sqlite:{}", file.display()));
        options.readers = 1;
        // Small, so that most rooms of these tests reach over several parts.
        options.part_messages = 3;
        let heard = Arc::new(Heard::default());
        let (store, _) = Store::open(&options, heard.clone(), TestClock::START).unwrap();
        Self {
            store,
            clock: Arc::new(TestClock::new()),
            settings: Settings { accept_chats_with_no_agents: true, ..Settings::default() },
            ids: Arc::new(SeededIds::new(7)),
            heard,
            witness: rusqlite::Connection::open(file).unwrap(),
            _folder: folder,
        }
    }

    /// What a command that comes now over REST is given.
    pub(crate) fn context(&self) -> Context {
        Context {
            now: self.clock.now(),
            settings: Arc::new(self.settings.clone()),
            ids: self.ids.clone(),
            public_url: "https://chat.example.org".into(),
            origin: Origin { door: "rest", address: Some(ADDRESS.parse::<IpAddr>().unwrap()) },
        }
    }

    /// Runs a use case.
    pub(crate) async fn run<
        T: std::marker::Send + 'static,
        E: Into<Refusal> + From<StoreError> + std::marker::Send + 'static,
    >(
        &self,
        mut use_case: impl FnMut(&mut WriteTx<'_>, &Context) -> Result<T, E> + std::marker::Send + 'static,
    ) -> Result<T, Refusal> {
        let ctx = self.context();
        self.store.write("key", move |tx| use_case(tx, &ctx)).await.map_err(Into::into)
    }

    /// Runs a query.
    pub(crate) async fn read<T: std::marker::Send + 'static>(
        &self,
        query: impl FnOnce(&mut ReadTx<'_>) -> Result<T, StoreError> + std::marker::Send + 'static,
    ) -> T {
        self.store.read(query).await.unwrap()
    }

    /// What has been published since the last question.
    pub(crate) fn heard(&self) -> Vec<Event> {
        std::mem::take(&mut self.heard.0.lock().unwrap())
    }

    /// Every row of a query, its columns separated by spaces; `-` stands for no value.
    pub(crate) fn rows(&self, query: &str) -> Vec<String> {
        let mut statement = self.witness.prepare(query).unwrap();
        let columns = statement.column_count();
        let row = |row: &rusqlite::Row<'_>| {
            let show = |i| match row.get::<_, rusqlite::types::Value>(i)? {
                rusqlite::types::Value::Text(text) => Ok(text),
                rusqlite::types::Value::Integer(number) => Ok(number.to_string()),
                _ => rusqlite::Result::Ok("-".to_owned()),
            };
            Ok((0..columns).map(show).collect::<rusqlite::Result<Vec<_>>>()?.join(" "))
        };
        statement.query_map([], row).unwrap().map(Result::unwrap).collect()
    }

    /// Everything in the database.
    pub(crate) fn everything(&self) -> Vec<String> {
        let tables = self.rows("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name");
        tables
            .iter()
            .flat_map(|table| self.rows(&format!("SELECT '{table}', * FROM {table} ORDER BY 2")))
            .collect()
    }

    pub(crate) async fn register(&self, token: &str, name: &str) -> String {
        let command = Register { token: token.into(), name: Some(name.into()), ..Register::default() };
        self.run(move |tx, ctx| visitors::register(tx, ctx, &command)).await.unwrap().id
    }

    pub(crate) async fn open_room(&self, token: &str) -> String {
        let source = Source { kind: "api".into(), destination: None };
        let command = Open { token: token.into(), rid: None, source };
        self.run(move |tx, ctx| rooms::get_or_open(tx, ctx, &command)).await.unwrap().0.room.id
    }

    pub(crate) async fn send(&self, token: &str, rid: &str, msg: &str) -> String {
        let id = self.context().id();
        let command = Send { token: token.into(), rid: rid.into(), msg: msg.into(), id: id.clone() };
        self.run(move |tx, ctx| messages::send(tx, ctx, &command)).await.unwrap();
        id
    }
}
