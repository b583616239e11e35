//! Visitors, rooms and messages as the cases need them.

use parlor_model::Millis;
use parlor_model::leads::Leads;
use parlor_model::message::{ChangeKind, Message};
use parlor_model::room::{Room, Source};
use parlor_model::visitor::{Connection, Visitor};
use parlor_store::messages::{NewMessage, Page};
use parlor_store::rooms::Numbers;
use parlor_store::{ReadTx, Store, StoreError, WriteTx, messages, rooms, visitors};

use super::{NOW, write};

/// A visitor with everything absent that may be.
pub(crate) fn bare_visitor(id: &str, token: &str) -> Visitor {
    Visitor {
        pk: 0,
        id: id.into(),
        token: Some(token.into()),
        username: "guest-2".into(),
        name: None,
        leads: Leads::default(),
        status: "online".into(),
        ts: NOW,
        last_chat: None,
        connection: Connection::default(),
        author: 0,
        updated_at: NOW,
    }
}

/// Stores `v` with a fresh author snapshot and gives back the row numbers in it.
pub(crate) fn insert_visitor(tx: &mut WriteTx<'_>, v: &Visitor) -> Result<Visitor, StoreError> {
    let author = visitors::insert_author(tx, &v.id, &v.username, v.name.as_deref(), v.token.as_deref())?;
    let mut v = Visitor { author, ..v.clone() };
    v.pk = visitors::insert(tx, &v)?;
    Ok(v)
}

/// An open room of `v` without messages.
pub(crate) fn bare_room(id: &str, v: &Visitor) -> Room {
    Room {
        pk: 0,
        id: id.into(),
        visitor: v.pk,
        v_id: v.id.clone(),
        v_username: v.username.clone(),
        v_token: v.token.clone().unwrap(),
        v_status: v.status.clone(),
        v_last_message_ts: None,
        fname: v.username.clone(),
        open: true,
        seq: 0,
        rev: 0,
        msgs: 0,
        ts: NOW,
        lm: None,
        queued_at: Some(NOW),
        waiting_response: true,
        last_question: None,
        source: Source { kind: "widget".into(), destination: None },
        closed: None,
        updated_at: NOW,
    }
}

/// Stores `room` and gives its row number back in it.
pub(crate) fn insert_room(tx: &mut WriteTx<'_>, room: &Room) -> Result<Room, StoreError> {
    let pk = rooms::insert(tx, room)?;
    Ok(Room { pk, ..room.clone() })
}

/// A new visitor `v-<name>` with token `t-<name>`.
pub(crate) async fn visitor(store: &Store, name: &'static str) -> Visitor {
    write(store, move |tx| insert_visitor(tx, &bare_visitor(&format!("v-{name}"), &format!("t-{name}"))))
        .await
}

/// A new visitor as [`visitor`] makes it, and their open room `r-<name>`.
pub(crate) async fn room(store: &Store, name: &'static str) -> (Visitor, Room) {
    let visitor = visitor(store, name).await;
    let of = visitor.clone();
    let room = write(store, move |tx| insert_room(tx, &bare_room(&format!("r-{name}"), &of))).await;
    (visitor, room)
}

/// Sends a visitor's message as the use case does: numbers from the room, then the row.
pub(crate) fn send(
    tx: &mut WriteTx<'_>,
    room: &Room,
    author: i64,
    id: &str,
    now: Millis,
) -> Result<Numbers, StoreError> {
    let numbers = rooms::number_visitor_message(tx, room.pk, now)?.expect("the room is open");
    messages::insert(tx, plain(room, author, id, numbers))?;
    Ok(numbers)
}

/// Sends a system message of kind `t`.
pub(crate) fn signal(
    tx: &mut WriteTx<'_>,
    room: &Room,
    author: i64,
    id: &str,
    t: &str,
    now: Millis,
) -> Result<Numbers, StoreError> {
    let numbers = rooms::number_system_message(tx, room.pk, now, true)?;
    messages::insert(tx, NewMessage { t: Some(t), ..plain(room, author, id, numbers) })?;
    Ok(numbers)
}

/// A message with the text `hello`.
pub(crate) fn plain<'a>(room: &Room, author: i64, id: &'a str, numbers: Numbers) -> NewMessage<'a> {
    NewMessage { id, room: room.pk, numbers, author, t: None, msg: "hello", extra: None }
}

/// Edits a message as the use case does: number, row, log.
pub(crate) fn edit(
    tx: &mut WriteTx<'_>,
    room: &Room,
    editor: i64,
    id: &str,
    msg: &str,
    now: Millis,
) -> Result<Numbers, StoreError> {
    let numbers = rooms::number_change(tx, room.pk, now, 0)?;
    messages::edit(tx, id, msg, None, editor, numbers)?;
    messages::log_change(tx, room.pk, id, ChangeKind::Edited, numbers)?;
    Ok(numbers)
}

/// Removes a message as the use case does; `t` is the trace that stays visible, if one does.
pub(crate) fn remove(
    tx: &mut WriteTx<'_>,
    room: &Room,
    remover: i64,
    id: &str,
    t: Option<&str>,
    now: Millis,
) -> Result<Numbers, StoreError> {
    let numbers = rooms::number_change(tx, room.pk, now, -1)?;
    messages::remove(tx, id, t, remover, numbers)?;
    messages::log_change(tx, room.pk, id, ChangeKind::Removed, numbers)?;
    Ok(numbers)
}

/// A page without bounds.
pub(crate) fn whole() -> Page {
    Page { from: None, until: None, hidden_kinds: Vec::new(), limit: 1000, offset: 0 }
}

/// The ids of a page.
pub(crate) fn page(tx: &mut ReadTx<'_>, room: &Room, page: &Page) -> Result<Vec<String>, StoreError> {
    Ok(ids(messages::page(tx, room.pk, &room.id, page)?))
}

/// The ids of messages, in their order.
pub(crate) fn ids(messages: Vec<Message>) -> Vec<String> {
    messages.into_iter().map(|m| m.id).collect()
}
