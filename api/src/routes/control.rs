//! Cancel, retry, delete.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use shared::job::{JobId, JobRecord};
use shared::queue::{CancelAnswer, DeleteAnswer, RetryAnswer};

use super::job_response;
use crate::openapi::{ChangeProblems, JobPath};
use crate::problem::ApiError;
use crate::request::OwnedJob;
use crate::state::AppState;
use crate::wire::{Deleted, Job};

/// Cancel a job
///
/// A job that no worker holds is cancelled at once. Otherwise its worker is told to stop, and it may still end before it
/// does. To cancel a job again changes nothing.
#[utoipa::path(
    post,
    path = "/v1/jobs/{id}/cancel",
    tag = "jobs",
    params(JobPath),
    responses(
        (status = 200, description = "It is cancelled", body = Job),
        (status = 202, description = "Its worker is told to stop", body = Job),
        ChangeProblems,
    ),
    security((), ("api_key" = []))
)]
pub(super) async fn cancel_job(
    State(state): State<AppState>,
    OwnedJob(JobRecord { id, .. }): OwnedJob,
) -> Result<Response, ApiError> {
    let status = match state.queue.cancel(id).await? {
        CancelAnswer::Cancelled => StatusCode::OK,
        CancelAnswer::Cancelling => StatusCode::ACCEPTED,
        CancelAnswer::TooLate(now) => return Err(ApiError::conflict(now)),
        CancelAnswer::Unknown => return Err(ApiError::no_such_job()),
    };
    changed(&state, status, id).await
}

/// Retry a job
///
/// Queues a job again that failed, is dead, or was cancelled. It gets all its attempts anew.
#[utoipa::path(
    post,
    path = "/v1/jobs/{id}/retry",
    tag = "jobs",
    params(JobPath),
    responses((status = 202, description = "It is queued again", body = Job), ChangeProblems),
    security((), ("api_key" = []))
)]
pub(super) async fn retry_job(
    State(state): State<AppState>,
    OwnedJob(JobRecord { id, .. }): OwnedJob,
) -> Result<Response, ApiError> {
    match state.queue.retry(id).await? {
        RetryAnswer::Queued => changed(&state, StatusCode::ACCEPTED, id).await,
        RetryAnswer::NotTerminal(now) => Err(ApiError::conflict(now)),
        RetryAnswer::Unknown => Err(ApiError::no_such_job()),
    }
}

/// Delete a job
///
/// Removes a job that has ended, its PDF and its result. The objects go within moments; the job answers 410 from now on.
#[utoipa::path(
    delete,
    path = "/v1/jobs/{id}",
    tag = "jobs",
    params(JobPath),
    responses((status = 200, description = "It is gone", body = Deleted), ChangeProblems),
    security((), ("api_key" = []))
)]
pub(super) async fn delete_job(
    State(state): State<AppState>,
    OwnedJob(JobRecord { id, .. }): OwnedJob,
) -> Result<Json<Deleted>, ApiError> {
    match state.queue.delete(id).await? {
        DeleteAnswer::Deleted => Ok(Json(Deleted { id, deleted: true })),
        DeleteAnswer::Live(now) => Err(ApiError::conflict(now)),
        DeleteAnswer::Unknown => Err(ApiError::no_such_job()),
    }
}

async fn changed(state: &AppState, status: StatusCode, id: JobId) -> Result<Response, ApiError> {
    let record = state.queue.get(id).await?;
    let record = record.ok_or_else(ApiError::no_such_job)?;
    Ok(job_response(state, status, record).await)
}
