//! A message left while nobody could answer (section 3.5 of `visitor-api.md`).

use crate::Millis;

/// A stored offline message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfflineMessage {
    /// Public id.
    pub id: String,
    /// Name as the visitor wrote it.
    pub name: String,
    /// Address as the visitor wrote it.
    pub email: String,
    /// Text as the visitor wrote it.
    pub message: String,
    /// Department as asked for; kept even when unknown.
    pub department: Option<String>,
    /// Origin of the page the form stood on.
    pub host: Option<String>,
    /// When it was left.
    pub ts: Millis,
}
