//! `/setup`: the page behind the one-time link that a server without an administrator prints. No script; a form that
//! comes back with what is wrong, or says that it is done.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, REFERRER_POLICY};
use parlor_model::account::is_username;
use parlor_model::text::escape_html;
use parlor_model::{ErrorCode, PasswordDigest};
use parlor_services::accounts::Create;
use parlor_services::setup::{self, SHORTEST_PASSWORD, SetupError};
use parlor_services::{Context, Refusal};
use parlor_store::StoreError;

use super::{docs, html_with};
use crate::App;
use crate::limits::Route;
use crate::rest::call::Incoming;
use crate::rest::fields::{Fields, Reader, Shape};

/// As for the other pages, but the form may be sent back to this server.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// What the form holds.
#[derive(Default)]
struct Form {
    token: String,
    username: String,
    name: String,
    email: String,
    password: String,
}

impl Shape for Form {
    const PROPERTIES: &'static [(&'static str, bool)] =
        &[("token", false), ("username", false), ("name", false), ("email", false), ("password", false)];
    const OPEN: bool = true;

    fn read(fields: &mut Reader<'_>) -> Result<Self, ErrorCode> {
        Ok(Self {
            token: fields.string("token")?,
            username: fields.string("username")?,
            name: fields.string("name")?,
            email: fields.string("email")?,
            password: fields.string("password")?,
        })
    }
}

fn read(fields: Fields<'_>) -> Form {
    Form::check(fields).unwrap_or_default()
}

/// The empty form, if the link is good.
pub(super) async fn show(State(app): State<App>, incoming: Incoming) -> Response {
    let desk = match incoming.desk(Route::Setup, None) {
        Ok(desk) => desk,
        Err(answer) => return answer.into_response(),
    };
    let form = incoming.query_fields().map(read).unwrap_or_default();
    match check(&app, &desk.ctx, &form.token).await {
        Ok(()) => page(&form_body(&form, None)),
        Err(error) => page(&refusal_body(&words(error.into()))),
    }
}

/// Makes the administrator, or shows the form again with what is wrong.
pub(super) async fn save(State(app): State<App>, incoming: Incoming) -> Response {
    let desk = match incoming.desk(Route::Setup, None) {
        Ok(desk) => desk,
        Err(answer) => return answer.into_response(),
    };
    let form = incoming.body_fields().map(read).unwrap_or_default();
    if let Err(error) = check(&app, &desk.ctx, &form.token).await {
        return page(&refusal_body(&words(error.into())));
    }
    match make(&app, desk.ctx.clone(), &form).await {
        Ok(()) => page(&done_body(&form)),
        Err(Refusal::Code(code)) if code.code() == "error-invalid-setup-link" => {
            page(&refusal_body(&words(Refusal::Code(code))))
        }
        Err(refusal) => page(&form_body(&form, Some(&words(refusal)))),
    }
}

async fn check(app: &App, ctx: &Context, token: &str) -> Result<(), SetupError> {
    let (ctx, token) = (ctx.clone(), token.to_owned());
    app.store().read(move |tx| setup::check(tx, &ctx, &token)).await
}

async fn make(app: &App, ctx: Context, form: &Form) -> Result<(), Refusal> {
    let wrong = |reason: &str| Err(Refusal::Code(ErrorCode::coded("error-invalid-field", reason)));
    if !is_username(&form.username) {
        return wrong("A username has letters, digits, “-”, “_” and “.”");
    }
    if form.email.trim().is_empty() {
        return wrong("An e-mail address is needed");
    }
    if form.password.chars().count() < SHORTEST_PASSWORD {
        return wrong("A password has at least 8 characters");
    }
    let digest = PasswordDigest::from_clear(&form.password);
    let hash = app.options().passwords.hash(digest).await.map_err(|_| Refusal::Store(StoreError::Busy))?;
    let name = Some(form.name.trim()).filter(|name| !name.is_empty()).unwrap_or(&form.username);
    let command = Create {
        id: None,
        username: form.username.clone(),
        name: Some(name.to_owned()),
        email: Some(form.email.clone()),
        email_verified: true,
        password: Some(hash),
        roles: Vec::new(),
    };
    let token = form.token.clone();
    let made = app.store().write("accounts", move |tx| setup::finish(tx, &ctx, &token, &command)).await;
    made.map(drop).map_err(Refusal::from)
}

/// A refusal for people.
fn words(refusal: Refusal) -> String {
    match refusal {
        Refusal::Code(ErrorCode::Coded { reason, .. }) => reason,
        Refusal::Code(ErrorCode::Plain(code)) => code.to_owned(),
        Refusal::Store(error) => {
            tracing::warn!(%error, "the set-up could not be served");
            "The server cannot store this now. Please try again".to_owned()
        }
    }
}

fn form_body(form: &Form, wrong: Option<&str>) -> String {
    let [token, username, name, email] =
        [&form.token, &form.username, &form.name, &form.email].map(|text| escape_html(text));
    let wrong = wrong
        .map(|text| format!("<p class=\"wrong\" role=\"alert\">{}.</p>\n", escape_html(text)))
        .unwrap_or_default();
    format!(
        "<p class=\"lead\">Make the administrator's account. This page works once.</p>\n{wrong}\
         <form method=\"post\" action=\"/setup\">\n<input type=\"hidden\" name=\"token\" value=\"{token}\">\n\
         <label>Username <input name=\"username\" value=\"{username}\" autocomplete=\"username\" required></label>\n\
         <label>Name <input name=\"name\" value=\"{name}\" autocomplete=\"name\"></label>\n\
         <label>E-mail <input name=\"email\" type=\"email\" value=\"{email}\" autocomplete=\"email\" required></label>\n\
         <label>Password <input name=\"password\" type=\"password\" minlength=\"{SHORTEST_PASSWORD}\" \
         autocomplete=\"new-password\" required></label>\n<button>Make the account</button>\n</form>"
    )
}

fn refusal_body(text: &str) -> String {
    format!("<p class=\"wrong\" role=\"alert\">{}.</p>", escape_html(text))
}

fn done_body(form: &Form) -> String {
    format!(
        "<p class=\"lead\">Done. <strong>{}</strong> can log in now.</p>\n<p><a href=\"/\">Home</a></p>",
        escape_html(&form.username)
    )
}

fn page(body: &str) -> Response {
    let page = docs::framed("Set up Parlor", body);
    // The link must not travel on in a referrer, nor stay in a cache.
    let headers = [(CACHE_CONTROL, "no-store"), (REFERRER_POLICY, "no-referrer")];
    (headers, html_with(POLICY, page)).into_response()
}

#[cfg(test)]
mod tests;
