//! Why an attempt ended without a result, and whether another one may help.

use std::io;

use extract::{ExtractError, SinkClosed};
use shared::error_code::ErrorCode;
use shared::job::{JobError, Tally};
use shared::queue::Outcome;
use shared::store::StoreError;
use thiserror::Error;

#[cfg(target_os = "linux")]
use crate::extraction::sandbox::Death;
use crate::stop::StopReason;

/// Everything that ends an attempt without a result.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    #[error("extraction: {0}")]
    Extract(#[from] ExtractError),
    #[error("extraction panicked: {0}")]
    Panicked(String),
    #[cfg(target_os = "linux")]
    #[error("the extraction process died: {0}")]
    Died(#[from] Death),
    #[error("the stored source is {found}, not the {expected} that was uploaded")]
    SourceChanged { expected: String, found: String },
    #[error("object store: {0}")]
    Store(#[from] StoreError),
    #[error("stopped: {0:?}")]
    Stopped(StopReason),
    #[error("the extraction did not stop when told to")]
    Stuck,
    #[error("worker: {0}")]
    Internal(String),
}

impl From<SinkClosed> for Failure {
    fn from(_: SinkClosed) -> Self {
        Self::Extract(ExtractError::SinkClosed)
    }
}

/// What the system refuses a worker that reads no document yet.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Internal(error.to_string())
    }
}

/// Whether another attempt may help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The same job may succeed later: nothing in the document is the cause.
    Retry,
    /// The same bytes fail the same way again.
    Fail,
}

impl Failure {
    /// Decided here and nowhere else.
    pub(crate) fn verdict(&self) -> Verdict {
        match self {
            Self::Store(StoreError::NotFound | StoreError::TooLarge { .. }) => Verdict::Fail,
            Self::Store(_) | Self::SourceChanged { .. } | Self::Internal(_) => Verdict::Retry,
            #[cfg(target_os = "linux")]
            Self::Died(_) => Verdict::Retry,
            Self::Extract(_) | Self::Panicked(_) | Self::Stopped(_) | Self::Stuck => Verdict::Fail,
        }
    }

    /// What the queue is told; `None` when the lease is gone and there is nobody to tell.
    pub(crate) fn outcome(&self) -> Option<Outcome> {
        match self {
            Self::Stopped(StopReason::LeaseLost) => None,
            Self::Stopped(StopReason::Cancelled) => Some(Outcome::Cancelled),
            Self::Stopped(StopReason::Drained) => Some(Outcome::Release),
            #[cfg(target_os = "linux")]
            Self::Died(_) => Some(Outcome::Crashed(self.job_error())),
            _ => Some(match self.verdict() {
                Verdict::Retry => Outcome::Retry {
                    error: self.job_error(),
                },
                Verdict::Fail => Outcome::Failed(self.job_error()),
            }),
        }
    }

    /// What the client may know.
    fn job_error(&self) -> JobError {
        let (code, detail) = match self {
            Self::Extract(error) => (extract_code(error), error.to_string()),
            Self::Panicked(_) => (
                ErrorCode::ParserCrashed,
                "the extraction crashed".to_owned(),
            ),
            #[cfg(target_os = "linux")]
            Self::Died(death) => died(death),
            Self::Stuck | Self::Stopped(_) => (
                ErrorCode::TimeLimit,
                "the extraction did not end in time".to_owned(),
            ),
            Self::Store(StoreError::NotFound) => {
                (ErrorCode::Internal, "the stored source is gone".to_owned())
            }
            Self::Store(StoreError::TooLarge { .. }) => (
                ErrorCode::FileTooLarge,
                "the stored source is too large".to_owned(),
            ),
            Self::Store(_) | Self::SourceChanged { .. } => (
                ErrorCode::StorageUnavailable,
                "the object store did not answer as it should".to_owned(),
            ),
            Self::Internal(_) => (ErrorCode::Internal, "the worker failed".to_owned()),
        };
        JobError { code, detail }
    }
}

#[cfg(target_os = "linux")]
fn died(death: &Death) -> (ErrorCode, String) {
    match death {
        Death::Memory => (ErrorCode::MemoryLimit, death.to_string()),
        Death::CpuTime => (ErrorCode::TimeLimit, death.to_string()),
        Death::Crash { .. } | Death::Nonsense(_) => (
            ErrorCode::ParserCrashed,
            "the extraction process died".to_owned(),
        ),
    }
}

fn extract_code(error: &ExtractError) -> ErrorCode {
    error.code().parse().unwrap_or(ErrorCode::Internal)
}

/// The outcome of a whole attempt, for the queue.
pub(crate) fn outcome_of(result: &Result<Tally, Failure>) -> Option<Outcome> {
    match result {
        Ok(tally) => Some(Outcome::Succeeded(*tally)),
        Err(failure) => failure.outcome(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_corrupt_document_is_never_retried_and_an_outage_always_is() {
        assert_eq!(
            Failure::from(ExtractError::NotAPdf).verdict(),
            Verdict::Fail
        );
        assert_eq!(Failure::Panicked(String::new()).verdict(), Verdict::Fail);
        assert_eq!(Failure::Internal(String::new()).verdict(), Verdict::Retry);
    }

    #[test]
    fn every_extraction_error_has_a_code_of_its_own() {
        for error in [
            ExtractError::NotAPdf,
            ExtractError::Damaged(String::new()),
            ExtractError::Encrypted,
            ExtractError::PasswordWrong,
            ExtractError::UnsupportedEncryption,
            ExtractError::TooManyPages { pages: 2, limit: 1 },
            ExtractError::OutputLimit(String::new()),
            ExtractError::MemoryLimit(String::new()),
        ] {
            assert_ne!(extract_code(&error), ErrorCode::Internal, "{error}");
        }
    }
}
