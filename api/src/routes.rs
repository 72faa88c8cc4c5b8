//! One file per group of paths.

mod control; // cancel, retry, delete
#[expect(unused_qualifications, reason = "by utoipa's macro")]
mod jobs; // submit, list, one job
mod parts; // source, pages, images
mod reference; // /docs, /openapi.json, /
mod result; // result, text, markdown
mod service; // livez, readyz, limits

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, ETAG, LOCATION, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use shared::job::{JobRecord, State};
use shared::queue::Change;
use tokio::select;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::problem::ApiError;
use crate::request::ETag;
use crate::state::AppState;
use crate::wire;

pub(crate) use jobs::MAX_PAGE_SIZE;
pub(crate) use reference::reference;

/// Longest pause that a client is told to make between two polls.
const LONGEST_POLL: Duration = Duration::from_secs(60);

/// Every path that the OpenAPI document describes.
pub(crate) fn described() -> OpenApiRouter<AppState> {
    OpenApiRouter::default()
        .routes(routes!(jobs::submit_job, jobs::list_jobs))
        .routes(routes!(jobs::get_job, control::delete_job))
        .routes(routes!(control::cancel_job))
        .routes(routes!(control::retry_job))
        .routes(routes!(result::get_result))
        .routes(routes!(result::get_text))
        .routes(routes!(result::get_markdown))
        .routes(routes!(parts::get_page))
        .routes(routes!(parts::get_image))
        .routes(routes!(parts::get_source))
        .routes(routes!(service::get_limits))
        .routes(routes!(service::livez))
        .routes(routes!(service::readyz))
}

/// A job as the body, with the headers that go with it.
async fn job_response(state: &AppState, status: StatusCode, record: JobRecord) -> Response {
    let position = match record.state {
        // Not worth failing for: without an answer it is unknown.
        State::Queued => {
            let position = state.queue.position(record.id, &record.owner);
            position.await.unwrap_or(None)
        }
        _ => None,
    };
    let tag = revision_tag(record.revision);
    let retry_after = poll_after(&record);
    let mut response = (status, Json(wire::Job::new(record, position))).into_response();
    let headers = response.headers_mut();
    headers.insert(ETAG, tag.header());
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if let Some(pause) = retry_after {
        headers.insert(RETRY_AFTER, HeaderValue::from(pause.as_secs()));
    }
    response
}

/// Weak: a revision names what happened to the job; its place in the queue moves without one.
fn revision_tag(revision: u64) -> ETag {
    ETag::weak(&revision.to_string())
}

fn location(record: &JobRecord) -> (http::HeaderName, HeaderValue) {
    let path = format!("/v1/jobs/{}", record.id);
    let value = HeaderValue::try_from(path).expect("a job id is plain ASCII");
    (LOCATION, value)
}

/// How long to wait before it makes sense to ask again, in whole seconds; nothing once it is over.
fn poll_after(record: &JobRecord) -> Option<Duration> {
    const SHORTEST: Duration = Duration::from_secs(1);
    match record.state {
        State::Queued | State::Running | State::Cancelling => Some(SHORTEST),
        State::Scheduled | State::Retrying => {
            let now = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default();
            let due = Duration::from_millis(record.run_at.as_millis()).saturating_sub(now);
            Some(due.clamp(SHORTEST, LONGEST_POLL))
        }
        _ => None,
    }
}

/// The record once its newest change is `enough`, or as it is when the time is over or the process drains.
async fn wait_for(
    state: &AppState,
    record: JobRecord,
    within: Duration,
    enough: impl Fn(Change) -> bool,
) -> Result<JobRecord, ApiError> {
    if within.is_zero() || enough(Change::of(&record)) {
        return Ok(record);
    }
    select! {
        found = state.queue.wait_for(record.id, within, enough) => found?.ok_or_else(ApiError::no_such_job),
        () = state.draining.cancelled() => Ok(record),
    }
}
