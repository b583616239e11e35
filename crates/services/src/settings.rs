//! Change settings (section 7.1 of `agent-api.md`), and hold the values in force.

mod holder;

use parlor_model::Event;
use parlor_model::settings::{Definition, Kind, SettingError, Settings};
use parlor_store::{StoreError, WriteTx, audit, settings};
use serde_json::Value;

use crate::Context;
use crate::error::errors;

pub use holder::{Refused, SettingsHolder};

/// The id of the setting that names this installation.
pub const UNIQUE_ID: &str = "uniqueID";

errors! {
    /// Why settings are not changed. None of the call is changed then.
    SettingsError {
        /// No setting has this id.
        Unknown(String) => |_id: String| ErrorCode::Plain("invalid-setting");
        /// A value does not fit its setting; names the setting and what was expected, never the value.
        Invalid(String) => |reason: String| ErrorCode::coded("error-setting-validation-failed", reason);
        /// The setting tells a fact that nobody sets.
        ReadOnly(&'static str) =>
            |id: &str| ErrorCode::coded("error-setting-read-only", format!("{id} cannot be changed"));
        /// The operator overrules the setting, in the environment or in the configuration file.
        Pinned(&'static str) => |id: &str| ErrorCode::coded(
            "error-setting-overruled",
            format!("{id} is fixed by the operator of this server"),
        );
    }
}

/// A setting whose stored value is another one now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Changed {
    /// Its id.
    pub id: &'static str,
    /// Whether everybody may know the new value.
    pub public: bool,
}

/// Stores new values, all or none; `actor` is the public id of the user who asked. A value that is stored already is
/// passed over. Once this is committed, [`SettingsHolder::reload`] brings the values into force.
pub fn change(
    tx: &mut WriteTx<'_>,
    ctx: &Context,
    changes: &[(String, Value)],
    actor: &str,
) -> Result<Vec<Changed>, SettingsError> {
    let mut wanted = Settings::clone(&ctx.settings);
    let mut checked = Vec::with_capacity(changes.len());
    for (id, value) in changes {
        let definition = check(&mut wanted, id, value)?;
        checked.push((definition, wanted.show(id).unwrap_or_default()));
    }
    let mut done = Vec::new();
    for (definition, text) in checked {
        if store(tx, ctx, definition, &text, actor)? {
            done.push(Changed { id: definition.id, public: definition.public });
        }
    }
    if !done.is_empty() {
        tx.emit(Event::SettingsChanged { ids: done.iter().map(|setting| setting.id).collect() });
    }
    Ok(done)
}

/// Takes a value into `wanted`, if that may be.
fn check(wanted: &mut Settings, id: &str, value: &Value) -> Result<&'static Definition, SettingsError> {
    let definition = Settings::definition(id).ok_or_else(|| SettingsError::Unknown(id.to_owned()))?;
    if wanted.pinned.contains(definition.id) {
        return Err(SettingsError::Pinned(definition.id));
    }
    match wanted.set_json(id, value) {
        Ok(()) => Ok(definition),
        Err(SettingError::Invalid(reason)) => Err(SettingsError::Invalid(format!("{id}: {reason}"))),
        Err(SettingError::ReadOnly) => Err(SettingsError::ReadOnly(definition.id)),
        Err(SettingError::Unknown) => Err(SettingsError::Unknown(id.to_owned())),
    }
}

/// Stores one value and writes it down; false if it is stored already.
fn store(
    tx: &mut WriteTx<'_>,
    ctx: &Context,
    definition: &Definition,
    text: &str,
    actor: &str,
) -> Result<bool, StoreError> {
    let stored = settings::find(tx, definition.id)?;
    if stored.as_deref() == Some(text) {
        return Ok(false);
    }
    settings::save(tx, definition.id, text, ctx.now)?;
    let before = stored.or_else(|| ctx.settings.show(definition.id)).unwrap_or_default();
    let detail = remark(definition, &before, text);
    let entry = audit::Entry {
        actor_kind: "user",
        actor: Some(actor),
        action: "setting.changed",
        target: definition.id,
        detail: detail.as_deref(),
    };
    audit::append(tx, ctx.now, &ctx.origin, entry)?;
    Ok(true)
}

/// From what to what, of values that are short and no secret. Texts may be either: addresses stand in them too.
fn remark(definition: &Definition, before: &str, after: &str) -> Option<String> {
    let plain = matches!(definition.kind, Kind::Bool | Kind::Int | Kind::Select | Kind::Color);
    plain.then(|| format!("{before} -> {after}"))
}

/// The name of this installation: drawn at its first start, the same ever after.
pub fn unique_id(tx: &mut WriteTx<'_>, ctx: &Context) -> Result<String, StoreError> {
    settings::save_first(tx, UNIQUE_ID, &ctx.id(), ctx.now)
}
