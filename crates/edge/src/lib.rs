//! The doors: REST now, the live protocol later, and the pages the binary carries.
//!
//! Owns who is asking, whether it is well formed, limits, and how errors look on the wire; the `OpenAPI` document
//! is generated from the handlers. Must not hold SQL or decide anything about chat: it calls a use case and renders.

mod app;
mod caller;
mod limits;
mod metrics;
pub mod rest;
mod web;

pub use app::{App, AppOptions};
pub use caller::Peer;
pub use metrics::EdgeMetrics;
pub use rest::{openapi, router};
