//! `login` and `logout` (sections 1.3 and 2.1 of `agent-api.md`).

use parlor_model::token::{hash_token, new_token};
use parlor_model::{ErrorCode, PasswordDigest, Verdict};
use parlor_services::Refusal;
use parlor_services::accounts::{self, Name, Staff};
use parlor_store::StoreError;
use serde::Serialize;
use utoipa::ToSchema;

use super::me::MeBody;
use crate::limits::Route;
use crate::rest::answer::{Answer, AnyFailure, Failure, True};
use crate::rest::call::{Desk, Incoming};
use crate::rest::fields::{Field, Reader, Shape};
use crate::rest::staff::{Login, StaffCall, StaffFailure, Unauthorized};

/// Log in: by one of `user`, `username`, `email` with a `password`, or by `resume`.
#[derive(ToSchema)]
pub(crate) struct LoginRequest {
    /// Username, or an address if it holds an `@`.
    user: Option<String>,
    username: Option<String>,
    email: Option<String>,
    /// A text, or `{"digest": "<SHA-256 as hex>", "algorithm": "sha-256"}`.
    #[schema(value_type = Object)]
    password: Option<PasswordDigest>,
    /// A token that is in force.
    resume: Option<String>,
}

impl Shape for LoginRequest {
    const PROPERTIES: &'static [(&'static str, bool)] =
        &[("user", false), ("username", false), ("email", false), ("password", false), ("resume", false)];
    // Other ways to log in travel under names of their own; what is missing then is refused as a bad login.
    const OPEN: bool = true;

    fn read(fields: &mut Reader<'_>) -> Result<Self, ErrorCode> {
        Ok(Self {
            user: fields.nullable("user")?,
            username: fields.nullable("username")?,
            email: fields.nullable("email")?,
            password: fields.take("password").and_then(|field| digest(&field)),
            resume: fields.nullable("resume")?,
        })
    }
}

/// A password in either form; anything else is none.
fn digest(field: &Field<'_>) -> Option<PasswordDigest> {
    match field {
        Field::Text(clear) => Some(PasswordDigest::from_clear(clear)),
        Field::Object(form) if form.peek("algorithm").is_none_or(|name| name == "sha-256") => {
            PasswordDigest::from_digest(form.peek("digest")?)
        }
        _ => None,
    }
}

/// A session.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SessionBody {
    user_id: String,
    /// For `X-Auth-Token`; shown this once.
    auth_token: String,
    me: MeBody,
}

/// What a login answers.
#[derive(Serialize, ToSchema)]
pub(crate) struct LoginResponse {
    /// `success`
    status: &'static str,
    data: SessionBody,
    /// Always `true`.
    #[schema(value_type = bool)]
    success: True,
}

/// Log in
///
/// Unknown names and wrong passwords are answered alike. After five failures a name and an address have to wait, ever
/// longer.
#[utoipa::path(
    post, path = "/api/v1/login", tag = "accounts", operation_id = "login",
    request_body = LoginRequest,
    responses((status = 200, description = "Logged in", body = LoginResponse),
              (status = 400, description = "A schema violation", body = Failure),
              (status = 401, description = "`Unauthorized`, or `error-too-many-login-attempts`",
               body = Unauthorized),
              AnyFailure)
)]
pub(crate) async fn log_in(incoming: Incoming) -> Result<Answer, Answer> {
    let (desk, request) = incoming.body::<LoginRequest>(Route::Login)?;
    let LoginRequest { user, username, email, password, resume } = request;
    if let Some(token) = resume {
        return Ok(resumed(&desk, token).await);
    }
    let name = match (user, username, email) {
        (Some(name), ..) => Name::of(name),
        (None, Some(name), _) => Name::Username(name),
        (None, None, Some(address)) => Name::Email(address),
        (None, None, None) => return Ok(desk.finish(wrong())),
    };
    let Some(password) = password else { return Ok(desk.finish(wrong())) };
    match checked(&desk, name, password).await {
        Ok(answer) => Ok(desk.finish(answer)),
        Err(failure) => Ok(desk.refuse(Refusal::Store(failure))),
    }
}

async fn resumed(desk: &Desk, token: String) -> Answer {
    let (now, presented) = (desk.ctx.now, token.clone());
    match desk.app.store().read(move |tx| accounts::resume(tx, now, &presented)).await {
        Ok(Some(who)) => desk.finish(session(desk, who, token)),
        Ok(None) => desk.finish(wrong()),
        Err(failure) => desk.refuse(Refusal::Store(failure)),
    }
}

async fn checked(desk: &Desk, name: Name, password: PasswordDigest) -> Result<Answer, StoreError> {
    let (ctx, looked) = (desk.ctx.clone(), name.clone());
    let found = desk.app.store().read(move |tx| accounts::look_up(tx, &ctx, &looked)).await?;
    if let Some(until) = found.locked_until {
        return Ok(locked((until.0 - desk.ctx.now.0).max(0).div_euclid(1000) + 1));
    }
    let passwords = desk.app.options().passwords.clone();
    let Ok(verdict) = passwords.verify(password.clone(), found.password.clone()).await else {
        return Err(StoreError::Busy);
    };
    let renewed = match verdict {
        // The old hash still serves if there is no time for a new one.
        Verdict::RightButOld => passwords.hash(password).await.ok(),
        _ => None,
    };
    let token = new_token(desk.ctx.ids.as_ref());
    let login = accounts::Login { name, found, verdict, renewed, token_hash: hash_token(&token) };
    let ctx = desk.ctx.clone();
    let who = desk
        .app
        .store()
        .write(&login.token_hash.clone(), move |tx| accounts::log_in(tx, &ctx, &login))
        .await?;
    Ok(who.map_or_else(wrong, |who| session(desk, who, token)))
}

fn session(desk: &Desk, who: Staff, auth_token: String) -> Answer {
    let user_id = who.account.id.clone();
    let data = SessionBody { user_id, auth_token, me: MeBody::of(&desk.app, who) };
    Answer::success(LoginResponse { status: "success", data, success: True })
}

/// One answer for unknown names and wrong passwords.
fn wrong() -> Answer {
    Unauthorized::answer("Unauthorized", "Unauthorized")
}

fn locked(seconds: i64) -> Answer {
    let text = format!("Too many failed logins; please wait {seconds} seconds");
    Unauthorized::answer("error-too-many-login-attempts", &text).retry_after(seconds)
}

/// The words of a logout.
#[derive(Serialize, ToSchema)]
pub(crate) struct LogoutBody {
    /// `You've been logged out!`
    message: &'static str,
}

/// What a logout answers.
#[derive(Serialize, ToSchema)]
pub(crate) struct LogoutResponse {
    /// `success`
    status: &'static str,
    data: LogoutBody,
    /// Always `true`.
    #[schema(value_type = bool)]
    success: True,
}

/// Log out
///
/// Ends the session of the token in the headers, and no other. A personal access token stays.
#[utoipa::path(
    post, path = "/api/v1/logout", tag = "accounts", operation_id = "logout",
    responses((status = 200, description = "Logged out", body = LogoutResponse),
              (status = 400, description = "A path that cannot be read", body = Failure),
              StaffFailure, AnyFailure)
)]
pub(crate) async fn log_out(call: StaffCall<Login>) -> Result<Answer, Answer> {
    ended(call).await
}

/// Log out (the older verb)
#[utoipa::path(
    get, path = "/api/v1/logout", tag = "accounts", operation_id = "logoutByGet",
    responses((status = 200, description = "Logged out", body = LogoutResponse),
              (status = 400, description = "A path that cannot be read", body = Failure),
              StaffFailure, AnyFailure)
)]
pub(crate) async fn log_out_by_get(call: StaffCall<Login>) -> Result<Answer, Answer> {
    ended(call).await
}

async fn ended(call: StaffCall<Login>) -> Result<Answer, Answer> {
    let desk = call.desk(Route::Logout)?;
    let (ctx, key) = (desk.ctx.clone(), call.who.account.id.clone());
    let (who, token) = (call.who, call.token);
    let ended = desk.app.store().write_idempotent(&key, move |tx| accounts::log_out(tx, &ctx, &who, &token));
    Ok(match ended.await {
        Ok(()) => {
            let data = LogoutBody { message: "You've been logged out!" };
            desk.finish(Answer::success(LogoutResponse { status: "success", data, success: True }))
        }
        Err(failure) => desk.refuse(Refusal::Store(failure)),
    })
}

#[cfg(test)]
mod tests;
