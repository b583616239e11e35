//! Hashes and verifies passwords on a few threads, with a short queue in front of them.
//!
//! Owns the limits: hashing takes a processor and 19 MiB for tens of milliseconds, so whoever sends logins must not
//! be able to take all of either. What is computed is in `scheme.rs`.

mod scheme;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use parlor_model::password::{PasswordAnswer, PasswordDigest, Passwords, PasswordsBusy, Verdict};
use tokio::sync::Semaphore;

use self::scheme::{Failure, Scheme};

/// How hard the work is, and how much of it there may be.
#[derive(Debug, Clone, Copy)]
pub struct PasswordOptions {
    /// Memory of one computation in KiB, 8 to 262,144. Default 19,456 (OWASP's first choice, as are the next two).
    pub memory: u32,
    /// Passes over that memory, 1 to 16. Default 2.
    pub passes: u32,
    /// Lanes of that memory, 1 to 16 (they are filled one after the other). Default 1.
    pub lanes: u32,
    /// Computations at one time. Default 2; 0 counts as 1.
    pub working: u16,
    /// Callers that may wait for their turn. Default 64. Whoever comes then is sent away at once.
    pub waiting: u16,
}

impl Default for PasswordOptions {
    fn default() -> Self {
        Self { memory: 19_456, passes: 2, lanes: 1, working: 2, waiting: 64 }
    }
}

impl PasswordOptions {
    /// The least work that the algorithm knows: microseconds. For tests; such hashes protect nothing.
    pub fn weakest() -> Self {
        Self { memory: 8, passes: 1, lanes: 1, ..Self::default() }
    }
}

/// The options are outside what they may be, or there was not even memory for one computation.
#[derive(Debug, thiserror::Error)]
#[error("passwords cannot be hashed like this: {0}")]
pub struct PasswordOptionsError(#[source] Failure);

/// Argon2id for new hashes; also verifies imported bcrypt.
pub struct ArgonPasswords {
    scheme: Arc<Scheme>,
    /// Who is inside: working or waiting.
    places: Arc<Semaphore>,
    working: Arc<Semaphore>,
}

impl ArgonPasswords {
    /// Fails if the options are out of range.
    pub fn new(options: PasswordOptions) -> Result<Self, PasswordOptionsError> {
        let scheme =
            Scheme::new(options.memory, options.passes, options.lanes).map_err(PasswordOptionsError)?;
        let working = usize::from(options.working.max(1));
        Ok(Self {
            scheme: Arc::new(scheme),
            places: Arc::new(Semaphore::new(working + usize::from(options.waiting))),
            working: Arc::new(Semaphore::new(working)),
        })
    }

    /// Hashes computed since the start, for hashing or verifying.
    pub fn computations(&self) -> u64 {
        self.scheme.computations()
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Scheme) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, PasswordsBusy> {
        let place = self.places.clone().try_acquire_owned().map_err(|_| PasswordsBusy)?;
        let turn = self.working.clone().acquire_owned().await.map_err(|_| PasswordsBusy)?;
        let scheme = self.scheme.clone();
        // The thread keeps the turn: when the caller gives up, the work goes on and must still count.
        let done = tokio::task::spawn_blocking(move || {
            let _held = (place, turn);
            work(&scheme)
        });
        match done.await {
            Ok(Ok(result)) => Ok(result),
            Ok(Err(error)) => {
                tracing::error!(%error, "a password could not be hashed");
                Err(PasswordsBusy)
            }
            Err(error) => {
                tracing::error!(%error, "hashing a password ended before its time");
                Err(PasswordsBusy)
            }
        }
    }
}

impl Passwords for ArgonPasswords {
    fn hash(&self, password: PasswordDigest) -> PasswordAnswer<'_, String> {
        Box::pin(self.run(move |scheme| scheme.hash(&password)))
    }

    fn verify(&self, password: PasswordDigest, stored: Option<String>) -> PasswordAnswer<'_, Verdict> {
        Box::pin(self.run(move |scheme| scheme.verify(&password, stored.as_deref())))
    }
}
