//! placeholder
pub(crate) fn page(_: &str) -> String { String::new() }
pub(crate) fn home() -> String { String::new() }
