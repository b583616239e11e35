//! The types that settings have: how each reads from text and from JSON, and how it is written.

use std::fmt;
use std::ops::RangeInclusive;

use serde_json::Value;

use super::Kind;
use crate::leads::Pattern;

/// The longest text of a colour, in bytes.
const LONGEST_COLOR: usize = 64;

/// A text that `Debug` does not show.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The hidden text; call it only where the secret is used.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// What a setting's values are held to beyond their type, and who may see and change it.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) range: Option<RangeInclusive<i64>>,
    pub(super) choices: &'static [&'static str],
    pub(super) color: bool,
    pub(super) public: bool,
    pub(super) read_only: bool,
}

impl Rules {
    pub(super) const NONE: Self =
        Self { range: None, choices: &[], color: false, public: false, read_only: false };

    pub(super) const fn within(self, range: RangeInclusive<i64>) -> Self {
        Self { range: Some(range), ..self }
    }

    pub(super) const fn among(self, choices: &'static [&'static str]) -> Self {
        Self { choices, ..self }
    }

    pub(super) const fn color(self) -> Self {
        Self { color: true, ..self }
    }

    pub(super) const fn public(self) -> Self {
        Self { public: true, ..self }
    }

    pub(super) const fn read_only(self) -> Self {
        Self { read_only: true, ..self }
    }

    fn refuses(&self, kind: Kind) -> String {
        format!("expected {}", expects(kind, self))
    }
}

/// What a value must be, to follow the word "expected".
pub(super) fn expects(kind: Kind, rules: &Rules) -> String {
    match (kind, &rules.range) {
        (Kind::Bool, _) => "true or false".into(),
        (Kind::Int, Some(range)) => format!("a whole number from {} to {}", range.start(), range.end()),
        (Kind::Int, None) => "a whole number".into(),
        (Kind::Text | Kind::Secret, _) => "text without a NUL character".into(),
        (Kind::Pattern, _) => "a regular expression without look-around".into(),
        (Kind::Color, _) => "a CSS colour, such as #C1272D".into(),
        (Kind::Select, _) => format!("one of {}", rules.choices.join(", ")),
        (Kind::List, _) => "a JSON array of strings".into(),
        (Kind::MultiSelect, _) => format!("a JSON array of some of {}", rules.choices.join(", ")),
    }
}

/// A type that a setting can have.
pub(super) trait SettingValue {
    /// The type as seen from outside.
    fn kind(&self, rules: &Rules) -> Kind;
    /// Takes the value of a text form; refused, it keeps its own, and the error says what was expected.
    fn parse(&mut self, text: &str, rules: &Rules) -> Result<(), String>;
    /// The text form.
    fn show(&self) -> String;
    /// The value as the wire has it.
    fn json(&self) -> Value;
    /// Takes a value of the wire. One that comes as text is read as such.
    fn read(&mut self, value: &Value, rules: &Rules) -> Result<(), String> {
        match value {
            Value::String(text) => self.parse(text, rules),
            _ => Err(rules.refuses(self.kind(rules))),
        }
    }
}

impl SettingValue for bool {
    fn kind(&self, _: &Rules) -> Kind {
        Kind::Bool
    }
    fn parse(&mut self, text: &str, rules: &Rules) -> Result<(), String> {
        *self = match text.trim() {
            "true" | "1" => true,
            "false" | "0" => false,
            _ => return Err(rules.refuses(Kind::Bool)),
        };
        Ok(())
    }
    fn show(&self) -> String {
        self.to_string()
    }
    fn json(&self) -> Value {
        (*self).into()
    }
    fn read(&mut self, value: &Value, rules: &Rules) -> Result<(), String> {
        match value {
            Value::Bool(value) => *self = *value,
            Value::String(text) => self.parse(text, rules)?,
            _ => return Err(rules.refuses(Kind::Bool)),
        }
        Ok(())
    }
}

impl SettingValue for i64 {
    fn kind(&self, _: &Rules) -> Kind {
        Kind::Int
    }
    fn parse(&mut self, text: &str, rules: &Rules) -> Result<(), String> {
        let number = text.trim().parse().map_err(|_| rules.refuses(Kind::Int))?;
        match &rules.range {
            Some(range) if !range.contains(&number) => return Err(rules.refuses(Kind::Int)),
            _ => *self = number,
        }
        Ok(())
    }
    fn show(&self) -> String {
        self.to_string()
    }
    fn json(&self) -> Value {
        (*self).into()
    }
    fn read(&mut self, value: &Value, rules: &Rules) -> Result<(), String> {
        match value {
            // A client may write a whole number as a fraction: 5.0 shows as 5 here.
            Value::Number(number) if number.is_f64() => {
                self.parse(&number.as_f64().map_or_else(String::new, |n| n.to_string()), rules)
            }
            Value::Number(number) => self.parse(&number.to_string(), rules),
            Value::String(text) => self.parse(text, rules),
            _ => Err(rules.refuses(Kind::Int)),
        }
    }
}

impl SettingValue for String {
    fn kind(&self, rules: &Rules) -> Kind {
        match rules {
            Rules { choices: [_, ..], .. } => Kind::Select,
            Rules { color: true, .. } => Kind::Color,
            _ => Kind::Text,
        }
    }
    fn parse(&mut self, text: &str, rules: &Rules) -> Result<(), String> {
        let kind = self.kind(rules);
        let fits = match kind {
            Kind::Select => rules.choices.contains(&text),
            Kind::Color => is_color(text),
            _ => is_storable(text),
        };
        if !fits {
            return Err(rules.refuses(kind));
        }
        text.clone_into(self);
        Ok(())
    }
    fn show(&self) -> String {
        self.clone()
    }
    fn json(&self) -> Value {
        self.as_str().into()
    }
}

impl SettingValue for Secret {
    fn kind(&self, _: &Rules) -> Kind {
        Kind::Secret
    }
    fn parse(&mut self, text: &str, rules: &Rules) -> Result<(), String> {
        if !is_storable(text) {
            return Err(rules.refuses(Kind::Secret));
        }
        text.clone_into(&mut self.0);
        Ok(())
    }
    fn show(&self) -> String {
        self.0.clone()
    }
    fn json(&self) -> Value {
        self.0.as_str().into()
    }
}

impl SettingValue for Pattern {
    fn kind(&self, _: &Rules) -> Kind {
        Kind::Pattern
    }
    fn parse(&mut self, text: &str, rules: &Rules) -> Result<(), String> {
        if !is_storable(text) {
            return Err(rules.refuses(Kind::Pattern));
        }
        *self = Self::new(text)?;
        Ok(())
    }
    fn show(&self) -> String {
        self.as_str().to_owned()
    }
    fn json(&self) -> Value {
        self.as_str().into()
    }
}

impl SettingValue for Vec<String> {
    fn kind(&self, rules: &Rules) -> Kind {
        if rules.choices.is_empty() { Kind::List } else { Kind::MultiSelect }
    }
    fn parse(&mut self, text: &str, rules: &Rules) -> Result<(), String> {
        let refused = || rules.refuses(self.kind(rules));
        let items: Self = if text.trim_start().starts_with('[') {
            serde_json::from_str(text).map_err(|_| refused())?
        } else {
            text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
        };
        let allowed = |item: &String| rules.choices.is_empty() || rules.choices.contains(&item.as_str());
        if !items.iter().all(|item| allowed(item) && is_storable(item)) {
            return Err(refused());
        }
        *self = items;
        Ok(())
    }
    fn show(&self) -> String {
        self.json().to_string()
    }
    fn json(&self) -> Value {
        self.iter().map(String::as_str).collect()
    }
    fn read(&mut self, value: &Value, rules: &Rules) -> Result<(), String> {
        match value {
            Value::Array(_) => self.parse(&value.to_string(), rules),
            Value::String(text) => self.parse(text, rules),
            _ => Err(rules.refuses(self.kind(rules))),
        }
    }
}

/// `PostgreSQL` stores no NUL.
fn is_storable(text: &str) -> bool {
    !text.contains('\0')
}

/// A number such as `#C1272D`, or a name or function of CSS: nothing that could end a declaration or a string.
fn is_color(text: &str) -> bool {
    if let Some(digits) = text.strip_prefix('#') {
        return matches!(digits.len(), 3 | 4 | 6 | 8)
            && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"(),.%/- ".contains(&byte);
    !text.is_empty() && text.len() <= LONGEST_COLOR && text.bytes().all(allowed)
}
