//! Keeps a writer or a reader busy until the test lets go, so that what is submitted meanwhile waits.

use std::sync::mpsc;

use parlor_store::{Store, StoreError};
use tokio::sync::oneshot;

use super::{LIMIT, Queued, soon, submit};

/// A writer that is held; dropping it lets go.
pub(crate) struct Gate {
    hold: mpsc::Sender<()>,
    command: Queued<()>,
}

impl Gate {
    /// Occupies the writer that serves `key`; when this returns, its batch is closed to others.
    pub(crate) async fn close(store: &Store, key: &'static str) -> Self {
        let (entered, inside) = oneshot::channel();
        let (hold, release) = mpsc::channel::<()>();
        let mut entered = Some(entered);
        let command = submit(store, key, move |_| {
            // A command may be run again; by then nobody waits any more.
            if let Some(entered) = entered.take() {
                entered.send(()).unwrap();
            }
            assert_ne!(release.recv_timeout(LIMIT), Err(mpsc::RecvTimeoutError::Timeout), "never let go");
            Ok::<_, StoreError>(())
        })
        .await;
        soon(inside).await.unwrap();
        Self { hold, command }
    }

    /// Lets the writer go on.
    pub(crate) async fn open(self) {
        drop(self.hold);
        self.command.answer().await.unwrap();
    }
}

/// A reader thread that is held.
pub(crate) struct ReaderGate {
    hold: mpsc::Sender<()>,
    query: tokio::task::JoinHandle<Result<(), StoreError>>,
}

impl ReaderGate {
    /// Occupies one reader.
    pub(crate) async fn close(store: &Store) -> Self {
        let (entered, inside) = oneshot::channel();
        let (hold, release) = mpsc::channel::<()>();
        let store = store.clone();
        let query = tokio::spawn(async move {
            store
                .read(move |_| {
                    entered.send(()).unwrap();
                    assert_ne!(release.recv_timeout(LIMIT), Err(mpsc::RecvTimeoutError::Timeout));
                    Ok::<_, StoreError>(())
                })
                .await
        });
        soon(inside).await.unwrap();
        Self { hold, query }
    }

    /// Lets the reader go on.
    pub(crate) async fn open(self) {
        drop(self.hold);
        soon(self.query).await.unwrap().unwrap();
    }
}
