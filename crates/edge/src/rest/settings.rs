//! `settings.public` and `settings/:_id` (section 7.1 of `agent-api.md`).

use http::StatusCode;
use parlor_model::ErrorCode;
use parlor_model::settings::Settings;
use serde::Serialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::answer::{Answer, AnyFailure, Failure, True};
use super::call::{Incoming, Segment};
use super::fields::{Field, Fields, Reader, Shape};
use super::staff::{EditSettings, StaffCall, StaffFailure, ViewSettings};
use crate::limits::Route;

/// Which public settings.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PublicQuery {
    /// Ids, separated by commas; unknown ones and those that are not public are passed over.
    #[param(rename = "_id")]
    ids: Option<String>,
    /// How many to skip.
    offset: Option<i64>,
    /// How many at most: 50 unless said, 100 at most; 0 for all.
    count: Option<i64>,
}

impl Shape for PublicQuery {
    const PROPERTIES: &'static [(&'static str, bool)] =
        &[("_id", false), ("offset", false), ("count", false)];
    // Older apps add `query`, `sort` and `fields`, which the reference ignores (section 1.6).
    const OPEN: bool = true;

    fn read(fields: &mut Reader<'_>) -> Result<Self, ErrorCode> {
        Ok(Self {
            ids: fields.nullable("_id")?,
            offset: fields.number("offset")?,
            count: fields.number("count")?,
        })
    }
}

/// A setting's value.
#[derive(Serialize, ToSchema)]
pub(crate) struct SettingBody {
    #[serde(rename = "_id")]
    id: &'static str,
    /// Of the setting's own type.
    #[schema(value_type = Value)]
    value: Value,
}

/// A page of settings.
#[derive(Serialize, ToSchema)]
pub(crate) struct SettingsResponse {
    settings: Vec<SettingBody>,
    /// Settings on this page.
    count: usize,
    /// Settings skipped.
    offset: usize,
    /// Settings in all.
    total: usize,
    /// Always `true`.
    #[schema(value_type = bool)]
    success: True,
}

/// What everybody may know
#[utoipa::path(
    get, path = "/api/v1/settings.public", tag = "settings", operation_id = "publicSettings",
    params(PublicQuery),
    responses((status = 200, description = "Public settings by id", body = SettingsResponse),
              (status = 400, description = "A schema violation", body = Failure), AnyFailure)
)]
pub(crate) async fn public(incoming: Incoming) -> Result<Answer, Answer> {
    let (desk, query) = incoming.query::<PublicQuery>(Route::SettingsPublic)?;
    let settings = &desk.ctx.settings;
    let wanted: Option<Vec<&str>> = query.ids.as_deref().map(|ids| ids.split(',').map(str::trim).collect());
    let mut known: Vec<_> = Settings::definitions()
        .iter()
        .filter(|d| d.public && wanted.as_ref().is_none_or(|ids| ids.contains(&d.id)))
        .collect();
    known.sort_by_key(|definition| definition.id);
    let total = known.len();
    let offset = usize::try_from(query.offset.unwrap_or(0)).unwrap_or(0);
    let most = match query.count {
        Some(0) => total,
        Some(count) => usize::try_from(count).unwrap_or(0).clamp(1, 100),
        None => 50,
    };
    let page: Vec<_> = known
        .into_iter()
        .skip(offset)
        .take(most)
        .filter_map(|d| settings.value(d.id).map(|value| SettingBody { id: d.id, value }))
        .collect();
    let count = page.len();
    let body = SettingsResponse { settings: page, count, offset, total, success: True };
    Ok(desk.finish(Answer::success(body)))
}

/// One setting.
#[derive(Serialize, ToSchema)]
pub(crate) struct SettingResponse {
    #[serde(flatten)]
    setting: SettingBody,
    /// Always `true`.
    #[schema(value_type = bool)]
    success: True,
}

/// Look at a setting
///
/// The value of a secret is an empty text.
#[utoipa::path(
    get, path = "/api/v1/settings/{_id}", tag = "settings", operation_id = "setting",
    params(("_id" = String, Path, description = "The setting's id")),
    responses((status = 200, description = "Its value", body = SettingResponse),
              (status = 400, description = "No setting has this id", body = Failure),
              StaffFailure, AnyFailure)
)]
pub(crate) async fn one(Segment(id): Segment, call: StaffCall<ViewSettings>) -> Result<Answer, Answer> {
    let desk = call.desk(Route::SettingOne)?;
    let Some(definition) = Settings::definition(&id) else {
        return Ok(desk.finish(Answer::failure(StatusCode::BAD_REQUEST, "invalid-setting")));
    };
    let value = if definition.secret() {
        Value::from("")
    } else {
        desk.ctx.settings.value(definition.id).unwrap_or(Value::Null)
    };
    let setting = SettingBody { id: definition.id, value };
    Ok(desk.finish(Answer::success(SettingResponse { setting, success: True })))
}

/// Set a value.
#[derive(Debug, ToSchema)]
pub(crate) struct SettingChange {
    /// Of the setting's own type; texts and numbers are converted where that loses nothing.
    #[schema(value_type = Value)]
    value: Value,
}

impl Shape for SettingChange {
    const PROPERTIES: &'static [(&'static str, bool)] = &[("value", true)];
    // Colours come with an `editor`.
    const OPEN: bool = true;

    fn read(fields: &mut Reader<'_>) -> Result<Self, ErrorCode> {
        Ok(Self { value: fields.take("value").map_or(Value::Null, json) })
    }
}

fn json(field: Field<'_>) -> Value {
    match field {
        Field::Null => Value::Null,
        Field::Bool(b) => b.into(),
        Field::Integer(n) => n.into(),
        Field::Number(n) => n.into(),
        Field::Text(text) => text.into_owned().into(),
        Field::Array(items) => items.into_iter().map(json).collect(),
        Field::Object(Fields(fields)) => {
            fields.into_iter().map(|(name, field)| (name.into_owned(), json(field))).collect()
        }
    }
}

/// A change was stored and is in force.
#[derive(Serialize, ToSchema)]
pub(crate) struct SettingChanged {
    /// Always `true`.
    #[schema(value_type = bool)]
    success: True,
}

/// Change a setting
///
/// In force for the next call. A setting that the operator fixed in the environment or the configuration file stays.
#[utoipa::path(
    post, path = "/api/v1/settings/{_id}", tag = "settings", operation_id = "changeSetting",
    params(("_id" = String, Path, description = "The setting's id")),
    request_body = SettingChange,
    responses((status = 200, description = "In force", body = SettingChanged),
              (status = 400, description = "`invalid-setting`, `error-setting-validation-failed`, \
               `error-setting-read-only`, `error-setting-overruled`, or a schema violation", body = Failure),
              StaffFailure, AnyFailure)
)]
pub(crate) async fn save(Segment(id): Segment, call: StaffCall<EditSettings>) -> Result<Answer, Answer> {
    let (desk, change) = call.body::<SettingChange>(Route::SettingSave)?;
    let actor = call.who.account.id;
    let changed = desk.app.change_settings(desk.ctx.clone(), vec![(id, change.value)], actor).await;
    Ok(desk.answer(changed, |_| Answer::success(SettingChanged { success: True })))
}

#[cfg(test)]
mod tests;
