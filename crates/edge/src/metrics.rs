//! What the REST door counts.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use http::StatusCode;

use crate::limits::Route;

const CLASSES: usize = 4;
const CLASS_NAMES: [&str; CLASSES] = ["2xx", "4xx", "429", "5xx"];

/// Answers by route and class of status.
#[derive(Debug, Default)]
pub struct EdgeMetrics {
    answers: [[AtomicU64; CLASSES]; Route::COUNT],
}

impl EdgeMetrics {
    pub(crate) fn count(&self, route: Route, status: StatusCode) {
        let class = match status {
            StatusCode::TOO_MANY_REQUESTS => 2,
            s if s.is_server_error() => 3,
            s if s.is_client_error() => 1,
            _ => 0,
        };
        self.answers[route as usize][class].fetch_add(1, Relaxed);
    }

    /// Route, class of status (`2xx`, `4xx`, `429`, `5xx`) and count, for those that were met.
    pub fn answers(&self) -> impl Iterator<Item = (&'static str, &'static str, u64)> + '_ {
        Route::ALL.iter().zip(&self.answers).flat_map(|(route, counts)| {
            CLASS_NAMES.iter().zip(counts).filter_map(|(class, count)| {
                let count = count.load(Relaxed);
                (count > 0).then_some((route.name(), *class, count))
            })
        })
    }
}
