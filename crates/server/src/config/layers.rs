//! The layers of a configuration and how they come to one value: file, then environment, then flags.
//!
//! Owns what each layer gave and the order of precedence. Every given value is checked, also one that a later layer
//! overrules: a mistake must not lie hidden until the day that layer goes away. Must not touch the process
//! environment; it arrives as an argument.

use std::collections::BTreeMap;

use parlor_model::Settings;
use parlor_model::settings::{Definition, SettingError};

use super::error::{Problem, Source, unknown_setting, unknown_variable};
use super::keys::{ENV_FILE, ENV_PREFIX, ENV_SETTING, Fallback, KEYS, Key, Known};
use super::secret::Secret;
use super::value::{Value, quoted};

/// A value that somebody gave. It may be a secret, so it has no `Debug`.
pub(super) struct Given {
    /// The text form.
    pub(super) text: String,
    /// Where it came from.
    pub(super) source: Source,
}

/// All values that were given, each name's from the lowest layer to the highest, and what was wrong with them so far.
#[derive(Default)]
pub(super) struct Layers {
    /// By the name of the key.
    pub(super) keys: BTreeMap<&'static str, Vec<Given>>,
    /// By the id of the setting.
    pub(super) settings: BTreeMap<&'static str, Vec<Given>>,
    /// What was wrong.
    pub(super) problems: Vec<Problem>,
}

impl Layers {
    /// Adds what a higher layer gives for a key.
    pub(super) fn add_key(&mut self, key: &'static Key, text: impl Into<String>, source: Source) {
        self.keys.entry(key.name).or_default().push(Given { text: text.into(), source });
    }

    /// Adds what a higher layer gives for a setting, or a problem if there is no such setting.
    pub(super) fn add_setting(&mut self, id: &str, text: impl Into<String>, source: Source) {
        match Settings::definition(id) {
            Some(known) => {
                self.settings.entry(known.id).or_default().push(Given { text: text.into(), source });
            }
            None => self.problems.push(unknown_setting(source, id)),
        }
    }

    /// Adds the environment, where text that is not UTF-8 holds replacement characters. Variables that are not ours are passed over, also those that container platforms set for
    /// a service with our name; of ours, an empty one counts as not given.
    pub(super) fn add_environment<'a>(&mut self, variables: impl Iterator<Item = (&'a str, &'a str)>) {
        for (name, text) in variables {
            let source = Source::Variable(name.to_owned());
            let ours = name.starts_with(ENV_PREFIX) && name != ENV_FILE && !is_service_link(name, text);
            let setting = name.strip_prefix(ENV_SETTING);
            if (ours || setting.is_some()) && text.contains(char::REPLACEMENT_CHARACTER) {
                self.problems.push(Problem { source, text: "not readable as UTF-8".to_owned() });
            } else if let Some(id) = setting {
                self.add_setting(id, text, source);
            } else if ours {
                match KEYS.iter().find(|key| key.variable() == name) {
                    Some(_) if text.trim().is_empty() => {}
                    Some(key) => self.add_key(key, text.trim(), source),
                    None => self.problems.push(unknown_variable(name)),
                }
            }
        }
    }

    fn highest(&self, name: &str) -> Option<&Given> {
        self.keys.get(name).and_then(|given| given.last())
    }
}

/// Whether a container platform set this variable to tell where a service is that has our name (`PARLOR_PORT=tcp://…`).
fn is_service_link(name: &str, text: &str) -> bool {
    let protocol = ["tcp", "udp", "sctp"];
    let is_port_of = |rest: &str| {
        let mut parts = rest.split('_');
        parts.next().is_some_and(|number| number.parse::<u16>().is_ok())
            && parts.next().is_some_and(|name| protocol.contains(&name.to_ascii_lowercase().as_str()))
    };
    name.ends_with("_SERVICE_HOST")
        || name.ends_with("_SERVICE_PORT")
        || name.contains("_SERVICE_PORT_")
        || name.split_once("_PORT_").is_some_and(|(_, rest)| is_port_of(rest))
        || (name.ends_with("_PORT")
            && text.split_once("://").is_some_and(|(scheme, _)| protocol.contains(&scheme)))
}

/// Brings the layers to one value for each key and notes what is wrong.
pub(super) struct Resolver {
    pub(super) layers: Layers,
    pub(super) known: Known,
    /// Where each value in force came from, keys and settings, by name.
    pub(super) sources: BTreeMap<&'static str, Source>,
}

impl Resolver {
    /// The value in force of a key; `None` if a problem was noted.
    pub(super) fn value<T: Value>(&mut self, name: &str) -> Option<T> {
        let key = Key::find(name)?;
        let mut value = None;
        for given in self.layers.keys.get(key.name).map_or(&[][..], Vec::as_slice) {
            match T::parse(&given.text, &key.range) {
                Ok(parsed) => value = Some((parsed, given.text.clone(), given.source.clone())),
                Err(expected) => self.layers.problems.push(refused(key, given, &expected)),
            }
        }
        if value.is_none() && self.layers.keys.contains_key(key.name) {
            return None;
        }
        let text = match &key.fallback {
            _ if value.is_some() => None,
            Fallback::Absent { .. } => return self.absent(key),
            Fallback::Fixed(text) => Some((*text).to_owned()),
            Fallback::Derived { make, .. } => Some(make(&self.known)),
        };
        if let Some(text) = text {
            let given = Given { text, source: Source::Default };
            match T::parse(&given.text, &key.range) {
                Ok(parsed) => value = Some((parsed, given.text, given.source)),
                Err(expected) => self.layers.problems.push(refused(key, &given, &expected)),
            }
        }
        let (value, text, source) = value?;
        self.known.texts.insert(key.name, text);
        self.sources.insert(key.name, source);
        Some(value)
    }

    fn absent<T: Value>(&mut self, key: &'static Key) -> Option<T> {
        self.sources.insert(key.name, Source::Default);
        T::absent()
    }

    /// The settings in force that were given, in the order of the contract; what is wrong with any is noted.
    pub(super) fn settings(&mut self) -> Vec<(&'static str, Secret)> {
        let mut overrides = Vec::new();
        for definition in Settings::definitions() {
            for given in self.layers.settings.get(definition.id).map_or(&[][..], Vec::as_slice) {
                if let Err(error) = Settings::default().set(definition.id, &given.text) {
                    self.layers.problems.push(refused_setting(definition, given, &error));
                }
            }
            if let Some(given) = self.layers.settings.get(definition.id).and_then(|given| given.last()) {
                overrides.push((definition.id, Secret::new(given.text.as_str())));
                self.sources.insert(definition.id, given.source.clone());
            }
        }
        overrides
    }

    /// Notes what is wrong between keys that are each well formed.
    pub(super) fn check_together(&mut self) {
        if let Some(given) = self.layers.highest("smtp_url")
            && self.layers.highest("smtp_from").is_none()
            && let Some(from) = Key::find("smtp_from")
        {
            let text = format!(
                "smtp_url is given but smtp_from is not; expected {} in smtp_from or {}",
                from.expects(),
                from.variable()
            );
            self.layers.problems.push(Problem { source: given.source.clone(), text });
        }
        for (given, missing) in [("admin_username", "admin_password"), ("admin_password", "admin_username")] {
            if let Some(value) = self.layers.highest(given)
                && self.layers.highest(missing).is_none()
            {
                let text = format!("{given} is given but {missing} is not; an administrator needs both");
                self.layers.problems.push(Problem { source: value.source.clone(), text });
            }
        }
    }
}

/// The problem of a value that a key may not have; the value itself is not told if it may be secret.
fn refused(key: &Key, given: &Given, expected: &str) -> Problem {
    let shown = if key.secret { None } else { Some(given.text.as_str()) };
    Problem {
        source: given.source.clone(),
        text: refusal(key.name, shown, given, &format!("expected {expected}")),
    }
}

/// The problem of a value that a setting may not have.
fn refused_setting(definition: &Definition, given: &Given, error: &SettingError) -> Problem {
    let reason = match error {
        SettingError::Invalid(reason) => reason.clone(),
        SettingError::ReadOnly => "it tells a fact that cannot be overruled".to_owned(),
        SettingError::Unknown => format!("expected {}", definition.expects()),
    };
    let shown = if definition.secret() { None } else { Some(given.text.as_str()) };
    Problem { source: given.source.clone(), text: refusal(definition.id, shown, given, &reason) }
}

/// `listen = "x" is refused; expected …`, without the name where the source says it.
fn refusal(name: &str, shown: Option<&str>, given: &Given, reason: &str) -> String {
    let named = matches!(given.source, Source::Variable(_) | Source::Flag(_));
    let shown = shown.map(|text| if text.parse::<i128>().is_ok() { text.to_owned() } else { quoted(text) });
    match shown {
        Some(shown) if named => format!("{shown} is refused; {reason}"),
        Some(shown) => format!("{name} = {shown} is refused; {reason}"),
        None if named => format!("the value (not shown) is refused; {reason}"),
        None => format!("{name} (not shown) is refused; {reason}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_that_container_platforms_set_for_a_service_are_not_ours() {
        for (name, text) in [
            ("PARLOR_SERVICE_HOST", "10.0.0.1"),
            ("PARLOR_SERVICE_PORT", "3000"),
            ("PARLOR_SERVICE_PORT_HTTP", "3000"),
            ("PARLOR_PORT", "tcp://10.0.0.1:3000"),
            ("PARLOR_PORT_3000_TCP", "tcp://10.0.0.1:3000"),
            ("PARLOR_PORT_3000_TCP_ADDR", "10.0.0.1"),
            ("PARLOR_DB_PORT_5432_TCP_PROTO", "tcp"),
        ] {
            assert!(is_service_link(name, text), "{name}");
        }
        for (name, text) in
            [("PARLOR_PORT", "3000"), ("PARLOR_PORT_HTTP", "3000"), ("PARLOR_LISTEN", "tcp://x:1")]
        {
            assert!(!is_service_link(name, text), "{name}");
        }
    }
}
