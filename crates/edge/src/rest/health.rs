//! Health checks for whoever runs the server.

use std::time::Duration;

use axum::extract::State;
use http::StatusCode;
use parlor_store::StoreError;
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::{Answer, Failure, True};
use crate::App;

/// How long a check may take.
const LIMIT: Duration = Duration::from_secs(5);

/// Whether the server works.
#[derive(Serialize, ToSchema)]
pub(crate) struct HealthResponse {
    /// `ok`.
    status: &'static str,
    /// Always `true`.
    #[schema(value_type = bool)]
    success: True,
}

const FINE: HealthResponse = HealthResponse { status: "ok", success: True };

/// Is the process alive
#[utoipa::path(get, path = "/health/live", tag = "server", operation_id = "live",
    responses((status = 200, description = "It answers", body = HealthResponse)))]
pub(crate) async fn live() -> Answer {
    Answer::success(FINE)
}

/// Can it serve
///
/// A reader and a writer of the store answer within five seconds.
#[utoipa::path(get, path = "/health/ready", tag = "server", operation_id = "ready",
    responses((status = 200, description = "It serves", body = HealthResponse),
              (status = 503, description = "The storage does not answer", body = Failure)))]
pub(crate) async fn ready(State(app): State<App>) -> Answer {
    let store = app.store();
    let checks = async {
        store.read(|tx| parlor_store::settings::all(tx).map(drop)).await?;
        // An empty transaction: it reaches the writer and changes nothing.
        store.write("health", |tx| parlor_store::settings::all(tx).map(drop)).await
    };
    match tokio::time::timeout(LIMIT, checks).await {
        Ok(Ok(())) => Answer::success(FINE),
        Ok(Err(error)) => unready(&error),
        Err(_) => unready(&StoreError::Down("no answer in time".into())),
    }
}

fn unready(error: &StoreError) -> Answer {
    tracing::warn!(%error, "not ready");
    Answer::failure(StatusCode::SERVICE_UNAVAILABLE, "The storage does not answer")
}
