//! `livechat/config`: what the widget needs to know before a chat (section 4.1 of `visitor-api.md`).

use parlor_model::ErrorCode;
use parlor_services::Refusal;
use parlor_services::config::{self, Guest};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::limits::Route;
use crate::rest::answer::{Answer, AnyFailure, Failure, True};
use crate::rest::call::Incoming;
use crate::rest::fields::{Reader, Shape};
use crate::rest::wire::config::ConfigBody;

/// For whom.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(crate) struct ConfigQuery {
    /// Visitor's token; an unknown one is nobody.
    token: Option<String>,
    /// Department.
    #[allow(dead_code)] // no department exists before agents do
    department: Option<String>,
    /// Accepted and ignored.
    #[allow(dead_code)]
    business_unit: Option<String>,
}

impl Shape for ConfigQuery {
    const PROPERTIES: &'static [(&'static str, bool)] =
        &[("token", false), ("department", false), ("businessUnit", false)];

    fn read(fields: &mut Reader<'_>) -> Result<Self, ErrorCode> {
        Ok(Self {
            token: fields.nullable("token")?.filter(|t| !t.is_empty()),
            department: fields.nullable("department")?,
            business_unit: fields.nullable("businessUnit")?,
        })
    }
}

/// The configuration.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConfigResponse {
    config: ConfigBody,
    /// Always `true`.
    #[schema(value_type = bool)]
    success: True,
}

/// What the widget needs to know
#[utoipa::path(
    get, path = "/api/v1/livechat/config", tag = "rooms", operation_id = "widgetConfig",
    params(ConfigQuery),
    responses((status = 200, description = "The configuration", body = ConfigResponse),
              (status = 400, description = "A schema violation", body = Failure), AnyFailure)
)]
pub(crate) async fn show(incoming: Incoming) -> Result<Answer, Answer> {
    let (desk, query) = incoming.query::<ConfigQuery>(Route::Config)?;
    if !desk.ctx.settings.livechat_enabled {
        return Ok(desk.finish(Answer::success(ConfigResponse {
            config: ConfigBody::Off { enabled: false },
            success: True,
        })));
    }
    let guest = match query.token {
        Some(token) => desk.app.store().read(move |tx| config::guest(tx, &token)).await,
        None => Ok(Guest::default()),
    };
    let (settings, public_url) = (desk.ctx.settings.clone(), desk.app.options().public_url.clone());
    Ok(desk.answer(guest.map_err(Refusal::Store), |guest| {
        Answer::success(ConfigResponse {
            config: ConfigBody::of(&settings, config::online(&settings), &public_url, guest),
            success: True,
        })
    }))
}

#[cfg(test)]
mod tests;
