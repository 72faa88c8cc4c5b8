//! The service itself: alive, ready, limits.

use std::fmt::Display;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use shared::error_code::ErrorCode;
use thiserror::Error;
use tokio::join;
use tokio::time::timeout;
use utoipa::ToSchema;

use crate::openapi::ReadyProblems;
use crate::problem::ApiError;
use crate::state::AppState;
use crate::wire::Limits;

/// How long a readiness probe may wait for an answer.
const PROBE_PATIENCE: Duration = Duration::from_secs(2);
/// What a client is told while the service is not ready.
const NOT_READY_RETRY_AFTER: Duration = Duration::from_secs(2);

/// What a probe is told.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Status {
    /// `alive` or `ready`.
    status: &'static str,
}

/// Is the process alive?
///
/// Asks nothing else: an outage of Redis or of the object store is no reason to restart the process.
#[utoipa::path(
    get,
    path = "/livez",
    tag = "service",
    responses((status = 200, description = "It is", body = Status))
)]
pub(super) async fn livez() -> Json<Status> {
    Json(Status { status: "alive" })
}

/// Can the process serve requests?
///
/// It can while Redis and the object store answer and it is not shutting down.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "service",
    responses((status = 200, description = "It can", body = Status), ReadyProblems)
)]
pub(super) async fn readyz(State(state): State<AppState>) -> Result<Json<Status>, ApiError> {
    if state.draining.is_cancelled() {
        let detail = "the process is shutting down";
        return Err(not_ready(ErrorCode::Overloaded, detail));
    }
    let (queue, store) = join!(
        answers("queue", state.queue.ping()),
        answers("object store", async {
            state.store_watch.first_news().await;
            state.store_watch.away().map_or(Ok(()), Err)
        }),
    );
    let (code, missing) = match (queue, store) {
        (Ok(()), Ok(())) => return Ok(Json(Status { status: "ready" })),
        (Err(queue), Ok(())) => (ErrorCode::QueueUnavailable, vec![queue]),
        (Ok(()), Err(store)) => (ErrorCode::StorageUnavailable, vec![store]),
        (Err(queue), Err(store)) => (ErrorCode::QueueUnavailable, vec![queue, store]),
    };
    let names: Vec<_> = missing.iter().map(|one| one.name).collect();
    let detail = format!("missing: {}", names.join(", "));
    Err(not_ready(code, &detail).caused_by(NotReady(missing)))
}

/// What a probe found missing; the log names the reasons, the client gets the names.
#[derive(Debug, Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
struct NotReady(Vec<Missing>);

#[derive(Debug, Error)]
#[error("{name}: {reason}")]
struct Missing {
    name: &'static str,
    reason: String,
}

async fn answers<E: Display>(
    name: &'static str,
    probe: impl Future<Output = Result<(), E>>,
) -> Result<(), Missing> {
    let reason = match timeout(PROBE_PATIENCE, probe).await {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "no answer in time".to_owned(),
    };
    Err(Missing { name, reason })
}

fn not_ready(code: ErrorCode, detail: &str) -> ApiError {
    ApiError::new(code, detail).with_retry_after(NOT_READY_RETRY_AFTER)
}

/// Limits
///
/// What the service allows.
#[utoipa::path(
    get,
    path = "/v1/limits",
    tag = "service",
    responses((status = 200, description = "The limits", body = Limits))
)]
pub(super) async fn get_limits(State(state): State<AppState>) -> Json<Limits> {
    Json(Limits::new(&state.http, &state.limits, state.queue.args()))
}
