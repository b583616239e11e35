//! `livechat/message`: send, edit, remove, look at (sections 3.1 to 3.3 and 4.16 of `visitor-api.md`).

use http::StatusCode;
use parlor_model::ErrorCode;
use parlor_model::message::Message;
use parlor_services::messages::{self, Edit, MessageError, Remove, Send};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::limits::Route;
use crate::rest::answer::{Answer, AnyFailure, Failure, True};
use crate::rest::call::{Incoming, Segment};
use crate::rest::fields::{Field, Reader, Shape, text};
use crate::rest::json::Object;
use crate::rest::wire::message::{MessageBody, write};

/// Send a message.
#[derive(Debug, ToSchema)]
pub(crate) struct SendRequest {
    /// Visitor's token.
    token: String,
    /// Room, the visitor's own and open.
    rid: String,
    /// Text, stored as sent; may be empty.
    msg: String,
    /// The message's id, if the client chooses it; sending the same id again is safe.
    #[schema(rename = "_id")]
    id: Option<String>,
    /// Room's agent, `{"agentId", "username"}`, or one of the two as text. Checked, then unused while the room is open.
    #[schema(nullable = false)]
    #[allow(dead_code)] // checked, then unused, as the contract says
    agent: Option<AgentArgument>,
}

/// The agent a client names: an object, or an id or username as text.
// The text is for the seed page, which leaves the form open (decision D22).
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = RoomAgent)]
#[allow(dead_code)] // as above
pub(crate) enum AgentArgument {
    Whole(AgentName),
    Name(String),
}

/// The agent a client names.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AgentName {
    agent_id: String,
    username: String,
}

impl Shape for AgentName {
    const PROPERTIES: &'static [(&'static str, bool)] = &[("agentId", true), ("username", true)];

    fn read(fields: &mut Reader<'_>) -> Result<Self, ErrorCode> {
        Ok(Self { agent_id: fields.string("agentId")?, username: fields.string("username")? })
    }
}

impl Shape for SendRequest {
    const PROPERTIES: &'static [(&'static str, bool)] =
        &[("token", true), ("rid", true), ("msg", true), ("_id", false), ("agent", false)];

    fn read(fields: &mut Reader<'_>) -> Result<Self, ErrorCode> {
        Ok(Self {
            token: fields.string("token")?,
            rid: fields.string("rid")?,
            msg: fields.string("msg")?,
            id: fields.nullable("_id")?.filter(|id| !id.is_empty()),
            agent: match fields.take("agent") {
                None => None,
                Some(Field::Object(agent)) => Some(AgentArgument::Whole(AgentName::check(agent)?)),
                Some(field @ Field::Text(_)) => text(field)?.map(AgentArgument::Name),
                Some(_) => return Err(ErrorCode::invalid_params("must be object")),
            },
        })
    }
}

/// The message, as stored.
#[derive(ToSchema)]
#[allow(dead_code)] // describes what `one_message` writes
pub(crate) struct MessageResponse {
    message: MessageBody,
    /// Always `true`.
    success: bool,
}

fn one_message(message: &Message) -> Answer {
    let mut body = Vec::with_capacity(768 + 2 * message.msg.len());
    let mut o = Object::open(&mut body);
    write(message, o.key("message"));
    o.raw("success", b"true");
    o.close();
    Answer::raw(StatusCode::OK, body)
}

/// Send a message
///
/// Stored on disk before the answer. The same `_id` again, by the same visitor in the same room, answers with the
/// stored message and adds nothing.
#[utoipa::path(
    post, path = "/api/v1/livechat/message", tag = "messages", operation_id = "sendMessage",
    request_body = SendRequest,
    responses((status = 200, description = "The message as stored", body = MessageResponse),
              (status = 400, description = "`invalid-token`, `invalid-room`, `room-closed`, `invalid-message`, \
               `message-length-exceeds-character-limit`, or a schema violation", body = Failure), AnyFailure)
)]
pub(crate) async fn send(incoming: Incoming) -> Result<Answer, Answer> {
    let (desk, input) = incoming.body::<SendRequest>(Route::MessageSend)?;
    let ctx = desk.ctx.clone();
    // Drawn before the command is submitted, so that running it twice stores one message.
    let id = input.id.unwrap_or_else(|| ctx.id());
    let command = Send { token: input.token, rid: input.rid, msg: input.msg, id };
    let key = command.rid.clone();
    let sent = desk.app.store().write_row_locked(&key, move |tx| messages::send(tx, &ctx, &command)).await;
    Ok(desk.answer(sent, |message| one_message(&message)))
}

/// Edit a message.
#[derive(Debug, ToSchema)]
pub(crate) struct EditRequest {
    /// Visitor's token.
    token: String,
    /// Room.
    rid: String,
    /// New text; may be empty.
    msg: String,
    /// May repeat the path's id.
    #[schema(rename = "_id")]
    id: Option<String>,
}

impl Shape for EditRequest {
    const PROPERTIES: &'static [(&'static str, bool)] =
        &[("token", true), ("rid", true), ("msg", true), ("_id", false)];

    fn read(fields: &mut Reader<'_>) -> Result<Self, ErrorCode> {
        Ok(Self {
            token: fields.string("token")?,
            rid: fields.string("rid")?,
            msg: fields.string("msg")?,
            id: fields.nullable("_id")?,
        })
    }
}

/// Edit a message
///
/// The visitor's own normal message, in an open or closed room.
#[utoipa::path(
    put, path = "/api/v1/livechat/message/{_id}", tag = "messages", operation_id = "editMessage",
    params(("_id" = String, Path, description = "Message")),
    request_body = EditRequest,
    responses((status = 200, description = "The message after the edit", body = MessageResponse),
              (status = 400, description = "`invalid-token`, `invalid-room`, `invalid-message`, \
               `error-action-not-allowed`, `message-length-exceeds-character-limit`, or a schema violation", body = Failure), AnyFailure)
)]
pub(crate) async fn edit(Segment(id): Segment, incoming: Incoming) -> Result<Answer, Answer> {
    let (desk, input) = incoming.body::<EditRequest>(Route::MessageEdit)?;
    if input.id.is_some_and(|repeated| repeated != id) {
        let code = ErrorCode::invalid_params("must NOT have additional properties");
        return Err(desk.refuse(parlor_services::Refusal::Code(code)));
    }
    let ctx = desk.ctx.clone();
    let command = Edit { token: input.token, rid: input.rid, id, msg: input.msg };
    let key = command.rid.clone();
    let edited = desk.app.store().write(&key, move |tx| messages::edit(tx, &ctx, &command)).await;
    Ok(desk.answer(edited, |message| one_message(&message)))
}

/// Remove a message. Without any of it, the id alone speaks (see the operation).
#[derive(Debug, ToSchema)]
pub(crate) struct RemoveRequest {
    /// Visitor's token.
    token: String,
    /// Room.
    rid: String,
    /// Accepted and ignored.
    #[allow(dead_code)]
    count: Option<i64>,
    /// Accepted and ignored.
    #[allow(dead_code)]
    offset: Option<i64>,
    /// Accepted and ignored.
    #[allow(dead_code)]
    sort: Option<String>,
}

impl Shape for RemoveRequest {
    const PROPERTIES: &'static [(&'static str, bool)] =
        &[("token", true), ("rid", true), ("count", false), ("offset", false), ("sort", false)];

    fn read(fields: &mut Reader<'_>) -> Result<Self, ErrorCode> {
        Ok(Self {
            token: fields.string("token")?,
            rid: fields.string("rid")?,
            count: fields.number("count")?,
            offset: fields.number("offset")?,
            sort: fields.nullable("sort")?,
        })
    }
}

/// What a removal answers.
#[derive(Serialize, ToSchema)]
pub(crate) struct RemoveResponse {
    message: RemovedBody,
    /// Always `true`.
    #[schema(value_type = bool)]
    success: True,
}

/// The removed message's id and the time of removal.
#[derive(Serialize, ToSchema)]
#[schema(as = RemovedMessage)]
pub(crate) struct RemovedBody {
    #[serde(rename = "_id")]
    id: String,
    #[schema(value_type = String, format = DateTime)]
    ts: parlor_model::Millis,
}

/// Remove a message
///
/// `token` and `rid` come from the JSON body, else from the query, else the token from `X-Visitor-Token`. A call
/// without body and credentials removes a visitor's own normal message in an open room by its id alone, unless
/// `Livechat_delete_requires_token` is on; unknown ids are counted strictly.
#[utoipa::path(
    delete, path = "/api/v1/livechat/message/{_id}", tag = "messages", operation_id = "removeMessage",
    params(("_id" = String, Path, description = "Message"),
           ("token" = Option<String>, Query, description = "Visitor's token, where there is no body"),
           ("rid" = Option<String>, Query, description = "Room, where there is no body"),
           ("X-Visitor-Token" = Option<String>, Header, description = "Visitor's token, where neither body nor query has it")),
    request_body = Option<RemoveRequest>,
    responses((status = 200, description = "Removed", body = RemoveResponse),
              (status = 400, description = "`invalid-token`, `invalid-room`, `invalid-message`, \
               `error-action-not-allowed`, or a schema violation", body = Failure), AnyFailure)
)]
pub(crate) async fn remove(Segment(id): Segment, incoming: Incoming) -> Result<Answer, Answer> {
    let route = Route::MessageRemove;
    let (desk, credentials) = if incoming.body.is_empty() {
        incoming.credentials(route)?
    } else {
        let (desk, input) = incoming.body::<RemoveRequest>(route)?;
        (desk, Some((input.token, input.rid)))
    };
    let ctx = desk.ctx.clone();
    let (address, now) = (ctx.origin.address, ctx.now);
    let guess = credentials.is_none();
    if guess {
        desk.app
            .limiter()
            .may_guess(&ctx.settings, address, now)
            .map_err(|e| desk.finish(Answer::too_many(e)))?;
    }
    let command = Remove { id: id.clone(), credentials };
    let key = command.credentials.as_ref().map_or_else(|| id.clone(), |(_, rid)| rid.clone());
    let removed = desk.app.store().write(&key, move |tx| messages::remove(tx, &ctx, &command)).await;
    if guess && removed == Err(MessageError::InvalidMessage) {
        desk.app.limiter().guessed(address, now);
    }
    Ok(desk.answer(removed, |ts| {
        Answer::success(RemoveResponse { message: RemovedBody { id, ts }, success: True })
    }))
}

/// Whose message, in which room.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct OneQuery {
    /// Visitor's token.
    token: String,
    /// Room.
    rid: String,
}

impl Shape for OneQuery {
    const PROPERTIES: &'static [(&'static str, bool)] = &[("token", true), ("rid", true)];

    fn read(fields: &mut Reader<'_>) -> Result<Self, ErrorCode> {
        Ok(Self { token: fields.string("token")?, rid: fields.string("rid")? })
    }
}

/// Look at a message
///
/// Any visible message of the visitor's own room, whoever wrote it.
#[utoipa::path(
    get, path = "/api/v1/livechat/message/{_id}", tag = "messages", operation_id = "message",
    params(("_id" = String, Path, description = "Message"), OneQuery),
    responses((status = 200, description = "The message", body = MessageResponse),
              (status = 400, description = "`invalid-token`, `invalid-room`, `invalid-message`, or a schema violation", body = Failure), AnyFailure)
)]
pub(crate) async fn one(Segment(id): Segment, incoming: Incoming) -> Result<Answer, Answer> {
    let (desk, OneQuery { token, rid }) = incoming.query::<OneQuery>(Route::MessageOne)?;
    let found = desk.app.store().read(move |tx| messages::one(tx, &token, &rid, &id)).await;
    Ok(desk.answer(found, |message| one_message(&message)))
}

#[cfg(test)]
mod tests;
