//! A call by somebody who works here: who they are and what they may do stands in the handler's type (section 1.2 of
//! `agent-api.md`).
//!
//! Checked in the contract's order: login, permission, then limit and schema.

use std::marker::PhantomData;

use axum::body::Body;
use axum::extract::FromRequest;
use http::{Request, StatusCode};
use parlor_model::permission::Permission;
use parlor_services::accounts::{self, Staff};
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::{Answer, Failure};
use super::call::{Desk, Incoming};
use super::error;
use super::fields::Shape;
use crate::App;
use crate::caller::text;
use crate::limits::Route;

/// What an endpoint asks for.
pub(crate) trait Needs: Send + Sync + 'static {
    /// One of these is enough; none means that a login is.
    const ANY: &'static [Permission];
}

/// Any login will do.
#[derive(Debug)]
pub(crate) struct Login;

impl Needs for Login {
    const ANY: &'static [Permission] = &[];
}

macro_rules! needs {
    ($($name:ident: $($permission:ident)+;)+) => { $(
        #[doc = concat!("Needs one of: ", $("`", stringify!($permission), "` "),+)]
        #[derive(Debug)]
        pub(crate) struct $name;

        impl Needs for $name {
            const ANY: &'static [Permission] = &[$(Permission::$permission),+];
        }
    )+ };
}

needs! {
    ViewSettings: ViewPrivilegedSetting;
    EditSettings: EditPrivilegedSetting;
}

/// A request by a caller who holds what `N` asks for.
pub(crate) struct StaffCall<N> {
    pub(crate) incoming: Incoming,
    pub(crate) who: Staff,
    /// The token in clear, for the calls that end or renew it.
    pub(crate) token: String,
    needs: PhantomData<N>,
}

impl<N: Needs> FromRequest<App> for StaffCall<N> {
    type Rejection = Answer;

    async fn from_request(request: Request<Body>, app: &App) -> Result<Self, Answer> {
        let incoming = Incoming::from_request(request, app).await?;
        let id = text(&incoming.headers, "x-user-id").filter(|id| !id.is_empty());
        let token = text(&incoming.headers, "x-auth-token").filter(|token| !token.is_empty());
        let (Some(id), Some(token)) = (id, token) else { return Err(not_logged_in()) };
        let now = app.options().clock.now();
        let (limiter, address) = (app.limiter(), incoming.caller.address);
        // Before the store is asked: guesses at tokens must not keep it busy.
        limiter.may_present(&app.options().settings.current(), address, now).map_err(Answer::too_many)?;
        let presented = token.clone();
        let who = app.store().read(move |tx| accounts::authenticate(tx, now, &id, &presented)).await;
        let who = who.map_err(|failure| error::render(app, parlor_services::Refusal::Store(failure)))?;
        let Some(who) = who else {
            limiter.presented(address, now);
            return Err(not_logged_in());
        };
        if !N::ANY.is_empty() && !N::ANY.iter().any(|permission| who.may(*permission)) {
            return Err(Answer::failure(StatusCode::FORBIDDEN, NOT_PERMITTED));
        }
        Ok(Self { incoming, who, token, needs: PhantomData })
    }
}

impl<N> StaffCall<N> {
    /// Counts the call.
    pub(crate) fn desk(&self, route: Route) -> Result<Desk, Answer> {
        self.incoming.staff_desk(route, &self.who)
    }

    /// Counts the call, then takes its body.
    pub(crate) fn body<T: Shape>(&self, route: Route) -> Result<(Desk, T), Answer> {
        self.desk(route)?.check(self.incoming.body_fields())
    }
}

const NOT_PERMITTED: &str =
    "User does not have the permissions required for this action [error-unauthorized]";

/// 401 with all four keys that clients of one age or another look at (section 1.3).
fn not_logged_in() -> Answer {
    const TEXT: &str = "You must be logged in to do this.";
    Unauthorized::answer(TEXT, TEXT)
}

/// Nobody is logged in, or a login failed.
#[derive(Serialize, ToSchema)]
pub(crate) struct Unauthorized<'a> {
    /// Always `false`.
    success: bool,
    /// `error`
    status: &'static str,
    error: &'a str,
    message: &'a str,
}

impl Unauthorized<'_> {
    /// 401.
    pub(crate) fn answer(error: &str, message: &str) -> Answer {
        let body = Unauthorized { success: false, status: "error", error, message };
        Answer::json(StatusCode::UNAUTHORIZED, &body)
    }
}

/// The answers of a call that needs a login.
#[derive(utoipa::IntoResponses)]
#[allow(dead_code)] // describes what this module writes
pub(crate) enum StaffFailure {
    /// `You must be logged in to do this.`
    #[response(status = 401)]
    NotLoggedIn(Unauthorized<'static>),
    /// `error-unauthorized`
    #[response(status = 403)]
    NotPermitted(Failure<'static>),
}
