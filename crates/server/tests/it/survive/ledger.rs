//! What the writers know: what they asked for, and what the server said of it.

use std::sync::Arc;

/// A visitor's open room.
#[derive(Debug)]
pub(super) struct Room {
    pub(super) token: String,
    pub(super) rid: String,
}

/// What was asked for and never answered: it may have happened or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Doubt {
    Sent,
    /// The new text.
    Edited(String),
    Removed,
}

/// One message of one writer.
#[derive(Debug)]
pub(super) struct Entry {
    /// Chosen by the writer.
    pub(super) id: String,
    /// Its room's place among the rooms.
    pub(super) room: usize,
    /// The text last acknowledged.
    pub(super) text: String,
    /// Edits that took effect.
    pub(super) edits: u64,
    pub(super) removed: bool,
    pub(super) doubt: Option<Doubt>,
}

/// A writer's messages, in the order in which they were sent, each after the answer to the one before.
pub(super) type Pages = Vec<Entry>;

/// Everything that all writers know.
pub(super) struct Ledger {
    rooms: Arc<Vec<Room>>,
    writers: Vec<Pages>,
}

impl Ledger {
    pub(super) fn new(rooms: Arc<Vec<Room>>, writers: usize) -> Self {
        Self { rooms, writers: (0..writers).map(|_| Pages::new()).collect() }
    }

    pub(super) fn rooms(&self) -> Arc<Vec<Room>> {
        self.rooms.clone()
    }

    /// Hands each writer its pages.
    pub(super) fn take(&mut self) -> Vec<Pages> {
        std::mem::take(&mut self.writers)
    }

    /// Takes back what each writer, by its number, has written.
    pub(super) fn give_back(&mut self, mut written: Vec<(usize, Pages)>) {
        written.sort_by_key(|(number, _)| *number);
        self.writers = written.into_iter().map(|(_, pages)| pages).collect();
    }

    pub(super) fn writers(&self) -> &[Pages] {
        &self.writers
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.writers.iter().flatten()
    }

    pub(super) fn entries_mut(&mut self) -> impl Iterator<Item = &mut Entry> {
        self.writers.iter_mut().flatten()
    }

    /// How many answers were lost.
    pub(super) fn doubts(&self) -> usize {
        self.entries().filter(|entry| entry.doubt.is_some()).count()
    }
}
