//! An answer: status, JSON body, and the headers that every answer has (section 1.1 of `visitor-api.md`).

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_MAX_AGE, CACHE_CONTROL, CONTENT_TYPE, PRAGMA, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderName, HeaderValue, StatusCode};
use serde::{Serialize, Serializer};
use utoipa::{IntoResponses, ToSchema};

use crate::limits::{Exceeded, Quota};

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// A complete answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    body: Vec<u8>,
    quota: Option<Quota>,
    retry_after: Option<i64>,
}

/// The `"success": true` that every answer but a failure has: a field of each response type, so that the documented
/// shape is the written one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct True;

impl Serialize for True {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(true)
    }
}

/// A failure.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Failure<'a> {
    /// Always `false`.
    pub(crate) success: bool,
    /// The code itself, or `reason [code]`.
    pub(crate) error: &'a str,
    /// The code, where `error` holds a reason too.
    #[schema(value_type = String)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error_type: Option<&'a str>,
    /// More about the cause, on a few codes.
    #[schema(value_type = Object)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) details: Option<serde_json::Value>,
}

/// The failures that every call can meet.
#[derive(IntoResponses)]
#[allow(dead_code)] // describes what this module and `error` write
pub(crate) enum AnyFailure {
    /// The body took too long to arrive
    #[response(status = 408)]
    Slow(Failure<'static>),
    /// The body is too large
    #[response(status = 413)]
    Large(Failure<'static>),
    /// Too many calls, see `Retry-After`
    #[response(status = 429)]
    TooMany(Failure<'static>),
    /// A fault of the server's; the text holds the id under which it was logged
    #[response(status = 500)]
    Fault(Failure<'static>),
    /// The storage is busy, full or out of reach; nothing was stored unless the text says otherwise. See `Retry-After`
    #[response(status = 503)]
    Unavailable(Failure<'static>),
}

impl Answer {
    /// A body that is written already.
    pub(crate) fn raw(status: StatusCode, body: Vec<u8>) -> Self {
        Self { status, body, quota: None, retry_after: None }
    }

    /// 200.
    pub(crate) fn success(body: impl Serialize) -> Self {
        Self::json(StatusCode::OK, &body)
    }

    pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(body) => Self::raw(status, body),
            Err(error) => {
                tracing::error!(%error, "an answer could not be written");
                Self::raw(StatusCode::INTERNAL_SERVER_ERROR, br#"{"success":false}"#.to_vec())
            }
        }
    }

    /// A failure whose `error` is a plain text.
    pub(crate) fn failure(status: StatusCode, error: &str) -> Self {
        Self::json(status, &Failure { success: false, error, error_type: None, details: None })
    }

    pub(crate) fn too_many(exceeded: Exceeded) -> Self {
        let text = format!(
            "Error, too many requests. Please slow down. You must wait {} seconds before trying this endpoint again. \
             [error-too-many-requests]",
            exceeded.wait_seconds
        );
        let mut answer = Self::failure(StatusCode::TOO_MANY_REQUESTS, &text);
        answer.quota = Some(exceeded.quota);
        answer.retry_after = Some(exceeded.wait_seconds);
        answer
    }

    /// What a browser wants to know before a call from another origin.
    pub(crate) fn preflight() -> Self {
        Self::raw(StatusCode::NO_CONTENT, Vec::new())
    }

    pub(crate) fn with_quota(mut self, quota: Option<Quota>) -> Self {
        self.quota = self.quota.or(quota);
        self
    }

    pub(crate) fn retry_after(mut self, seconds: i64) -> Self {
        self.retry_after = Some(seconds);
        self
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.reserve(12);
        // Exactly this, without a charset: clients compare it.
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        if self.status == StatusCode::NO_CONTENT {
            headers.remove(CONTENT_TYPE);
            headers.insert(
                ACCESS_CONTROL_ALLOW_METHODS,
                HeaderValue::from_static("GET, POST, PUT, DELETE, OPTIONS"),
            );
            headers.insert(
                ACCESS_CONTROL_ALLOW_HEADERS,
                HeaderValue::from_static("Content-Type, X-Visitor-Token, X-User-Id, X-Auth-Token"),
            );
            headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
        }
        if let Some(quota) = self.quota {
            headers.insert(LIMIT, HeaderValue::from(quota.limit));
            headers.insert(REMAINING, HeaderValue::from(quota.remaining));
            headers.insert(RESET, HeaderValue::from(quota.reset));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
