//! Commands that arrive at once.

use std::collections::BTreeSet;

use parlor_model::room::Source;
use parlor_services::messages::{self, MessageError, Send};
use parlor_services::rooms::{self, Close, Open, RoomError};
use parlor_services::visitors::{self, Register, VisitorError};
use tokio::task::JoinSet;

use crate::common::Desk;

const MANY: usize = 50;

#[tokio::test]
async fn fifty_calls_at_once_open_one_room() {
    let desk = Desk::new();
    desk.register("token", "Ana").await;
    let mut calls = JoinSet::new();
    for n in 0..MANY {
        let (store, ctx) = (desk.store.clone(), desk.context());
        let source = Source { kind: "api".into(), destination: None };
        let command = Open { token: "token".into(), rid: None, source };
        let key = n.to_string();
        calls.spawn(async move {
            store
                .write_idempotent::<_, RoomError, _>(&key, move |tx| rooms::get_or_open(tx, &ctx, &command))
                .await
        });
    }
    let opened: Vec<_> = calls.join_all().await.into_iter().map(Result::unwrap).collect();
    let ids: BTreeSet<_> = opened.iter().map(|(view, _)| view.room.id.clone()).collect();
    assert_eq!((ids.len(), opened.iter().filter(|(_, new)| *new).count()), (1, 1));
    assert_eq!(desk.rows("SELECT COUNT(*) FROM room"), ["1"]);
    assert_eq!(desk.rows("SELECT t, seq FROM message"), ["livechat-started 1"]);
}

#[tokio::test]
async fn a_message_that_is_sent_twice_at_once_is_stored_once() {
    let desk = Desk::new();
    desk.register("token", "Ana").await;
    let rid = desk.open_room("token").await;
    let mut calls = JoinSet::new();
    for n in 0..MANY {
        let (store, ctx) = (desk.store.clone(), desk.context());
        let command = Send {
            token: "token".into(),
            rid: rid.clone(),
            msg: "hello".into(),
            id: format!("id-{}", n % 10),
        };
        calls.spawn(async move {
            store
                .write_idempotent::<_, MessageError, _>("room", move |tx| messages::send(tx, &ctx, &command))
                .await
        });
    }
    assert!(calls.join_all().await.iter().all(Result::is_ok));
    let places = desk.rows("SELECT seq, n FROM message ORDER BY seq");
    assert_eq!(places, (1..=11).map(|n| format!("{n} {n}")).collect::<Vec<_>>());
    assert_eq!(desk.rows("SELECT seq, rev, msgs FROM room"), ["11 11 11"]);
}

#[tokio::test]
async fn a_chat_is_closed_once_and_nothing_arrives_afterwards() {
    let desk = Desk::new();
    desk.register("token", "Ana").await;
    let rid = desk.open_room("token").await;
    let (mut sends, mut endings) = (JoinSet::new(), JoinSet::new());
    for n in 0..MANY {
        let (store, ctx) = (desk.store.clone(), desk.context());
        if n % 10 == 5 {
            let command = Close { token: "token".into(), rid: rid.clone() };
            endings.spawn(async move {
                store.write::<_, RoomError, _>("room", move |tx| rooms::close(tx, &ctx, &command)).await
            });
        } else {
            let command = Send { token: "token".into(), rid: rid.clone(), msg: "hello".into(), id: ctx.id() };
            sends.spawn(async move {
                store.write::<_, MessageError, _>("room", move |tx| messages::send(tx, &ctx, &command)).await
            });
        }
    }
    let closed = endings.join_all().await;
    assert_eq!(closed.iter().filter(|c| c.is_ok()).count(), 1);
    assert!(closed.iter().all(|c| matches!(c, Ok(_) | Err(RoomError::RoomClosed))), "{closed:?}");
    let sent = sends.join_all().await;
    assert!(sent.iter().all(|s| matches!(s, Ok(_) | Err(MessageError::RoomClosed))), "{sent:?}");
    let arrived = sent.iter().filter(|s| s.is_ok()).count();
    assert_eq!(desk.rows("SELECT COUNT(*) FROM message WHERE t IS NULL"), [arrived.to_string()]);
    assert_eq!(desk.rows("SELECT t FROM message ORDER BY seq DESC LIMIT 1"), ["livechat-close"]);
}

#[tokio::test]
async fn one_token_is_one_visitor_however_many_register_at_once() {
    let desk = Desk::new();
    let mut calls = JoinSet::new();
    for n in 0..MANY {
        let (store, ctx) = (desk.store.clone(), desk.context());
        let command = Register { token: format!("token-{}", n % 5), ..Register::default() };
        calls.spawn(async move {
            store
                .write_idempotent::<_, VisitorError, _>("any", move |tx| {
                    visitors::register(tx, &ctx, &command)
                })
                .await
        });
    }
    let names: BTreeSet<_> = calls.join_all().await.into_iter().map(|v| v.unwrap().username).collect();
    assert_eq!(names, (2..=6).map(|n| format!("guest-{n}")).collect());
    assert_eq!(desk.rows("SELECT COUNT(*) FROM visitor"), ["5"]);
}
