//! The one list of error codes that clients can meet. Each door renders it in one file of its own.
//!
//! Codes and texts follow section 7 of `visitor-api.md`; which of them are plain and which are coded matters to
//! clients that read `errorType`, so the form is part of the code.

/// How a failure looks on the wire (section 1.3 of `visitor-api.md`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorCode {
    /// The `error` is the code itself and there is no `errorType`.
    Plain(&'static str),
    /// `error` is `reason [code]` and `errorType` the code; without a reason `error` is `[code]`.
    Coded {
        /// Stable, for programs.
        code: &'static str,
        /// For people; empty where the contract has none.
        reason: String,
        /// The `method` that the reference names in `details`, where it does.
        method: Option<&'static str>,
    },
}

impl ErrorCode {
    /// A coded failure without details.
    pub fn coded(code: &'static str, reason: impl Into<String>) -> Self {
        Self::Coded { code, reason: reason.into(), method: None }
    }

    /// A request that does not fit its schema: `errorType` is `invalid-params`.
    pub fn invalid_params(reason: impl Into<String>) -> Self {
        Self::coded("invalid-params", reason)
    }

    /// The stable code, for logs and counters.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Plain(code) | Self::Coded { code, .. } => code,
        }
    }
}
