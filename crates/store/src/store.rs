//! The store's face: `write` and `read` with use cases as plain functions.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, RwLock};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use parlor_model::Millis;
use parlor_model::event::Publish;
use tokio::sync::oneshot;

use crate::StoreError;
use crate::driver::Session;
use crate::driver::checkpoint::Checkpoints;
use crate::driver::postgres::{self, ANSWER_LIMIT, PgSession};
use crate::driver::sqlite::SqliteSession;
use crate::migrate::{self, Migrated};
use crate::parts::Parts;
use crate::sql::messages;
use crate::tx::{ReadTx, WriteTx};
use crate::writer::{Manner, Message, Typed, Writer};

/// How to open a store.
#[derive(Clone)]
pub struct StoreOptions {
    /// `sqlite:<path>` or `postgres://…`.
    pub url: String,
    /// Threads that read.
    pub readers: usize,
    /// Connections that write; `SQLite` always has one.
    pub writers: usize,
    /// Page cache of `SQLite` in KiB, over all connections.
    pub cache_kb: u32,
    /// Commands that may wait for each writer.
    pub queue_limit: usize,
    /// Messages filed together before the next part begins (`docs/adr/0007-parts.md`).
    pub part_messages: u32,
}

impl StoreOptions {
    /// Sensible numbers for the store at `url`.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            readers: 2,
            writers: 2,
            cache_kb: 16 * 1024,
            queue_limit: 1024,
            part_messages: 32_768,
        }
    }

    fn engine(&self) -> Result<Address, StoreError> {
        // SQLite takes these two names for databases that vanish with their connection.
        if let Some(path) = self.url.strip_prefix("sqlite:").filter(|path| !["", ":memory:"].contains(path)) {
            return Ok(Address::Sqlite(PathBuf::from(path)));
        }
        if ["postgres://", "postgresql://"].iter().any(|scheme| self.url.starts_with(scheme)) {
            return Ok(Address::Postgres(Box::new(postgres::parse_url(&self.url)?)));
        }
        Err(StoreError::Engine("the store's URL is neither sqlite:<path> nor postgres://…".into()))
    }
}

enum Address {
    Sqlite(PathBuf),
    Postgres(Box<tokio_postgres::Config>),
}

/// What the store counts.
#[derive(Debug, Default)]
pub struct Stats {
    /// Transactions committed.
    pub commits: AtomicU64,
    /// Commands those transactions held.
    pub commands: AtomicU64,
    /// Commands run again alone.
    pub reruns: AtomicU64,
    /// Commands refused because the queue was full.
    pub refused: AtomicU64,
}

/// What a reader finds in its queue.
enum Reading {
    Query(Box<dyn FnOnce(&mut Session) + Send>),
    Stop,
}

struct Inner {
    writers: Vec<Sender<Message>>,
    reads: Sender<Reading>,
    /// Readers end first: only a connection that may write can fold `SQLite`'s log into the file when it closes last.
    readers: Mutex<Vec<JoinHandle<()>>>,
    writing: Mutex<Vec<JoinHandle<()>>>,
    stats: Arc<Stats>,
}

/// A handle to the store. Clones share the same bounded queues.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

impl Store {
    /// Opens the store, brings its schema up to date and starts its threads. Blocks; inside an asynchronous runtime
    /// call it from a thread where that is allowed.
    ///
    /// # Errors
    /// Whatever keeps the database from being opened or migrated, among it a schema newer than this program knows.
    pub fn open(
        options: &StoreOptions,
        publish: Arc<dyn Publish>,
        now: Millis,
    ) -> Result<(Self, Migrated), StoreError> {
        let migrated = migrate(options, now)?;
        let stats = Arc::new(Stats::default());
        let address = options.engine()?;
        // The writer touches the hot end of every table; readers see mostly what it has just written.
        let reader_cache =
            (options.cache_kb / 4 / u32::try_from(options.readers.max(1)).unwrap_or(1)).max(512);
        let open = |writer: bool| -> Result<Session, StoreError> {
            Ok(match &address {
                Address::Sqlite(path) if writer => {
                    Session::Sqlite(SqliteSession::open_writer(path, (options.cache_kb / 4 * 3).max(1024))?)
                }
                Address::Sqlite(path) => Session::Sqlite(SqliteSession::open_reader(path, reader_cache)?),
                Address::Postgres(config) => {
                    Session::Postgres(Box::new(PgSession::new((**config).clone(), ANSWER_LIMIT)?))
                }
            })
        };
        let floor: Arc<RwLock<()>> = Arc::default();
        let newest = read_once(&mut open(false)?, messages::newest_part)?;
        let parts = Arc::new(Parts::after(newest, options.part_messages));
        let (mut writers, mut writing) = (Vec::new(), Vec::new());
        let writer_count = if matches!(address, Address::Sqlite(_)) { 1 } else { options.writers.max(1) };
        for number in 0..writer_count {
            let (sender, queue) = bounded(options.queue_limit.max(1));
            let (publish, stats) = (publish.clone(), stats.clone());
            let session = open(true)?;
            let (floor, parts) = (floor.clone(), parts.clone());
            let (checkpoints, checkpointing) = match &address {
                Address::Sqlite(path) => Some(Checkpoints::start(path)?).unzip(),
                Address::Postgres(_) => (None, None),
            };
            let writer =
                Writer { session, queue, publish, stats, events: Vec::new(), parts, floor, checkpoints };
            writing.push(spawn(format!("store-write-{number}"), move || writer.serve())?);
            // Ends after its writer, and is waited for after it.
            writing.extend(checkpointing);
            writers.push(sender);
        }
        let (reads, read_queue) = bounded(options.queue_limit.max(1));
        let mut readers = Vec::new();
        for number in 0..options.readers.max(1) {
            let (session, queue) = (open(false)?, read_queue.clone());
            readers.push(spawn(format!("store-read-{number}"), move || serve_reads(session, &queue))?);
        }
        let inner =
            Inner { writers, reads, readers: Mutex::new(readers), writing: Mutex::new(writing), stats };
        Ok((Self { inner: Arc::new(inner) }, migrated))
    }

    /// Runs a use case in a transaction and answers when its changes are on the disk.
    ///
    /// Commands with the same `key` (a room, a visitor) run one after the other on the same writer; that is for speed
    /// only, correctness never depends on it. The use case may be run more than once, so it must take all it needs by
    /// reference. If it returns an error nothing of it is kept.
    ///
    /// # Errors
    /// The use case's own, or a [`StoreError`] turned into one: `Busy` when the queue is full, `Unknown` when the
    /// connection broke during COMMIT.
    pub async fn write<T, E, F>(&self, key: &str, use_case: F) -> Result<T, E>
    where
        F: FnMut(&mut WriteTx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.submit(key, Manner::default(), use_case).await
    }

    /// As [`Store::write`], for a use case that may safely run again after it took effect: when the connection broke
    /// during COMMIT it is run once more instead of answering `Unknown`.
    pub async fn write_idempotent<T, E, F>(&self, key: &str, use_case: F) -> Result<T, E>
    where
        F: FnMut(&mut WriteTx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.submit(key, Manner { idempotent: true, row_locked: false }, use_case).await
    }

    /// As [`Store::write_idempotent`], for a use case whose every decision rests on rows that it has locked by an
    /// `UPDATE … RETURNING` and on unique indexes. It needs no serializable transaction, and on PostgreSQL that is the
    /// difference between batches that commit and batches that conflict: new messages all meet on one index page.
    pub async fn write_row_locked<T, E, F>(&self, key: &str, use_case: F) -> Result<T, E>
    where
        F: FnMut(&mut WriteTx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.submit(key, Manner { idempotent: true, row_locked: true }, use_case).await
    }

    async fn submit<T, E, F>(&self, key: &str, manner: Manner, use_case: F) -> Result<T, E>
    where
        F: FnMut(&mut WriteTx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let command = Box::new(Typed { use_case, result: None, reply, manner });
        let writers = &self.inner.writers;
        let writer = &writers[spread(key) % writers.len()];
        match writer.try_send(Message::Command(command)) {
            Ok(()) => answer.await.unwrap_or_else(|_| Err(StoreError::Stopped.into())),
            Err(TrySendError::Full(_)) => {
                self.inner.stats.refused.fetch_add(1, Relaxed);
                Err(StoreError::Busy.into())
            }
            Err(TrySendError::Disconnected(_)) => Err(StoreError::Stopped.into()),
        }
    }

    /// Runs a query against a consistent view of the store.
    ///
    /// # Errors
    /// The query's own, or a [`StoreError`] turned into one.
    pub async fn read<T, E, F>(&self, query: F) -> Result<T, E>
    where
        F: FnOnce(&mut ReadTx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let reading = Reading::Query(Box::new(move |session| {
            let _ = reply.send(read_once(session, query));
        }));
        match self.inner.reads.try_send(reading) {
            Ok(()) => answer.await.unwrap_or_else(|_| Err(StoreError::Stopped.into())),
            Err(TrySendError::Full(_)) => {
                self.inner.stats.refused.fetch_add(1, Relaxed);
                Err(StoreError::Busy.into())
            }
            Err(TrySendError::Disconnected(_)) => Err(StoreError::Stopped.into()),
        }
    }

    /// What has been counted since the start.
    pub fn stats(&self) -> &Stats {
        &self.inner.stats
    }

    /// Commands that wait for a writer now.
    pub fn waiting(&self) -> usize {
        self.inner.writers.iter().map(Sender::len).sum()
    }

    /// Finishes what was submitted, then ends every thread of the store and waits for them. The last connection to a
    /// `SQLite` file folds its write-ahead log into it. Later commands are answered `Stopped`.
    pub async fn stop(&self) {
        let inner = self.inner.clone();
        let ended = tokio::task::spawn_blocking(move || {
            // A thread that is gone already needs no telling, so failed sends are fine.
            let readers = inner.readers.lock().map(|mut t| std::mem::take(&mut *t)).unwrap_or_default();
            for _ in &readers {
                let _ = inner.reads.send(Reading::Stop);
            }
            let panicked = join(readers);
            for writer in &inner.writers {
                let _ = writer.send(Message::Stop);
            }
            let writing = inner.writing.lock().map(|mut t| std::mem::take(&mut *t)).unwrap_or_default();
            panicked + join(writing)
        });
        if ended.await.is_ok_and(|panicked| panicked > 0) {
            tracing::error!("a thread of the store had panicked");
        }
    }
}

/// Waits for threads to end; tells how many had panicked.
fn join(threads: Vec<JoinHandle<()>>) -> usize {
    threads.into_iter().filter_map(|thread| thread.join().err()).count()
}

fn migrate(options: &StoreOptions, now: Millis) -> Result<Migrated, StoreError> {
    match options.engine()? {
        Address::Sqlite(path) => migrate::sqlite(&path, now),
        Address::Postgres(config) => migrate::postgres(*config, now),
    }
}

/// Brings the schema of the store at `options.url` up to date without starting it.
///
/// # Errors
/// As [`Store::open`].
pub fn migrate_only(options: &StoreOptions, now: Millis) -> Result<Migrated, StoreError> {
    migrate(options, now)
}

fn spawn(name: String, body: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StoreError> {
    std::thread::Builder::new()
        .name(name)
        .spawn(body)
        .map_err(|e| StoreError::Engine(format!("cannot start a thread: {e}")))
}

/// Which writer serves a key: any even spread will do (FNV-1a).
fn spread(key: &str) -> usize {
    let hash =
        key.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
    usize::try_from(hash >> 33).unwrap_or(0)
}

fn serve_reads(mut session: Session, queue: &Receiver<Reading>) {
    while let Ok(Reading::Query(reading)) = queue.recv() {
        reading(&mut session);
    }
}

fn read_once<T, E: From<StoreError>>(
    session: &mut Session,
    query: impl FnOnce(&mut ReadTx<'_>) -> Result<T, E>,
) -> Result<T, E> {
    session.ensure_connected()?;
    session.begin_read()?;
    let mut tx = ReadTx::new(session.engine());
    let result = catch_unwind(AssertUnwindSafe(|| query(&mut tx)));
    let failure = tx.take_failure();
    session.rollback();
    match (result, failure) {
        (Err(_), _) => Err(StoreError::Panicked.into()),
        (Ok(Ok(_)), Some(error)) => Err(error.into()),
        (Ok(result), _) => result,
    }
}
