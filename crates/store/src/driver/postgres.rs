//! `PostgreSQL`: a connection driven by the thread that uses it, so that use cases stay synchronous.
//!
//! BEGIN, SAVEPOINT and RELEASE wait in `pending` and travel with the next statement: they cost no round trip.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::Future;
use std::str::FromStr;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::task::AbortHandle;
use tokio_postgres::config::SslMode;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::StoreError;
use crate::statement::Statement;
use crate::value::{Owned, Value};

/// How long a connection attempt may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// How long one round trip of a use case may take before the connection is given up.
pub(crate) const ANSWER_LIMIT: Duration = Duration::from_secs(30);
/// How often an idle connection's task gets the word before its health is judged: once to hear of an event of the
/// network, once to act on it, once in reserve.
const TURNS: usize = 3;

pub(crate) struct PgSession {
    config: Config,
    runtime: Runtime,
    answer_limit: Duration,
    line: Option<Line>,
    /// An answer did not come in time; what is on the wire belongs to nobody any more.
    given_up: Cell<bool>,
    prepared: RefCell<HashMap<&'static str, tokio_postgres::Statement>>,
    pending: RefCell<String>,
    /// A write whose outcome nobody waits for; it goes out before `pending`.
    deferred: RefCell<Option<Deferred>>,
    may_defer: Cell<bool>,
    in_transaction: Cell<bool>,
}

/// A statement with parameters of its own.
struct Deferred {
    statement: tokio_postgres::Statement,
    params: Vec<Owned>,
}

impl Deferred {
    async fn run(&self, client: &Client) -> Result<(), tokio_postgres::Error> {
        let values: Vec<Value<'_>> = self.params.iter().map(Owned::borrow).collect();
        client.execute(&self.statement, &dynamic(&values)).await.map(drop)
    }
}

/// A connection and the task that moves its bytes.
struct Line {
    client: Client,
    task: AbortHandle,
}

/// Reads the connection URL; the error never repeats the URL, which holds a password.
pub(crate) fn parse_url(url: &str) -> Result<Config, StoreError> {
    let mut config =
        Config::from_str(url).map_err(|e| StoreError::Engine(format!("bad PostgreSQL URL: {e}")))?;
    config.application_name("parlor");
    config.connect_timeout(CONNECT_LIMIT);
    config.tcp_user_timeout(ANSWER_LIMIT);
    // Where the URL asks for nothing, the line is plain: an unverified certificate would only look like safety.
    if config.get_ssl_mode() == SslMode::Prefer {
        config.ssl_mode(SslMode::Disable);
    }
    Ok(config)
}

impl PgSession {
    /// A session without a connection yet; no round trip of it takes longer than `answer_limit`.
    pub(crate) fn new(config: Config, answer_limit: Duration) -> Result<Self, StoreError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|e| StoreError::Engine(format!("cannot start a runtime: {e}")))?;
        Ok(Self {
            config,
            runtime,
            answer_limit,
            line: None,
            given_up: Cell::new(false),
            prepared: RefCell::default(),
            pending: RefCell::default(),
            deferred: RefCell::default(),
            may_defer: Cell::new(false),
            in_transaction: Cell::new(false),
        })
    }

    pub(crate) fn ensure_connected(&mut self) -> Result<(), StoreError> {
        if self.is_sound() {
            return Ok(());
        }
        self.disconnect();
        let connecting = connect(&self.config);
        let line = self
            .runtime
            .block_on(async { tokio::time::timeout(CONNECT_LIMIT, connecting).await })
            .map_err(|_| StoreError::Down("connecting took too long".into()))??;
        self.line = Some(line);
        Ok(())
    }

    /// True with a connection that works, as far as anybody can tell. Between transactions nobody drives it, so an end
    /// of it that came meanwhile is noticed here, and not by the next caller.
    fn is_sound(&self) -> bool {
        let Some(line) = self.line.as_ref().filter(|_| !self.given_up.get()) else { return false };
        self.runtime.block_on(async {
            for _ in 0..TURNS {
                tokio::task::yield_now().await;
            }
        });
        !line.client.is_closed()
    }

    fn disconnect(&mut self) {
        if let Some(line) = self.line.take() {
            line.task.abort();
        }
        self.given_up.set(false);
        self.prepared.borrow_mut().clear();
        self.pending.borrow_mut().clear();
        self.deferred.borrow_mut().take();
        self.in_transaction.set(false);
    }

    fn client(&self) -> Result<&Client, StoreError> {
        let line = self.line.as_ref().filter(|_| !self.given_up.get());
        line.map(|line| &line.client).ok_or_else(|| StoreError::Down("not connected".into()))
    }

    /// Drives the connection until the answer is there, or the limit is over.
    fn wait<T>(
        &self,
        answer: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, StoreError> {
        let answer = self.runtime.block_on(async { tokio::time::timeout(self.answer_limit, answer).await });
        let Ok(answer) = answer else {
            self.given_up.set(true);
            return Err(StoreError::Down("the database did not answer in time".into()));
        };
        Ok(answer?)
    }

    fn later(&self, sql: &str) {
        let mut pending = self.pending.borrow_mut();
        pending.push_str(sql);
        pending.push(';');
    }

    pub(crate) fn begin_write(&self, serializable: bool) -> Result<(), StoreError> {
        self.client()?;
        self.in_transaction.set(true);
        self.later(if serializable {
            "BEGIN ISOLATION LEVEL SERIALIZABLE"
        } else {
            "BEGIN ISOLATION LEVEL READ COMMITTED"
        });
        Ok(())
    }

    pub(crate) fn begin_read(&self) -> Result<(), StoreError> {
        self.client()?;
        self.in_transaction.set(true);
        self.later("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
        Ok(())
    }

    #[allow(clippy::unnecessary_wraps)] // the same face as the other engine's
    pub(crate) fn savepoint(&self) -> Result<(), StoreError> {
        self.later("SAVEPOINT caller");
        Ok(())
    }

    #[allow(clippy::unnecessary_wraps)]
    pub(crate) fn release(&self) -> Result<(), StoreError> {
        self.later("RELEASE SAVEPOINT caller");
        Ok(())
    }

    #[allow(clippy::unnecessary_wraps)]
    pub(crate) fn rollback_to(&self) -> Result<(), StoreError> {
        self.later("ROLLBACK TO SAVEPOINT caller;RELEASE SAVEPOINT caller");
        Ok(())
    }

    pub(crate) fn commit(&self) -> Result<(), StoreError> {
        self.later("COMMIT");
        let done = self.flush();
        // After any other failure the transaction may still be open on the server, and is the caller's to roll back.
        if matches!(done, Ok(()) | Err(StoreError::Down(_))) {
            self.in_transaction.set(false);
        }
        match done {
            // The connection broke, or the limit passed, with the COMMIT on its way.
            Err(StoreError::Down(_)) => Err(StoreError::Unknown),
            other => other,
        }
    }

    pub(crate) fn rollback(&self) {
        self.pending.borrow_mut().clear();
        self.deferred.borrow_mut().take();
        if self.in_transaction.replace(false)
            && let Ok(client) = self.client()
            && let Err(error) = self.wait(client.batch_execute("ROLLBACK"))
        {
            tracing::warn!(%error, "a rollback failed");
        }
    }

    pub(crate) fn in_transaction(&self) -> bool {
        self.in_transaction.get()
    }

    /// Runs statements outside of any transaction control of ours; for migrations.
    pub(crate) fn batch(&self, sql: &str) -> Result<(), StoreError> {
        self.wait(self.client()?.batch_execute(sql))
    }

    /// The first column of the first row, as text; for migrations.
    pub(crate) fn text(&self, sql: &str) -> Result<String, StoreError> {
        let answer = self.wait(self.client()?.simple_query(sql))?;
        let row = answer.iter().find_map(|message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
            _ => None,
        });
        row.ok_or_else(|| StoreError::Engine(format!("no answer to {sql}")))
    }

    /// Prepares `what`, so that a test can find mistakes, and tells how many parameters it has.
    #[cfg(test)]
    pub(crate) fn check(&self, what: Statement) -> Result<usize, StoreError> {
        self.wait(self.client()?.prepare(what.sql)).map(|statement| statement.params().len())
    }

    fn prepared(&self, client: &Client, what: Statement) -> Result<tokio_postgres::Statement, StoreError> {
        if let Some(statement) = self.prepared.borrow().get(what.sql) {
            return Ok(statement.clone());
        }
        // A mistake in the statement must fail inside the caller's savepoint, not before it.
        self.flush()?;
        let statement = self.wait(client.prepare(what.sql))?;
        self.prepared.borrow_mut().insert(what.sql, statement.clone());
        Ok(statement)
    }

    pub(crate) fn query(
        &self,
        what: Statement,
        params: &[Value<'_>],
    ) -> Result<Vec<tokio_postgres::Row>, StoreError> {
        let client = self.client()?;
        let statement = self.prepared(client, what)?;
        let params = dynamic(params);
        self.with_pending(client, client.query(&statement, &params))
    }

    pub(crate) fn execute(&self, what: Statement, params: &[Value<'_>]) -> Result<u64, StoreError> {
        let client = self.client()?;
        let statement = self.prepared(client, what)?;
        let params = dynamic(params);
        self.with_pending(client, client.execute(&statement, &params))
    }

    /// Whether writes may wait for the next statement: only where a late failure costs no more than a second run.
    pub(crate) fn allow_deferring(&self, allowed: bool) {
        self.may_defer.set(allowed);
    }

    /// As [`PgSession::execute`], for a write whose outcome nobody needs: it travels with the next statement, and so
    /// does its failure.
    pub(crate) fn execute_later(&self, what: Statement, params: &[Value<'_>]) -> Result<(), StoreError> {
        if !self.may_defer.get() || !self.pending.borrow().is_empty() {
            return self.execute(what, params).map(drop);
        }
        let client = self.client()?;
        let statement = self.prepared(client, what)?;
        if self.deferred.borrow().is_some() {
            self.flush()?;
        }
        let params = params.iter().map(|value| Owned::from(*value)).collect();
        *self.deferred.borrow_mut() = Some(Deferred { statement, params });
        Ok(())
    }

    /// Sends what waits for the next statement.
    fn flush(&self) -> Result<(), StoreError> {
        self.with_pending(self.client()?, async { Ok(()) })
    }

    fn with_pending<T>(
        &self,
        client: &Client,
        answer: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, StoreError> {
        let deferred = self.deferred.borrow_mut().take();
        let control = std::mem::take(&mut *self.pending.borrow_mut());
        if control.is_empty() && deferred.is_none() {
            return self.wait(answer);
        }
        let write = async {
            match &deferred {
                Some(deferred) => deferred.run(client).await,
                None => Ok(()),
            }
        };
        let control =
            async { if control.is_empty() { Ok(()) } else { client.batch_execute(&control).await } };
        self.wait(async {
            // In this order on the wire, in one go.
            let (write, control, answer) = tokio::join!(biased; write, control, answer);
            write?;
            control?;
            answer
        })
    }
}

fn dynamic<'a>(params: &'a [Value<'a>]) -> Vec<&'a (dyn ToSql + Sync)> {
    params.iter().map(|p| p as &(dyn ToSql + Sync)).collect()
}

async fn connect(config: &Config) -> Result<Line, StoreError> {
    if config.get_ssl_mode() == SslMode::Disable {
        let (client, connection) = config.connect(NoTls).await.map_err(unreachable)?;
        return Ok(Line { client, task: tokio::spawn(connection).abort_handle() });
    }
    let (client, connection) = config.connect(tls()?).await.map_err(unreachable)?;
    Ok(Line { client, task: tokio::spawn(connection).abort_handle() })
}

/// A failed connection attempt is "down" whatever its cause; the cause stays in the text.
fn unreachable(error: tokio_postgres::Error) -> StoreError {
    match StoreError::from(error) {
        StoreError::Engine(text) => StoreError::Down(text),
        other => other,
    }
}

/// TLS with the system's certificates, checked in full.
fn tls() -> Result<MakeRustlsConnect, StoreError> {
    let mut roots = rustls::RootCertStore::empty();
    for certificate in rustls_native_certs::load_native_certs().certs {
        // A system store may hold certificates that no one can use; the rest still serve.
        let _ = roots.add(certificate);
    }
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| StoreError::Engine(format!("TLS: {e}")))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

#[cfg(test)]
mod tests;
