//! The REST door: routes, the answers every route shares, and the document that describes them.

mod accounts;
mod answer;
#[cfg(test)]
mod arbitrary;
pub(crate) mod call;
mod dates;
mod error;
pub(crate) mod fields;
mod health;
mod info;
mod json;
mod livechat;
mod settings;
mod staff;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
pub mod wire;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use http::{Method, StatusCode};
use utoipa::OpenApi;
use utoipa::openapi::schema::{AdditionalProperties, Schema};
use utoipa::openapi::{Ref, RefOr};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::web;
use answer::Answer;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Parlor",
        description = "A live chat, as the Rocket.Chat Livechat (Omnichannel) REST API speaks it. \
                       A visitor is known by a token of their own making; possession of a token is full power over \
                       that visitor. Every failure is `{\"success\": false, \"error\": …}`, most with status 400. \
                       \n\nBodies are JSON or forms. A scalar of another type is taken as the one that is wanted, \
                       `null` as an empty text; a property that stands nowhere in the schema is refused."
    ),
    tags(
        (name = "messages", description = "Send, edit, remove, look at messages; a room's history; leave a message while nobody answers."),
        (name = "visitors", description = "Register, look at, remove a visitor."),
        (name = "rooms", description = "Get or open a chat, close it."),
        (name = "accounts", description = "Log in and out; who am I. The two headers `X-User-Id` and `X-Auth-Token` make a call somebody's."),
        (name = "settings", description = "What this server is set to, and changing it."),
        (name = "server", description = "What the server is and whether it works.")
    )
)]
struct Document;

fn described() -> OpenApiRouter<App> {
    use accounts::{me, session};
    use livechat::{config, history, message, offline, room, visitor};
    let mut routes = OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(message::send))
        .routes(routes!(message::edit, message::remove, message::one))
        .routes(routes!(history::load))
        .routes(routes!(offline::leave))
        .routes(routes!(config::show))
        .routes(routes!(visitor::save))
        .routes(routes!(visitor::one, visitor::remove))
        .routes(routes!(room::open))
        .routes(routes!(room::close))
        .routes(routes!(session::log_in))
        .routes(routes!(session::log_out, session::log_out_by_get))
        .routes(routes!(me::show))
        .routes(routes!(settings::public))
        .routes(routes!(settings::one, settings::save))
        .routes(routes!(info::show))
        .routes(routes!(health::live))
        .routes(routes!(health::ready));
    refine(routes.get_openapi_mut());
    routes
}

/// Says what the macros have no words for: closed request schemas (decision D15), and that the body of a removal may
/// be absent but not `null`.
fn refine(document: &mut utoipa::openapi::OpenApi) {
    let schemas = document.components.iter_mut().flat_map(|c| &mut c.schemas);
    for (name, schema) in schemas {
        let closed = name.ends_with("Request") || matches!(name.as_str(), "CustomField" | "AgentName");
        if let (true, RefOr::T(Schema::Object(object))) = (closed, schema) {
            object.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
        }
    }
    let removal = document.paths.paths.values_mut().filter_map(|path| path.delete.as_mut());
    for body in removal.filter_map(|operation| operation.request_body.as_mut()) {
        let RefOr::T(body) = body else { continue };
        for content in body.content.values_mut() {
            let RefOr::T(content) = content else { continue };
            content.schema = Some(RefOr::Ref(Ref::from_schema_name("RemoveRequest")));
        }
    }
}

/// The `OpenAPI` document, generated from the handlers: JSON, the same at every call of one build.
pub fn openapi() -> String {
    let (_, document) = described().split_for_parts();
    document.to_pretty_json().unwrap_or_default()
}

/// Every route of the main port.
pub fn router(app: App) -> Router {
    let (router, document) = described().split_for_parts();
    router
        .route("/", get(web::home))
        .route("/api/info/", get(info::show))
        .merge(web::routes(&document))
        .fallback(unknown_path)
        .method_not_allowed_fallback(wrong_verb)
        .with_state(app)
}

/// 404 in the envelope: `{"success":false,"error":"Resource not found"}` (section 1.1 of `visitor-api.md`).
async fn unknown_path(method: Method) -> Answer {
    if method == Method::OPTIONS {
        return Answer::preflight();
    }
    Answer::failure(StatusCode::NOT_FOUND, "Resource not found")
}

async fn wrong_verb(State(_): State<App>, method: Method) -> Answer {
    // A browser asks before it sends JSON to another origin.
    if method == Method::OPTIONS {
        return Answer::preflight();
    }
    Answer::failure(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed")
}
