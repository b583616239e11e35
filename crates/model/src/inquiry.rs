//! The queue entry of an open room: who waits, since when (section 2.4 of `visitor-api.md`).

/// Where an inquiry stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InquiryStatus {
    /// Ready for routing; automatic selection found nobody yet.
    Ready,
    /// Waits in a queue that agents see.
    Queued,
    /// An agent took it.
    Taken,
}

impl InquiryStatus {
    /// The wire's and the database's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Queued => "queued",
            Self::Taken => "taken",
        }
    }
}
