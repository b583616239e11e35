//! What every case needs: a database of its own, a store on it that is stopped in the end, limits on every wait.

pub(crate) mod fixtures;
pub(crate) mod gate;
pub(crate) mod proxy;

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use parlor_model::{Event, Millis};
use parlor_store::{Publish, ReadTx, Store, StoreError, StoreOptions, WriteTx};
use parlor_testkit::TestDatabase;
use tempfile::TempDir;

/// How long anything may take; reached only by a failing test.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);
/// The time of a case that does not care for time.
pub(crate) const NOW: Millis = Millis(1_700_000_000_000);

/// Declares cases as `async fn name(place: &Place)`; each becomes a test on either engine.
macro_rules! on_both_engines {
    ($( $(#[$meta:meta])* async fn $name:ident($place:ident: $type:ty) $body:block )+) => {
        $( $(#[$meta])* async fn $name($place: $type) $body )+
        mod sqlite {
            $( #[test] fn $name() { $crate::common::on_sqlite(super::$name); } )+
        }
        mod postgres {
            $( #[test] fn $name() { $crate::common::on_postgres(super::$name); } )+
        }
    };
}

/// Declares cases about what only `PostgreSQL` has: a network, and writers beside one another.
macro_rules! on_postgres {
    ($( $(#[$meta:meta])* async fn $name:ident($place:ident: $type:ty) $body:block )+) => {
        $( $(#[$meta])* async fn $name($place: $type) $body )+
        mod postgres {
            $( #[test] fn $name() { $crate::common::on_postgres(super::$name); } )+
        }
    };
}

/// Where the database of one case is.
enum Ground {
    File(TempDir),
    Server(TestDatabase),
}

/// A case's own database, empty at first.
pub(crate) struct Place {
    ground: Ground,
    heard: Arc<Heard>,
    opened: Mutex<Vec<Store>>,
}

impl Place {
    fn new(ground: Ground) -> Self {
        Self { ground, heard: Arc::default(), opened: Mutex::default() }
    }

    /// The URL to open.
    pub(crate) fn url(&self) -> String {
        match &self.ground {
            Ground::File(_) => format!("sqlite:{}", self.file().display()),
            Ground::Server(database) => database.url(),
        }
    }

    /// The database's file, on `SQLite`.
    pub(crate) fn file(&self) -> PathBuf {
        match &self.ground {
            Ground::File(folder) => folder.path().join("parlor.db"),
            Ground::Server(_) => panic!("a server has no file"),
        }
    }

    /// True on `SQLite`.
    pub(crate) fn is_file(&self) -> bool {
        matches!(self.ground, Ground::File(_))
    }

    /// Runs SQL beside the store, on a connection of its own, and gives the first column of the first row as text.
    pub(crate) async fn raw(&self, sql: &str) -> Option<String> {
        match &self.ground {
            Ground::File(_) => {
                let connection = rusqlite::Connection::open(self.file()).unwrap();
                let mut statement = connection.prepare(sql).unwrap();
                let mut rows = statement.raw_query();
                rows.next().unwrap().map(|row| row.get(0).unwrap())
            }
            Ground::Server(database) => {
                let url = database.url();
                let connecting = tokio_postgres::connect(&url, tokio_postgres::NoTls);
                let (client, connection) = soon(connecting).await.unwrap();
                tokio::spawn(connection);
                let answer = soon(client.simple_query(sql)).await.unwrap();
                answer.iter().find_map(|message| match message {
                    tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
                    _ => None,
                })
            }
        }
    }

    /// Opens a store with ordinary options.
    pub(crate) async fn open(&self) -> Store {
        self.open_with(|_| ()).await
    }

    /// Opens a store with the options that `change` leaves.
    pub(crate) async fn open_with(&self, change: impl FnOnce(&mut StoreOptions)) -> Store {
        self.open_for(self.heard.clone(), change).await
    }

    /// Opens a store that tells `publish` what happens.
    pub(crate) async fn open_for(
        &self,
        publish: Arc<dyn Publish>,
        change: impl FnOnce(&mut StoreOptions),
    ) -> Store {
        let mut options = StoreOptions::new(self.url());
        // Small, so that most rooms of these tests reach over several parts.
        options.part_messages = 2;
        change(&mut options);
        let opening = tokio::task::spawn_blocking(move || Store::open(&options, publish, NOW));
        let (store, _) = soon(opening).await.unwrap().unwrap();
        self.opened.lock().unwrap().push(store.clone());
        store
    }

    /// Everything published so far by the stores of this place.
    pub(crate) fn heard(&self) -> Vec<Event> {
        self.heard.events.lock().unwrap().clone()
    }

    /// For each commit with events or jobs: did it tell of jobs?
    pub(crate) fn heard_of_jobs(&self) -> Vec<bool> {
        self.heard.jobs.lock().unwrap().clone()
    }
}

/// Remembers what is published.
#[derive(Default)]
struct Heard {
    events: Mutex<Vec<Event>>,
    jobs: Mutex<Vec<bool>>,
}

impl Publish for Heard {
    fn publish(&self, events: &mut Vec<Event>, jobs_waiting: bool) {
        self.events.lock().unwrap().append(events);
        self.jobs.lock().unwrap().push(jobs_waiting);
    }
}

/// Runs `case` on a file.
pub(crate) fn on_sqlite(case: impl AsyncFnOnce(&Place)) {
    run(Ground::File(TempDir::new().unwrap()), case);
}

/// Runs `case` on a database of the server that the tests are given.
pub(crate) fn on_postgres(case: impl AsyncFnOnce(&Place)) {
    run(Ground::Server(TestDatabase::create()), case);
}

fn run(ground: Ground, case: impl AsyncFnOnce(&Place)) {
    let place = Place::new(ground);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        soon(case(&place)).await;
        let stores = std::mem::take(&mut *place.opened.lock().unwrap());
        for store in stores {
            soon(store.stop()).await;
        }
    });
}

/// The outcome of `work`, which must not take longer than [`LIMIT`].
pub(crate) async fn soon<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(LIMIT, work).await.expect("this must not take so long")
}

/// Runs a use case; any failure ends the test.
pub(crate) async fn write<T: Send + 'static>(
    store: &Store,
    use_case: impl FnMut(&mut WriteTx<'_>) -> Result<T, StoreError> + Send + 'static,
) -> T {
    try_write(store, use_case).await.unwrap()
}

/// Runs a use case and gives its answer.
pub(crate) async fn try_write<T: Send + 'static>(
    store: &Store,
    use_case: impl FnMut(&mut WriteTx<'_>) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    soon(store.write("key", use_case)).await
}

/// Runs a query; any failure ends the test.
pub(crate) async fn read<T: Send + 'static>(
    store: &Store,
    query: impl FnOnce(&mut ReadTx<'_>) -> Result<T, StoreError> + Send + 'static,
) -> T {
    soon(store.read(query)).await.unwrap()
}

/// A command that has been submitted, and its answer once there is one.
pub(crate) struct Queued<T> {
    work: Pin<Box<dyn Future<Output = Result<T, StoreError>>>>,
    answer: Option<Result<T, StoreError>>,
}

impl<T> Queued<T> {
    /// What `work` will answer; it has been started when this returns.
    pub(crate) async fn start(work: impl Future<Output = Result<T, StoreError>> + 'static) -> Self {
        let mut queued = Self { work: Box::pin(work), answer: None };
        queued.is_answered().await;
        queued
    }

    /// Looks whether the answer has come.
    pub(crate) async fn is_answered(&mut self) -> bool {
        std::future::poll_fn(|context| {
            if self.answer.is_none()
                && let Poll::Ready(answer) = self.work.as_mut().poll(context)
            {
                self.answer = Some(answer);
            }
            Poll::Ready(self.answer.is_some())
        })
        .await
    }

    /// Waits for the answer.
    pub(crate) async fn answer(self) -> Result<T, StoreError> {
        match self.answer {
            Some(answer) => answer,
            None => soon(self.work).await,
        }
    }
}

/// Submits a use case and does not wait: when this returns, it stands in the queue of the writer that serves `key`, or
/// has left it already.
pub(crate) async fn submit<T: Send + 'static>(
    store: &Store,
    key: &'static str,
    use_case: impl FnMut(&mut WriteTx<'_>) -> Result<T, StoreError> + Send + 'static,
) -> Queued<T> {
    let store = store.clone();
    Queued::start(async move { store.write(key, use_case).await }).await
}

/// As [`submit`], for a use case that may be run again after it took effect.
pub(crate) async fn submit_idempotent<T: Send + 'static>(
    store: &Store,
    key: &'static str,
    use_case: impl FnMut(&mut WriteTx<'_>) -> Result<T, StoreError> + Send + 'static,
) -> Queued<T> {
    let store = store.clone();
    Queued::start(async move { store.write_idempotent(key, use_case).await }).await
}
