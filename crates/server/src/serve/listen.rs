//! Connections: accepted up to a limit, served, and drained when the server stops.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use parlor_edge::Peer;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tower_service::Service;

use crate::config::Config;

/// What a listener allows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    connections: usize,
    /// For the head of a request, and between requests of one connection.
    head: Duration,
    /// For open calls when the server stops.
    drain: Duration,
}

impl Limits {
    pub(crate) fn of(config: &Config) -> Self {
        Self {
            connections: config.max_connections,
            head: Duration::from_secs(config.request_timeout_secs),
            drain: Duration::from_secs(config.drain_secs),
        }
    }
}

/// Longest head of a request; ordinary ones have less than 2 KB.
const HEAD_BYTES: usize = 64 * 1024;

/// Serves until `stopping` says so, then lets open calls finish within the limit.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    mut stopping: watch::Receiver<bool>,
) {
    let graceful = GracefulShutdown::new();
    let seats = Arc::new(Semaphore::new(limits.connections));
    loop {
        let next = tokio::select! {
            // Whoever has no seat waits in the system's queue.
            next = async { (seats.clone().acquire_owned().await, listener.accept().await) } => next,
            _ = stopping.wait_for(|stop| *stop) => break,
        };
        let (Ok(seat), accepted) = next else { break };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                // Out of descriptors: trying at once would only spin.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        // Answers are small and complete; waiting to fill a packet would only delay them.
        let _ = stream.set_nodelay(true);
        let router = router.clone();
        let service = service_fn(move |mut request: hyper::Request<Incoming>| {
            request.extensions_mut().insert(Peer(peer));
            router.clone().call(request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head)
            .max_buf_size(HEAD_BYTES)
            .serve_connection(TokioIo::new(stream), service);
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
            drop(seat);
        });
    }
    drop(listener);
    if tokio::time::timeout(limits.drain, graceful.shutdown()).await.is_err() {
        tracing::warn!("open calls were cut off after the drain limit");
    }
}
