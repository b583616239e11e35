//! A visitor's messages: send, edit, remove, look at, and a room's history (sections 3.1 to 3.4 and 4.16 of
//! `visitor-api.md`).

use parlor_model::leads::Leads;
use parlor_model::message::{Author, ChangeKind, Edited, Message};
use parlor_model::{Event, Millis, Settings, id, text};
use parlor_store::messages::{Found, NewMessage, Page};
use parlor_store::rooms::{Numbers, Place, Sender};
use parlor_store::{ReadTx, StoreError, WriteTx, audit, messages, rooms, visitors};

use crate::Context;
use crate::error::errors;
use crate::quotes;

errors! {
    /// Why a message cannot be sent, edited, removed or read.
    MessageError {
        /// No visitor holds this token.
        InvalidToken => ErrorCode::Plain("invalid-token");
        /// The room is unknown or another visitor's; the two look alike.
        InvalidRoom => ErrorCode::Plain("invalid-room");
        /// The room is closed.
        RoomClosed => ErrorCode::Plain("room-closed");
        /// The text is longer than the settings allow.
        TooLong => ErrorCode::Plain("message-length-exceeds-character-limit");
        /// Livechat is switched off.
        Disabled => ErrorCode::coded("error-omnichannel-is-disabled", "");
        /// No such message in this room, or not one that this call works on.
        InvalidMessage => ErrorCode::Plain("invalid-message");
        /// The message is someone else's, or the settings forbid it.
        NotAllowed => ErrorCode::Plain("error-action-not-allowed");
        /// The call needs token and room (decision D1).
        TokenRequired => ErrorCode::invalid_params("must have required property 'token'");
    }
}

/// Send a message into the visitor's own open room.
#[derive(Debug, Clone)]
pub struct Send {
    /// Visitor's token.
    pub token: String,
    /// Public id of the room.
    pub rid: String,
    /// Text, stored as sent.
    pub msg: String,
    /// The message's id, chosen by the client or drawn before the command was submitted: running the command twice
    /// stores one message.
    pub id: String,
}

/// Longest id in bytes that a client may choose; ours have 17.
const LONGEST_ID: usize = 255;

/// Stores the message and gives it back.
///
/// The same id again, by the same visitor in the same room, gives the first result and adds nothing; the same id for
/// anything else is refused (decision D5).
pub fn send(tx: &mut WriteTx<'_>, ctx: &Context, command: &Send) -> Result<Message, MessageError> {
    let place = if may_be_stored(&ctx.settings, command).is_ok() {
        rooms::place(tx, &command.token, &command.rid, &command.id, ctx.now)?
    } else {
        None
    };
    let Some(place) = place else { return without_a_place(tx, ctx, command) };
    let Place { numbers, room, author, .. } = place;
    let msg = as_stored(&ctx.settings, &command.msg);
    let extra = quotes::of(tx, ctx, room, &command.rid, &command.id, &msg)?;
    let row =
        NewMessage { id: &command.id, room, numbers, author, t: None, msg: &msg, extra: extra.as_deref() };
    messages::insert(tx, row)?;
    capture(tx, ctx, &place.id, &msg)?;
    changed(tx, &command.rid, &command.id, numbers, ChangeKind::Sent);
    let token = Some(command.token.clone());
    Ok(Message {
        id: command.id.clone(),
        rid: command.rid.clone(),
        seq: numbers.seq,
        rev: numbers.rev,
        ts: numbers.ts,
        author: Author { id: place.id, username: place.username, name: place.name, token },
        t: None,
        msg,
        extra,
        edited: None,
        hidden: false,
        removed_at: None,
        updated_at: numbers.ts,
    })
}

/// Adds the addresses and numbers of a text to what is known of the visitor.
fn capture(tx: &mut WriteTx<'_>, ctx: &Context, visitor: &str, msg: &str) -> Result<(), StoreError> {
    let leads = Leads::of(&ctx.settings, msg);
    if !leads.is_empty() && visitors::add_leads(tx, visitor, &leads, ctx.now)? {
        tx.emit(Event::VisitorSaved { visitor: visitor.to_owned() });
    }
    Ok(())
}

/// Why a message got no place, in the contract's order; one that is stored already is the answer to its retry.
fn without_a_place(tx: &mut WriteTx<'_>, ctx: &Context, command: &Send) -> Result<Message, MessageError> {
    let (sender, room, open) = own_room(tx, &command.token, &command.rid, &command.id)?;
    if command.id.len() > LONGEST_ID {
        return Err(MessageError::InvalidMessage);
    }
    if sender.id_taken {
        // Before the room's state: a retry must learn that the first try arrived, even if the chat ended since.
        return stored_before(tx, &sender, room, &command.id);
    }
    if !open {
        return Err(MessageError::RoomClosed);
    }
    may_be_stored(&ctx.settings, command)?;
    // Nothing stands in the way now, so it did a moment ago.
    Err(MessageError::Store(StoreError::Again("the room changed under a send".into())))
}

/// What can be said of a message without looking at its room.
fn may_be_stored(settings: &Settings, command: &Send) -> Result<(), MessageError> {
    if command.id.len() > LONGEST_ID {
        return Err(MessageError::InvalidMessage);
    }
    within_limit(settings, &command.msg)?;
    if settings.livechat_enabled { Ok(()) } else { Err(MessageError::Disabled) }
}

fn stored_before(
    tx: &mut WriteTx<'_>,
    sender: &Sender,
    room: i64,
    id: &str,
) -> Result<Message, MessageError> {
    match messages::by_id(tx, id)? {
        Some(f) if f.room == room && f.message.author.id == sender.id && is_normal(&f.message) => {
            Ok(f.message)
        }
        _ => Err(MessageError::InvalidMessage),
    }
}

/// Replace the text of the visitor's own message.
#[derive(Debug, Clone)]
pub struct Edit {
    /// Visitor's token.
    pub token: String,
    /// Public id of the room.
    pub rid: String,
    /// Public id of the message.
    pub id: String,
    /// The new text; may be empty.
    pub msg: String,
}

/// Replaces the text, in open and closed rooms alike, and gives the message back (decision D6).
pub fn edit(tx: &mut WriteTx<'_>, ctx: &Context, command: &Edit) -> Result<Message, MessageError> {
    let (sender, room, _) = own_room(tx, &command.token, &command.rid, &command.id)?;
    let found = normal_in_room(tx, room, &command.id)?;
    if !ctx.settings.allow_editing || found.message.author.id != sender.id {
        return Err(MessageError::NotAllowed);
    }
    within_limit(&ctx.settings, &command.msg)?;
    if ctx.settings.keep_history {
        messages::keep_version(tx, &command.id, ctx.now)?;
    }
    let numbers = rooms::number_change(tx, room, ctx.now, 0)?;
    let msg = as_stored(&ctx.settings, &command.msg);
    let extra = quotes::of(tx, ctx, room, &command.rid, &command.id, &msg)?;
    messages::edit(tx, &command.id, &msg, extra.as_deref(), sender.author, numbers)?;
    messages::log_change(tx, room, &command.id, ChangeKind::Edited, numbers)?;
    note(tx, ctx, "message.edited", Some(&sender.id), &command.id)?;
    changed(tx, &command.rid, &command.id, numbers, ChangeKind::Edited);
    let edited = Edited { at: numbers.ts, by_id: sender.id, by_username: sender.username };
    let (rev, updated_at) = (numbers.rev, numbers.ts);
    Ok(Message { msg, extra, edited: Some(edited), rev, updated_at, ..found.message })
}

/// Remove the visitor's own message.
#[derive(Debug, Clone)]
pub struct Remove {
    /// Public id of the message.
    pub id: String,
    /// The visitor's token and the room's public id; `None` for the form that knows the id alone (decision D1).
    pub credentials: Option<(String, String)>,
}

/// Removes the message and gives the time of removal. A tombstone without text stays (decision D21).
pub fn remove(tx: &mut WriteTx<'_>, ctx: &Context, command: &Remove) -> Result<Millis, MessageError> {
    let (found, actor) = match &command.credentials {
        Some((token, rid)) => {
            let (sender, room, _) = own_room(tx, token, rid, &command.id)?;
            let found = normal_in_room(tx, room, &command.id)?;
            if !ctx.settings.allow_deleting || found.message.author.id != sender.id {
                return Err(MessageError::NotAllowed);
            }
            (found, Some(sender.id))
        }
        None => (by_id_alone(tx, &ctx.settings, &command.id)?, None),
    };
    if ctx.settings.keep_history {
        messages::keep_version(tx, &command.id, ctx.now)?;
    }
    let numbers = rooms::number_change(tx, found.room, ctx.now, -1)?;
    let trace = ctx.settings.show_deleted_status.then_some("rm");
    // Only its author may remove a message, so the snapshot it carries is who removes it.
    messages::remove(tx, &command.id, trace, found.author, numbers)?;
    messages::log_change(tx, found.room, &command.id, ChangeKind::Removed, numbers)?;
    note(tx, ctx, "message.removed", actor.as_deref(), &command.id)?;
    changed(tx, &found.message.rid, &command.id, numbers, ChangeKind::Removed);
    Ok(numbers.ts)
}

/// Decision D1: the id is a secret of 52 bits, known to the room's participants only.
fn by_id_alone(tx: &mut WriteTx<'_>, settings: &Settings, id: &str) -> Result<Found, MessageError> {
    if settings.delete_requires_token {
        return Err(MessageError::TokenRequired);
    }
    if id.chars().count() < id::LENGTH {
        return Err(MessageError::InvalidMessage);
    }
    let found = messages::by_id(tx, id)?.ok_or(MessageError::InvalidMessage)?;
    if !is_normal(&found.message) || !found.by_visitor || !found.room_open {
        return Err(MessageError::InvalidMessage);
    }
    if !settings.allow_deleting {
        return Err(MessageError::NotAllowed);
    }
    Ok(found)
}

/// One visible message of the visitor's own room, whoever wrote it.
pub fn one(tx: &mut ReadTx<'_>, token: &str, rid: &str, id: &str) -> Result<Message, MessageError> {
    let (_, room, _) = own_room(tx, token, rid, id)?;
    match messages::by_id(tx, id)? {
        Some(found) if found.room == room && !found.message.hidden => Ok(found.message),
        _ => Err(MessageError::InvalidMessage),
    }
}

/// Which part of a room's history a visitor asks for.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// Visitor's token.
    pub token: String,
    /// Public id of the room.
    pub rid: String,
    /// Inclusive lower bound (`ts`, decision D2).
    pub from: Option<Millis>,
    /// Exclusive upper bound (`end`).
    pub until: Option<Millis>,
    /// When the visitor last looked (`ls`).
    pub last_seen: Option<Millis>,
    /// Page size; absent or 0 is the default, a negative number counts as its positive.
    pub limit: Option<i64>,
    /// Messages to skip from the newest end; below 0 counts as 0.
    pub offset: i64,
}

/// A page of history, and what lies unread before it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HistoryPage {
    /// Newest first.
    pub messages: Vec<Message>,
    /// Visible messages after `last_seen` and before the page.
    pub unread_not_loaded: i64,
    /// The oldest of them.
    pub first_unread: Option<Message>,
}

/// Messages in a page when nobody says how many.
const DEFAULT_PAGE: i64 = 20;

/// A page of the visible messages of the visitor's own room, open or closed.
pub fn history(
    tx: &mut ReadTx<'_>,
    settings: &Settings,
    command: &History,
) -> Result<HistoryPage, MessageError> {
    let (_, room, _) = own_room(tx, &command.token, &command.rid, "")?;
    let shape = Page {
        from: command.from,
        until: command.until,
        hidden_kinds: hidden_kinds(settings),
        limit: page_size(command.limit, settings.history_limit_max),
        offset: command.offset.max(0),
    };
    let page = messages::page(tx, room, &command.rid, &shape)?;
    let (unread_not_loaded, first_unread) = match (command.last_seen, page.last()) {
        (Some(seen), Some(oldest)) if oldest.ts > seen => {
            messages::unread_before(tx, room, &command.rid, seen, oldest.ts, &shape)?
        }
        _ => (0, None),
    };
    Ok(HistoryPage { messages: page, unread_not_loaded, first_unread })
}

fn page_size(asked: Option<i64>, cap: i64) -> i64 {
    match asked.unwrap_or(0).saturating_abs() {
        0 => DEFAULT_PAGE,
        n => n.min(cap),
    }
}

/// `mute_unmute` stands for two kinds.
fn hidden_kinds(settings: &Settings) -> Vec<String> {
    let mut kinds = settings.hide_system_messages.clone();
    if kinds.iter().any(|k| k == "mute_unmute") {
        kinds.extend(["user-muted", "user-unmuted"].map(String::from));
    }
    kinds
}

/// The visitor and their own room: its row number, and whether it is open.
fn own_room(
    tx: &mut ReadTx<'_>,
    token: &str,
    rid: &str,
    id: &str,
) -> Result<(Sender, i64, bool), MessageError> {
    let sender = rooms::sender(tx, token, rid, id)?.ok_or(MessageError::InvalidToken)?;
    let (room, open) = sender.room.ok_or(MessageError::InvalidRoom)?;
    Ok((sender, room, open))
}

fn normal_in_room(tx: &mut ReadTx<'_>, room: i64, id: &str) -> Result<Found, MessageError> {
    match messages::by_id(tx, id)? {
        Some(found) if found.room == room && is_normal(&found.message) => Ok(found),
        _ => Err(MessageError::InvalidMessage),
    }
}

pub(crate) fn is_normal(message: &Message) -> bool {
    message.t.is_none() && !message.hidden && message.removed_at.is_none()
}

fn within_limit(settings: &Settings, msg: &str) -> Result<(), MessageError> {
    let limit = usize::try_from(settings.message_character_limit).unwrap_or(0);
    if settings.limit_message_length && text::utf16_length(msg) > limit {
        return Err(MessageError::TooLong);
    }
    Ok(())
}

fn as_stored(settings: &Settings, msg: &str) -> String {
    let msg =
        if settings.filter_bad_words { text::mask_words(msg, &settings.bad_words) } else { msg.to_owned() };
    text::close_fence(msg)
}

fn changed(tx: &mut WriteTx<'_>, rid: &str, id: &str, numbers: Numbers, kind: ChangeKind) {
    tx.emit(Event::MessageChanged { rid: rid.to_owned(), message: id.to_owned(), rev: numbers.rev, kind });
}

fn note(
    tx: &mut WriteTx<'_>,
    ctx: &Context,
    action: &'static str,
    visitor: Option<&str>,
    target: &str,
) -> Result<(), StoreError> {
    let actor_kind = if visitor.is_some() { "visitor" } else { "anyone" };
    audit::append(
        tx,
        ctx.now,
        &ctx.origin,
        audit::Entry { actor_kind, actor: visitor, action, target, detail: None },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_twenty_messages_unless_asked() {
        assert_eq!(page_size(None, 5000), 20);
        assert_eq!(page_size(Some(0), 5000), 20);
        assert_eq!(page_size(Some(-7), 5000), 7);
        assert_eq!(page_size(Some(i64::MIN), 5000), 5000);
    }
}
