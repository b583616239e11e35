//! `me` and the body that logins and it share (section 2.2 of `agent-api.md`).

use parlor_model::Millis;
use parlor_services::accounts::Staff;
use serde::Serialize;
use utoipa::ToSchema;

use crate::App;
use crate::limits::Route;
use crate::rest::answer::{Answer, AnyFailure, Failure, True};
use crate::rest::staff::{Login, StaffCall, StaffFailure};

/// An e-mail address of an account.
#[derive(Serialize, ToSchema)]
pub(crate) struct EmailBody {
    address: String,
    /// It is known to be theirs.
    verified: bool,
}

/// What a person chose.
#[derive(Serialize, ToSchema)]
pub(crate) struct AccountSettings {
    #[schema(value_type = Object)]
    profile: serde_json::Value,
    #[schema(value_type = Object)]
    preferences: serde_json::Value,
}

/// How a person may log in.
#[derive(Serialize, ToSchema)]
pub(crate) struct AccountServices {
    password: PasswordService,
}

/// Whether there is a password.
#[derive(Serialize, ToSchema)]
pub(crate) struct PasswordService {
    exists: bool,
}

/// An account as its owner sees it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MeBody {
    #[serde(rename = "_id")]
    id: String,
    username: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String)]
    name: Option<String>,
    emails: Vec<EmailBody>,
    /// The first address.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String)]
    email: Option<String>,
    /// `online`, `away`, `busy` or `offline`.
    status: &'static str,
    status_default: &'static str,
    status_text: String,
    status_connection: &'static str,
    /// `available` or `not-available`; only agents have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String)]
    status_livechat: Option<&'static str>,
    avatar_url: String,
    utc_offset: i64,
    language: String,
    roles: Vec<String>,
    active: bool,
    settings: AccountSettings,
    services: AccountServices,
    #[serde(rename = "isOAuthUser")]
    is_oauth_user: bool,
    /// ISO 8601.
    #[schema(value_type = String)]
    created_at: Millis,
    /// ISO 8601.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String)]
    last_login: Option<Millis>,
    /// ISO 8601.
    #[serde(rename = "_updatedAt")]
    #[schema(value_type = String)]
    updated_at: Millis,
}

impl MeBody {
    pub(crate) fn of(app: &App, who: Staff) -> Self {
        let account = who.account;
        let emails = account
            .email
            .iter()
            .map(|address| EmailBody { address: address.clone(), verified: account.email_verified })
            .collect();
        let available =
            account.available.map(|available| if available { "available" } else { "not-available" });
        Self {
            avatar_url: format!("{}/avatar/{}", app.options().public_url, account.username),
            id: account.id,
            username: account.username,
            name: account.name,
            emails,
            email: account.email,
            status: account.presence.as_str(),
            status_default: account.status_default.as_str(),
            status_text: account.status_text,
            status_connection: account.presence.as_str(),
            status_livechat: available,
            utc_offset: 0,
            language: account.language,
            roles: who.roles,
            active: account.active,
            settings: AccountSettings { profile: serde_json::json!({}), preferences: serde_json::json!({}) },
            services: AccountServices { password: PasswordService { exists: true } },
            is_oauth_user: false,
            created_at: account.created_at,
            last_login: account.last_login_at,
            updated_at: account.updated_at,
        }
    }
}

/// `me`: the account's fields at the top level.
#[derive(Serialize, ToSchema)]
pub(crate) struct MeResponse {
    #[serde(flatten)]
    me: MeBody,
    /// Always `true`.
    #[schema(value_type = bool)]
    success: True,
}

/// Who am I?
#[utoipa::path(
    get, path = "/api/v1/me", tag = "accounts", operation_id = "me",
    responses((status = 200, description = "The caller's account", body = MeResponse),
              (status = 400, description = "A query that cannot be read", body = Failure),
              StaffFailure, AnyFailure)
)]
pub(crate) async fn show(call: StaffCall<Login>) -> Result<Answer, Answer> {
    let desk = call.desk(Route::Me)?;
    let me = MeBody::of(&desk.app, call.who);
    Ok(desk.finish(Answer::success(MeResponse { me, success: True })))
}
