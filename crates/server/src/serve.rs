//! `parlor serve`: puts the parts together, runs them, and takes them down in order.

mod listen;
mod metrics;
mod worker;

use std::error::Error;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use parlor_adapters::{
    ArgonPasswords, LocalBus, Mailer, PasswordOptions, SmtpConfig, SystemClock, SystemIds, SystemMailDomains,
};
use parlor_edge::{App, AppOptions};
use parlor_model::{Clock, IdSource, Millis, Origin, PasswordDigest, Passwords, Settings};
use parlor_services::settings::{self, SettingsHolder};
use parlor_services::{Context, accounts, demo, setup};
use parlor_store::{Migrated, Store, StoreError};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tracing_subscriber::EnvFilter;

use crate::config::{Config, Loaded, LogFormat};
use crate::storage;

/// Runs the server until it is told to stop (SIGTERM, SIGINT); a second signal ends it at once.
pub(crate) fn run(loaded: Loaded, demo: bool) -> Result<(), Box<dyn Error>> {
    start_log(&loaded.config);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(loaded.config.threads)
        .enable_all()
        .build()?
        .block_on(serve(loaded.config, demo))
}

fn start_log(config: &Config) {
    let filter = EnvFilter::new(config.log.as_str());
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    // Fails only if a log was started already, and then that one serves.
    let _ = match config.log_format {
        LogFormat::Text => log.with_target(false).try_init(),
        LogFormat::Json => log.json().try_init(),
    };
}

async fn serve(config: Config, is_demo: bool) -> Result<(), Box<dyn Error>> {
    let signals = Signals::take()?;
    let listener = TcpListener::bind(config.listen)
        .await
        .map_err(|e| format!("cannot listen on {}: {e}", config.listen))?;
    let _lock = storage::lock(&config)?;
    let clock = Arc::new(SystemClock);
    let ids: Arc<dyn IdSource> = Arc::new(SystemIds);
    let bus = Arc::new(LocalBus::default());
    let (store, migrated) = open_store(&config, bus.clone(), clock.now()).await?;
    tracing::info!(database = %config.database_url, schema = migrated.to, "storage is open");
    let ctx = Context {
        now: clock.now(),
        settings: Arc::default(),
        ids: ids.clone(),
        // Nothing that the server writes at its start has a link in it.
        public_url: "".into(),
        origin: Origin::internal("start"),
    };
    let settings = Arc::new(base_settings(&config, is_demo, &store, &ctx).await?);
    let passwords: Arc<dyn Passwords> = Arc::new(ArgonPasswords::new(PasswordOptions::default())?);
    seed_accounts(&config, &store, &ctx, passwords.as_ref()).await?;
    let link = setup_link(&config, &store, &ctx).await;
    let app = App::new(AppOptions {
        store: store.clone(),
        settings: settings.clone(),
        clock: clock.clone(),
        ids,
        mail_domains: Arc::new(SystemMailDomains::system()),
        passwords,
        trusted_proxies: config.trusted_proxies.clone(),
        public_url: config.public_url.as_str().into(),
        max_body_bytes: config.max_body_bytes,
        body_limit: Duration::from_secs(config.request_timeout_secs),
    });
    app.reload_settings().await?;
    if is_demo {
        restore_demo(&store, Context { settings: settings.current(), ..ctx }).await?;
    }
    let (stop, stopping) = watch::channel(false);
    let worker = mail_worker(&config, &settings, &store, &bus, clock)?
        .map(|worker| tokio::spawn(worker.run(stopping.clone())));
    let metrics = match config.metrics_listen {
        Some(address) => {
            let listener =
                TcpListener::bind(address).await.map_err(|e| format!("cannot listen on {address}: {e}"))?;
            let router = metrics::router(app.clone(), store.clone(), bus);
            Some(tokio::spawn(listen::serve(listener, router, listen::Limits::of(&config), stopping.clone())))
        }
        None => None,
    };
    let address = listener.local_addr()?;
    let router = parlor_edge::router(app);
    let main = tokio::spawn(listen::serve(listener, router, listen::Limits::of(&config), stopping));
    announce(address, is_demo, link.as_deref())?;

    signals.asked_to_stop().await;
    tracing::info!("stopping: no new connections, open calls are finished");
    stop.send_replace(true);
    main.await?;
    for task in [worker, metrics].into_iter().flatten() {
        task.await?;
    }
    store.stop().await;
    tracing::info!("stopped");
    Ok(())
}

/// Opening blocks, and drives connections of its own.
async fn open_store(
    config: &Config,
    bus: Arc<LocalBus>,
    now: Millis,
) -> Result<(Store, Migrated), Box<dyn Error>> {
    let options = storage::options(config);
    Ok(tokio::task::spawn_blocking(move || Store::open(&options, bus, now)).await??)
}

/// Roles and permissions of this release, and the administrator that the operator names.
async fn seed_accounts(
    config: &Config,
    store: &Store,
    ctx: &Context,
    passwords: &dyn Passwords,
) -> Result<(), Box<dyn Error>> {
    let now = ctx.now;
    store.write_idempotent("accounts", move |tx| accounts::seed(tx, now)).await?;
    let (Some(username), Some(password)) = (&config.admin_username, &config.admin_password) else {
        return Ok(());
    };
    let hash = passwords.hash(PasswordDigest::from_clear(password.0.expose())).await?;
    let command = accounts::Create {
        id: config.admin_id.as_ref().map(|id| id.0.clone()),
        username: username.0.clone(),
        name: Some(username.0.clone()),
        email: config.admin_email.as_ref().map(|email| email.as_str().to_owned()),
        email_verified: true,
        password: Some(hash),
        roles: Vec::new(),
    };
    let ctx = ctx.clone();
    let made = store
        .write("accounts", move |tx| accounts::ensure_administrator(tx, &ctx, &command))
        .await
        .map_err(|error| format!("the administrator cannot be made: {error:?}"))?;
    if made {
        tracing::info!(username = username.0, "the administrator was made");
    }
    Ok(())
}

/// The one-time link to make the first administrator; none if there is one.
async fn setup_link(config: &Config, store: &Store, ctx: &Context) -> Option<String> {
    let ctx = ctx.clone();
    match store.write("accounts", move |tx| setup::begin(tx, &ctx)).await {
        Ok(token) => token.map(|token| format!("{}/setup?token={token}", config.public_url.as_str())),
        Err(error) => {
            // A full disk must not keep the server from serving its visitors.
            let error: StoreError = error;
            tracing::warn!(%error, "there is no administrator, and no set-up link could be made");
            None
        }
    }
}

/// Compiled defaults and facts, and the operator's word over them; what is stored is read later.
async fn base_settings(
    config: &Config,
    is_demo: bool,
    store: &Store,
    ctx: &Context,
) -> Result<SettingsHolder, Box<dyn Error>> {
    let base = Settings {
        accept_chats_with_no_agents: is_demo,
        site_url: config.public_url.as_str().to_owned(),
        unique_id: unique_id(store, ctx.clone()).await?,
        ..Settings::default()
    };
    let overrides = config.settings.iter().map(|(id, text)| (*id, text.expose().to_owned())).collect();
    let holder = SettingsHolder::new(base, overrides);
    Ok(holder.map_err(|refused| format!("setting {}: {:?}", refused.id, refused.error))?)
}

/// The name of this installation. Only the first start writes, so that a server with a full disk starts.
async fn unique_id(store: &Store, ctx: Context) -> Result<String, StoreError> {
    match store.read(|tx| parlor_store::settings::find(tx, settings::UNIQUE_ID)).await? {
        Some(known) => Ok(known),
        None => store.write_idempotent("settings", move |tx| settings::unique_id(tx, &ctx)).await,
    }
}

async fn restore_demo(store: &Store, ctx: Context) -> Result<(), Box<dyn Error>> {
    let ctx = Context { origin: Origin::internal("demo"), ..ctx };
    Ok(store.write_idempotent(demo::OPEN_ROOM, move |tx| demo::ensure(tx, &ctx)).await?)
}

fn mail_worker(
    config: &Config,
    settings: &Arc<SettingsHolder>,
    store: &Store,
    bus: &LocalBus,
    clock: Arc<SystemClock>,
) -> Result<Option<worker::Worker>, Box<dyn Error>> {
    let (Some(url), Some(from)) = (&config.smtp_url, &config.smtp_from) else {
        if !settings.current().offline_email.is_empty() {
            tracing::warn!(
                "offline messages should be mailed, but PARLOR_SMTP_URL is not set: their mails wait"
            );
        }
        return Ok(None);
    };
    let mailer = Mailer::new(&SmtpConfig::new(url.0.expose(), from.as_str()), clock.clone())?;
    Ok(Some(worker::Worker {
        store: store.clone(),
        settings: settings.clone(),
        mailer,
        clock,
        wake: bus.jobs(),
    }))
}

/// The signals that ask the server to stop. Taken before anything else is started, so that none is missed.
struct Signals {
    term: Signal,
    int: Signal,
}

impl Signals {
    fn take() -> io::Result<Self> {
        Ok(Self { term: signal(SignalKind::terminate())?, int: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! { _ = self.term.recv() => {}, _ = self.int.recv() => {} }
    }

    /// Waits for the first; from then on a second ends the process at once.
    async fn asked_to_stop(mut self) {
        self.next().await;
        tokio::spawn(async move {
            self.next().await;
            tracing::warn!("told twice: ending at once");
            std::process::exit(1);
        });
    }
}

/// Says on standard output where the server listens, and in a demo what to try.
fn announce(address: std::net::SocketAddr, is_demo: bool, link: Option<&str>) -> io::Result<()> {
    let host = if address.ip().is_unspecified() { "localhost".to_owned() } else { address.ip().to_string() };
    let host = if host.contains(':') { format!("[{host}]") } else { host };
    let at = format!("http://{host}:{}", address.port());
    let mut out = io::stdout().lock();
    writeln!(out, "Parlor {} listens on {at}", env!("CARGO_PKG_VERSION"))?;
    if let Some(link) = link {
        writeln!(out, "\nThere is no administrator yet. Make one here (works once, for 24 hours):\n{link}")?;
    }
    if is_demo {
        writeln!(out, "\nTry it from another terminal:\n")?;
        for line in lines_to_try(&at) {
            writeln!(out, "{line}\n")?;
        }
        writeln!(out, "The API is described at {at}/api/docs. Stop with Ctrl-C.")?;
    }
    out.flush()
}

/// Three of the seed page's curl lines, for the server at `at`.
fn lines_to_try(at: &str) -> [String; 3] {
    use demo::{NAME, OPEN_ROOM, TEXT, TOKEN};
    let api = format!("{at}/api/v1/livechat");
    let post = "curl -X POST -H 'Content-type:application/json'";
    let message = format!(r#"{{"token": "{TOKEN}", "rid": "{OPEN_ROOM}", "msg": "{TEXT}"}}"#);
    let offline =
        format!(r#"{{"name": "{NAME}", "email": "visitor@rocket.chat", "message": "I need help"}}"#);
    [
        format!("{post} {api}/message \\\n  -d '{message}'"),
        format!("curl '{api}/messages.history/{OPEN_ROOM}?token={TOKEN}'"),
        format!("{post} {api}/offline.message \\\n  -d '{offline}'"),
    ]
}
