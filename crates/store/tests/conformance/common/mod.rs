//! What every case needs: a database of its own, a store on it that is stopped in the end, limits on every wait.

pub mod fixtures;
pub mod gate;
pub mod proxy;

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
pub const LIMIT: Duration = Duration::from_secs(60);
/// The time of a case that does not care for time.
pub const NOW: Millis = Millis(1_700_000_000_000);

/// Declares cases as `async fn name(place: &Place)`; each becomes a test on either engine.
macro_rules! on_both_engines {
    ($( $(#[$meta:meta])* async fn $name:ident($place:ident: &Place) $body:block )+) => {
        $( $(#[$meta])* async fn $name($place: &$crate::common::Place) $body )+
        mod sqlite {
            $( #[test] fn $name() { $crate::common::on_sqlite(super::$name); } )+
        }
        mod postgres {
            $( #[test] fn $name() { $crate::common::on_postgres(super::$name); } )+
        }
    };
}

/// Declares cases about what only PostgreSQL has: a network, and writers beside one another.
macro_rules! on_postgres {
    ($( $(#[$meta:meta])* async fn $name:ident($place:ident: &Place) $body:block )+) => {
        $( $(#[$meta])* async fn $name($place: &$crate::common::Place) $body )+
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
pub struct Place {
    ground: Ground,
    heard: Arc<Heard>,
    opened: Mutex<Vec<Store>>,
}

impl Place {
    fn new(ground: Ground) -> Self {
        Self { ground, heard: Arc::default(), opened: Mutex::default() }
    }

    /// The URL to open.
    pub fn url(&self) -> String {
        match &self.ground {
            Ground::File(_) => format!("sqlite:{}", self.file().display()),
            Ground::Server(database) => database.url(),
        }
    }

    /// The database's file, on SQLite.
    pub fn file(&self) -> PathBuf {
        match &self.ground {
            Ground::File(folder) => folder.path().join("parlor.db"),
            Ground::Server(_) => panic!("a server has no file"),
        }
    }

    /// True on SQLite.
    pub fn is_file(&self) -> bool {
        matches!(self.ground, Ground::File(_))
    }

    /// Opens a store with ordinary options.
    pub async fn open(&self) -> Store {
        self.open_with(|_| ()).await
    }

    /// Opens a store with the options that `change` leaves.
    pub async fn open_with(&self, change: impl FnOnce(&mut StoreOptions)) -> Store {
        self.open_for(self.heard.clone(), change).await
    }

    /// Opens a store that tells `publish` what happens.
    pub async fn open_for(
        &self,
        publish: Arc<dyn Publish>,
        change: impl FnOnce(&mut StoreOptions),
    ) -> Store {
        let mut options = StoreOptions::new(self.url());
        change(&mut options);
        let opening = tokio::task::spawn_blocking(move || Store::open(&options, publish, NOW));
        let (store, _) = soon(opening).await.unwrap().unwrap();
        self.opened.lock().unwrap().push(store.clone());
        store
    }

    /// Everything published so far by the stores of this place.
    pub fn heard(&self) -> Vec<Event> {
        self.heard.events.lock().unwrap().clone()
    }

    /// For each commit with events or jobs: did it tell of jobs?
    pub fn heard_of_jobs(&self) -> Vec<bool> {
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
pub fn on_sqlite(case: impl AsyncFnOnce(&Place)) {
    run(Ground::File(TempDir::new().unwrap()), case);
}

/// Runs `case` on a database of the server that the tests are given.
pub fn on_postgres(case: impl AsyncFnOnce(&Place)) {
    run(Ground::Server(TestDatabase::create()), case);
}

fn run(ground: Ground, case: impl AsyncFnOnce(&Place)) {
    let place = Place::new(ground);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        soon(case(&place)).await;
        let stores = std::mem::take(&mut *place.opened.lock().unwrap());
        for store in stores {
            soon(store.stop()).await;
        }
    });
}

/// The outcome of `work`, which must not take longer than [`LIMIT`].
pub async fn soon<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(LIMIT, work).await.expect("this must not take so long")
}

/// Runs a use case; any failure ends the test.
pub async fn write<T: Send + 'static>(
    store: &Store,
    use_case: impl FnMut(&mut WriteTx<'_>) -> Result<T, StoreError> + Send + 'static,
) -> T {
    try_write(store, use_case).await.unwrap()
}

/// Runs a use case and gives its answer.
pub async fn try_write<T: Send + 'static>(
    store: &Store,
    use_case: impl FnMut(&mut WriteTx<'_>) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    soon(store.write("key", use_case)).await
}

/// Runs a query; any failure ends the test.
pub async fn read<T: Send + 'static>(
    store: &Store,
    query: impl FnOnce(&mut ReadTx<'_>) -> Result<T, StoreError> + Send + 'static,
) -> T {
    soon(store.read(query)).await.unwrap()
}

/// A command that has been submitted and not been answered.
pub struct Queued<T>(Pin<Box<dyn Future<Output = Result<T, StoreError>>>>);

impl<T> Queued<T> {
    /// Its answer, or `None` if there is none yet.
    pub async fn answer_so_far(&mut self) -> Option<Result<T, StoreError>> {
        std::future::poll_fn(|context| match self.0.as_mut().poll(context) {
            Poll::Ready(answer) => Poll::Ready(Some(answer)),
            Poll::Pending => Poll::Ready(None),
        })
        .await
    }

    /// Waits for its answer.
    pub async fn answer(self) -> Result<T, StoreError> {
        soon(self.0).await
    }
}

/// Submits a use case and does not wait: when this returns, it stands in the queue of the writer that serves `key`.
pub async fn submit<T: Send + 'static>(
    store: &Store,
    key: &'static str,
    use_case: impl FnMut(&mut WriteTx<'_>) -> Result<T, StoreError> + Send + 'static,
) -> Queued<T> {
    let store = store.clone();
    let mut queued = Queued(Box::pin(async move { store.write(key, use_case).await }));
    assert!(queued.answer_so_far().await.is_none(), "answered before it could be served");
    queued
}
