//! What can be wrong with a configuration, and how people are told.
//!
//! Owns where a value came from, the wording of problems and the search for the name that was meant. Must not hold
//! the text of a secret.

use std::fmt;

use super::keys::{ENV_FILE, ENV_PREFIX, ENV_SETTING, KEYS, SETTINGS};
use parlor_model::Settings;

/// Where a value came from, in the order in which problems are told.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Source {
    /// A file, as it was named.
    File {
        /// Its path.
        path: String,
        /// The line, from 1; 0 means the file as a whole.
        line: usize,
    },
    /// An environment variable.
    Variable(String),
    /// A flag, with its dashes.
    Flag(String),
    /// Nobody gave one.
    Default,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line: 0 } => f.write_str(path),
            Self::File { path, line } => write!(f, "{path}:{line}"),
            Self::Variable(name) | Self::Flag(name) => f.write_str(name),
            Self::Default => f.write_str("default"),
        }
    }
}

/// One thing that is wrong: where, and what in one line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Problem {
    /// Where to look.
    pub(crate) source: Source,
    /// What is wrong and what was expected, to follow the source.
    pub(crate) text: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.source, self.text)
    }
}

/// Everything that is wrong with a configuration, never empty; prints one line for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConfigErrors(pub(super) Vec<Problem>);

impl ConfigErrors {
    /// The problems: those of the file first, then of the environment, then of flags.
    pub(crate) fn problems(&self) -> &[Problem] {
        &self.0
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.problems().iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for ConfigErrors {}

/// The problem of a key that the file may not have.
pub(super) fn unknown_key(source: Source, name: &str) -> Problem {
    let known = KEYS.iter().map(|key| key.name.to_owned()).chain([SETTINGS.to_owned()]);
    let text = if Settings::definition(name).is_some() {
        format!("unknown key {name}; settings stand below [{SETTINGS}]")
    } else {
        let hint = "`parlor config print --defaults` lists all keys";
        format!("unknown key {name}; {}", meaning(name, known, hint))
    };
    Problem { source, text }
}

/// The problem of a variable that begins like ours but is none.
pub(super) fn unknown_variable(name: &str) -> Problem {
    let known = KEYS.iter().map(super::Key::variable).chain([ENV_FILE.to_owned()]);
    let text = format!("unknown variable; {}", meaning(name, known, "`parlor --help` lists all variables"));
    Problem { source: Source::Variable(name.to_owned()), text }
}

/// The problem of a setting that the contract does not have.
pub(super) fn unknown_setting(source: Source, id: &str) -> Problem {
    let ids = Settings::definitions().iter().map(|definition| definition.id);
    let hint = "`parlor config print --defaults` lists all settings";
    let text = if matches!(source, Source::Variable(_)) {
        format!("unknown setting; {}", meaning(id, ids.map(|id| format!("{ENV_SETTING}{id}")), hint))
    } else {
        format!("unknown setting {id}; {}", meaning(id, ids.map(str::to_owned), hint))
    };
    Problem { source, text }
}

/// "did you mean listen?", or a hint where to look if nothing known comes near.
fn meaning(name: &str, known: impl Iterator<Item = String>, hint: &str) -> String {
    nearest(name, known).map_or_else(|| hint.to_owned(), |meant| format!("did you mean {meant}?"))
}

/// The known name that comes nearest to a wrong one; `None` if none comes near enough to be meant.
///
/// Case and the kind of separator do not count, nor the beginnings that all our variables share.
fn nearest(wrong: &str, known: impl Iterator<Item = String>) -> Option<String> {
    let plain = |name: &str| {
        let name = name.strip_prefix(ENV_SETTING).or_else(|| name.strip_prefix(ENV_PREFIX)).unwrap_or(name);
        name.to_ascii_lowercase().replace(['-', '.', ' '], "_")
    };
    let wrong = plain(wrong);
    let allowed = (wrong.len() / 3).max(2).min(wrong.len().saturating_sub(1));
    known
        .filter_map(|name| {
            let candidate = plain(&name);
            let distance = strsim::damerau_levenshtein(&wrong, &candidate);
            let close = distance <= allowed || strsim::jaro_winkler(&wrong, &candidate) >= 0.9;
            let part = wrong.len().min(candidate.len()) >= 4
                && (candidate.contains(&wrong) || wrong.contains(&candidate));
            (close || part).then_some((distance, name))
        })
        .min()
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meant(wrong: &str) -> Option<String> {
        nearest(wrong, KEYS.iter().map(|key| key.name.to_owned()))
    }

    #[test]
    fn the_nearest_known_name_is_suggested() {
        for (wrong, right) in [
            ("listn", "listen"),
            ("Data-Dir", "data_dir"),
            ("database", "database_url"),
            ("db_writer", "db_writers"),
            ("log_fmt", "log_format"),
            ("cache_mb", "db_cache_mb"),
            ("max_body", "max_body_bytes"),
        ] {
            assert_eq!(meant(wrong).as_deref(), Some(right), "{wrong}");
        }
    }

    #[test]
    fn nothing_is_suggested_for_a_name_far_from_all() {
        for wrong in ["", "x", "kubernetes_namespace", "colour"] {
            assert_eq!(meant(wrong), None, "{wrong}");
        }
    }
}
