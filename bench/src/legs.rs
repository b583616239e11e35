//! The four parts of the bench. Each can run alone.

pub(crate) mod core;
pub(crate) mod growth;
pub(crate) mod memory;
pub(crate) mod start;
