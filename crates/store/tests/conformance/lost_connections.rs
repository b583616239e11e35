//! What callers are told when the line to the database breaks, and that the store finds its way back by itself.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc;
use std::time::Duration;

use parlor_store::{Store, StoreError, WriteTx, visitors};

use crate::common::fixtures::{bare_visitor, insert_visitor};
use crate::common::gate::Gate;
use crate::common::proxy::{Line, Proxy};
use crate::common::{LIMIT, Place, read, soon, submit, submit_idempotent, try_write, write};

/// A store behind a proxy, with one writer and one reader, both connected.
async fn behind_proxy(place: &Place) -> (Store, Proxy) {
    let proxy = Proxy::start(&place.url()).await;
    let store = place.open_with(|o| (o.url, o.writers, o.readers) = (proxy.url(), 1, 1)).await;
    write(&store, |tx| add(tx, "connected")).await;
    assert!(there(&store, "connected").await);
    (store, proxy)
}

fn add(tx: &mut WriteTx<'_>, id: &str) -> Result<(), StoreError> {
    insert_visitor(tx, &bare_visitor(id, id)).map(drop)
}

/// Adds a visitor unless it is there; tells whether it was.
fn add_once(tx: &mut WriteTx<'_>, id: &str) -> Result<bool, StoreError> {
    let found = visitors::by_id(tx, id)?.is_some();
    if !found {
        add(tx, id)?;
    }
    Ok(found)
}

async fn there(store: &Store, id: &'static str) -> bool {
    read(store, move |tx| visitors::by_id(tx, id)).await.is_some()
}

async fn write_once(store: &Store, id: &'static str) -> Result<bool, StoreError> {
    soon(store.write_idempotent("key", move |tx| add_once(tx, id))).await
}

on_postgres! {
    async fn a_lost_answer_to_commit_is_unknown(place: &Place) {
        let (store, proxy) = behind_proxy(place).await;
        proxy.set(Line::LosesNextAnswer);
        assert_eq!(try_write(&store, |tx| add(tx, "1")).await, Err(StoreError::Unknown));
        // It did take effect, this time; and the store is back without being told.
        assert!(there(&store, "1").await);
        assert_eq!(try_write(&store, |tx| add(tx, "2")).await, Ok(()));
    }

    async fn a_lost_commit_is_unknown(place: &Place) {
        let (store, proxy) = behind_proxy(place).await;
        proxy.set(Line::LosesNextCommit);
        assert_eq!(try_write(&store, |tx| add(tx, "1")).await, Err(StoreError::Unknown));
        assert!(!there(&store, "1").await);
        assert_eq!(try_write(&store, |tx| add(tx, "1")).await, Ok(()));
    }

    async fn an_idempotent_command_is_run_again_after_a_lost_answer(place: &Place) {
        let (store, proxy) = behind_proxy(place).await;
        proxy.set(Line::LosesNextAnswer);
        // The second run finds what the first has done.
        assert_eq!(write_once(&store, "1").await, Ok(true));
        assert_eq!(place.raw("SELECT COUNT(*) FROM visitor WHERE id = '1'").await.as_deref(), Some("1"));
    }

    async fn an_idempotent_command_is_run_again_after_a_lost_commit(place: &Place) {
        let (store, proxy) = behind_proxy(place).await;
        proxy.set(Line::LosesNextCommit);
        assert_eq!(write_once(&store, "1").await, Ok(false));
        assert_eq!(place.raw("SELECT COUNT(*) FROM visitor WHERE id = '1'").await.as_deref(), Some("1"));
    }

    async fn of_one_lost_batch_only_the_idempotent_run_again(place: &Place) {
        let (store, proxy) = behind_proxy(place).await;
        let gate = Gate::close(&store, "key").await;
        let plain = submit(&store, "key", |tx| add(tx, "plain")).await;
        let safe = submit_idempotent(&store, "key", |tx| add_once(tx, "safe")).await;
        // The first is the gate's own.
        proxy.set(Line::LosesSecondAnswer);
        gate.open().await;
        assert_eq!(plain.answer().await, Err(StoreError::Unknown));
        assert_eq!(safe.answer().await, Ok(true));
        assert!(there(&store, "plain").await);
    }

    async fn a_command_stays_unknown_when_it_cannot_be_run_again(place: &Place) {
        let (store, proxy) = behind_proxy(place).await;
        proxy.set(Line::LosesNextAnswerAndDies);
        // "Down" would say that nothing was done.
        assert_eq!(write_once(&store, "1").await, Err(StoreError::Unknown));
        proxy.set(Line::Sound);
        assert_eq!(write_once(&store, "1").await, Ok(true));
    }

    async fn a_connection_cut_within_a_transaction_is_down(place: &Place) {
        let (store, proxy) = behind_proxy(place).await;
        let (go, release) = mpsc::channel::<()>();
        let (entered, inside) = tokio::sync::oneshot::channel();
        let mut entered = Some(entered);
        let command = submit(&store, "key", move |tx| {
            add(tx, "1")?;
            entered.take().into_iter().for_each(|e| e.send(()).unwrap());
            release.recv_timeout(LIMIT).unwrap();
            add(tx, "2")
        })
        .await;
        soon(inside).await.unwrap();
        proxy.cut_all().await;
        go.send(()).unwrap();
        assert!(matches!(command.answer().await, Err(StoreError::Down(_))));
        assert!(!there(&store, "1").await);
        assert_eq!(try_write(&store, |tx| add(tx, "1")).await, Ok(()));
    }

    async fn a_connection_cut_while_nothing_runs_is_not_noticed(place: &Place) {
        let (store, proxy) = behind_proxy(place).await;
        for _ in 0..5 {
            proxy.cut_all().await;
            assert_eq!(try_write(&store, |tx| add_once(tx, "1").map(drop)).await, Ok(()));
            assert!(there(&store, "1").await);
        }
    }

    async fn an_unreachable_database_is_down_until_it_is_back(place: &Place) {
        let (store, proxy) = behind_proxy(place).await;
        proxy.set(Line::Dead);
        proxy.cut_all().await;
        for _ in 0..3 {
            let written = try_write(&store, |tx| add(tx, "1")).await;
            assert!(matches!(written, Err(StoreError::Down(_))), "{written:?}");
            let written = write_once(&store, "1").await;
            assert!(matches!(written, Err(StoreError::Down(_))), "{written:?}");
            let found = soon(store.read(|tx| visitors::by_id(tx, "1"))).await;
            assert!(matches!(found, Err(StoreError::Down(_))), "{found:?}");
        }
        proxy.set(Line::Sound);
        assert_eq!(try_write(&store, |tx| add(tx, "1")).await, Ok(()));
        assert!(there(&store, "1").await);
        assert_eq!(store.stats().reruns.load(Relaxed), 0);
    }

    async fn a_server_that_takes_connections_and_says_nothing_is_down_in_time(place: &Place) {
        let (store, proxy) = behind_proxy(place).await;
        proxy.set(Line::Silent);
        proxy.cut_all().await;
        let writing = try_write(&store, |tx| add(tx, "1"));
        let written = tokio::time::timeout(Duration::from_secs(10), writing).await.unwrap();
        assert!(matches!(written, Err(StoreError::Down(_))), "{written:?}");
        proxy.set(Line::Sound);
        assert_eq!(try_write(&store, |tx| add(tx, "1")).await, Ok(()));
    }

    async fn a_store_whose_database_is_gone_can_be_stopped(place: &Place) {
        let (store, proxy) = behind_proxy(place).await;
        proxy.set(Line::Dead);
        proxy.cut_all().await;
        soon(store.stop()).await;
    }

    async fn a_server_that_ends_a_connection_itself_is_met_again(place: &Place) {
        let store = place.open().await;
        write(&store, |tx| add(tx, "1")).await;
        place.raw(
            "SELECT COUNT(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        .await;
        assert_eq!(try_write(&store, |tx| add(tx, "2")).await, Ok(()));
        assert!(there(&store, "2").await);
    }
}
