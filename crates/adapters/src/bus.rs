//! The bus of one node: counts what has been committed and wakes those who wait for work.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use parlor_model::Event;
use parlor_model::event::Publish;
use tokio::sync::Notify;

/// Hears every commit of this process.
#[derive(Debug, Default)]
pub struct LocalBus {
    counts: Mutex<BTreeMap<&'static str, u64>>,
    jobs: Arc<Notify>,
}

impl LocalBus {
    /// Events by name since the start, in order of name.
    pub fn counts(&self) -> Vec<(&'static str, u64)> {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.iter().map(|(name, count)| (*name, *count)).collect()
    }

    /// Is notified when durable work was committed; one notice is kept for a worker that is busy.
    pub fn jobs(&self) -> Arc<Notify> {
        self.jobs.clone()
    }
}

impl Publish for LocalBus {
    fn publish(&self, events: &mut Vec<Event>, jobs_waiting: bool) {
        if !events.is_empty() {
            let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
            for event in events.drain(..) {
                *counts.entry(event.name()).or_default() += 1;
            }
        }
        if jobs_waiting {
            self.jobs.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn events_are_counted_and_a_notice_waits_for_a_busy_worker() {
        let bus = LocalBus::default();
        let closed = || Event::RoomClosed { rid: "r".into() };
        bus.publish(&mut vec![closed(), closed(), Event::RoomOpened { rid: "r".into() }], true);
        assert_eq!(bus.counts(), [("room_closed", 2), ("room_opened", 1)]);
        // Ends at once, or the test would hang: the notice came before anyone waited.
        tokio::time::timeout(std::time::Duration::from_secs(5), bus.jobs().notified()).await.unwrap();
    }
}
