//! Work that must not be lost: a row written in the transaction that caused it, run at least once afterwards.

use serde::{Deserialize, Serialize};

/// A piece of durable work. The payload is stored as JSON, so fields may be added with a default but not renamed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Job {
    /// Send one mail.
    Mail(Mail),
}

impl Job {
    /// The kind's name, as the job table and counters show it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Mail(_) => "mail",
        }
    }
}

/// A mail, complete but for its envelope sender, which configuration gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// Stable across attempts, so that a receiver can recognise a repeated delivery (`Message-ID`).
    pub id: String,
    /// Address of the recipient.
    pub to: String,
    /// Who is shown as the author beside the configured sender address; one line, may be empty.
    pub from_name: String,
    /// Where an answer should go: name (may be empty) and address.
    pub reply_to: Option<Mailbox>,
    /// One line.
    pub subject: String,
    /// Plain-text body.
    pub text: String,
    /// HTML body, already escaped.
    pub html: String,
}

/// A name and an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailbox {
    /// Shown name, may be empty.
    pub name: String,
    /// `local@domain`.
    pub address: String,
}
