//! Where the store stands in its parts (`docs/adr/0007-parts.md`).

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

/// Steps of a part; statements that number messages know this number too.
const STEPS: i64 = 16_384;

/// Counts messages and hands out the present position, in steps. Any position does for correctness, because each room
/// keeps to the highest part it has seen; that all rooms go by one is what keeps writes together.
#[derive(Debug)]
pub(crate) struct Parts {
    start: i64,
    messages: AtomicI64,
    size: i64,
}

impl Parts {
    /// Goes on after `newest`, the newest part that is stored, with `size` messages to a part.
    pub(crate) fn after(newest: i64, size: u32) -> Self {
        Self { start: (newest + 1) * STEPS, messages: AtomicI64::new(0), size: i64::from(size.max(1)) }
    }

    /// The position for the next message.
    pub(crate) fn position(&self) -> i64 {
        self.start + self.messages.load(Relaxed) * STEPS / self.size
    }

    /// A message was written. One that is rolled back counts too, which only makes a part a little smaller.
    pub(crate) fn count(&self) {
        self.messages.fetch_add(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_ends_after_its_size() {
        let parts = Parts::after(7, 2);
        let next = || {
            let part = parts.position() / STEPS;
            parts.count();
            part
        };
        assert_eq!([next(), next(), next(), next(), next()], [8, 8, 9, 9, 10]);
    }
}
