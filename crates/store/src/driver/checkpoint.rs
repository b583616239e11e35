//! Folds SQLite's write-ahead log into the file on a thread of its own, so that no commit waits for it.
//!
//! A passive checkpoint runs beside the writer and blocks nobody. Under an unbroken stream it never catches up with the
//! writer, so the writer itself folds in what is left when the log is long (`wal_autocheckpoint`), which is little.

use std::path::Path;
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::StoreError;
use crate::driver::sqlite::SqliteSession;

/// Commits between two checkpoints: under load some hundred pages, so that each holds the disk only for a moment.
const COMMITS: u32 = 32;

/// Tells the thread of commits; the thread ends when this is dropped.
pub(crate) struct Checkpoints {
    due: Sender<()>,
    commits: u32,
}

impl Checkpoints {
    /// Starts the thread for the file at `path`.
    pub(crate) fn start(path: &Path) -> Result<(Self, JoinHandle<()>), StoreError> {
        let session = SqliteSession::open_checkpointer(path)?;
        let (due, when) = bounded(1);
        let thread = std::thread::Builder::new()
            .name("store-checkpoint".into())
            .spawn(move || serve(&session, &when))
            .map_err(|e| StoreError::Engine(format!("cannot start a thread: {e}")))?;
        Ok((Self { due, commits: 0 }, thread))
    }

    /// Counts a commit.
    pub(crate) fn committed(&mut self) {
        self.commits += 1;
        if self.commits >= COMMITS {
            self.commits = 0;
            // A checkpoint that is still running will find these commits too, or the next one will.
            let _ = self.due.try_send(());
        }
    }
}

fn serve(session: &SqliteSession, when: &Receiver<()>) {
    while when.recv().is_ok() {
        if let Err(error) = session.checkpoint() {
            // The writer's own threshold still bounds the log.
            tracing::warn!(%error, "a checkpoint failed");
        }
    }
}
