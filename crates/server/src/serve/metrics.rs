//! The Prometheus endpoint, on an address of its own.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use axum::Router;
use axum::routing::get;
use http::{StatusCode, header};
use parlor_adapters::LocalBus;
use parlor_edge::App;
use parlor_store::Store;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, text};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

const KIND: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// `/metrics`, and nothing else.
pub(crate) fn router(app: App, store: Store, bus: Arc<LocalBus>) -> Router {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Counts { app, store, bus }));
    let registry = Arc::new(registry);
    let show = move || async move {
        let mut out = String::new();
        match text::encode(&mut out, &registry) {
            Ok(()) => (StatusCode::OK, [(header::CONTENT_TYPE, KIND)], out),
            Err(_) => {
                (StatusCode::INTERNAL_SERVER_ERROR, [(header::CONTENT_TYPE, "text/plain")], String::new())
            }
        }
    };
    Router::new().route("/metrics", get(show))
}

/// Reads what the parts count by themselves, at the moment someone asks.
struct Counts {
    app: App,
    store: Store,
    bus: Arc<LocalBus>,
}

impl fmt::Debug for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Counts")
    }
}

impl Collector for Counts {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let stats = self.store.stats();
        for (name, help, value) in [
            ("parlor_store_commits", "Transactions committed", stats.commits.load(Relaxed)),
            ("parlor_store_commands", "Commands in those transactions", stats.commands.load(Relaxed)),
            ("parlor_store_reruns", "Commands run again alone", stats.reruns.load(Relaxed)),
            (
                "parlor_store_refused",
                "Commands refused because a queue was full",
                stats.refused.load(Relaxed),
            ),
        ] {
            let counter = ConstCounter::new(value);
            counter.encode(encoder.encode_descriptor(name, help, None, counter.metric_type())?)?;
        }
        let waiting = ConstGauge::new(i64::try_from(self.store.waiting()).unwrap_or(i64::MAX));
        let help = "Commands that wait for a writer";
        waiting.encode(encoder.encode_descriptor(
            "parlor_store_waiting",
            help,
            None,
            waiting.metric_type(),
        )?)?;
        let mut events = encoder.encode_descriptor(
            "parlor_events",
            "Events committed",
            None,
            ConstCounter::new(0_u64).metric_type(),
        )?;
        for (name, count) in self.bus.counts() {
            ConstCounter::new(count).encode(events.encode_family(&[("event", name)])?)?;
        }
        let help = "REST calls by route and class of status";
        let mut calls = encoder.encode_descriptor(
            "parlor_rest_calls",
            help,
            None,
            ConstCounter::new(0_u64).metric_type(),
        )?;
        for (route, class, count) in self.app.metrics().answers() {
            ConstCounter::new(count).encode(calls.encode_family(&[("route", route), ("status", class)])?)?;
        }
        Ok(())
    }
}
