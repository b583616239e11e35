//! The flags that every command takes, made from the table of keys.
//!
//! Owns their names and help. Must not check values: that is done for all layers in one place.

use std::path::PathBuf;

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};

use super::keys::{ENV_FILE, Fallback, KEYS, Key};

const HEADING: &str = "Configuration";

/// The flags of the configuration, as given. They may hold a secret, so they have no `Debug`.
#[derive(Clone, Default)]
pub(crate) struct GlobalFlags {
    /// The file to read.
    pub(crate) config: Option<PathBuf>,
    /// Keys and what was given for them.
    pub(crate) keys: Vec<(&'static Key, String)>,
}

impl Args for GlobalFlags {
    fn augment_args(command: Command) -> Command {
        let file = Arg::new("config")
            .long("config")
            .global(true)
            .value_name("FILE")
            .value_parser(clap::value_parser!(PathBuf))
            .help_heading(HEADING)
            .help(format!("The configuration file [default: {ENV_FILE}, else ./parlor.toml if it exists]"));
        KEYS.iter().fold(command.arg(file), |command, key| match key.flag {
            Some(flag) => command.arg(
                Arg::new(key.name)
                    .long(flag)
                    .global(true)
                    .value_name(key.value_name)
                    .help_heading(HEADING)
                    .help(help(key)),
            ),
            None => command,
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for GlobalFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut flags = Self::default();
        flags.update_from_arg_matches(matches)?;
        Ok(flags)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.config = matches.get_one::<PathBuf>("config").cloned();
        let given = |key: &'static Key| Some((key, matches.get_one::<String>(key.name)?.clone()));
        self.keys = KEYS.iter().filter(|key| key.flag.is_some()).filter_map(given).collect();
        Ok(())
    }
}

/// The first sentence of the explanation, and the default.
fn help(key: &Key) -> String {
    let text = super::print::paragraph(key.text);
    let summary = text.split_once(". ").map_or(text.trim_end_matches('.'), |(first, _)| first);
    match key.fallback {
        Fallback::Fixed(default) | Fallback::Derived { means: default, .. } => {
            format!("{summary} [default: {default}]")
        }
        Fallback::Absent { .. } => summary.to_owned(),
    }
}
