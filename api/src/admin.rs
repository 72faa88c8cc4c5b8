//! `/metrics` and `/debug/stalls`, on a listener of their own: for who runs the service, not for its clients.

use std::io;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use metrics::gauge;
use shared::job::State as JobState;
use shared::telemetry::names::QUEUE_JOBS;
use stall::StallProbe;
use tokio::net::TcpListener;
use tokio::time::timeout;
use tracing::{info, warn};

use crate::state::AppState;

/// How long a scrape waits for Redis.
const COUNTS_PATIENCE: Duration = Duration::from_secs(2);

/// Answers until it is dropped.
///
/// # Errors
/// When the listener fails for good.
pub async fn serve_admin(listener: TcpListener, state: AppState) -> io::Result<()> {
    info!(address = %listener.local_addr()?, "listening for those who run the service");
    let router = Router::new()
        .route("/metrics", get(metrics))
        .route("/debug/stalls", get(stalls))
        .with_state(state);
    axum::serve(listener, router).await
}

/// In the text format of Prometheus, with what the queue holds at this moment.
async fn metrics(State(state): State<AppState>) -> Response {
    match timeout(COUNTS_PATIENCE, state.queue.counts()).await {
        Ok(Ok(counts)) => {
            for job in JobState::ALL
                .iter()
                .filter(|job| **job != JobState::Expired)
            {
                // Exact below 2^53 jobs.
                gauge!(QUEUE_JOBS, "state" => job.as_str()).set(counts.of(*job) as f64);
            }
        }
        Ok(Err(error)) => warn!(%error, "the queue's counts are missing from the metrics"),
        Err(_) => warn!("the queue's counts are missing from the metrics: no answer in time"),
    }
    let content_type = "text/plain; version=0.0.4; charset=utf-8";
    ([(CONTENT_TYPE, content_type)], state.metrics.render()).into_response()
}

/// The newest stalls of this process, with their stacks.
async fn stalls() -> Response {
    match StallProbe::installed() {
        Some(probe) => {
            let json = probe.snapshot_json().await;
            ([(CONTENT_TYPE, "application/json")], json).into_response()
        }
        None => (
            StatusCode::SERVICE_UNAVAILABLE,
            "there is no stall probe in this process\n",
        )
            .into_response(),
    }
}
