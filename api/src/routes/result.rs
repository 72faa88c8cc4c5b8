//! The result as a whole: manifest, text, Markdown.

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::ETAG;
use http::{HeaderMap, StatusCode};
use shared::error_code::ErrorCode;
use shared::job::{JobError, JobRecord, State as JobState};
use shared::store::{ObjectKey, StoreError};

use crate::download::{Download, Field, join_pages, streamed};
use crate::openapi::{ConditionHeaders, DownloadProblems, JobPath, ResultProblems};
use crate::problem::ApiError;
use crate::request::{ETag, OwnedJob};
use crate::routes::poll_after;
use crate::state::AppState;
use crate::wire::Manifest;

/// Get the manifest
///
/// The document's metadata, where its pages and images are, and what was skipped. A `Range` of bytes is served too.
#[utoipa::path(
    get,
    path = "/v1/jobs/{id}/result",
    tag = "results",
    params(
        JobPath,
        ConditionHeaders,
    ),
    responses(
        (status = 200, description = "The manifest", body = Manifest),
        (status = 206, description = "A range of it"),
        (status = 304, description = "The client has it"),
        DownloadProblems,
    ),
    security((), ("api_key" = []))
)]
pub(super) async fn get_result(
    State(state): State<AppState>,
    OwnedJob(record): OwnedJob,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    has_result(&record)?;
    let key = ObjectKey::Manifest(record.id);
    let stored = state.store.head(&key).await?;
    let stored = stored.ok_or(StoreError::NotFound)?;
    let download = Download {
        slice: None,
        length: stored.bytes,
        media_type: key.media_type(),
        tag: attempt_tag(&record, "result"),
        sha256: None,
        filename: None,
        key,
    };
    download.respond(&state, &headers).await
}

/// Get the text
///
/// The text of all pages in reading order. Each page ends with a form feed.
#[utoipa::path(
    get,
    path = "/v1/jobs/{id}/text",
    tag = "results",
    params(
        JobPath,
        ConditionHeaders,
    ),
    responses(
        (status = 200, description = "The text", body = String, content_type = "text/plain"),
        (status = 304, description = "The client has it"),
        ResultProblems,
    ),
    security((), ("api_key" = []))
)]
pub(super) async fn get_text(
    State(state): State<AppState>,
    OwnedJob(record): OwnedJob,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    has_result(&record)?;
    joined(state, &record, &headers, Field::Text).await
}

/// Get the Markdown
///
/// All pages as Markdown; for jobs that were submitted with `markdown=true`.
#[utoipa::path(
    get,
    path = "/v1/jobs/{id}/markdown",
    tag = "results",
    params(
        JobPath,
        ConditionHeaders,
    ),
    responses(
        (status = 200, description = "The Markdown", body = String, content_type = "text/markdown"),
        (status = 304, description = "The client has it"),
        ResultProblems,
    ),
    security((), ("api_key" = []))
)]
pub(super) async fn get_markdown(
    State(state): State<AppState>,
    OwnedJob(record): OwnedJob,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    has_result(&record)?;
    if !record.options.markdown {
        return Err(ApiError::new(
            ErrorCode::NotFound,
            "the job was not submitted with `markdown=true`",
        ));
    }
    joined(state, &record, &headers, Field::Markdown).await
}

async fn joined(
    state: AppState,
    record: &JobRecord,
    headers: &HeaderMap,
    field: Field,
) -> Result<Response, ApiError> {
    let (media_type, name) = match field {
        Field::Text => ("text/plain; charset=utf-8", "text"),
        Field::Markdown => ("text/markdown; charset=utf-8", "markdown"),
    };
    let tag = attempt_tag(record, name);
    if tag.is_in_if_none_match(headers) {
        return Ok((StatusCode::NOT_MODIFIED, [(ETAG, tag.header())]).into_response());
    }
    let pages = state.store.get(&ObjectKey::Pages(record.id), None).await?;
    let text = join_pages(state, pages.body, field);
    Ok(streamed(media_type, &tag, Body::from_stream(text)))
}

/// Refuses as long as there is no result, and for ever when there will be none.
pub(super) fn has_result(record: &JobRecord) -> Result<(), ApiError> {
    match record.state {
        JobState::Succeeded | JobState::Partial => Ok(()),
        JobState::Failed | JobState::Dead => Err(ApiError::of_job(
            &record.error.clone().unwrap_or(JobError {
                code: ErrorCode::Internal,
                detail: format!("the job is {}", record.state),
            }),
        )),
        JobState::Cancelled => Err(ApiError::new(
            ErrorCode::Cancelled,
            "the job was cancelled before it had a result",
        )),
        live => {
            let error = ApiError::new(ErrorCode::NotReady, format!("the job is {live}"));
            Err(match poll_after(record) {
                Some(pause) => error.with_retry_after(pause),
                None => error,
            })
        }
    }
}

/// A result is written once, by the attempt that succeeded.
pub(super) fn attempt_tag(record: &JobRecord, part: &str) -> ETag {
    ETag::strong(&format!("{part}-{}", record.attempt))
}
