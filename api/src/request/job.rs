//! The job that a path names, when it is there and belongs to the caller.

use axum::extract::{FromRequestParts, RawPathParams};
use http::request::Parts;
use shared::error_code::ErrorCode;
use shared::job::{JobId, JobRecord, State};
use tracing::Span;

use crate::auth::Caller;
use crate::problem::ApiError;
use crate::state::AppState;

/// The record of the job in `{id}`: it exists, has not expired, and is the caller's.
pub(crate) struct OwnedJob(pub(crate) JobRecord);

impl FromRequestParts<AppState> for OwnedJob {
    type Rejection = ApiError;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &AppState,
    ) -> Result<Self, Self::Rejection> {
        let Caller(owner) = Caller::from_request_parts(parts, state).await?;
        let id: JobId = path_parameter(parts, state, "id")
            .await?
            .parse()
            .map_err(|error| ApiError::new(ErrorCode::BadRequest, format!("{error}")))?;
        Span::current().record("job.id", id.to_string());
        let record = state.queue.get(id).await?;
        match record {
            Some(record) if record.owner != owner => Err(ApiError::no_such_job()),
            Some(record) if record.state == State::Expired => Err(ApiError::expired()),
            Some(record) => Ok(Self(record)),
            None => Err(ApiError::no_such_job()),
        }
    }
}

/// The `{n}` of a path: a page or an image, from 1.
pub(crate) struct Number(pub(crate) u32);

impl FromRequestParts<AppState> for Number {
    type Rejection = ApiError;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &AppState,
    ) -> Result<Self, Self::Rejection> {
        let text = path_parameter(parts, state, "n").await?;
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse() {
            Ok(number) if digits && number > 0 => Ok(Self(number)),
            _ => Err(ApiError::new(
                ErrorCode::BadRequest,
                "a page or image is named by its number, from 1",
            )),
        }
    }
}

async fn path_parameter(
    parts: &mut Parts,
    state: &AppState,
    name: &str,
) -> Result<String, ApiError> {
    let parameters = RawPathParams::from_request_parts(parts, state)
        .await
        .map_err(|_| ApiError::new(ErrorCode::BadRequest, "the path is not valid UTF-8"))?;
    parameters
        .iter()
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
        .ok_or_else(|| ApiError::new(ErrorCode::NotFound, "there is nothing at this path"))
}
