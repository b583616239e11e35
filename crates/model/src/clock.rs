//! The clock as an argument: use cases take a time, edges ask a [`Clock`] for it.

use crate::Millis;

/// Tells the time. The system's clock lives in the adapters, a settable one in the test kit.
pub trait Clock: Send + Sync {
    /// Now, in milliseconds since 1970-01-01T00:00:00Z.
    fn now(&self) -> Millis;
}
