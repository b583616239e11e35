//! Pages that the binary carries: the home page and the browsable API description.

mod docs;
mod setup;

use axum::Router;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS};
use utoipa::openapi::OpenApi;

use crate::App;

const STYLE: &str = include_str!("web/docs.css");
/// Nothing but this server's own style; no script at all.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub(crate) fn routes(document: &OpenApi) -> Router<App> {
    let json = document.to_pretty_json().unwrap_or_default();
    let page = docs::page(&json);
    Router::new()
        .route("/setup", get(setup::show).post(setup::save))
        .route("/api/openapi.json", get(move || async move { ([(CONTENT_TYPE, "application/json")], json) }))
        .route("/api/docs", get(move || async move { html(page) }))
        .route("/api/docs.css", get(|| async { ([(CONTENT_TYPE, "text/css; charset=utf-8")], STYLE) }))
}

pub(crate) async fn home() -> Response {
    html(docs::home())
}

fn html(page: String) -> Response {
    html_with(POLICY, page)
}

fn html_with(policy: &'static str, page: String) -> Response {
    let headers =
        [(CONTENT_SECURITY_POLICY, policy), (X_CONTENT_TYPE_OPTIONS, "nosniff"), (X_FRAME_OPTIONS, "DENY")];
    (headers, Html(page)).into_response()
}
