//! Reads the configuration file.
//!
//! Owns the way from TOML to the text forms that all layers share, and the lines that problems point to. Must not
//! repeat text of the file in problems except through `quoted`, and nothing of a key that may be secret.

use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{Problem, Source, unknown_key};
use super::keys::{Key, SETTINGS};
use super::layers::Layers;
use super::value::{Shape, quoted};

/// Adds a file that must exist; that it cannot be read is a problem too.
pub(super) fn add(layers: &mut Layers, folder: &Path, path: &Path) {
    let shown = path.display().to_string();
    match std::fs::read_to_string(folder.join(path)) {
        Ok(text) => add_text(layers, &shown, &text),
        Err(error) => layers.problems.push(Problem {
            source: Source::File { path: shown, line: 0 },
            text: format!("the configuration file cannot be read: {error}"),
        }),
    }
}

/// Adds the text of a file.
fn add_text(layers: &mut Layers, path: &str, text: &str) {
    let file = File { path, text };
    let (table, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        for (name, value) in table.get_ref() {
            file.add_entry(layers, name, value);
        }
        return;
    }
    // After a first mistake the parser guesses; of a line, only what it says first is worth reading.
    let mut lines = std::collections::BTreeSet::new();
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        let source = file.at(&span);
        if lines.insert(source.clone()) {
            // The error's own `Display` would repeat the line, which may hold a secret.
            let text = match text.lines().nth(line_of(text, &span) - 1) {
                Some(line) if lacks_quotes(line) => "a text must stand in quotes".to_owned(),
                _ => format!("not TOML: {}", error.message()),
            };
            layers.problems.push(Problem { source, text });
        }
    }
}

/// The line on which a span begins, from 1.
fn line_of(text: &str, span: &Range<usize>) -> usize {
    text.get(..span.start).unwrap_or_default().matches('\n').count() + 1
}

/// Whether a line gives a bare word where TOML wants a string: `log = info`, the commonest mistake.
fn lacks_quotes(line: &str) -> bool {
    let value = line.split_once('=').map_or("", |(_, value)| value.trim());
    value.starts_with(|c: char| c.is_alphabetic() || "./".contains(c)) && !["true", "false"].contains(&value)
}

struct File<'a> {
    path: &'a str,
    text: &'a str,
}

impl File<'_> {
    fn at(&self, span: &Range<usize>) -> Source {
        Source::File { path: self.path.to_owned(), line: line_of(self.text, span) }
    }

    fn add_entry(
        &self,
        layers: &mut Layers,
        name: &Spanned<std::borrow::Cow<'_, str>>,
        value: &Spanned<DeValue<'_>>,
    ) {
        let source = self.at(&name.span());
        let Some(key) = Key::find(name.get_ref()) else {
            return match value.get_ref() {
                DeValue::Table(settings) if name.get_ref() == SETTINGS => self.add_settings(layers, settings),
                _ if name.get_ref() == SETTINGS => layers.problems.push(Problem {
                    source,
                    text: format!("{SETTINGS} is {}; expected a table, [{SETTINGS}]", kind(value.get_ref())),
                }),
                _ => layers.problems.push(unknown_key(source, name.get_ref())),
            };
        };
        if let Some(text) = text_form(value.get_ref(), key.shape) {
            layers.add_key(key, text, source);
        } else {
            let shown =
                if key.secret { " (not shown)".to_owned() } else { format!(" = {}", self.raw(value)) };
            let (name, expected, shape) = (key.name, key.expects(), key.shape.as_str());
            let text = format!("{name}{shown} is refused; expected {expected}, as {shape}");
            layers.problems.push(Problem { source, text });
        }
    }

    fn add_settings(&self, layers: &mut Layers, settings: &DeTable<'_>) {
        for (id, value) in settings {
            let source = self.at(&id.span());
            match setting_text(value.get_ref()) {
                Some(text) => layers.add_setting(id.get_ref(), text, source),
                None => layers.problems.push(Problem {
                    source,
                    text: format!(
                        "{} is {}; expected true, false, a whole number, a string or an array of strings",
                        id.get_ref(),
                        kind(value.get_ref())
                    ),
                }),
            }
        }
    }

    /// The value as it stands in the file if that is short, else what kind it is.
    fn raw(&self, value: &Spanned<DeValue<'_>>) -> String {
        match value.get_ref() {
            DeValue::String(text) => quoted(text),
            other => match self.text.get(value.span()) {
                Some(raw) if raw.len() <= 60 && !raw.contains(['\n', '@']) => raw.to_owned(),
                _ => kind(other).to_owned(),
            },
        }
    }
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a time",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}

/// The text form of a key's value; `None` if it is not of the key's shape.
fn text_form(value: &DeValue<'_>, shape: Shape) -> Option<String> {
    match (shape, value) {
        (Shape::Text, DeValue::String(text)) => Some(text.to_string()),
        (Shape::Number, DeValue::Integer(_)) => number(value),
        (Shape::List, DeValue::Array(_)) => strings(value).map(|items| items.join(",")),
        _ => None,
    }
}

/// The text form of a setting's value; `None` if no setting could have it.
fn setting_text(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Boolean(switch) => Some(switch.to_string()),
        DeValue::Integer(_) => number(value),
        DeValue::Array(_) => strings(value).and_then(|items| serde_json::to_string(&items).ok()),
        DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Table(_) => None,
    }
}

fn number(value: &DeValue<'_>) -> Option<String> {
    let number = value.as_integer()?;
    i128::from_str_radix(number.as_str(), number.radix()).ok().map(|number| number.to_string())
}

fn strings<'a>(value: &'a DeValue<'_>) -> Option<Vec<&'a str>> {
    value.as_array()?.iter().map(|item| item.get_ref().as_str()).collect()
}
