//! The seed page's records: there after every start, whatever was done to them.

use parlor_model::room::Source;
use parlor_services::demo::{self, CLOSED_ROOM, MESSAGE, OPEN_ROOM, TOKEN, VISITOR};
use parlor_services::messages::{self, Edit, History, Remove};
use parlor_services::rooms::{self, Close, Open};
use parlor_services::visitors::{self, Register};
use parlor_store::StoreError;

use crate::common::Desk;

/// A desk on which the demo has started once.
async fn started() -> Desk {
    let desk = Desk::new();
    start(&desk).await;
    desk
}

async fn start(desk: &Desk) {
    desk.clock.advance(60_000);
    let ctx = desk.context();
    let ensured: Result<(), StoreError> = desk.store.write("demo", move |tx| demo::ensure(tx, &ctx)).await;
    ensured.unwrap();
}

/// Everything the page needs, and that every room's log is gapless.
async fn stands_as_printed(desk: &Desk) {
    let visitor = desk.read(|tx| parlor_store::visitors::by_token(tx, TOKEN)).await.unwrap();
    assert_eq!((visitor.id.as_str(), visitor.username.as_str()), (VISITOR, "guest-4"));
    assert_eq!((visitor.name.as_deref(), visitor.status.as_str()), (Some("Livechat Visitor"), "online"));
    let open = desk.rows("SELECT r.id, r.fname FROM room r JOIN visitor v ON v.pk = r.visitor WHERE r.open AND v.token IS NOT NULL");
    assert_eq!(open, [format!("{OPEN_ROOM} Livechat Visitor")]);
    assert_eq!(desk.rows("SELECT COUNT(*) FROM inquiry"), ["1"], "only the open room is in the queue");
    let message = desk.read(|tx| parlor_store::messages::by_id(tx, MESSAGE)).await.unwrap().message;
    assert_eq!((message.rid.as_str(), message.msg.as_str()), (OPEN_ROOM, "sending livechat message.."));
    assert_eq!(
        (message.author.id.as_str(), message.author.name.as_deref()),
        (VISITOR, Some("Livechat Visitor"))
    );
    assert!(
        message.t.is_none() && message.edited.is_none() && !message.hidden && message.removed_at.is_none()
    );
    let history = History { token: TOKEN.into(), rid: CLOSED_ROOM.into(), ..History::default() };
    let settings = desk.settings.clone();
    let page = desk.store.read(move |tx| messages::history(tx, &settings, &history)).await.unwrap();
    assert!(page.messages.iter().any(|m| m.t.is_none()), "the closed room has something to show");
    let rooms = desk.rows("SELECT pk, rev, seq, msgs FROM room");
    for room in &rooms {
        let numbers: Vec<i64> = room.split(' ').map(|n| n.parse().unwrap()).collect();
        let (pk, rev) = (numbers[0], numbers[1]);
        let log = desk.read(move |tx| parlor_store::messages::changes(tx, pk, 0, 10_000)).await;
        assert!(log.iter().map(|(n, ..)| *n).eq(1..=rev), "the log of room {pk} is gapless: {log:?}");
        let shown =
            desk.rows(&format!("SELECT COUNT(*) FROM message WHERE room = {pk} AND removed_at IS NULL"));
        assert_eq!(shown, [numbers[3].to_string()], "the room counts what is there");
    }
    let checks = desk.rows("PRAGMA foreign_key_check");
    assert!(checks.is_empty(), "{checks:?}");
}

async fn edit(desk: &Desk) {
    let edit = Edit { token: TOKEN.into(), rid: OPEN_ROOM.into(), id: MESSAGE.into(), msg: "edited".into() };
    desk.run(move |tx, ctx| messages::edit(tx, ctx, &edit)).await.unwrap();
}

async fn remove(desk: &Desk) {
    let remove = Remove { id: MESSAGE.into(), credentials: None };
    desk.run(move |tx, ctx| messages::remove(tx, ctx, &remove)).await.unwrap();
}

async fn close(desk: &Desk) {
    let close = Close { token: TOKEN.into(), rid: OPEN_ROOM.into() };
    desk.run(move |tx, ctx| rooms::close(tx, ctx, &close)).await.unwrap();
}

async fn open_another(desk: &Desk) -> String {
    let source = Source { kind: "api".into(), destination: None };
    let open = Open { token: TOKEN.into(), rid: None, source };
    desk.run(move |tx, ctx| rooms::get_or_open(tx, ctx, &open)).await.unwrap().0.room.id
}

async fn remove_visitor(desk: &mut Desk) {
    desk.settings.store_headers = true;
    desk.run(|tx, ctx| visitors::remove(tx, ctx, TOKEN)).await.unwrap();
    desk.settings.store_headers = false;
}

#[tokio::test]
async fn a_first_start_makes_the_records() {
    let desk = started().await;
    stands_as_printed(&desk).await;
    let closed = desk.read(|tx| parlor_store::rooms::by_id(tx, CLOSED_ROOM)).await.unwrap();
    assert!(!closed.open && closed.closed.is_some());
    let next = Register { token: "next".into(), ..Register::default() };
    let next = desk.run(move |tx, ctx| visitors::register(tx, ctx, &next)).await.unwrap();
    assert_eq!(next.username, "guest-5", "the demo's own name is taken");
}

#[tokio::test]
async fn a_second_start_changes_nothing() {
    let desk = started().await;
    let before = desk.everything();
    desk.heard();
    start(&desk).await;
    assert_eq!(desk.everything(), before);
    assert_eq!(desk.heard(), []);
}

#[tokio::test]
async fn an_edited_message_is_restored() {
    let desk = started().await;
    edit(&desk).await;
    start(&desk).await;
    stands_as_printed(&desk).await;
}

#[tokio::test]
async fn a_removed_message_is_restored_whatever_it_left() {
    for trace in [false, true] {
        let mut desk = started().await;
        desk.settings.show_deleted_status = trace;
        edit(&desk).await;
        remove(&desk).await;
        start(&desk).await;
        stands_as_printed(&desk).await;
    }
}

#[tokio::test]
async fn a_closed_room_is_opened_again() {
    let desk = started().await;
    close(&desk).await;
    start(&desk).await;
    stands_as_printed(&desk).await;
}

#[tokio::test]
async fn another_open_room_is_closed() {
    let desk = started().await;
    remove(&desk).await;
    close(&desk).await;
    let other = open_another(&desk).await;
    desk.send(TOKEN, &other, "hello").await;
    start(&desk).await;
    stands_as_printed(&desk).await;
    let last = desk.rows("SELECT t FROM message ORDER BY ts DESC, rowid DESC");
    assert!(last.contains(&"livechat-close".to_owned()), "by a change like any other: {last:?}");
}

#[tokio::test]
async fn a_renamed_visitor_gets_the_name_back() {
    let desk = started().await;
    let rename = Register { token: TOKEN.into(), name: Some("Somebody".into()), ..Register::default() };
    desk.run(move |tx, ctx| visitors::register(tx, ctx, &rename)).await.unwrap();
    start(&desk).await;
    stands_as_printed(&desk).await;
}

#[tokio::test]
async fn a_removed_visitor_is_there_again() {
    let mut desk = started().await;
    remove_visitor(&mut desk).await;
    start(&desk).await;
    stands_as_printed(&desk).await;
    remove_visitor(&mut desk).await;
    start(&desk).await;
    stands_as_printed(&desk).await;
}

#[tokio::test]
async fn whoever_took_the_token_meanwhile_makes_way() {
    let mut desk = started().await;
    remove_visitor(&mut desk).await;
    desk.register(TOKEN, "Somebody").await;
    let rid = open_another(&desk).await;
    desk.send(TOKEN, &rid, "hello").await;
    start(&desk).await;
    stands_as_printed(&desk).await;
}
