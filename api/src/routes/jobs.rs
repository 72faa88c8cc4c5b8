//! Submit, list, one job.

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header::ETAG;
use http::{HeaderMap, StatusCode};
use metrics::counter;
use serde::Deserialize;
use shared::error_code::ErrorCode;
use shared::job::JobRecord;
use shared::queue::{Change, Cursor, ListQuery};
use shared::telemetry::names::{JOBS_ACCEPTED_TOTAL, SUBMITS_REFUSED_TOTAL};
use tracing::Span;
use utoipa::IntoParams;

use super::{job_response, location, revision_tag, wait_for};
use crate::auth::Caller;
use crate::openapi::{
    Binary, ConditionHeaders, JobPath, JobProblems, ListProblems, SubmitForm, SubmitHeaders,
    SubmitParameters, SubmitProblems,
};
use crate::problem::ApiError;
use crate::request::{OwnedJob, Prefer, Query};
use crate::state::AppState;
use crate::submit::{self, Acceptance, Ticket};
use crate::wire::{Job, JobPage, ListableState, listable_states};

/// Largest `limit` of a list.
pub(crate) const MAX_PAGE_SIZE: u32 = 200;
const DEFAULT_PAGE_SIZE: u32 = 50;
/// Largest `wait` that is understood, in seconds; the service's own limit is below it.
const MAX_WAIT: u32 = 86_400;

/// Submit a PDF
///
/// The body is the PDF itself, or a form whose part `file` is the PDF. Options are query parameters or, in a form, other
/// parts. The answer is 202 as soon as the PDF is stored and its job is queued.
///
/// With an `Idempotency-Key`, the same request may be sent again without making another job: it is answered with the job
/// that the first one made. After a 503 the job may have been accepted; send the request again with its key.
#[utoipa::path(
    post,
    path = "/v1/jobs",
    tag = "jobs",
    params(SubmitParameters, SubmitHeaders),
    request_body(content(
        (Binary = "application/pdf"),
        (SubmitForm = "multipart/form-data")
    )),
    responses(
        (status = 202, description = "Accepted", body = Job, headers(
            ("Location" = String, description = "Where the job is"),
            ("Retry-After" = u32, description = "Seconds after which it makes sense to ask"),
            ("ETag" = String, description = "The job's revision"),
        )),
        (status = 200, description = "`Prefer: wait` was met, or the `Idempotency-Key` made this job before", body = Job,
            headers(
                ("Location" = String, description = "Where the job is"),
                ("Preference-Applied" = Option<String>, description = "The preference that was met"),
                ("ETag" = String, description = "The job's revision"),
            )),
        SubmitProblems,
    ),
    security((), ("api_key" = []))
)]
pub(super) async fn submit_job(
    State(state): State<AppState>,
    Caller(owner): Caller,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let outcome = match Ticket::read(owner, &parts) {
        Ok(ticket) => submit::submit(&state, ticket, body).await,
        Err(error) => Err(error),
    };
    let (record, created) = match outcome.inspect_err(count_refusal)? {
        Acceptance::New(record) => {
            counter!(JOBS_ACCEPTED_TOTAL).increment(1);
            (*record, true)
        }
        Acceptance::Replayed(record) => (*record, false),
    };
    Span::current().record("job.id", record.id.to_string());
    answer(&state, &parts.headers, record, created).await
}

fn has_ended(newest: Change) -> bool {
    newest.state.is_terminal()
}

async fn answer(
    state: &AppState,
    headers: &HeaderMap,
    record: JobRecord,
    created: bool,
) -> Result<Response, ApiError> {
    let prefer = Prefer::of(headers);
    let wait = prefer.wait(state.http.max_wait);
    // It is accepted: an outage from here on ends the waiting and nothing else.
    let record = match wait {
        Some(wait) => wait_for(state, record.clone(), wait, has_ended)
            .await
            .unwrap_or(record),
        None => record,
    };
    let met = wait.is_some() && record.state.is_terminal();
    let status = match created && !met {
        true => StatusCode::ACCEPTED,
        false => StatusCode::OK,
    };
    let location = location(&record);
    let mut response = job_response(state, status, record).await;
    response.headers_mut().extend([location]);
    if let Some(applied) = prefer.applied().filter(|_| met) {
        response.headers_mut().insert(Prefer::APPLIED, applied);
    }
    Ok(response)
}

fn count_refusal(error: &ApiError) {
    counter!(SUBMITS_REFUSED_TOTAL, "code" => error.code().as_str()).increment(1);
}

/// How long to wait for the job.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WaitParameters {
    /// Seconds to wait until the job has ended, or, with `If-None-Match`, until it has changed. Longer than the
    /// service's limit counts as the limit.
    #[param(minimum = 0, maximum = 86400)]
    wait: u32,
}

/// Get a job
///
/// Answers 200 in every state, also when the job failed: `state` and `error` tell.
#[utoipa::path(
    get,
    path = "/v1/jobs/{id}",
    tag = "jobs",
    params(
        JobPath,
        ConditionHeaders,
        WaitParameters,
    ),
    responses(
        (status = 200, description = "The job", body = Job, headers(
            ("ETag" = String, description = "The job's revision"),
            ("Retry-After" = Option<u32>, description = "Seconds after which it makes sense to ask again; absent once it has ended"),
        )),
        (status = 304, description = "The client has this revision"),
        JobProblems,
    ),
    security((), ("api_key" = []))
)]
pub(super) async fn get_job(
    State(state): State<AppState>,
    Query(WaitParameters { wait }): Query<WaitParameters>,
    OwnedJob(record): OwnedJob,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    if wait > MAX_WAIT {
        let detail = format!("`wait` must be a number of seconds from 0 to {MAX_WAIT}");
        return Err(ApiError::new(ErrorCode::InvalidOption, detail));
    }
    let within = std::time::Duration::from_secs(wait.into()).min(state.http.max_wait);
    let known = |revision| revision_tag(revision).is_in_if_none_match(&headers);
    let record = match headers.contains_key(http::header::IF_NONE_MATCH) {
        true => wait_for(&state, record, within, |new| !known(new.revision)).await?,
        false => wait_for(&state, record, within, has_ended).await?,
    };
    if record.state == shared::job::State::Expired {
        return Err(ApiError::expired());
    }
    if known(record.revision) {
        let tag = revision_tag(record.revision).header();
        return Ok((StatusCode::NOT_MODIFIED, [(ETAG, tag)]).into_response());
    }
    Ok(job_response(&state, StatusCode::OK, record).await)
}

/// Which jobs to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListParameters {
    /// Only jobs in this state.
    #[serde(default)]
    #[param(schema_with = listable_states)]
    state: Option<ListableState>,
    /// The `next` of the page before.
    #[param(format = Uuid, nullable = false)]
    cursor: Option<String>,
    /// Jobs on a page.
    #[serde(default = "default_page_size")]
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: u32,
}

fn default_page_size() -> u32 {
    DEFAULT_PAGE_SIZE
}

/// List jobs
///
/// Newest first. Only the jobs of the caller's API key, when keys are in use.
#[utoipa::path(
    get,
    path = "/v1/jobs",
    tag = "jobs",
    params(ListParameters),
    responses((status = 200, description = "A page of jobs", body = JobPage), ListProblems),
    security((), ("api_key" = []))
)]
pub(super) async fn list_jobs(
    State(state): State<AppState>,
    Caller(owner): Caller,
    Query(parameters): Query<ListParameters>,
) -> Result<Json<JobPage>, ApiError> {
    let invalid = |detail: String| ApiError::new(ErrorCode::InvalidOption, detail);
    if !(1..=MAX_PAGE_SIZE).contains(&parameters.limit) {
        return Err(invalid(format!(
            "`limit` must be from 1 to {MAX_PAGE_SIZE}"
        )));
    }
    let cursor = match parameters.cursor {
        Some(text) => Some(
            text.parse::<Cursor>()
                .map_err(|error| invalid(format!("{error}")))?,
        ),
        None => None,
    };
    let query = ListQuery {
        state: parameters.state.map(|state| state.0),
        cursor,
        limit: parameters.limit,
    };
    let page = state.queue.list(&owner, &query).await?;
    Ok(Json(JobPage {
        jobs: page
            .jobs
            .into_iter()
            .map(|job| Job::new(job, None))
            .collect(),
        next: page.next.map(|cursor| cursor.to_string()),
    }))
}
