//! Group commit: one thread takes whatever commands wait into one transaction, a savepoint for each, and answers all
//! of them after the commit.
//!
//! No timer: a lone caller never waits for company, and under load the commands that arrive during one sync make the
//! next batch.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, PoisonError, RwLock};

use crossbeam_channel::Receiver;
use parlor_model::Event;
use parlor_model::event::Publish;
use tokio::sync::oneshot;

use crate::StoreError;
use crate::driver::Session;
use crate::driver::checkpoint::Checkpoints;
use crate::parts::Parts;
use crate::store::Stats;
use crate::tx::WriteTx;

/// How often a command is run alone before the engine's "try again" is passed on.
const TRIES: usize = 5;
/// How many of these tries go on beside the other writers. Writers that meet on one row could fail each other for ever;
/// the later tries have this process to themselves.
const SHARED_TRIES: usize = 2;

/// What a writer finds in its queue.
pub(crate) enum Message {
    Command(Box<dyn Command>),
    Stop,
}

/// What became of one run of a command.
pub(crate) enum Ran {
    /// Its changes belong into the commit.
    Kept,
    /// The use case refused; its changes must go.
    Refused,
    /// A statement failed, or the use case panicked; its changes must go.
    Failed(StoreError),
}

/// A use case with its caller's address.
pub(crate) trait Command: Send {
    fn run(&mut self, tx: &mut WriteTx<'_>) -> Ran;
    /// Sends the kept result, or the error that befell the whole transaction.
    fn answer(self: Box<Self>, fate: Result<(), StoreError>);
    fn manner(&self) -> Manner;
}

/// What a use case promises about itself.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Manner {
    /// Running it again after it took effect does no harm.
    pub(crate) idempotent: bool,
    /// It decides by rows it has locked and by unique indexes alone, so it needs no serializable transaction.
    pub(crate) row_locked: bool,
}

pub(crate) struct Typed<T, E, F> {
    pub(crate) use_case: F,
    pub(crate) result: Option<Result<T, E>>,
    pub(crate) reply: oneshot::Sender<Result<T, E>>,
    pub(crate) manner: Manner,
}

impl<T, E, F> Command for Typed<T, E, F>
where
    F: FnMut(&mut WriteTx<'_>) -> Result<T, E> + Send,
    T: Send,
    E: From<StoreError> + Send,
{
    fn run(&mut self, tx: &mut WriteTx<'_>) -> Ran {
        let result = catch_unwind(AssertUnwindSafe(|| (self.use_case)(tx)));
        let failure = match (&result, tx.take_failure()) {
            (Err(_), _) => Some(StoreError::Panicked),
            (_, failure) => failure,
        };
        if let Some(error) = failure {
            self.result = Some(Err(E::from(error.clone())));
            return Ran::Failed(error);
        }
        let Ok(result) = result else { return Ran::Failed(StoreError::Panicked) };
        let ran = if result.is_ok() { Ran::Kept } else { Ran::Refused };
        self.result = Some(result);
        ran
    }

    fn answer(self: Box<Self>, fate: Result<(), StoreError>) {
        let result = match (fate, self.result) {
            (Ok(()), Some(result)) => result,
            (Ok(()), None) => Err(E::from(StoreError::Stopped)),
            (Err(error), _) => Err(E::from(error)),
        };
        // A caller that went away no longer wants the answer; the change stands.
        let _ = self.reply.send(result);
    }

    fn manner(&self) -> Manner {
        self.manner
    }
}

/// What became of a batch.
enum Fate {
    /// Committed (or there was nothing to commit): each caller gets its own result.
    Done,
    /// The engine gave the transaction up; each caller may be run again alone.
    RunAgain(StoreError),
    /// A caller's changes have to be undone and no savepoint was set: the batch must run again with them.
    Unguarded,
    /// Nothing was kept, and running again would not help.
    Lost(StoreError),
}

pub(crate) struct Writer {
    pub(crate) session: Session,
    pub(crate) queue: Receiver<Message>,
    pub(crate) publish: Arc<dyn Publish>,
    pub(crate) stats: Arc<Stats>,
    pub(crate) events: Vec<Event>,
    pub(crate) parts: Arc<Parts>,
    /// Held while a transaction runs: together with other writers, or without them.
    pub(crate) floor: Arc<RwLock<()>>,
    /// Where the engine needs to be told of commits.
    pub(crate) checkpoints: Option<Checkpoints>,
}

impl Writer {
    /// Serves the queue until it is told to stop; what was queued before is done first.
    pub(crate) fn serve(mut self) {
        let limit = self.session.batch_limit();
        let mut batch: Vec<Box<dyn Command>> = Vec::with_capacity(limit);
        let mut stop = false;
        while !stop {
            let mut next = self.queue.recv().map_err(|_| ());
            loop {
                match next {
                    Ok(Message::Command(command)) => batch.push(command),
                    Ok(Message::Stop) => stop = true,
                    // Every handle of the store is gone.
                    Err(()) if batch.is_empty() => return,
                    Err(()) => break,
                }
                if stop || batch.len() >= limit {
                    break;
                }
                next = self.queue.try_recv().map_err(|_| ());
            }
            if !batch.is_empty() {
                self.serve_batch(&mut batch);
            }
        }
    }

    fn serve_batch(&mut self, batch: &mut Vec<Box<dyn Command>>) {
        let mut fate = self.attempt(batch);
        // A full disk may yet have the log's own room.
        if matches!(fate, Fate::Lost(StoreError::Full)) && self.session.make_room() {
            fate = self.attempt(batch);
        }
        match fate {
            Fate::Done => batch.drain(..).for_each(|c| c.answer(Ok(()))),
            // The second run of a batch sets savepoints, so it cannot end this way.
            Fate::Unguarded | Fate::RunAgain(_) => batch.drain(..).for_each(|c| self.serve_alone(c, false)),
            Fate::Lost(StoreError::Unknown) => {
                for command in batch.drain(..) {
                    if command.manner().idempotent {
                        self.serve_alone(command, true);
                    } else {
                        command.answer(Err(StoreError::Unknown));
                    }
                }
            }
            Fate::Lost(error) => {
                tracing::error!(%error, callers = batch.len(), "a transaction was lost");
                batch.drain(..).for_each(|c| c.answer(Err(error.clone())));
            }
        }
    }

    /// Runs one command by itself. `unknown` tells that an earlier run may have taken effect: then no failure of this
    /// one may claim that nothing was done.
    fn serve_alone(&mut self, command: Box<dyn Command>, mut unknown: bool) {
        let mut alone = vec![command];
        let mut last = StoreError::Unknown;
        for already in 0..TRIES {
            self.stats.reruns.fetch_add(1, Relaxed);
            let fate = if already < SHARED_TRIES {
                self.attempt(&mut alone)
            } else {
                self.attempt_alone(&mut alone)
            };
            match fate {
                Fate::Done => return alone.into_iter().for_each(|c| c.answer(Ok(()))),
                Fate::Unguarded => {}
                Fate::RunAgain(error) => last = error,
                Fate::Lost(StoreError::Unknown) if alone.iter().all(|c| c.manner().idempotent) => {
                    unknown = true;
                }
                Fate::Lost(error) => {
                    last = error;
                    break;
                }
            }
        }
        let error = if unknown { StoreError::Unknown } else { last };
        for command in alone {
            command.answer(Err(error.clone()));
        }
    }

    fn attempt(&mut self, batch: &mut [Box<dyn Command>]) -> Fate {
        let floor = self.floor.clone();
        let _shared = floor.read().unwrap_or_else(PoisonError::into_inner);
        self.transact(batch)
    }

    fn attempt_alone(&mut self, batch: &mut [Box<dyn Command>]) -> Fate {
        let floor = self.floor.clone();
        let _exclusive = floor.write().unwrap_or_else(PoisonError::into_inner);
        self.transact(batch)
    }

    /// One transaction for the whole batch, published when it is durable.
    fn transact(&mut self, batch: &mut [Box<dyn Command>]) -> Fate {
        if let Err(error) = self.session.ensure_connected() {
            return Fate::Lost(error);
        }
        let mut jobs = false;
        let guarded = self.session.guards_freely();
        let mut ran = self.run_all(batch, &mut jobs, guarded);
        if let Err(Fate::Unguarded) = ran {
            self.session.rollback();
            ran = self.run_all(batch, &mut jobs, true);
        }
        let kept = match ran {
            Ok(kept) => kept,
            Err(fate) => {
                self.session.rollback();
                return fate;
            }
        };
        if kept == 0 {
            self.session.rollback();
            return Fate::Done;
        }
        match self.session.commit() {
            Ok(()) => {
                self.stats.commits.fetch_add(1, Relaxed);
                self.stats.commands.fetch_add(kept, Relaxed);
                // Before the answers, so that whoever has the answer finds the event on the bus.
                self.publish.publish(&mut self.events, jobs);
                self.checkpoints.iter_mut().for_each(Checkpoints::committed);
                Fate::Done
            }
            // A conflict that shows at commit is that of a write which travelled late.
            Err(error @ (StoreError::Again(_) | StoreError::Conflict(_))) => {
                self.session.rollback();
                Fate::RunAgain(error)
            }
            Err(error) => {
                self.session.rollback();
                Fate::Lost(error)
            }
        }
    }

    fn run_all(
        &mut self,
        batch: &mut [Box<dyn Command>],
        jobs: &mut bool,
        guarded: bool,
    ) -> Result<u64, Fate> {
        self.events.clear();
        *jobs = false;
        let session = &self.session;
        let lost = |error: StoreError| match error {
            StoreError::Again(_) => Fate::RunAgain(error),
            other => Fate::Lost(other),
        };
        // One that needs the stronger promise gives it to the whole batch.
        let serializable = batch.iter().any(|c| !c.manner().row_locked);
        session.begin_write(serializable).map_err(lost)?;
        let alone = batch.len() == 1;
        let guarded = guarded && !alone;
        // A late failure names the wrong caller; the run with savepoints finds the right one.
        session.allow_deferring(!guarded && !alone);
        let mut kept = 0;
        for command in batch {
            if guarded {
                session.savepoint().map_err(lost)?;
            }
            let mark = (self.events.len(), *jobs);
            let mut tx = WriteTx::new(session.engine(), &mut self.events, jobs, &self.parts);
            let ran = command.run(&mut tx);
            let clean = !tx.wrote();
            if let Ran::Kept = ran {
                kept += 1;
                if guarded {
                    session.release().map_err(lost)?;
                }
                continue;
            }
            self.events.truncate(mark.0);
            *jobs = mark.1;
            match ran {
                Ran::Failed(error @ StoreError::Again(_)) => return Err(Fate::RunAgain(error)),
                Ran::Failed(error @ StoreError::Down(_)) => return Err(Fate::Lost(error)),
                // Two connections raced for one key; alone, the loser sees what the winner wrote.
                Ran::Failed(error @ StoreError::Conflict(_)) if !alone => return Err(Fate::RunAgain(error)),
                // The engine ended the transaction by itself: the callers before this one lost theirs with it.
                Ran::Failed(error) if !session.in_transaction() => {
                    return Err(if alone { Fate::Lost(error) } else { Fate::RunAgain(error) });
                }
                _ if alone => {}
                Ran::Refused if !guarded && clean => {}
                _ if !guarded => return Err(Fate::Unguarded),
                _ => session.rollback_to().map_err(lost)?,
            }
        }
        Ok(kept)
    }
}
