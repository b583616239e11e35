//! How a measurement fails: with one sentence for a person, or because the person stopped it.

use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Why there is no result.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Error {
    /// Ctrl-C or SIGTERM.
    Interrupted,
    /// A sentence for a person.
    Failed(String),
}

/// Every fallible function here returns this.
pub(crate) type Result<T> = std::result::Result<T, Error>;

impl Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Interrupted => f.write_str("stopped on request"),
            Self::Failed(why) => f.write_str(why),
        }
    }
}

/// A failure with a sentence.
pub(crate) fn failed<T>(why: impl Into<String>) -> Result<T> {
    Err(Error::Failed(why.into()))
}

/// Says what was being done when something failed.
pub(crate) trait Doing<T> {
    /// Turns any error into "`what`: error".
    fn doing(self, what: impl Display) -> Result<T>;
}

impl<T, E: Display> Doing<T> for std::result::Result<T, E> {
    fn doing(self, what: impl Display) -> Result<T> {
        self.map_err(|error| Error::Failed(format!("{what}: {error}")))
    }
}

/// Tells every waiting loop that the person wants to stop.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Asks for the end.
    pub(crate) fn request(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Fails with [`Error::Interrupted`] once the end was asked for.
    pub(crate) fn check(&self) -> Result<()> {
        if self.0.load(Ordering::Relaxed) { Err(Error::Interrupted) } else { Ok(()) }
    }
}
