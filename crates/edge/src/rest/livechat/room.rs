//! `livechat/room` and `livechat/room.close` (sections 4.6 and 4.7 of `visitor-api.md`).

use parlor_model::ErrorCode;
use parlor_model::room::Source;
use parlor_services::rooms::{self, Close, Open, RoomError, RoomView};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::limits::Route;
use crate::rest::answer::{Answer, AnyFailure, Failure, True};
use crate::rest::call::Incoming;
use crate::rest::fields::{Reader, Shape};
use crate::rest::wire::room::RoomBody;

/// Whose room.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(crate) struct RoomQuery {
    /// Visitor's token.
    token: String,
    /// The room the visitor believes to be in; with it no room is ever made.
    rid: Option<String>,
    /// Preferred agent; an unknown one is ignored.
    #[allow(dead_code)] // there are no agents yet, so every one is unknown
    agent_id: Option<String>,
}

impl Shape for RoomQuery {
    const PROPERTIES: &'static [(&'static str, bool)] =
        &[("token", true), ("rid", false), ("agentId", false)];

    fn read(fields: &mut Reader<'_>) -> Result<Self, ErrorCode> {
        Ok(Self {
            token: fields.string("token")?,
            rid: fields.nullable("rid")?.filter(|rid| !rid.is_empty()),
            agent_id: fields.nullable("agentId")?,
        })
    }
}

/// The room, and whether this call made it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RoomResponse {
    room: RoomBody,
    /// This call made it.
    new_room: bool,
    /// Always `true`.
    #[schema(value_type = bool)]
    success: True,
}

/// Get or open a chat
///
/// The visitor's open room; without `rid` one is made if there is none. Calls that race get the same room.
#[utoipa::path(
    get, path = "/api/v1/livechat/room", tag = "rooms", operation_id = "openRoom",
    params(RoomQuery),
    responses((status = 200, description = "The room", body = RoomResponse),
              (status = 400, description = "`invalid-token`, `invalid-room`, `no-agent-online`, \
               `error-omnichannel-is-disabled`, or a schema violation", body = Failure), AnyFailure)
)]
pub(crate) async fn open(incoming: Incoming) -> Result<Answer, Answer> {
    let (desk, RoomQuery { token, rid, .. }) = incoming.query::<RoomQuery>(Route::RoomOpen)?;
    let source = if incoming.caller.is_widget {
        Source { kind: "widget".into(), destination: incoming.caller.host.clone() }
    } else {
        Source { kind: "api".into(), destination: None }
    };
    let command = Open { token, rid, source };
    let (ctx, look) = (desk.ctx.clone(), command.clone());
    let known = desk.app.store().read(move |tx| rooms::find(tx, &ctx, &look)).await;
    let opened = match known {
        Ok(Some(view)) => Ok((view, false)),
        Ok(None) => {
            let (ctx, key) = (desk.ctx.clone(), command.token.clone());
            desk.app.store().write_idempotent(&key, move |tx| rooms::get_or_open(tx, &ctx, &command)).await
        }
        Err(error) => Err::<(RoomView, bool), RoomError>(error),
    };
    Ok(desk.answer(opened, |(view, new_room)| {
        Answer::success(RoomResponse { room: view.into(), new_room, success: True })
    }))
}

/// End a chat.
#[derive(Debug, ToSchema)]
pub(crate) struct CloseRequest {
    /// Visitor's token.
    token: String,
    /// Room.
    rid: String,
}

impl Shape for CloseRequest {
    const PROPERTIES: &'static [(&'static str, bool)] = &[("token", true), ("rid", true)];

    fn read(fields: &mut Reader<'_>) -> Result<Self, ErrorCode> {
        Ok(Self { token: fields.string("token")?, rid: fields.string("rid")? })
    }
}

/// What a closed room answers.
#[derive(Serialize, ToSchema)]
pub(crate) struct CloseResponse {
    rid: String,
    /// `Closed by visitor`
    comment: &'static str,
    /// Always `true`.
    #[schema(value_type = bool)]
    success: True,
}

/// Close a chat
#[utoipa::path(
    post, path = "/api/v1/livechat/room.close", tag = "rooms", operation_id = "closeRoom",
    request_body = CloseRequest,
    responses((status = 200, description = "Closed", body = CloseResponse),
              (status = 400, description = "`invalid-token`, `invalid-room`, `room-closed`, \
               `error-not-allowed-to-close-conversation`, or a schema violation", body = Failure), AnyFailure)
)]
pub(crate) async fn close(incoming: Incoming) -> Result<Answer, Answer> {
    let (desk, CloseRequest { token, rid }) = incoming.body::<CloseRequest>(Route::RoomClose)?;
    let (ctx, key) = (desk.ctx.clone(), rid.clone());
    let command = Close { token, rid: rid.clone() };
    let closed = desk.app.store().write(&key, move |tx| rooms::close(tx, &ctx, &command)).await;
    Ok(desk.answer(closed, |comment| Answer::success(CloseResponse { rid, comment, success: True })))
}

#[cfg(test)]
mod tests;
