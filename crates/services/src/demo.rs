//! The records of the seed page, so that its curl lines work as printed (`parlor serve --demo`).
//!
//! Run at every start of the demo. Whatever was done to the records since, it is mended by new changes: nothing is
//! rewritten, a room's log only grows.

use parlor_model::Event;
use parlor_model::message::ChangeKind;
use parlor_model::room::{Room, Source};
use parlor_model::visitor::{Connection, Visitor};
use parlor_store::messages::NewMessage;
use parlor_store::{StoreError, WriteTx, messages, rooms, visitors};

use crate::Context;
use crate::rooms::{RoomError, close_by_visitor, open, wait_in_queue};

/// The visitor's token.
pub const TOKEN: &str = "iNKE8a6k6cjbqWhWd";
/// The visitor's public id.
pub const VISITOR: &str = "YgEoq2djbGdjjZnsL";
/// The open room.
pub const OPEN_ROOM: &str = "zRAeTszXor8CCPceB";
/// The message that the page edits and removes.
pub const MESSAGE: &str = "ZKWP8LfGnRHQ3ozWa";
/// The closed room whose history the page loads.
pub const CLOSED_ROOM: &str = "KuACMJ5MpN6SfAFWg";

const USERNAME: &str = "guest-4";
/// The visitor's name.
pub const NAME: &str = "Livechat Visitor";
/// The message's text.
pub const TEXT: &str = "sending livechat message..";

/// Makes sure that the records of the seed page are there.
pub fn ensure(tx: &mut WriteTx<'_>, ctx: &Context) -> Result<(), StoreError> {
    ensure_all(tx, ctx).map_err(|error| match error {
        RoomError::Store(error) => error,
        other => StoreError::Engine(format!("the demo's records cannot be restored: {other:?}")),
    })
}

fn ensure_all(tx: &mut WriteTx<'_>, ctx: &Context) -> Result<(), RoomError> {
    visitors::skip_guests(tx, 4)?;
    let visitor = ensure_visitor(tx, ctx)?;
    if let Some(other) = rooms::open_of_visitor(tx, visitor.pk)?.filter(|room| room.id != OPEN_ROOM) {
        close_by_visitor(tx, ctx, &visitor, &other)?;
    }
    // First the closed one: a visitor has one open room at most.
    if rooms::by_id(tx, CLOSED_ROOM)?.is_none() {
        make_closed_room(tx, ctx, &visitor)?;
    }
    match rooms::by_id(tx, OPEN_ROOM)? {
        None => {
            open(tx, ctx, &visitor, OPEN_ROOM, &source())?;
        }
        Some(room) if !room.open => {
            rooms::reopen(tx, room.pk, ctx.now)?;
            wait_in_queue(tx, ctx, room.pk)?;
            tx.emit(Event::RoomOpened { rid: room.id });
        }
        Some(_) => {}
    }
    let room = rooms::by_id(tx, OPEN_ROOM)?.ok_or(RoomError::InvalidRoom)?;
    ensure_message(tx, ctx, &visitor, &room)
}

fn source() -> Source {
    Source { kind: "api".into(), destination: None }
}

fn ensure_visitor(tx: &mut WriteTx<'_>, ctx: &Context) -> Result<Visitor, StoreError> {
    // A client that was removed registers again with the token it knows, and is someone else then.
    if let Some(other) = visitors::by_token(tx, TOKEN)?.filter(|v| v.id != VISITOR) {
        crate::visitors::erase(tx, ctx, &other)?;
    }
    let known = visitors::by_id(tx, VISITOR)?;
    let pristine = |v: &Visitor| {
        v.token.as_deref() == Some(TOKEN) && v.username == USERNAME && v.name.as_deref() == Some(NAME)
    };
    if let Some(visitor) = known.as_ref().filter(|v| pristine(v)) {
        return Ok(visitor.clone());
    }
    let author = visitors::insert_author(tx, VISITOR, USERNAME, Some(NAME), Some(TOKEN))?;
    let mut visitor = Visitor {
        pk: known.as_ref().map_or(0, |v| v.pk),
        id: VISITOR.into(),
        token: Some(TOKEN.into()),
        username: USERNAME.into(),
        name: Some(NAME.into()),
        leads: known.as_ref().map(|v| v.leads.clone()).unwrap_or_default(),
        status: "online".into(),
        ts: known.as_ref().map_or(ctx.now, |v| v.ts),
        last_chat: None,
        connection: Connection::default(),
        author,
        updated_at: ctx.now,
    };
    if known.is_some() {
        visitors::update(tx, &visitor)?;
    } else {
        visitor.pk = visitors::insert(tx, &visitor)?;
    }
    visitors::rename_rooms(tx, visitor.pk, NAME, ctx.now)?;
    Ok(visitor)
}

fn make_closed_room(tx: &mut WriteTx<'_>, ctx: &Context, visitor: &Visitor) -> Result<(), RoomError> {
    let pk = open(tx, ctx, visitor, CLOSED_ROOM, &source())?;
    let id = ctx.id();
    send(tx, ctx, visitor, pk, CLOSED_ROOM, &id)?;
    let numbers = rooms::number_change(tx, pk, ctx.now, 0)?;
    messages::edit(tx, &id, "editing livechat message..", None, visitor.author, numbers)?;
    messages::log_change(tx, pk, &id, ChangeKind::Edited, numbers)?;
    let room = rooms::by_id(tx, CLOSED_ROOM)?.ok_or(RoomError::InvalidRoom)?;
    close_by_visitor(tx, ctx, visitor, &room)
}

fn ensure_message(
    tx: &mut WriteTx<'_>,
    ctx: &Context,
    visitor: &Visitor,
    room: &Room,
) -> Result<(), RoomError> {
    let Some(found) = messages::by_id(tx, MESSAGE)? else {
        return send(tx, ctx, visitor, room.pk, OPEN_ROOM, MESSAGE);
    };
    let message = found.message;
    if message.msg == TEXT && message.edited.is_none() && message.removed_at.is_none() {
        return Ok(());
    }
    let numbers = rooms::number_change(tx, found.room, ctx.now, i64::from(message.removed_at.is_some()))?;
    messages::restore(tx, MESSAGE, TEXT, numbers)?;
    messages::log_change(tx, found.room, MESSAGE, ChangeKind::Restored, numbers)?;
    let (kind, rev) = (ChangeKind::Restored, numbers.rev);
    tx.emit(Event::MessageChanged { rid: OPEN_ROOM.into(), message: MESSAGE.into(), rev, kind });
    Ok(())
}

fn send(
    tx: &mut WriteTx<'_>,
    ctx: &Context,
    visitor: &Visitor,
    room: i64,
    rid: &str,
    id: &str,
) -> Result<(), RoomError> {
    let numbers = rooms::number_visitor_message(tx, room, ctx.now)?.ok_or(RoomError::RoomClosed)?;
    let row = NewMessage { id, room, numbers, author: visitor.author, t: None, msg: TEXT, extra: None };
    messages::insert(tx, row)?;
    let (kind, rev) = (ChangeKind::Sent, numbers.rev);
    tx.emit(Event::MessageChanged { rid: rid.into(), message: id.into(), rev, kind });
    Ok(())
}
