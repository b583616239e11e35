//! What every handler can reach.

use std::sync::Arc;

use ipnet::IpNet;
use parlor_model::mail_domain::MailDomains;
use parlor_model::{Clock, IdSource, Origin, Passwords};
use parlor_services::settings::{self, Changed, SettingsError, SettingsHolder};
use parlor_services::{Context, Refusal};
use parlor_store::{Store, StoreError};
use serde_json::Value;
use tokio::sync::Mutex;

use crate::caller::Caller;
use crate::limits::Limiter;
use crate::metrics::EdgeMetrics;

/// The parts that a door is built from.
pub struct AppOptions {
    /// Where everything is kept.
    pub store: Store,
    /// The settings in force; [`App::reload_settings`] reads what is stored.
    pub settings: Arc<SettingsHolder>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Draws ids.
    pub ids: Arc<dyn IdSource>,
    /// Asks whether mail domains exist.
    pub mail_domains: Arc<dyn MailDomains>,
    /// Hashes passwords and checks them.
    pub passwords: Arc<dyn Passwords>,
    /// Networks whose forwarded headers are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Where visitors reach this server, without a slash at the end.
    pub public_url: Arc<str>,
    /// The largest request body.
    pub max_body_bytes: usize,
    /// How long a request body may take to arrive.
    pub body_limit: std::time::Duration,
}

/// The shared state of all handlers; cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    options: AppOptions,
    limiter: Limiter,
    metrics: EdgeMetrics,
    /// Keeps older values from coming into force after newer ones.
    reloading: Mutex<()>,
}

impl App {
    /// Puts the parts together.
    pub fn new(options: AppOptions) -> Self {
        Self(Arc::new(Inner {
            options,
            limiter: Limiter::default(),
            metrics: EdgeMetrics::default(),
            reloading: Mutex::default(),
        }))
    }

    /// What the doors count.
    pub fn metrics(&self) -> &EdgeMetrics {
        &self.0.metrics
    }

    pub(crate) fn options(&self) -> &AppOptions {
        &self.0.options
    }

    pub(crate) fn store(&self) -> &Store {
        &self.0.options.store
    }

    pub(crate) fn limiter(&self) -> &Limiter {
        &self.0.limiter
    }

    /// What a use case needs, for a call made now by `caller`.
    pub(crate) fn context(&self, caller: &Caller) -> Context {
        let options = self.options();
        Context {
            now: options.clock.now(),
            settings: options.settings.current(),
            ids: options.ids.clone(),
            public_url: options.public_url.clone(),
            origin: Origin { door: "rest", address: caller.address },
        }
    }

    /// Brings the stored settings into force for every command that starts from now on. A stored value that no setting
    /// can have is passed over, with a line in the log.
    pub async fn reload_settings(&self) -> Result<(), StoreError> {
        let _turn = self.0.reloading.lock().await;
        let stored = self.store().read(parlor_store::settings::all).await?;
        for refused in self.options().settings.reload(&stored) {
            tracing::warn!(id = refused.id, error = ?refused.error, "a stored setting is passed over");
        }
        Ok(())
    }

    /// Changes settings for the user `actor` (a public id), all or none, and returns when the new values are in force.
    ///
    /// Runs to its end even if the caller goes away: what is stored must come into force. Fails as
    /// [`settings::change`]; with [`StoreError::Unknown`] if the values are stored but could not be read again.
    pub async fn change_settings(
        &self,
        ctx: Context,
        changes: Vec<(String, Value)>,
        actor: String,
    ) -> Result<Vec<Changed>, Refusal> {
        let app = self.clone();
        let work = tokio::spawn(async move {
            let stored =
                app.store().write("settings", move |tx| settings::change(tx, &ctx, &changes, &actor));
            let outcome = match stored.await {
                Ok(done) => Ok(done),
                // It may be stored all the same.
                Err(SettingsError::Store(StoreError::Unknown)) => Err(StoreError::Unknown),
                Err(refused) => return Err(Refusal::from(refused)),
            };
            if let Err(error) = app.reload_settings().await {
                tracing::error!(%error, "changed settings are stored and not in force");
                return Err(Refusal::Store(StoreError::Unknown));
            }
            outcome.map_err(Refusal::Store)
        });
        work.await.unwrap_or(Err(Refusal::Store(StoreError::Panicked)))
    }
}

#[cfg(test)]
mod tests;
