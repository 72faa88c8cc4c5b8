//! A job as clients see it.

use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::error_code::ErrorCode;
use shared::job::{JobId, JobOptions, JobRecord, Stage, State};
use shared::timestamp::Timestamp;
use utoipa::ToSchema;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};

use super::problem::{code_schema, type_of};

/// A job: where it is in its life, how far, and where its parts are.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Job {
    #[schema(value_type = String, format = Uuid)]
    id: JobId,
    #[schema(schema_with = state_schema)]
    state: State,
    /// Grows with every change: the value of `ETag`.
    #[schema(minimum = 0)]
    revision: u64,
    /// The name that the client gave the file.
    #[schema(required)]
    filename: Option<String>,
    /// Size of the PDF in bytes.
    #[schema(minimum = 0)]
    bytes: u64,
    /// SHA-256 of the PDF, hexadecimal.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    sha256: String,
    options: Options,
    /// 0 first, 9 last.
    #[schema(minimum = 0, maximum = 9)]
    priority: u8,
    /// Attempts begun so far.
    #[schema(minimum = 0)]
    attempt: u32,
    /// Attempts allowed.
    #[schema(minimum = 1)]
    max_attempts: u32,
    progress: Progress,
    /// Jobs of the same owner that are claimed before this one; null unless it is queued, and in lists.
    #[schema(required, minimum = 0)]
    queue_position: Option<u64>,
    /// When it was accepted.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it becomes or became claimable.
    #[schema(format = DateTime)]
    run_at: String,
    /// When the newest attempt began.
    #[schema(required, format = DateTime)]
    started_at: Option<String>,
    /// When it reached its last state.
    #[schema(required, format = DateTime)]
    finished_at: Option<String>,
    /// Why it failed, is dead, or waits for another attempt.
    #[schema(required)]
    error: Option<JobProblem>,
    /// What it left behind, in numbers.
    #[schema(required)]
    result: Option<Summary>,
    links: Links,
}

/// What the client asked for.
#[derive(Debug, Serialize, ToSchema)]
struct Options {
    images: bool,
    boxes: bool,
    markdown: bool,
}

/// How far the newest attempt is.
#[derive(Debug, Serialize, ToSchema)]
struct Progress {
    /// What the worker is doing; null before the first attempt.
    #[schema(required, schema_with = stage_schema)]
    stage: Option<Stage>,
    #[schema(minimum = 0)]
    pages_done: u64,
    /// Null until the document was opened.
    #[schema(required, minimum = 0)]
    pages_total: Option<u64>,
    /// Distinct images stored so far.
    #[schema(minimum = 0)]
    images: u64,
}

/// Why a job ended without a result, or waits for another attempt.
#[derive(Debug, Serialize, ToSchema)]
struct JobProblem {
    /// Names the kind of problem; stable.
    #[schema(format = "uri")]
    r#type: String,
    #[schema(schema_with = code_schema)]
    code: ErrorCode,
    /// One line for a person, the same for every problem of this kind.
    title: &'static str,
    /// What happened this time.
    detail: String,
    /// Whether the same PDF may succeed when it is tried again.
    retryable: bool,
}

/// What a finished job left behind, in numbers.
#[derive(Debug, Serialize, ToSchema)]
struct Summary {
    #[schema(minimum = 0)]
    pages: u64,
    /// Distinct images.
    #[schema(minimum = 0)]
    images: u64,
    /// What was skipped or repaired.
    #[schema(minimum = 0)]
    warnings: u64,
}

/// Where the parts of a job are; absent when the job has no such part, or its state does not allow it.
/// `pages` and `images` are URI templates (RFC 6570).
#[derive(Debug, Default, Serialize, ToSchema)]
struct Links {
    #[serde(rename = "self")]
    this: String,
    source: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    result: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    markdown: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pages: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    images: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    cancel: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    retry: Option<String>,
}

/// A page of jobs, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JobPage {
    pub(crate) jobs: Vec<Job>,
    /// The `cursor` of the next page; null on the last one.
    #[schema(required)]
    pub(crate) next: Option<String>,
}

/// A job that is gone.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Deleted {
    #[schema(value_type = String, format = Uuid)]
    pub(crate) id: JobId,
    /// Always true.
    pub(crate) deleted: bool,
}

/// A state that a list can be narrowed to; an expired job is in no list.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(try_from = "State")]
pub(crate) struct ListableState(pub(crate) State);

impl TryFrom<State> for ListableState {
    type Error = &'static str;

    fn try_from(state: State) -> Result<Self, Self::Error> {
        match state {
            State::Expired => Err("expired jobs cannot be listed"),
            state => Ok(Self(state)),
        }
    }
}

impl Job {
    /// `position` is known for queued jobs, where it was looked up.
    pub(crate) fn new(record: JobRecord, position: Option<u64>) -> Self {
        let links = Links::of(&record);
        let JobOptions {
            images,
            boxes,
            markdown,
        } = record.options;
        Self {
            id: record.id,
            state: record.state,
            revision: record.revision,
            filename: record.filename,
            bytes: record.bytes,
            sha256: record.sha256,
            options: Options {
                images,
                boxes,
                markdown,
            },
            priority: record.priority.into(),
            attempt: record.attempt,
            max_attempts: record.max_attempts,
            progress: Progress {
                stage: record.progress.stage,
                pages_done: record.progress.pages_done,
                pages_total: record.progress.pages_total,
                images: record.progress.images,
            },
            queue_position: position,
            created_at: record.created_at.to_string(),
            run_at: record.run_at.to_string(),
            started_at: record.started_at.as_ref().map(Timestamp::to_string),
            finished_at: record.finished_at.as_ref().map(Timestamp::to_string),
            error: record.error.map(|error| JobProblem {
                r#type: type_of(error.code),
                code: error.code,
                title: error.code.title(),
                detail: error.detail,
                retryable: is_retryable(error.code),
            }),
            result: record.tally.map(|tally| Summary {
                pages: tally.pages,
                images: tally.images,
                warnings: tally.warnings,
            }),
            links,
        }
    }
}

impl Links {
    fn of(record: &JobRecord) -> Self {
        let this = format!("/v1/jobs/{}", record.id);
        let when = |holds: bool, part: &str| holds.then(|| format!("{this}{part}"));
        let has_result = record.state.has_result();
        let stopped = matches!(record.state, State::Failed | State::Dead | State::Cancelled);
        let live = !record.state.is_terminal() && record.state != State::Cancelling;
        Self {
            source: format!("{this}/source"),
            result: when(has_result, "/result"),
            text: when(has_result, "/text"),
            markdown: when(has_result && record.options.markdown, "/markdown"),
            pages: when(has_result, "/pages/{n}"),
            images: when(has_result && record.options.images, "/images/{n}"),
            cancel: when(live, "/cancel"),
            retry: when(stopped, "/retry"),
            this,
        }
    }
}

/// Whether an outage or a crash stopped the job, and not the document.
fn is_retryable(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::StorageUnavailable
            | ErrorCode::QueueUnavailable
            | ErrorCode::Internal
            | ErrorCode::Cancelled
    )
}

/// The states a record can show; an expired job answers 410 instead.
pub(crate) fn state_schema() -> Schema {
    let shown = State::ALL.iter().filter(|state| **state != State::Expired);
    ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::String))
        .description(Some(
            "Live: queued, scheduled, running, retrying, cancelling. \
             Last: succeeded, partial (a result, with warnings), failed (the document), dead (attempts used up), cancelled.",
        ))
        .enum_values(Some(shown.map(|state| json!(state))))
        .into()
}

fn stage_schema() -> Schema {
    let names = Stage::ALL.iter().map(|stage| json!(stage));
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .description(Some(
            "What the worker is doing; null before the first attempt.",
        ))
        .enum_values(Some(names.chain([json!(null)])))
        .into()
}

#[cfg(test)]
mod tests;
