//! The change log: gapless from every cursor, whatever happened in the room.

use parlor_model::message::ChangeKind;
use parlor_store::{Store, messages, rooms};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::common::fixtures::{
    bare_room, bare_visitor, edit, insert_room, insert_visitor, remove, send, signal,
};
use crate::common::{LIMIT, NOW, Place, read, write};

/// One thing that happens in a room; the number picks the message it happens to.
#[derive(Debug, Clone, Copy)]
enum Step {
    Send,
    Signal,
    Edit(usize),
    Remove(usize),
    Restore(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => Just(Step::Send),
        1 => Just(Step::Signal),
        2 => any::<usize>().prop_map(Step::Edit),
        2 => any::<usize>().prop_map(Step::Remove),
        1 => any::<usize>().prop_map(Step::Restore),
    ];
    prop::collection::vec(step, 0..25)
}

type Log = Vec<(i64, String, String)>;

/// Does the steps in a new room and gives its row number with the log as it should be.
async fn happen(store: &Store, name: String, steps: Vec<Step>) -> (i64, Log) {
    write(store, move |tx| {
        let v = insert_visitor(tx, &bare_visitor(&name, &name))?;
        let room = insert_room(tx, &bare_room(&name, &v))?;
        let (mut log, mut sent) = (Vec::new(), Vec::new());
        for &step in &steps {
            let picked = |i: usize| sent.get(i % sent.len().max(1)).cloned();
            let (id, kind, numbers) = match step {
                Step::Send | Step::Signal => {
                    let id = format!("{name}-{}", sent.len());
                    sent.push(id.clone());
                    let numbers = match step {
                        Step::Send => send(tx, &room, v.author, &id, NOW)?,
                        _ => signal(tx, &room, v.author, &id, "uj", NOW)?,
                    };
                    (id, ChangeKind::Sent, numbers)
                }
                Step::Edit(i) => {
                    let Some(id) = picked(i) else { continue };
                    let numbers = edit(tx, &room, v.author, &id, "better", NOW)?;
                    (id, ChangeKind::Edited, numbers)
                }
                Step::Remove(i) => {
                    let Some(id) = picked(i) else { continue };
                    let numbers = remove(tx, &room, v.author, &id, None, NOW)?;
                    (id, ChangeKind::Removed, numbers)
                }
                Step::Restore(i) => {
                    let Some(id) = picked(i) else { continue };
                    let numbers = rooms::number_change(tx, room.pk, NOW, 1)?;
                    messages::restore(tx, &id, "hello", numbers)?;
                    messages::log_change(tx, room.pk, &id, ChangeKind::Restored, numbers)?;
                    (id, ChangeKind::Restored, numbers)
                }
            };
            assert_eq!(numbers.rev, i64::try_from(log.len()).unwrap() + 1, "numbers have no gaps");
            log.push((numbers.rev, id, kind.as_str().to_owned()));
        }
        Ok((room.pk, log))
    })
    .await
}

/// Asks for everything after every cursor, in pages of 1, 3 and more than there is.
async fn ask(store: &Store, room: i64, expected: Log) {
    read(store, move |tx| {
        for cursor in -1..=i64::try_from(expected.len()).unwrap() + 1 {
            let rest: Log = expected.iter().filter(|(n, ..)| *n > cursor).cloned().collect();
            for limit in [1, 3, 1000] {
                let page = messages::changes(tx, room, cursor, limit)?;
                let limit = usize::try_from(limit).unwrap();
                assert_eq!(page, rest[..rest.len().min(limit)], "after {cursor}, at most {limit}");
            }
        }
        Ok(())
    })
    .await;
}

on_both_engines! {
    async fn the_log_is_gapless_from_every_cursor(place: &Place) {
        let store = place.open().await;
        let runtime = tokio::runtime::Handle::current();
        let running = tokio::task::spawn_blocking(move || {
            let mut runner = TestRunner::new(Config { cases: 48, failure_persistence: None, ..Config::default() });
            let rooms = std::sync::atomic::AtomicUsize::new(0);
            let outcome = runner.run(&steps(), |steps| {
                let name = format!("r{}", rooms.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
                runtime.block_on(async {
                    let (room, log) = happen(&store, name, steps).await;
                    ask(&store, room, log).await;
                });
                Ok(())
            });
            if let Err(error) = outcome {
                panic!("{error}");
            }
        });
        tokio::time::timeout(LIMIT, running).await.unwrap().unwrap();
    }

    async fn a_room_without_messages_has_an_empty_log(place: &Place) {
        let store = place.open().await;
        let (room, log) = happen(&store, "r".into(), Vec::new()).await;
        assert_eq!(log, []);
        for cursor in [i64::MIN, 0, i64::MAX] {
            assert_eq!(read(&store, move |tx| messages::changes(tx, room, cursor, 10)).await, []);
        }
    }

    async fn the_log_can_be_asked_from_any_number(place: &Place) {
        let store = place.open().await;
        let (room, log) = happen(&store, "r".into(), vec![Step::Send, Step::Edit(0), Step::Send]).await;
        assert_eq!(read(&store, move |tx| messages::changes(tx, room, i64::MIN, 10)).await, log);
        assert_eq!(read(&store, move |tx| messages::changes(tx, room, i64::MAX, 10)).await, []);
    }

    async fn the_log_of_one_room_tells_nothing_of_another(place: &Place) {
        let store = place.open().await;
        let (one, first) = happen(&store, "r".into(), vec![Step::Send, Step::Edit(0)]).await;
        let (other, second) = happen(&store, "s".into(), vec![Step::Send, Step::Send, Step::Remove(1)]).await;
        ask(&store, one, first).await;
        ask(&store, other, second).await;
    }
}
