//! `ApiError`: everything that can go wrong with a request, answered as RFC 9457 problem details.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::header::{HeaderName, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use shared::error_code::ErrorCode;
use shared::job::{JobError, State};
use shared::queue::QueueError;
use shared::store::StoreError;

use crate::wire::Problem;

/// How soon a client should come back after an outage or a refusal under load.
const RETRY_SOON: Duration = Duration::from_secs(2);

/// A refusal or a failure. The client sees code and detail; the cause goes to the log only.
#[derive(Clone)]
pub(crate) struct ApiError {
    code: ErrorCode,
    status: StatusCode,
    detail: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    cause: Option<Arc<dyn Error + Send + Sync>>,
}

impl ApiError {
    /// Answered with the status that belongs to `code`.
    pub(crate) fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self {
            code,
            status: status_of(code),
            detail: detail.into(),
            headers: Vec::new(),
            cause: None,
        }
    }

    /// A fault of the service itself.
    pub(crate) fn internal(cause: impl Error + Send + Sync + 'static) -> Self {
        Self::new(ErrorCode::Internal, "the request could not be served").caused_by(cause)
    }

    /// What the result of a job that ended without one is answered with: the job's own problem.
    pub(crate) fn of_job(error: &JobError) -> Self {
        Self {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            ..Self::new(error.code, error.detail.clone())
        }
    }

    /// There is no such job, or it belongs to someone else.
    pub(crate) fn no_such_job() -> Self {
        Self::new(ErrorCode::NotFound, "there is no such job")
    }

    /// The job was deleted, or is past its retention time.
    pub(crate) fn expired() -> Self {
        Self::new(
            ErrorCode::Expired,
            "the job was deleted or its retention time is over",
        )
    }

    /// The job is in a state that does not allow what was asked for.
    pub(crate) fn conflict(state: State) -> Self {
        Self::new(ErrorCode::Conflict, format!("the job is {state}"))
    }

    /// Adds `Retry-After`, in whole seconds, at least one and never less than `after`.
    pub(crate) fn with_retry_after(self, after: Duration) -> Self {
        let whole = after.as_secs() + u64::from(after.subsec_nanos() > 0);
        self.with_header(RETRY_AFTER, HeaderValue::from(whole.max(1)))
    }

    pub(crate) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Keeps the cause for the log.
    pub(crate) fn caused_by(mut self, cause: impl Error + Send + Sync + 'static) -> Self {
        self.cause = Some(Arc::new(cause));
        self
    }

    pub(crate) fn code(&self) -> ErrorCode {
        self.code
    }

    pub(crate) fn cause(&self) -> Option<&(dyn Error + Send + Sync)> {
        self.cause.as_deref()
    }

    /// The body that the client gets.
    pub(crate) fn body<'a>(&'a self, request_id: &'a str) -> Problem<'a> {
        Problem::new(self.code, self.status, &self.detail, request_id)
    }
}

/// The status that belongs to a code when a request ran into it.
fn status_of(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::BadRequest | ErrorCode::DigestMismatch => StatusCode::BAD_REQUEST,
        ErrorCode::Unauthorized => StatusCode::UNAUTHORIZED,
        ErrorCode::NotFound => StatusCode::NOT_FOUND,
        ErrorCode::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        ErrorCode::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
        ErrorCode::IdempotencyConflict
        | ErrorCode::NotReady
        | ErrorCode::Cancelled
        | ErrorCode::Conflict => StatusCode::CONFLICT,
        ErrorCode::Expired => StatusCode::GONE,
        ErrorCode::FileTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        // RFC 9110, 15.5.16: also "as a result of inspecting the data directly".
        ErrorCode::NotAPdf | ErrorCode::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ErrorCode::RangeNotSatisfiable => StatusCode::RANGE_NOT_SATISFIABLE,
        ErrorCode::QueueFull | ErrorCode::QuotaExceeded => StatusCode::TOO_MANY_REQUESTS,
        ErrorCode::StorageUnavailable | ErrorCode::QueueUnavailable | ErrorCode::Overloaded => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        ErrorCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

impl From<QueueError> for ApiError {
    fn from(error: QueueError) -> Self {
        // A refusal, as for want of memory, is an outage to the client: somebody will mend it.
        if error.is_transient() || matches!(error, QueueError::Refused(_)) {
            Self::new(ErrorCode::QueueUnavailable, "try again in a moment")
                .with_retry_after(RETRY_SOON)
                .caused_by(error)
        } else {
            Self::internal(error)
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        if error.is_transient() {
            Self::new(ErrorCode::StorageUnavailable, "try again in a moment")
                .with_retry_after(RETRY_SOON)
                .caused_by(error)
        } else {
            Self::internal(error)
        }
    }
}

/// The body is written by the layer that knows the request id: [`crate::observe`].
impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.headers_mut().extend(self.headers.clone());
        response.extensions_mut().insert(self);
        response
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.status, self.code, self.detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_answered_with_503_and_never_with_its_cause() {
        let error = ApiError::new(ErrorCode::QueueUnavailable, "try again in a moment")
            .with_retry_after(Duration::from_millis(10))
            .caused_by(std::io::Error::other("redis://secret@host"));
        let body = serde_json::to_string(&error.body("id")).unwrap();
        assert!(!body.contains("secret"), "{body}");
        let response = error.into_response();
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()[RETRY_AFTER], "1");
    }

    #[test]
    fn a_failed_job_never_answers_with_a_server_error() {
        for code in ErrorCode::ALL {
            let error = JobError {
                code: *code,
                detail: String::new(),
            };
            assert_eq!(ApiError::of_job(&error).into_response().status(), 422);
        }
    }
}
