//! Prints configurations as commented TOML: the one in force, and the example file.
//!
//! Owns their layout. Must not print to anywhere itself, nor show a secret.

use std::fmt::{self, Write as _};

use parlor_model::Settings;
use parlor_model::settings::{Definition, Kind};

use super::Loaded;
use super::error::Source;
use super::keys::{ENV_FILE, ENV_SETTING, Fallback, KEYS, Key, SETTINGS};
use super::value::Shape;

const WIDTH: usize = 100;

/// A text in one paragraph; its source may be broken into lines.
pub(super) fn paragraph(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The configuration in force: every key with its explanation, its value and where that came from.
pub(crate) fn effective(loaded: &Loaded) -> String {
    let mut page = Page::default();
    page.comment(
        "The configuration in force. Behind each value stands where it came from; passwords show as ***.",
    );
    for key in KEYS {
        page.heading(key.group);
        page.comment(key.text);
        match loaded.config.show(key.name) {
            Some(value) => page.line(format_args!("{} = {value}  # {}", key.name, loaded.source(key.name))),
            None => page.line(format_args!("# {} is not set", key.name)),
        }
    }
    page.heading("Settings that are overruled");
    page.line(format_args!("[{SETTINGS}]"));
    for (id, text) in &loaded.config.settings {
        let Some(definition) = Settings::definition(id) else { continue };
        page.comment(definition.text);
        if definition.secret() {
            page.line(format_args!("# {id} is set, and not shown  # {}", loaded.source(id)));
        } else {
            page.line(format_args!("{id} = {}  # {}", setting(definition, text.expose()), loaded.source(id)));
        }
    }
    if loaded.config.settings.is_empty() {
        page.line(format_args!("# none"));
    }
    page.0
}

/// The example file: every key and every setting, commented out, with its default or what it could be.
pub(crate) fn example() -> String {
    let mut page = Page::default();
    page.comment(
        "Configuration of Parlor. Every key is optional: take away the # in front of those you want to change.",
    );
    page.gap();
    page.comment(&format!(
        "Parlor reads the file named by --config, else by {ENV_FILE}, else ./parlor.toml if it exists. Over the file \
         go environment variables, over these go flags. An empty variable counts as not given. Relative paths start \
         in the working directory."
    ));
    page.gap();
    page.comment(
        "`parlor config check` tells what is wrong, `parlor config print` what is in force and why.",
    );
    for key in KEYS {
        page.heading(key.group);
        page.comment(key.text);
        page.comment(&values(key));
        page.comment(&names(key));
        let sample = match key.fallback {
            Fallback::Fixed(sample) | Fallback::Absent { sample } | Fallback::Derived { sample, .. } => {
                sample
            }
        };
        page.line(format_args!("#{} = {}", key.name, literal(key.shape, sample)));
    }
    let mut group = "";
    page.heading("Settings");
    page.comment(&format!(
        "Settings of chats, overruled for this server. In the environment: {ENV_SETTING}<id>, such as \
         {ENV_SETTING}Livechat_enabled=false."
    ));
    page.line(format_args!("[{SETTINGS}]"));
    let defaults = Settings::default();
    for definition in Settings::definitions().iter().filter(|definition| !definition.read_only) {
        let text = defaults.show(definition.id).unwrap_or_default();
        page.gap();
        if std::mem::replace(&mut group, definition.group) != definition.group {
            page.comment(&format!("== {group} =="));
            page.gap();
        }
        page.comment(definition.text);
        if matches!(definition.kind, Kind::Int | Kind::Select | Kind::MultiSelect) {
            page.comment(&format!("Value: {}.", definition.expects()));
        }
        page.line(format_args!("#{} = {}", definition.id, setting(definition, &text)));
    }
    page.0
}

/// What was read, and from where, in a few lines.
pub(crate) fn sources(loaded: &Loaded) -> String {
    let mut file = 0;
    let (mut variables, mut flags) = (Vec::new(), Vec::new());
    let names = KEYS.iter().map(|key| key.name).chain(Settings::definitions().iter().map(|known| known.id));
    for source in names.filter_map(|name| loaded.sources.get(name)) {
        match source {
            Source::File { .. } => file += 1,
            Source::Variable(name) => variables.push(name.as_str()),
            Source::Flag(name) => flags.push(name.as_str()),
            Source::Default => {}
        }
    }
    let or_none = |names: Vec<&str>| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    let path = match &loaded.file {
        Some(path) if file == 1 => format!("{} (1 value in force)", path.display()),
        Some(path) => format!("{} ({file} values in force)", path.display()),
        None => "none".to_owned(),
    };
    format!("file:        {path}\nenvironment: {}\nflags:       {}\n", or_none(variables), or_none(flags))
}

/// What the value may be, and what it is by default where the sample does not say.
fn values(key: &Key) -> String {
    let expected = key.expects();
    match key.fallback {
        Fallback::Fixed(_) => format!("Value: {expected}."),
        Fallback::Absent { .. } => format!("Value: {expected}. Default: none."),
        Fallback::Derived { means, .. } => format!("Value: {expected}. Default: {means}."),
    }
}

/// How else the value can be given.
fn names(key: &Key) -> String {
    let variable = key.variable();
    match key.flag {
        Some(flag) => format!("Environment: {variable}. Flag: --{flag}."),
        None => format!("Environment: {variable}."),
    }
}

/// A text form as it is written in a file.
fn literal(shape: Shape, text: &str) -> toml::Value {
    match shape {
        Shape::Number => text.parse::<i64>().map_or_else(|_| text.into(), toml::Value::Integer),
        Shape::List => {
            text.split(',').filter(|item| !item.is_empty()).map(toml::Value::from).collect::<Vec<_>>().into()
        }
        Shape::Text => text.into(),
    }
}

/// A setting's value as it is written in a file.
fn setting(definition: &Definition, text: &str) -> toml::Value {
    let (mut settings, id) = (Settings::default(), definition.id);
    // Through the type and back, since a text form may be spelt in more than one way.
    let text = settings.set(id, text).ok().and_then(|()| settings.show(id)).unwrap_or_default();
    match definition.kind {
        Kind::Bool => toml::Value::Boolean(text == "true"),
        Kind::Int => literal(Shape::Number, &text),
        Kind::List | Kind::MultiSelect => {
            let items: Vec<String> = serde_json::from_str(&text).unwrap_or_default();
            items.into_iter().map(toml::Value::String).collect::<Vec<_>>().into()
        }
        Kind::Text | Kind::Pattern | Kind::Color | Kind::Secret | Kind::Select => text.into(),
    }
}

/// A text under construction.
#[derive(Default)]
struct Page(String, Option<&'static str>);

impl Page {
    fn line(&mut self, line: fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "{line}");
    }

    fn gap(&mut self) {
        self.0.push('\n');
    }

    /// Starts a part, if it has not begun, and an entry within it.
    fn heading(&mut self, heading: &'static str) {
        self.gap();
        if self.1.replace(heading) != Some(heading) {
            self.line(format_args!("# {:-<width$}", format!("{heading} "), width = WIDTH - 2));
            self.gap();
        }
    }

    /// Adds a paragraph of comment lines.
    fn comment(&mut self, text: &str) {
        let mut column = 0;
        for word in text.split_whitespace() {
            if column == 0 || column + 1 + word.chars().count() > WIDTH {
                if column > 0 {
                    self.gap();
                }
                self.0.push('#');
                column = 1;
            }
            self.0.push(' ');
            self.0.push_str(word);
            column += 1 + word.chars().count();
        }
        self.gap();
    }
}
