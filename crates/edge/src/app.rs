//! What every handler can reach.

use std::sync::Arc;

use ipnet::IpNet;
use parlor_model::mail_domain::MailDomains;
use parlor_model::{Clock, IdSource, Origin, Passwords, Settings};
use parlor_services::Context;
use parlor_store::Store;

use crate::caller::Caller;
use crate::limits::Limiter;
use crate::metrics::EdgeMetrics;

/// The parts that a door is built from.
pub struct AppOptions {
    /// Where everything is kept.
    pub store: Store,
    /// The settings in force.
    pub settings: Arc<Settings>,
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
}

impl App {
    /// Puts the parts together.
    pub fn new(options: AppOptions) -> Self {
        Self(Arc::new(Inner { options, limiter: Limiter::default(), metrics: EdgeMetrics::default() }))
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
            settings: options.settings.clone(),
            ids: options.ids.clone(),
            public_url: options.public_url.clone(),
            origin: Origin { door: "rest", address: caller.address },
        }
    }
}
