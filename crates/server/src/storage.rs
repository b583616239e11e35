//! How the configuration names the store, and the lock that keeps two servers off one file.

use std::error::Error;
use std::fs::{File, TryLockError};
use std::path::Path;

use parlor_store::StoreOptions;

use crate::config::{Config, DatabaseUrl};

/// The store that the configuration names.
pub(crate) fn options(config: &Config) -> StoreOptions {
    let url = match &config.database_url {
        DatabaseUrl::Sqlite(path) => format!("sqlite:{}", path.display()),
        DatabaseUrl::Postgres(url) => url.expose().to_owned(),
    };
    StoreOptions {
        readers: config.db_readers,
        writers: config.db_writers,
        cache_kb: u32::try_from(config.db_cache_mb.saturating_mul(1024)).unwrap_or(u32::MAX),
        queue_limit: config.queue_limit,
        ..StoreOptions::new(url)
    }
}

/// Holds the SQLite file for this process alone; released when dropped. A database server needs no lock of ours.
pub(crate) fn lock(config: &Config) -> Result<Option<File>, Box<dyn Error>> {
    let DatabaseUrl::Sqlite(path) = &config.database_url else { return Ok(None) };
    if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|e| format!("cannot create {}: {e}", folder.display()))?;
    }
    let name = format!("{}.lock", path.display());
    let file = File::create(Path::new(&name)).map_err(|e| format!("cannot create {name}: {e}"))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Err(format!("another server has {} open", path.display()).into()),
        Err(TryLockError::Error(e)) => Err(format!("cannot lock {name}: {e}").into()),
    }
}
