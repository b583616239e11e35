//! Every failure of the REST door, rendered in one place (section 1.3 of `visitor-api.md`).

use http::StatusCode;
use parlor_model::ErrorCode;
use parlor_services::Refusal;
use parlor_store::StoreError;
use serde_json::json;

use super::answer::{Answer, Failure};
use crate::App;

/// The answer to a refusal, or to a failure of the store.
pub(crate) fn render(app: &App, refusal: Refusal) -> Answer {
    match refusal {
        Refusal::Code(code) => coded(&code),
        Refusal::Store(error) => store(app, &error),
    }
}

/// 400 in the plain or the coded form.
pub(crate) fn coded(code: &ErrorCode) -> Answer {
    match code {
        ErrorCode::Plain(code) => Answer::failure(StatusCode::BAD_REQUEST, code),
        ErrorCode::Coded { code, reason, method } => {
            let error = if reason.is_empty() { format!("[{code}]") } else { format!("{reason} [{code}]") };
            let details = method.map(|method| json!({ "method": method }));
            Answer::json(
                StatusCode::BAD_REQUEST,
                &Failure { success: false, error: &error, error_type: Some(code), details },
            )
        }
    }
}

fn store(app: &App, error: &StoreError) -> Answer {
    let (code, text) = match error {
        StoreError::Busy => ("error-server-busy", "The server is busy; nothing was stored. Please try again"),
        StoreError::Full => ("error-storage-full", "The server's disk is full; nothing was stored"),
        StoreError::Down(_) | StoreError::Again(_) | StoreError::Stopped => (
            "error-storage-unavailable",
            "The server's storage cannot be reached; nothing was stored. Please try again",
        ),
        StoreError::Unknown => (
            "error-outcome-unknown",
            "The connection to the storage broke; whether this took effect is unknown. Please look before you try again",
        ),
        _ => return fault(app, error),
    };
    tracing::warn!(code, %error, "a call could not be served");
    let error = format!("{text} [{code}]");
    let failure = Failure { success: false, error: &error, error_type: Some(code), details: None };
    Answer::json(StatusCode::SERVICE_UNAVAILABLE, &failure).retry_after(1)
}

/// A fault of ours: logged once with its cause under an id, answered blankly with that id.
fn fault(app: &App, error: &StoreError) -> Answer {
    let options = app.options();
    let request = options.ids.id(options.clock.now());
    tracing::error!(%request, %error, "a call failed");
    let text = format!("Internal server error, request {request} [error-internal]");
    let failure = Failure { success: false, error: &text, error_type: Some("error-internal"), details: None };
    Answer::json(StatusCode::INTERNAL_SERVER_ERROR, &failure)
}
