//! Bounded queues, and the end of a store.

use std::sync::atomic::Ordering::Relaxed;

use parlor_store::{StoreError, visitors};

use crate::common::fixtures::{bare_visitor, insert_visitor, visitor};
use crate::common::gate::{Gate, ReaderGate};
use crate::common::{Place, Queued, read, soon, submit, try_write};

on_both_engines! {
    async fn a_full_queue_answers_busy_at_once(place: &Place) {
        let store = place.open_with(|o| (o.queue_limit, o.writers) = (2, 1)).await;
        let gate = Gate::close(&store, "key").await;
        let first = submit(&store, "key", |tx| insert_visitor(tx, &bare_visitor("1", "1"))).await;
        let second = submit(&store, "key", |tx| insert_visitor(tx, &bare_visitor("2", "2"))).await;
        let third = try_write(&store, |tx| insert_visitor(tx, &bare_visitor("3", "3"))).await;
        assert_eq!(third, Err(StoreError::Busy));
        assert_eq!((store.waiting(), store.stats().refused.load(Relaxed)), (2, 1));
        gate.open().await;
        first.answer().await.unwrap();
        second.answer().await.unwrap();
        assert!(read(&store, |tx| visitors::by_id(tx, "3")).await.is_none());
        try_write(&store, |tx| insert_visitor(tx, &bare_visitor("3", "3"))).await.unwrap();
    }

    async fn a_full_queue_of_queries_answers_busy_at_once(place: &Place) {
        let store = place.open_with(|o| (o.queue_limit, o.readers) = (1, 1)).await;
        let gate = ReaderGate::close(&store).await;
        let reader = store.clone();
        let waiting = Queued::start(async move { reader.read(|tx| visitors::by_id(tx, "1")).await }).await;
        let refused = soon(store.read(|tx| visitors::by_id(tx, "1"))).await;
        assert_eq!(refused, Err(StoreError::Busy));
        gate.open().await;
        assert_eq!(waiting.answer().await, Ok(None));
        assert_eq!(read(&store, |tx| visitors::by_id(tx, "1")).await, None);
    }

    async fn a_held_writer_does_not_hold_readers(place: &Place) {
        let store = place.open().await;
        let gate = Gate::close(&store, "key").await;
        assert_eq!(read(&store, |tx| visitors::by_id(tx, "1")).await, None);
        gate.open().await;
    }

    async fn a_caller_that_goes_away_changes_nothing(place: &Place) {
        let store = place.open().await;
        let gate = Gate::close(&store, "key").await;
        drop(submit(&store, "key", |tx| insert_visitor(tx, &bare_visitor("1", "1"))).await);
        gate.open().await;
        // The next command of the same writer comes after it.
        let next = try_write(&store, |tx| visitors::by_id(tx, "1")).await.unwrap();
        assert!(next.is_some());
    }

    async fn stopping_finishes_what_was_submitted(place: &Place) {
        let store = place.open().await;
        let gate = Gate::close(&store, "key").await;
        let mut waiting = Vec::new();
        for i in 0..30 {
            let id = i.to_string();
            waiting.push(submit(&store, "key", move |tx| insert_visitor(tx, &bare_visitor(&id, &id))).await);
        }
        let stopper = store.clone();
        let stopping = tokio::spawn(async move { stopper.stop().await });
        gate.open().await;
        soon(stopping).await.unwrap();
        for command in waiting {
            assert!(command.answer().await.is_ok());
        }
        let late = try_write(&store, |tx| visitors::by_id(tx, "1")).await;
        assert_eq!(late, Err(StoreError::Stopped));
        let late = soon(store.read(|tx| visitors::by_id(tx, "1"))).await;
        assert_eq!(late, Err(StoreError::Stopped));
        let again = place.open().await;
        assert!(read(&again, |tx| visitors::by_id(tx, "29")).await.is_some());
    }

    async fn a_full_queue_can_be_stopped(place: &Place) {
        let store = place.open_with(|o| (o.queue_limit, o.writers) = (1, 1)).await;
        let gate = Gate::close(&store, "key").await;
        let waiting = submit(&store, "key", |tx| visitors::by_id(tx, "1")).await;
        let stopper = store.clone();
        let stopping = tokio::spawn(async move { stopper.stop().await });
        gate.open().await;
        soon(stopping).await.unwrap();
        assert_eq!(waiting.answer().await, Ok(None));
    }

    async fn stopping_twice_is_stopping_once(place: &Place) {
        let store = place.open().await;
        visitor(&store, "a").await;
        soon(store.stop()).await;
        soon(store.clone().stop()).await;
    }
}

mod file {
    use super::*;

    #[test]
    fn a_stopped_store_leaves_one_file() {
        crate::common::on_sqlite(async |place: &Place| {
            let store = place.open().await;
            visitor(&store, "a").await;
            read(&store, |tx| visitors::by_id(tx, "1")).await;
            soon(store.stop()).await;
            let folder = place.file().parent().unwrap().to_owned();
            let names: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name()).collect();
            assert_eq!(names, ["parlor.db"]);
        });
    }
}
