//! One transaction for many callers: each gets its own answer, keeps its own changes, and nobody pays for a neighbour.

use std::sync::{Arc, Mutex, mpsc};

use parlor_model::Event;
use parlor_store::{Publish, Store, StoreError, WriteTx, visitors};

use crate::common::fixtures::{bare_visitor, insert_visitor, visitor};
use crate::common::gate::Gate;
use crate::common::{LIMIT, NOW, Place, read, soon, submit, try_write, write};

fn saved(id: &str) -> Event {
    Event::VisitorSaved { visitor: id.into() }
}

fn add(tx: &mut WriteTx<'_>, id: &str) -> Result<(), StoreError> {
    tx.emit(saved(id));
    insert_visitor(tx, &bare_visitor(id, id)).map(drop)
}

/// A mistake in a use case or a query, such as an index out of bounds.
fn fail_badly() -> Result<(), StoreError> {
    panic!("on purpose")
}

async fn there(store: &Store, ids: &'static [&str]) -> Vec<bool> {
    read(store, move |tx| ids.iter().map(|id| Ok(visitors::by_id(tx, id)?.is_some())).collect()).await
}

on_both_engines! {
    async fn each_caller_of_a_batch_gets_its_own_answer(place: &Place) {
        let store = place.open().await;
        visitor(&store, "old").await;
        let gate = Gate::close(&store, "key").await;
        let first = submit(&store, "key", |tx| add(tx, "first")).await;
        let duplicate = submit(&store, "key", |tx| {
            add(tx, "beside-duplicate")?;
            insert_visitor(tx, &bare_visitor("v-old", "x"))
        })
        .await;
        let panicking = submit(&store, "key", |tx| {
            add(tx, "beside-panic")?;
            fail_badly()
        })
        .await;
        let swallowing = submit(&store, "key", |tx| {
            add(tx, "beside-swallowed")?;
            let _ = insert_visitor(tx, &bare_visitor("v-old", "y"));
            tx.emit(saved("after-swallowed"));
            Ok(())
        })
        .await;
        let refusing = submit(&store, "key", |tx| {
            add(tx, "beside-refused")?;
            Err::<(), _>(StoreError::Shape(7, "a refusal"))
        })
        .await;
        let last = submit(&store, "key", |tx| {
            add(tx, "last")?;
            // The neighbours that failed are not seen, those that succeeded are.
            Ok((visitors::by_id(tx, "first")?.is_some(), visitors::by_id(tx, "beside-refused")?.is_some()))
        })
        .await;
        gate.open().await;

        assert_eq!(first.answer().await, Ok(()));
        assert!(matches!(duplicate.answer().await, Err(StoreError::Conflict(_))));
        assert_eq!(panicking.answer().await, Err(StoreError::Panicked));
        assert!(matches!(swallowing.answer().await, Err(StoreError::Conflict(_))));
        assert_eq!(refusing.answer().await, Err(StoreError::Shape(7, "a refusal")));
        assert_eq!(last.answer().await, Ok((true, false)));
        let beside = &["beside-duplicate", "beside-panic", "beside-swallowed", "beside-refused"];
        assert_eq!(there(&store, beside).await, [false; 4]);
        assert_eq!(there(&store, &["first", "last"]).await, [true; 2]);
        assert_eq!(place.heard(), [saved("first"), saved("last")]);
    }

    async fn waiting_commands_share_a_commit(place: &Place) {
        let store = place.open().await;
        visitor(&store, "a").await;
        let commits = || store.stats().commits.load(std::sync::atomic::Ordering::Relaxed);
        let commands = || store.stats().commands.load(std::sync::atomic::Ordering::Relaxed);
        let gate = Gate::close(&store, "key").await;
        let before = (commits(), commands());
        let mut waiting = Vec::new();
        for i in 0..20 {
            let id = format!("{i}");
            waiting.push(submit(&store, "key", move |tx| add(tx, &id)).await);
        }
        assert_eq!(store.waiting(), 20);
        gate.open().await;
        for command in waiting {
            assert_eq!(command.answer().await, Ok(()));
        }
        // The held command's own commit, and one for the twenty.
        assert_eq!((commits() - before.0, commands() - before.1), (2, 21));
        let order: Vec<_> = (0..20).map(|i| saved(&i.to_string())).collect();
        assert_eq!(place.heard(), order);
    }

    async fn a_refusal_does_not_cost_the_neighbours_a_second_commit(place: &Place) {
        let store = place.open().await;
        let gate = Gate::close(&store, "key").await;
        let good = submit(&store, "key", |tx| add(tx, "good")).await;
        let bad = submit(&store, "key", |_| Err::<(), _>(StoreError::Full)).await;
        let too = submit(&store, "key", |tx| add(tx, "too")).await;
        gate.open().await;
        assert_eq!((good.answer().await, bad.answer().await, too.answer().await),
                   (Ok(()), Err(StoreError::Full), Ok(())));
        assert_eq!(store.stats().reruns.load(std::sync::atomic::Ordering::Relaxed), 0);
    }

    async fn a_refusal_undoes_everything_of_its_caller(place: &Place) {
        let store = place.open().await;
        let refused = try_write(&store, |tx| {
            add(tx, "1")?;
            add(tx, "2")?;
            visitors::next_guest(tx)?;
            Err::<(), _>(StoreError::Busy)
        })
        .await;
        assert_eq!(refused, Err(StoreError::Busy));
        assert_eq!(there(&store, &["1", "2"]).await, [false; 2]);
        assert_eq!(write(&store, visitors::next_guest).await, 2);
        assert_eq!(place.heard(), []);
    }

    async fn a_lone_panic_undoes_its_changes_and_the_store_goes_on(place: &Place) {
        let store = place.open().await;
        let panicked = try_write(&store, |tx| {
            add(tx, "1")?;
            fail_badly()
        })
        .await;
        assert_eq!(panicked, Err(StoreError::Panicked));
        write(&store, |tx| add(tx, "2")).await;
        assert_eq!(there(&store, &["1", "2"]).await, [false, true]);
        assert_eq!(place.heard(), [saved("2")]);
    }

    async fn a_reader_that_panics_answers_and_goes_on(place: &Place) {
        let store = place.open_with(|o| o.readers = 1).await;
        let panicked: Result<(), StoreError> = soon(store.read(|_| fail_badly())).await;
        assert_eq!(panicked, Err(StoreError::Panicked));
        assert_eq!(there(&store, &["1"]).await, [false]);
    }

    async fn the_error_of_a_use_case_is_passed_on_as_it_is(place: &Place) {
        #[derive(Debug, PartialEq)]
        enum Mine {
            Refused(String),
            Store(StoreError),
        }
        impl From<StoreError> for Mine {
            fn from(error: StoreError) -> Self {
                Self::Store(error)
            }
        }
        let store = place.open().await;
        visitor(&store, "a").await;
        let refused = soon(store.write("k", |_| Err::<(), _>(Mine::Refused("no".into())))).await;
        assert_eq!(refused, Err(Mine::Refused("no".into())));
        let failed = soon(store.write("k", |tx| {
            insert_visitor(tx, &bare_visitor("v-a", "x")).map_err(|_| Mine::Refused("hidden".into()))
        }))
        .await;
        // A failed statement cannot be talked away.
        assert!(matches!(failed, Err(Mine::Store(StoreError::Conflict(_)))), "{failed:?}");
        let refused = soon(store.read(|_| Err::<(), _>(Mine::Refused("no".into())))).await;
        assert_eq!(refused, Err(Mine::Refused("no".into())));
    }

    async fn what_is_answered_can_be_read(place: &Place) {
        let store = place.open().await;
        for id in ["1", "2", "3", "4", "5"] {
            write(&store, move |tx| add(tx, id)).await;
            assert!(read(&store, move |tx| visitors::by_id(tx, id)).await.is_some());
        }
    }

    async fn a_query_sees_one_moment(place: &Place) {
        let store = place.open().await;
        let (looked, look) = tokio::sync::oneshot::channel();
        let (release, go_on) = mpsc::channel::<()>();
        let reader = store.clone();
        let reading = tokio::spawn(async move {
            reader
                .read(move |tx| {
                    let before = visitors::by_id(tx, "1")?.is_some();
                    looked.send(()).unwrap();
                    go_on.recv_timeout(LIMIT).unwrap();
                    Ok::<_, StoreError>((before, visitors::by_id(tx, "1")?.is_some()))
                })
                .await
        });
        soon(look).await.unwrap();
        write(&store, |tx| add(tx, "1")).await;
        release.send(()).unwrap();
        assert_eq!(soon(reading).await.unwrap(), Ok((false, false)));
    }

    async fn a_reopened_store_has_what_was_answered(place: &Place) {
        let store = place.open().await;
        write(&store, |tx| add(tx, "1")).await;
        soon(store.stop()).await;
        let again = place.open().await;
        assert_eq!(there(&again, &["1", "2"]).await, [true, false]);
    }

    async fn events_are_published_before_the_answer(place: &Place) {
        /// Tells that it was called, and waits to be let go.
        struct Halting {
            called: Mutex<Option<tokio::sync::oneshot::Sender<Vec<Event>>>>,
            release: Mutex<mpsc::Receiver<()>>,
        }
        impl Publish for Halting {
            fn publish(&self, events: &mut Vec<Event>, _: bool) {
                if let Some(called) = self.called.lock().unwrap().take() {
                    called.send(std::mem::take(events)).unwrap();
                    self.release.lock().unwrap().recv_timeout(LIMIT).unwrap();
                }
            }
        }
        let (called, calling) = tokio::sync::oneshot::channel();
        let (go, release) = mpsc::channel();
        let halting = Halting { called: Mutex::new(Some(called)), release: Mutex::new(release) };
        let store = place.open_for(Arc::new(halting), |_| ()).await;
        let mut command = submit(&store, "key", |tx| add(tx, "1")).await;
        assert_eq!(soon(calling).await.unwrap(), [saved("1")]);
        assert!(!command.is_answered().await, "answered before it was published");
        // By then the commit is done: a reader finds the row.
        assert_eq!(there(&store, &["1"]).await, [true]);
        go.send(()).unwrap();
        assert_eq!(command.answer().await, Ok(()));
    }

    async fn a_use_case_may_emit_without_touching_a_row(place: &Place) {
        let store = place.open().await;
        // A use case without a statement commits nothing and is answered.
        assert_eq!(write(&store, |_| Ok(NOW)).await, NOW);
        write(&store, |tx| {
            tx.emit(saved("nobody"));
            Ok(())
        })
        .await;
        assert_eq!(place.heard(), [saved("nobody")]);
    }
}
