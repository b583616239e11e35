//! One call: the request as it arrived, its limit, its schema, and the way back.

use std::borrow::Cow;

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Path};
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode, header, request::Parts};
use http_body_util::{BodyExt, Limited};
use parlor_model::ErrorCode;
use parlor_model::permission::Permission;
use parlor_services::accounts::Staff;
use parlor_services::{Context, Refusal};

use super::answer::Answer;
use super::error;
use super::fields::{Field, Fields, Reader, Shape, Unreadable};
use crate::App;
use crate::caller::{Caller, Peer};
use crate::limits::{Exceeded, Quota, Route};

/// A request, read to its end.
pub(crate) struct Incoming {
    pub(crate) app: App,
    pub(crate) caller: Caller,
    pub(crate) headers: HeaderMap,
    query: Option<String>,
    pub(crate) body: Bytes,
}

impl FromRequest<App> for Incoming {
    type Rejection = Answer;

    async fn from_request(request: Request<Body>, app: &App) -> Result<Self, Answer> {
        let (parts, body) = request.into_parts();
        let options = app.options();
        let reading = Limited::new(body, options.max_body_bytes).collect();
        let body = match tokio::time::timeout(options.body_limit, reading).await {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
                let text = format!(
                    "Request body is too large, at most {} bytes are taken [error-request-too-large]",
                    options.max_body_bytes
                );
                return Err(Answer::failure(StatusCode::PAYLOAD_TOO_LARGE, &text));
            }
            Ok(Err(_)) => return Err(Answer::failure(StatusCode::BAD_REQUEST, "The request body broke off")),
            Err(_) => {
                return Err(Answer::failure(StatusCode::REQUEST_TIMEOUT, "The request body took too long"));
            }
        };
        let peer = parts.extensions.get::<Peer>().copied();
        let caller = Caller::new(peer, &parts.headers, &options.trusted_proxies);
        let query = parts.uri.query().map(str::to_owned);
        Ok(Self { app: app.clone(), caller, headers: parts.headers, query, body })
    }
}

impl Incoming {
    /// Takes the body for a call of `route`: counts it, then checks it.
    pub(crate) fn body<T: Shape>(&self, route: Route) -> Result<(Desk, T), Answer> {
        self.take(route, None, self.body_fields())
    }

    /// As [`Incoming::body`], where the token stands deeper in the body.
    pub(crate) fn body_limited_by<T: Shape>(
        &self,
        route: Route,
        token: Option<&str>,
    ) -> Result<(Desk, T), Answer> {
        self.take(route, token, self.body_fields())
    }

    /// Takes the query for a call of `route`.
    pub(crate) fn query<T: Shape>(&self, route: Route) -> Result<(Desk, T), Answer> {
        self.take(route, None, self.query_fields())
    }

    fn take<T: Shape>(
        &self,
        route: Route,
        token: Option<&str>,
        fields: Result<Fields<'_>, Answer>,
    ) -> Result<(Desk, T), Answer> {
        let token = token.or_else(|| fields.as_ref().ok().and_then(|f| f.peek("token")));
        self.desk(route, token)?.check(fields)
    }

    /// Takes token and room of a call without a body: from the query, else the token from `X-Visitor-Token`. `None`
    /// where neither is named; one that is named but cannot be read is refused, so that it never counts as unnamed.
    pub(crate) fn credentials(&self, route: Route) -> Result<(Desk, Option<(String, String)>), Answer> {
        let mut query = self.query_fields();
        let named = query.as_ref().is_ok_and(|f| f.has("token"));
        if let (Ok(fields), false, Some(header)) = (&mut query, named, self.headers.get("x-visitor-token")) {
            let token = std::str::from_utf8(header.as_bytes())
                .map_or(Field::Array(Vec::new()), |t| Field::Text(t.into()));
            fields.0.push(("token".into(), token));
        }
        if query.as_ref().is_ok_and(|f| !f.has("token") && !f.has("rid")) {
            return Ok((self.desk(route, None)?, None));
        }
        let (desk, named) = self.take::<Credentials>(route, None, query)?;
        Ok((desk, Some((named.token, named.rid))))
    }

    /// Counts the call of somebody who works here; some are not counted (`api-bypass-rate-limit`).
    pub(crate) fn staff_desk(&self, route: Route, who: &Staff) -> Result<Desk, Answer> {
        let ctx = self.app.context(&self.caller);
        let counted = if who.may(Permission::BypassRateLimit) {
            Ok(None)
        } else {
            self.app.limiter().count_staff(&ctx.settings, route, &who.account.id, ctx.now)
        };
        self.seat(ctx, route, counted)
    }

    fn seat(
        &self,
        ctx: Context,
        route: Route,
        counted: Result<Option<Quota>, Exceeded>,
    ) -> Result<Desk, Answer> {
        match counted {
            Ok(quota) => Ok(Desk { app: self.app.clone(), ctx, route, quota }),
            Err(exceeded) => {
                let answer = Answer::too_many(exceeded);
                self.app.metrics().count(route, answer.status);
                Err(answer)
            }
        }
    }

    /// Counts the call.
    pub(crate) fn desk(&self, route: Route, token: Option<&str>) -> Result<Desk, Answer> {
        let ctx = self.app.context(&self.caller);
        let counted = self.app.limiter().count(&ctx.settings, route, token, self.caller.address, ctx.now);
        self.seat(ctx, route, counted)
    }

    /// The body's fields. Anything but JSON or a form, and JSON that does not parse, counts as an empty object
    /// (section 1.1 of `visitor-api.md`).
    pub(crate) fn body_fields(&self) -> Result<Fields<'_>, Answer> {
        let kind = self.headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if kind.eq_ignore_ascii_case("application/json") {
            return match Fields::from_json(&self.body) {
                Ok(fields) => Ok(fields),
                Err(Unreadable::Shapeless) => Ok(Fields::default()),
                Err(Unreadable::Duplicate(name)) => {
                    let text = format!("must NOT have duplicate property '{name}'");
                    Err(error::coded(&ErrorCode::invalid_params(text)))
                }
            };
        }
        if kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Ok(Fields::from_form(&self.body).unwrap_or_default());
        }
        Ok(Fields::default())
    }

    /// The query's fields.
    pub(crate) fn query_fields(&self) -> Result<Fields<'_>, Answer> {
        Fields::from_form(self.query.as_deref().unwrap_or_default().as_bytes())
            .map(Fields::unwrap_single)
            .ok_or_else(|| Answer::failure(StatusCode::BAD_REQUEST, "Invalid query parameters"))
    }
}

/// Token and room beside whatever else a query holds.
struct Credentials {
    token: String,
    rid: String,
}

impl Shape for Credentials {
    const PROPERTIES: &'static [(&'static str, bool)] = &[("token", true), ("rid", true)];
    const OPEN: bool = true;

    fn read(fields: &mut Reader<'_>) -> Result<Self, ErrorCode> {
        Ok(Self { token: fields.string("token")?, rid: fields.string("rid")? })
    }
}

/// A counted call on its way through: what the use case needs, and how the answer is finished.
pub(crate) struct Desk {
    pub(crate) app: App,
    pub(crate) ctx: Context,
    route: Route,
    quota: Option<Quota>,
}

impl Desk {
    /// Checks what the call brought.
    pub(crate) fn check<T: Shape>(self, fields: Result<Fields<'_>, Answer>) -> Result<(Self, T), Answer> {
        match fields {
            Ok(fields) => match T::check(fields) {
                Ok(input) => Ok((self, input)),
                Err(code) => Err(self.refuse(Refusal::Code(code))),
            },
            Err(answer) => Err(self.finish(answer)),
        }
    }

    /// The answer, counted, with its limit headers.
    pub(crate) fn finish(&self, answer: Answer) -> Answer {
        self.app.metrics().count(self.route, answer.status);
        tracing::debug!(route = self.route.name(), status = answer.status.as_u16(), "answered");
        answer.with_quota(self.quota)
    }

    /// The answer to a refusal.
    pub(crate) fn refuse(&self, refusal: impl Into<Refusal>) -> Answer {
        self.finish(error::render(&self.app, refusal.into()))
    }

    /// Either.
    pub(crate) fn answer<T, E: Into<Refusal>>(
        &self,
        result: Result<T, E>,
        show: impl FnOnce(T) -> Answer,
    ) -> Answer {
        match result {
            Ok(value) => self.finish(show(value)),
            Err(error) => self.refuse(error),
        }
    }
}

/// The last segment of the path, percent-decoded.
pub(crate) struct Segment(pub(crate) String);

impl FromRequestParts<App> for Segment {
    type Rejection = Answer;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Answer> {
        match Path::<Cow<'static, str>>::from_request_parts(parts, app).await {
            Ok(Path(segment)) if segment.contains('\0') => {
                Err(Answer::failure(StatusCode::BAD_REQUEST, "Invalid path"))
            }
            Ok(Path(segment)) => Ok(Self(segment.into_owned())),
            Err(_) => Err(Answer::failure(StatusCode::BAD_REQUEST, "Invalid path")),
        }
    }
}
