//! `livechat/config`: what the widget needs to know before a chat (section 4.1 of `visitor-api.md`).

use parlor_model::{ErrorCode, Settings};
use parlor_services::Refusal;
use parlor_services::config::{self, Guest};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

use crate::limits::Route;
use crate::rest::answer::{Answer, AnyFailure, Failure, True};
use crate::rest::call::Incoming;
use crate::rest::fields::{Reader, Shape};

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
    /// `enabled`, `online`, `settings`, `theme`, `messages`, `survey`, `triggers`, `departments`, `resources`, and
    /// `guest` and `room` where the token has them; only `enabled: false` while livechat is switched off.
    #[schema(value_type = Object)]
    config: Value,
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
        return Ok(desk.finish(Answer::success(ConfigResponse { config: json!({ "enabled": false }), success: True })));
    }
    let guest = match query.token {
        Some(token) => desk.app.store().read(move |tx| config::guest(tx, &token)).await,
        None => Ok(Guest::default()),
    };
    let (settings, public_url) = (desk.ctx.settings.clone(), desk.app.options().public_url.clone());
    Ok(desk.answer(guest.map_err(Refusal::Store), |guest| {
        Answer::success(ConfigResponse { config: whole(&settings, &public_url, guest), success: True })
    }))
}

fn whole(s: &Settings, public_url: &str, guest: Guest) -> Value {
    let mut config = json!({
        "enabled": true,
        "online": config::online(s),
        "settings": widget_settings(s),
        "theme": {
            "title": s.title,
            "color": s.title_color,
            "offlineTitle": s.offline_title,
            "offlineColor": s.offline_title_color,
            "position": s.widget_position,
            "background": s.background,
            "hideExpandChat": s.hide_expand_chat,
            "actionLinks": { "jitsi": [
                { "icon": "icon-videocam", "i18nLabel": "Accept" },
                { "icon": "icon-cancel", "i18nLabel": "Decline" },
            ] },
        },
        "messages": {
            "offlineMessage": s.offline_message,
            "offlineSuccessMessage": s.offline_success_message,
            "offlineUnavailableMessage": s.offline_form_unavailable,
            "conversationFinishedMessage": s.conversation_finished_message,
            "conversationFinishedText": s.conversation_finished_text,
            "transcriptMessage": s.transcript_message,
            "registrationFormMessage": s.registration_form_message,
            "dataProcessingConsentText": s.consent_text,
        },
        // The third item is misspelt on the wire, and clients know it that way.
        "survey": {
            "items": ["satisfaction", "agentKnowledge", "agentResposiveness", "agentFriendliness"],
            "values": ["1", "2", "3", "4", "5"],
        },
        "triggers": [],
        "departments": [],
        "resources": { "sound": format!("{public_url}/sounds/chime.mp3"), "emojis": [] },
    });
    if let Some(v) = guest.visitor {
        let mut known = json!({ "_id": v.id, "username": v.username, "token": v.token });
        if let Some(name) = v.name {
            known["name"] = name.into();
        }
        if let Some(address) = v.email {
            known["visitorEmails"] = json!([{ "address": address }]);
        }
        config["guest"] = known;
    }
    if let Some(room) = guest.room {
        config["room"] = json!({ "_id": room.id, "open": room.open });
    }
    config
}

fn widget_settings(s: &Settings) -> Value {
    let limit = match (s.limit_message_length, s.message_character_limit) {
        (false, _) => Value::Bool(false),
        (true, limit) if limit > 0 => limit.into(),
        (true, _) => s.message_max_allowed_size.into(),
    };
    json!({
        "registrationForm": s.registration_form,
        "allowSwitchingDepartments": s.allow_switching_departments,
        "nameFieldRegistrationForm": s.name_field,
        "emailFieldRegistrationForm": s.email_field,
        "displayOfflineForm": s.display_offline_form,
        "videoCall": false,
        "fileUpload": s.livechat_file_upload && s.file_upload,
        "language": s.language,
        "transcript": s.enable_transcript,
        "historyMonitorType": s.history_monitor_type,
        "forceAcceptDataProcessingConsent": s.force_consent,
        "showConnecting": s.routing_method == "Manual_Selection",
        "agentHiddenInfo": !s.show_agent_info,
        "clearLocalStorageWhenChatEnded": s.clear_storage_when_ended,
        "limitTextLength": limit,
        "hiddenSystemMessages": s.widget_hidden_messages,
        "livechatLogo": { "url": s.widget_logo },
        "hideWatermark": s.hide_watermark,
        "visitorsCanCloseChat": s.visitors_can_close,
    })
}

#[cfg(test)]
mod tests;
