//! `parlor migrate`: brings the database to this release's schema without serving.

use std::error::Error;

use parlor_adapters::SystemClock;
use parlor_model::Clock;

use crate::config::Loaded;
use crate::storage;

/// Runs the migrations and says from which version to which.
pub(crate) fn run(loaded: Loaded) -> Result<String, Box<dyn Error>> {
    let config = &loaded.config;
    let _lock = storage::lock(config)?;
    let migrated = parlor_store::migrate_only(&storage::options(config), SystemClock.now())?;
    let what = if migrated.from == migrated.to {
        format!("{} has schema version {}, nothing to do", config.database_url, migrated.to)
    } else {
        format!("{} migrated from schema version {} to {}", config.database_url, migrated.from, migrated.to)
    };
    Ok(match migrated.snapshot {
        Some(copy) => format!("{what}; the file as it was is kept as {}", copy.display()),
        None => what,
    })
}
