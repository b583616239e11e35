//! Settings of the contract (section 7 of `agent-api.md`, section 6 of `visitor-api.md`) that this server honours, and a
//! few of our own.
//!
//! Owns each setting's id, type, bounds, default and explanation, and how a value reads as text and as JSON. A setting
//! is in force as, from the weakest: its default, what the store holds, what the operator overrules by
//! `OVERWRITE_SETTING_<id>=value` in the environment or in the configuration file. Must not know where values are kept.

mod appearance;
mod table;
#[cfg(test)]
mod tests;
mod value;

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::LazyLock;

use serde_json::Value;

pub use appearance::{APPEARANCE, appearance_value};
pub use table::Settings;
pub use value::Secret;
use value::{Rules, SettingValue};

/// A setting's value type, as seen from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `true` or `false`.
    Bool,
    /// A whole number within a range.
    Int,
    /// Text.
    Text,
    /// A regular expression, or nothing.
    Pattern,
    /// A CSS colour.
    Color,
    /// Text that is shown to nobody.
    Secret,
    /// One of several choices.
    Select,
    /// A JSON array of strings, or the same separated by commas.
    List,
    /// The same, of several choices.
    MultiSelect,
}

impl Kind {
    /// The word for it in a setting's record (`type` in section 3.4 of `agent-api.md`).
    pub const fn wire(self) -> &'static str {
        match self {
            Self::Bool => "boolean",
            Self::Int => "int",
            Self::Text | Self::Pattern => "string",
            Self::Color => "color",
            Self::Secret => "password",
            Self::Select => "select",
            Self::List | Self::MultiSelect => "multiSelect",
        }
    }
}

/// What is known about a setting apart from its value.
#[derive(Debug, Clone)]
pub struct Definition {
    /// The id of the contract, or ours.
    pub id: &'static str,
    /// Value type.
    pub kind: Kind,
    /// The value where nobody sets one, as JSON.
    pub default: Value,
    /// Whether anybody may read it through `settings.public` (column P of section 7.2 of `agent-api.md`).
    pub public: bool,
    /// Whether nobody may change it: the server tells a fact.
    pub read_only: bool,
    /// The heading under which it stands.
    pub group: &'static str,
    /// The numbers allowed, where it is a number.
    pub range: Option<RangeInclusive<i64>>,
    /// The values allowed, for a select and a multi-select; empty where any is.
    pub choices: &'static [&'static str],
    /// What the setting does, for people.
    pub text: &'static str,
    rules: &'static Rules,
    field: fn(&Settings) -> &dyn SettingValue,
    field_mut: fn(&mut Settings) -> &mut dyn SettingValue,
}

impl Definition {
    /// Whether the value must not be shown or logged.
    pub fn secret(&self) -> bool {
        self.kind == Kind::Secret
    }

    /// What a value must be, to follow the word "expected".
    pub fn expects(&self) -> String {
        value::expects(self.kind, self.rules)
    }
}

/// Why a value was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettingError {
    /// No setting has this id.
    Unknown,
    /// The value is not of the setting's type, or outside its bounds; says what was expected, and nothing of a
    /// secret.
    Invalid(String),
    /// The setting tells a fact that nobody sets.
    ReadOnly,
}

static DEFINITIONS: LazyLock<Vec<Definition>> = LazyLock::new(|| {
    let defaults = Settings::default();
    table::TABLE.iter().map(|entry| entry.define(&defaults)).collect()
});

static BY_ID: LazyLock<HashMap<&'static str, &'static Definition>> =
    LazyLock::new(|| DEFINITIONS.iter().map(|definition| (definition.id, definition)).collect());

impl Settings {
    /// Every setting, in the order of its documents.
    pub fn definitions() -> &'static [Definition] {
        &DEFINITIONS
    }

    /// What is known about one setting; `None` for an unknown id.
    pub fn definition(id: &str) -> Option<&'static Definition> {
        BY_ID.get(id).copied()
    }

    /// Sets one value from its text form, as a store or an operator keeps it.
    pub fn set(&mut self, id: &str, text: &str) -> Result<(), SettingError> {
        let definition = Self::changeable(id)?;
        (definition.field_mut)(self).parse(text, definition.rules).map_err(SettingError::Invalid)
    }

    /// Sets one value from JSON, as a manager's call gives it: `"true"` is a truth value and `"5"` a number too, and a
    /// list may be one text with commas (sections 5.8 and 7.1 of `agent-api.md`).
    pub fn set_json(&mut self, id: &str, value: &Value) -> Result<(), SettingError> {
        let definition = Self::changeable(id)?;
        (definition.field_mut)(self).read(value, definition.rules).map_err(SettingError::Invalid)
    }

    /// The text form of one value, which [`Self::set`] reads back as the same; `None` for an unknown id.
    pub fn show(&self, id: &str) -> Option<String> {
        Some((Self::definition(id)?.field)(self).show())
    }

    /// One value as the wire has it; `None` for an unknown id. A secret is told in clear: whoever answers a caller
    /// looks at [`Definition::secret`] first.
    pub fn value(&self, id: &str) -> Option<Value> {
        Some((Self::definition(id)?.field)(self).json())
    }

    fn changeable(id: &str) -> Result<&'static Definition, SettingError> {
        match Self::definition(id) {
            None => Err(SettingError::Unknown),
            Some(definition) if definition.read_only => Err(SettingError::ReadOnly),
            Some(definition) => Ok(definition),
        }
    }
}
