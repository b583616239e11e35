//! `/api/info`: the version probe of SDKs and apps.

use serde::Serialize;
use utoipa::ToSchema;

use super::answer::{Answer, True};

/// The level of the wire that this server speaks; clients compare it with what they need.
const WIRE_VERSION: &str = "8.8.0";

/// What the server is.
#[derive(Serialize, ToSchema)]
pub(crate) struct InfoResponse {
    /// Level of the wire, not of this program.
    version: &'static str,
    /// Always `true`.
    #[schema(value_type = bool)]
    success: True,
}

/// Which wire this server speaks
#[utoipa::path(get, path = "/api/info", tag = "server", operation_id = "info",
    responses((status = 200, description = "Version of the wire", body = InfoResponse)))]
pub(crate) async fn show() -> Answer {
    Answer::success(InfoResponse { version: WIRE_VERSION, success: True })
}
