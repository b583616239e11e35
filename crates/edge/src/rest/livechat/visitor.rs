//! `livechat/visitor`: register or change, look at, remove (sections 4.2 and 4.3 of `visitor-api.md`).

use parlor_model::visitor::Visitor;
use parlor_model::{ErrorCode, Millis};
use parlor_services::visitors::{self, Register};
use serde::Serialize;
use utoipa::ToSchema;

use crate::limits::Route;
use crate::rest::answer::{Answer, AnyFailure, Failure, True};
use crate::rest::call::{Incoming, Segment};
use crate::rest::fields::{Field, Reader, Shape};
use crate::rest::wire::visitor::VisitorBody;

/// Register a visitor, or change one.
#[derive(Debug, ToSchema)]
pub(crate) struct VisitorRequest {
    visitor: VisitorFields,
}

/// What is given of a visitor; what is absent stays as it is.
#[derive(Debug, ToSchema)]
#[schema(as = NewVisitor, rename_all = "camelCase")]
pub(crate) struct VisitorFields {
    /// The visitor's secret, made up by the client; not blank.
    token: String,
    name: Option<String>,
    email: Option<String>,
    phone: Option<String>,
    /// Of a new visitor; `guest-N` where absent.
    username: Option<String>,
    /// Id or name.
    department: Option<String>,
    /// Fields of the operator's making.
    #[schema(value_type = Option<Vec<CustomField>>)]
    #[allow(dead_code)] // checked; no field is defined yet, and undefined ones are passed over
    custom_fields: Vec<CustomField>,
}

/// A field of the operator's making.
#[derive(Debug, ToSchema)]
#[allow(dead_code)]
pub(crate) struct CustomField {
    key: String,
    value: String,
    /// Replace a value that is there already.
    overwrite: Option<bool>,
}

impl Shape for VisitorRequest {
    const PROPERTIES: &'static [(&'static str, bool)] = &[("visitor", true)];

    fn read(fields: &mut Reader<'_>) -> Result<Self, ErrorCode> {
        match fields.take("visitor") {
            Some(Field::Object(visitor)) => Ok(Self { visitor: VisitorFields::check(visitor)? }),
            _ => Err(ErrorCode::invalid_params("must be object")),
        }
    }
}

impl Shape for VisitorFields {
    const PROPERTIES: &'static [(&'static str, bool)] = &[("token", true)];
    const OPEN: bool = true;

    fn read(fields: &mut Reader<'_>) -> Result<Self, ErrorCode> {
        Ok(Self {
            token: fields.string("token")?,
            name: fields.nullable("name")?,
            email: fields.nullable("email")?,
            phone: fields.nullable("phone")?,
            username: fields.nullable("username")?,
            department: fields.nullable("department")?,
            custom_fields: custom_fields(fields.take("customFields"))?,
        })
    }
}

fn custom_fields(field: Option<Field<'_>>) -> Result<Vec<CustomField>, ErrorCode> {
    match field {
        None | Some(Field::Null) => Ok(Vec::new()),
        Some(Field::Array(items)) => items
            .into_iter()
            .map(|item| match item {
                Field::Object(fields) => CustomField::check(fields),
                _ => Err(ErrorCode::invalid_params("must be object")),
            })
            .collect(),
        Some(_) => Err(ErrorCode::invalid_params("must be array")),
    }
}

impl Shape for CustomField {
    const PROPERTIES: &'static [(&'static str, bool)] =
        &[("key", true), ("value", true), ("overwrite", false)];

    fn read(fields: &mut Reader<'_>) -> Result<Self, ErrorCode> {
        Ok(Self {
            key: fields.string("key")?,
            value: fields.string("value")?,
            overwrite: fields.boolean("overwrite")?,
        })
    }
}

/// A visitor.
#[derive(Serialize, ToSchema)]
pub(crate) struct VisitorResponse {
    visitor: VisitorBody,
    /// Always `true`.
    #[schema(value_type = bool)]
    success: True,
}

fn shown(visitor: Visitor) -> Answer {
    Answer::success(VisitorResponse { visitor: visitor.into(), success: True })
}

/// Register a visitor
///
/// The visitor who holds the token is changed, an unknown token makes a new one.
#[utoipa::path(
    post, path = "/api/v1/livechat/visitor", tag = "visitors", operation_id = "saveVisitor",
    request_body = VisitorRequest,
    responses((status = 200, description = "The visitor", body = VisitorResponse),
              (status = 400, description = "`error-invalid-token`, `error-invalid-email`, `error-invalid-department`, \
               or a schema violation", body = Failure), AnyFailure)
)]
pub(crate) async fn save(incoming: Incoming) -> Result<Answer, Answer> {
    let fields = incoming.body_fields();
    let token = fields.as_ref().ok().and_then(|f| f.inner("visitor")).and_then(|v| v.peek("token"));
    let (desk, VisitorRequest { visitor }) =
        incoming.body_limited_by::<VisitorRequest>(Route::VisitorSave, token)?;
    let ctx = desk.ctx.clone();
    let command = Register {
        token: visitor.token,
        name: visitor.name,
        email: visitor.email,
        phone: visitor.phone,
        username: visitor.username,
        department: visitor.department,
        connection: incoming.caller.connection(&incoming.headers),
    };
    let key = command.token.clone();
    let saved =
        desk.app.store().write_idempotent(&key, move |tx| visitors::register(tx, &ctx, &command)).await;
    Ok(desk.answer(saved, shown))
}

/// Look at a visitor
#[utoipa::path(
    get, path = "/api/v1/livechat/visitor/{token}", tag = "visitors", operation_id = "visitor",
    params(("token" = String, Path, description = "Visitor's token")),
    responses((status = 200, description = "The visitor", body = VisitorResponse),
              (status = 400, description = "`invalid-token`", body = Failure), AnyFailure)
)]
pub(crate) async fn one(Segment(token): Segment, incoming: Incoming) -> Result<Answer, Answer> {
    let desk = incoming.desk(Route::VisitorOne, Some(&token))?;
    let found = desk.app.store().read(move |tx| visitors::by_token(tx, &token)).await;
    Ok(desk.answer(found, shown))
}

/// What a removal answers.
#[derive(Serialize, ToSchema)]
pub(crate) struct VisitorRemoveResponse {
    visitor: RemovedVisitor,
    /// Always `true`.
    #[schema(value_type = bool)]
    success: True,
}

/// The removed visitor's id and the time of removal.
#[derive(Serialize, ToSchema)]
pub(crate) struct RemovedVisitor {
    #[serde(rename = "_id")]
    id: String,
    #[schema(value_type = String, format = DateTime)]
    ts: Millis,
}

/// Remove a visitor
///
/// With all rooms and messages; a stub with the public id stays.
#[utoipa::path(
    delete, path = "/api/v1/livechat/visitor/{token}", tag = "visitors", operation_id = "removeVisitor",
    params(("token" = String, Path, description = "Visitor's token")),
    responses((status = 200, description = "Removed", body = VisitorRemoveResponse),
              (status = 400, description = "`invalid-token`, `visitor-has-open-rooms`",
               body = Failure), AnyFailure)
)]
pub(crate) async fn remove(Segment(token): Segment, incoming: Incoming) -> Result<Answer, Answer> {
    let desk = incoming.desk(Route::VisitorRemove, Some(&token))?;
    let (ctx, ts) = (desk.ctx.clone(), desk.ctx.now);
    let key = token.clone();
    let removed = desk.app.store().write(&key, move |tx| visitors::remove(tx, &ctx, &token)).await;
    Ok(desk.answer(removed, |id| {
        Answer::success(VisitorRemoveResponse { visitor: RemovedVisitor { id, ts }, success: True })
    }))
}

#[cfg(test)]
mod tests;
