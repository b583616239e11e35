//! Rooms from the visitor's side: get or open a chat, close it (sections 4.6, 4.7, 5.1 and 5.4 of `visitor-api.md`).

use parlor_model::Event;
use parlor_model::inquiry::InquiryStatus;
use parlor_model::message::{ChangeKind, Message};
use parlor_model::room::{Closed, Room, Source};
use parlor_model::visitor::Visitor;
use parlor_store::messages::NewMessage;
use parlor_store::{ReadTx, StoreError, WriteTx, audit, messages, rooms, visitors};

use crate::Context;
use crate::error::errors;

errors! {
    /// Why a room cannot be found, opened or closed.
    RoomError {
        /// No visitor holds this token.
        InvalidToken => ErrorCode::Plain("invalid-token");
        /// The room is unknown, closed where an open one is needed, or another visitor's.
        InvalidRoom => ErrorCode::Plain("invalid-room");
        /// The room is closed already.
        RoomClosed => ErrorCode::Plain("room-closed");
        /// Livechat is switched off.
        Disabled => ErrorCode::coded("error-omnichannel-is-disabled", "");
        /// Nobody is there to answer, and chats are not accepted without agents.
        NoAgentOnline => ErrorCode::coded("no-agent-online", "Sorry, no online agents");
        /// Visitors may not close chats.
        CloseNotAllowed => ErrorCode::Plain("error-not-allowed-to-close-conversation");
    }
}

/// Get the visitor's open room, or open one.
#[derive(Debug, Clone)]
pub struct Open {
    /// Visitor's token.
    pub token: String,
    /// The room the visitor believes to be in; with it no room is ever made.
    pub rid: Option<String>,
    /// Which client asks.
    pub source: Source,
}

/// A room with what its record carries along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomView {
    /// The room.
    pub room: Room,
    /// A copy of its last message, if there is one and settings allow copies.
    pub last_message: Option<Message>,
}

/// The comment that ends a chat which the visitor closed.
pub const CLOSED_BY_VISITOR: &str = "Closed by visitor";

/// The visitor's open room, if there is one. With a `rid` it must be that one.
pub fn find(tx: &mut ReadTx<'_>, ctx: &Context, command: &Open) -> Result<Option<RoomView>, RoomError> {
    let visitor = visitors::by_token(tx, &command.token)?.ok_or(RoomError::InvalidToken)?;
    find_of(tx, ctx, command, &visitor)
}

fn find_of(
    tx: &mut ReadTx<'_>,
    ctx: &Context,
    command: &Open,
    visitor: &Visitor,
) -> Result<Option<RoomView>, RoomError> {
    let room = match &command.rid {
        Some(rid) => match rooms::by_id(tx, rid)? {
            Some(room) if room.open && room.v_token == command.token => Some(room),
            _ => return Err(RoomError::InvalidRoom),
        },
        None => rooms::open_of_visitor(tx, visitor.pk)?,
    };
    room.map(|room| view(tx, ctx, room)).transpose()
}

fn view(tx: &mut ReadTx<'_>, ctx: &Context, room: Room) -> Result<RoomView, RoomError> {
    let last_message =
        if ctx.settings.store_last_message { messages::last(tx, room.pk, &room.id)? } else { None };
    Ok(RoomView { room, last_message })
}

/// The visitor's open room, made if there is none; tells whether it is new. Calls that race get the same room.
pub fn get_or_open(
    tx: &mut WriteTx<'_>,
    ctx: &Context,
    command: &Open,
) -> Result<(RoomView, bool), RoomError> {
    let visitor = visitors::by_token(tx, &command.token)?.ok_or(RoomError::InvalidToken)?;
    if let Some(known) = find_of(tx, ctx, command, &visitor)? {
        return Ok((known, false));
    }
    if !ctx.settings.livechat_enabled {
        return Err(RoomError::Disabled);
    }
    // There are no agents yet, so none is online.
    if !ctx.settings.accept_chats_with_no_agents {
        return Err(RoomError::NoAgentOnline);
    }
    let id = ctx.id();
    open(tx, ctx, &visitor, &id, &command.source)?;
    let room = rooms::by_id(tx, &id)?.ok_or(RoomError::InvalidRoom)?;
    Ok((view(tx, ctx, room)?, true))
}

/// Opens a room with a given id: room, queue entry, and the note that the chat started. Gives its row number.
pub(crate) fn open(
    tx: &mut WriteTx<'_>,
    ctx: &Context,
    visitor: &Visitor,
    id: &str,
    source: &Source,
) -> Result<i64, RoomError> {
    let mut room = Room {
        pk: 0,
        id: id.to_owned(),
        visitor: visitor.pk,
        v_id: visitor.id.clone(),
        v_username: visitor.username.clone(),
        v_token: visitor.token.clone().ok_or(RoomError::InvalidToken)?,
        v_status: visitor.status.clone(),
        v_last_message_ts: None,
        fname: crate::visitors::shown_name(visitor).to_owned(),
        open: true,
        seq: 0,
        rev: 0,
        msgs: 0,
        ts: ctx.now,
        lm: None,
        queued_at: Some(ctx.now),
        waiting_response: true,
        last_question: None,
        source: source.clone(),
        closed: None,
        updated_at: ctx.now,
    };
    room.pk = rooms::insert(tx, &room)?;
    wait_in_queue(tx, ctx, room.pk)?;
    visitors::set_last_chat(tx, visitor.pk, id, ctx.now)?;
    system_message(tx, ctx, &room, visitor.author, Note::shown("livechat-started", ""))?;
    announce(tx, ctx, "room.opened", &room, Event::RoomOpened { rid: id.to_owned() })?;
    Ok(room.pk)
}

/// Automatic selection found nobody yet, or agents pick by hand.
pub(crate) fn wait_in_queue(tx: &mut WriteTx<'_>, ctx: &Context, room: i64) -> Result<(), StoreError> {
    let by_hand = ctx.settings.routing_method == "Manual_Selection";
    let status = if by_hand { InquiryStatus::Queued } else { InquiryStatus::Ready };
    rooms::enqueue(tx, &ctx.id(), room, status, ctx.now)
}

/// End the visitor's own chat.
#[derive(Debug, Clone)]
pub struct Close {
    /// Visitor's token.
    pub token: String,
    /// Public id of the room.
    pub rid: String,
}

/// Closes the room; gives the comment that its last message carries.
pub fn close(tx: &mut WriteTx<'_>, ctx: &Context, command: &Close) -> Result<&'static str, RoomError> {
    if !ctx.settings.visitors_can_close {
        return Err(RoomError::CloseNotAllowed);
    }
    let visitor = visitors::by_token(tx, &command.token)?.ok_or(RoomError::InvalidToken)?;
    let room = match rooms::by_id(tx, &command.rid)? {
        Some(room) if room.v_token == command.token => room,
        _ => return Err(RoomError::InvalidRoom),
    };
    close_by_visitor(tx, ctx, &visitor, &room)?;
    Ok(CLOSED_BY_VISITOR)
}

/// Everything that closing does: the queue entry goes, the room's end is written, the widget is told.
pub(crate) fn close_by_visitor(
    tx: &mut WriteTx<'_>,
    ctx: &Context,
    visitor: &Visitor,
    room: &Room,
) -> Result<(), RoomError> {
    let closed = Closed {
        at: ctx.now,
        closer: "visitor".into(),
        by_id: visitor.id.clone(),
        by_username: visitor.username.clone(),
    };
    if !rooms::close(tx, room.pk, &closed)? {
        return Err(RoomError::RoomClosed);
    }
    rooms::dequeue(tx, room.pk)?;
    let settings = &ctx.settings;
    let requested = settings.transcript_send_always && !settings.enable_transcript;
    let extra = serde_json::json!({ "transcriptRequested": requested }).to_string();
    let note = Note { extra: Some(&extra), ..Note::shown("livechat-close", CLOSED_BY_VISITOR) };
    system_message(tx, ctx, room, visitor.author, note)?;
    if settings.enable_transcript && !settings.transcript_send_always {
        system_message(
            tx,
            ctx,
            room,
            visitor.author,
            Note { shown: false, ..Note::shown("command", "promptTranscript") },
        )?;
    }
    announce(tx, ctx, "room.closed", room, Event::RoomClosed { rid: room.id.clone() })?;
    Ok(())
}

/// A system message to be written.
pub(crate) struct Note<'a> {
    t: &'a str,
    msg: &'a str,
    extra: Option<&'a str>,
    /// People see it, so it moves the room's last-message time.
    shown: bool,
}

impl<'a> Note<'a> {
    pub(crate) fn shown(t: &'a str, msg: &'a str) -> Self {
        Self { t, msg, extra: None, shown: true }
    }
}

pub(crate) fn system_message(
    tx: &mut WriteTx<'_>,
    ctx: &Context,
    room: &Room,
    author: i64,
    note: Note<'_>,
) -> Result<(), StoreError> {
    let id = ctx.id();
    let numbers = rooms::number_system_message(tx, room.pk, ctx.now, note.shown)?;
    let row = NewMessage {
        id: &id,
        room: room.pk,
        numbers,
        author,
        t: Some(note.t),
        msg: note.msg,
        extra: note.extra,
    };
    messages::insert(tx, row)?;
    let kind = ChangeKind::Sent;
    tx.emit(Event::MessageChanged { rid: room.id.clone(), message: id, rev: numbers.rev, kind });
    Ok(())
}

fn announce(
    tx: &mut WriteTx<'_>,
    ctx: &Context,
    action: &'static str,
    room: &Room,
    event: Event,
) -> Result<(), StoreError> {
    let actor = Some(room.v_id.as_str());
    let entry = audit::Entry { actor_kind: "visitor", actor, action, target: &room.id, detail: None };
    audit::append(tx, ctx.now, &ctx.origin, entry)?;
    tx.emit(event);
    Ok(())
}
