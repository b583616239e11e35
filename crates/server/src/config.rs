//! The configuration: compiled defaults, then a file, then the environment, then flags.
//!
//! Owns the keys, the layering, the wording of problems and the printed forms. Must not read the process environment
//! or print: the environment arrives as an argument, texts are returned.

mod error;
mod file;
mod flags;
mod keys;
mod layers;
mod print;
mod secret;
#[cfg(test)]
mod tests;
mod value;

use std::collections::BTreeMap;
use std::path::PathBuf;

pub(crate) use error::{ConfigErrors, Source};
pub(crate) use flags::GlobalFlags;
pub(crate) use keys::{Config, ENV_FILE, ENV_SETTING, KEYS, Key};
pub(crate) use print::{effective, example, sources};
pub(crate) use value::{DatabaseUrl, LogFormat};

use keys::Known;
use layers::{Layers, Resolver};

/// The file that is read where none is named, if it exists.
const DEFAULT_FILE: &str = "parlor.toml";

/// A configuration and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Loaded {
    /// The configuration in force.
    pub(crate) config: Config,
    /// The file that was read, as it was named.
    pub(crate) file: Option<PathBuf>,
    /// Where each key's value and each overruled setting's came from, by name.
    sources: BTreeMap<&'static str, Source>,
}

impl Loaded {
    /// Where the value of a key or setting came from.
    pub(crate) fn source(&self, name: &str) -> &Source {
        self.sources.get(name).unwrap_or(&Source::Default)
    }
}

/// What a configuration follows from besides its layers.
struct Machine {
    /// The working directory, where relative paths of configuration files start.
    folder: PathBuf,
    /// Cores that this process may use.
    cores: usize,
}

impl Config {
    /// Reads all layers. `environment` holds the variables of the process (others' are passed over); `demo` says that
    /// sample data is served, which has a folder of its own unless one is named.
    ///
    /// Fails with all problems of all layers at once.
    pub(crate) fn load(
        flags: &GlobalFlags,
        environment: impl IntoIterator<Item = (String, String)>,
        demo: bool,
    ) -> Result<Loaded, ConfigErrors> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let machine = Machine { folder: PathBuf::new(), cores };
        Self::load_on(&machine, flags, environment, demo)
    }

    fn load_on(
        machine: &Machine,
        flags: &GlobalFlags,
        environment: impl IntoIterator<Item = (String, String)>,
        demo: bool,
    ) -> Result<Loaded, ConfigErrors> {
        let environment: BTreeMap<_, _> = environment.into_iter().collect();
        let mut layers = Layers::default();

        let named = environment.get(ENV_FILE).filter(|path| !path.is_empty()).map(PathBuf::from);
        let usual = || Some(PathBuf::from(DEFAULT_FILE)).filter(|path| machine.folder.join(path).exists());
        let path = flags.config.clone().or(named).or_else(usual);
        if let Some(path) = &path {
            file::add(&mut layers, &machine.folder, path);
        }
        layers.add_environment(environment.iter().map(|(name, text)| (name.as_str(), text.as_str())));
        for (key, text) in &flags.keys {
            layers.add_key(key, text.as_str(), Source::Flag(format!("--{}", key.flag.unwrap_or(key.name))));
        }

        let known = Known { demo, cores: machine.cores, ..Known::default() };
        let mut resolver = Resolver { layers, known, sources: BTreeMap::new() };
        let config = Self::resolve(&mut resolver);
        resolver.check_together();
        let mut problems = resolver.layers.problems;
        problems.sort();
        match config {
            Some(config) if problems.is_empty() => {
                Ok(Loaded { config, file: path, sources: resolver.sources })
            }
            _ => Err(ConfigErrors(problems)),
        }
    }
}
