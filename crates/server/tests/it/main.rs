//! What the real binary does: started as an operator starts it, spoken to over its port, killed, stopped, starved.
//!
//! Every wait is bounded and for something that is seen: a line, a byte, an answer, the end of a process.

mod administrator;
mod full_disk;
mod limits;
mod mail;
mod metrics;
mod output;
mod page;
mod place;
mod races;
mod rest;
mod secrets;
mod server;
mod single;
mod stop;
mod survive;

use std::time::Duration;

/// How long anything may take before its test fails; far more than it takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
