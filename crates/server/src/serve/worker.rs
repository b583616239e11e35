//! The worker that runs durable jobs: woken by commits and by the clock, at least once for each job.

use std::sync::Arc;
use std::time::Duration;

use parlor_adapters::{Mailer, SystemClock};
use parlor_model::{Clock, Job, Millis};
use parlor_services::jobs::{self, Claimed, Outcome};
use parlor_services::settings::SettingsHolder;
use parlor_store::{Store, StoreError};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

/// How long to sleep when nothing is due; other nodes' jobs and given-up leases are found then.
const LONGEST_NAP: Duration = Duration::from_secs(30);
/// How long to wait after the store failed.
const AFTER_FAILURE: Duration = Duration::from_secs(2);

/// Runs mail jobs.
pub(crate) struct Worker {
    pub(crate) store: Store,
    pub(crate) settings: Arc<SettingsHolder>,
    /// Its sender holds where the settings name none.
    pub(crate) mailer: Mailer,
    pub(crate) clock: Arc<SystemClock>,
    pub(crate) wake: Arc<Notify>,
}

impl Worker {
    /// Works until told to stop; what is in hand is finished first.
    pub(crate) async fn run(self, mut stopping: watch::Receiver<bool>) {
        while !*stopping.borrow() {
            let nap = match self.round().await {
                Ok(nap) => nap,
                Err(error) => {
                    tracing::warn!(%error, "jobs have to wait for the storage");
                    AFTER_FAILURE
                }
            };
            tokio::select! {
                () = self.wake.notified() => {}
                () = tokio::time::sleep(nap) => {}
                _ = stopping.wait_for(|stop| *stop) => {}
            }
        }
    }

    /// Runs everything that is due; gives the time until the next job is.
    async fn round(&self) -> Result<Duration, StoreError> {
        loop {
            let now = self.clock.now();
            let claimed = self.store.write("jobs", move |tx| jobs::claim(tx, now)).await?;
            if claimed.is_empty() {
                let next = self.store.read(parlor_store::jobs::next_due).await?;
                return Ok(next.map_or(LONGEST_NAP, |due| until(due, now)));
            }
            let mut running = JoinSet::new();
            let mailer = self.mailer();
            for job in claimed {
                let mailer = mailer.clone();
                running.spawn(async move { (job.pk, job.attempts, attempt(&mailer, job).await) });
            }
            while let Some(done) = running.join_next().await {
                // A job that panicked keeps its lease and comes back after it.
                let Ok((pk, attempts, outcome)) = done else { continue };
                report(pk, attempts, &outcome);
                let now = self.clock.now();
                self.store.write("jobs", move |tx| jobs::settle(tx, now, pk, attempts, &outcome)).await?;
            }
        }
    }

    /// The mailer with the sender that the settings name now.
    fn mailer(&self) -> Mailer {
        let from = &self.settings.current().from_email;
        if from.trim().is_empty() {
            return self.mailer.clone();
        }
        self.mailer.with_sender(from).unwrap_or_else(|| {
            tracing::warn!("the setting From_Email is no address: mails are sent by PARLOR_SMTP_FROM");
            self.mailer.clone()
        })
    }
}

fn until(due: Millis, now: Millis) -> Duration {
    Duration::from_millis(u64::try_from(due.0 - now.0).unwrap_or(0)).min(LONGEST_NAP)
}

async fn attempt(mailer: &Mailer, claimed: Claimed) -> Outcome {
    match claimed.job {
        Ok(Job::Mail(mail)) => match mailer.send(&mail).await {
            Ok(()) => Outcome::Done,
            Err(error) if error.permanent => Outcome::Never(error.reason),
            Err(error) => Outcome::Later(error.reason),
        },
        // A newer release may have written it, and may read it again.
        Err(reason) => Outcome::Later(format!("the job cannot be read: {reason}")),
    }
}

fn report(job: i64, attempts: i64, outcome: &Outcome) {
    match outcome {
        Outcome::Done => tracing::debug!(job, "a job is done"),
        Outcome::Later(reason) if attempts < jobs::ATTEMPTS => {
            tracing::warn!(job, attempts, reason, "a job will be tried again");
        }
        Outcome::Later(reason) | Outcome::Never(reason) => {
            tracing::error!(job, attempts, reason, "a job failed for good");
        }
    }
}
