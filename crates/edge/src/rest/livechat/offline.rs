//! `livechat/offline.message` (section 3.5 of `visitor-api.md`).

use parlor_model::ErrorCode;
use parlor_model::mail_domain::DomainVerdict;
use parlor_services::offline::{self, Leave};
use serde::Serialize;
use utoipa::ToSchema;

use crate::limits::Route;
use crate::rest::answer::{Answer, AnyFailure, Failure, True};
use crate::rest::call::Incoming;
use crate::rest::fields::{Reader, Shape};

/// Leave a message.
#[derive(Debug, ToSchema)]
pub(crate) struct OfflineRequest {
    /// Visitor's name; may be empty.
    name: String,
    /// Visitor's address, for the answer.
    email: String,
    /// Text.
    message: String,
    /// Department, id or name; an unknown one is ignored.
    department: Option<String>,
    /// Origin of the page the form stands on.
    host: Option<String>,
}

impl Shape for OfflineRequest {
    const PROPERTIES: &'static [(&'static str, bool)] =
        &[("name", true), ("email", true), ("message", true), ("department", false), ("host", false)];

    fn read(fields: &mut Reader<'_>) -> Result<Self, ErrorCode> {
        Ok(Self {
            name: fields.string("name")?,
            email: fields.string("email")?,
            message: fields.string("message")?,
            department: fields.nullable("department")?,
            host: fields.nullable("host")?,
        })
    }
}

/// What a left message answers.
#[derive(Serialize, ToSchema)]
pub(crate) struct OfflineResponse {
    /// `Livechat offline message sent`
    message: &'static str,
    /// Always `true`.
    #[schema(value_type = bool)]
    success: True,
}

const SENT: OfflineResponse = OfflineResponse { message: "Livechat offline message sent", success: True };

/// Leave a message while nobody answers
///
/// Stored, and mailed if a recipient is configured. Every refusal has the same text.
#[utoipa::path(
    post, path = "/api/v1/livechat/offline.message", tag = "messages", operation_id = "leaveOfflineMessage",
    request_body = OfflineRequest,
    responses((status = 200, description = "Stored", body = OfflineResponse),
              (status = 400, description = "`Error sending Omnichannel offline message`, or a schema violation",
               body = Failure), AnyFailure)
)]
pub(crate) async fn leave(incoming: Incoming) -> Result<Answer, Answer> {
    let (desk, input) = incoming.body::<OfflineRequest>(Route::Offline)?;
    let ctx = desk.ctx.clone();
    let domain = match offline::domain_to_check(&ctx, &input.email) {
        Some(domain) => desk.app.options().mail_domains.verdict(domain).await,
        None => DomainVerdict::Unknown,
    };
    let OfflineRequest { name, email, message, department, host } = input;
    let command = Leave { name, email, message, department, host, domain };
    let key = command.email.clone();
    let left = desk.app.store().write(&key, move |tx| offline::leave(tx, &ctx, &command)).await;
    Ok(desk.answer(left, |()| Answer::success(SENT)))
}

#[cfg(test)]
mod tests;
