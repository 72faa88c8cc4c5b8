//! The SDK's errors as ours: by status and code, never with the server's own words, which may name keys.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

use crate::store::StoreError;

/// What a failed call means for the caller.
pub(super) fn store_error<E>(
    operation: &'static str,
    error: &SdkError<E, HttpResponse>,
) -> StoreError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match error {
        SdkError::ServiceError(answer) => classify(
            operation,
            Some(answer.raw().status().as_u16()),
            answer.err().code(),
        ),
        SdkError::ResponseError(answer) => {
            classify(operation, Some(answer.raw().status().as_u16()), None)
        }
        SdkError::TimeoutError(_) => StoreError::timed_out(operation),
        failure if lacks_credentials(failure) => StoreError::Denied {
            operation,
            reason: "no usable credentials".to_owned(),
        },
        failure => StoreError::Unavailable {
            operation,
            reason: root_cause(failure),
        },
    }
}

/// What an answer means: S3 API reference, "Error responses".
pub(super) fn classify(
    operation: &'static str,
    status: Option<u16>,
    code: Option<&str>,
) -> StoreError {
    let reason = match (status, code) {
        (Some(status), Some(code)) => format!("{code} ({status})"),
        (Some(status), None) => format!("status {status}"),
        (None, code) => code.unwrap_or("an error without a code").to_owned(),
    };
    match (code, status) {
        (Some("NoSuchBucket"), _) => no_bucket(operation),
        (Some("NoSuchKey" | "NotFound"), _) | (None, Some(404)) => StoreError::NotFound,
        (
            Some(
                "AccessDenied"
                | "AuthorizationHeaderMalformed"
                | "ExpiredToken"
                | "InvalidAccessKeyId"
                | "InvalidToken"
                | "NotSignedUp"
                | "RequestTimeTooSkewed"
                | "SignatureDoesNotMatch",
            ),
            _,
        )
        | (_, Some(401 | 403)) => StoreError::Denied { operation, reason },
        (Some("InternalError" | "RequestTimeout" | "ServiceUnavailable" | "SlowDown"), _)
        | (_, Some(408 | 429 | 500..=599)) => StoreError::Unavailable { operation, reason },
        _ => StoreError::Unexpected { operation, reason },
    }
}

/// Counts as an outage: a bucket appears when the server beside us has finished its start.
pub(super) fn no_bucket(operation: &'static str) -> StoreError {
    StoreError::Unavailable {
        operation,
        reason: "the bucket does not exist".to_owned(),
    }
}

/// A length that the protocol demands and gives as a signed number.
pub(super) fn length(operation: &'static str, length: Option<i64>) -> Result<u64, StoreError> {
    length
        .and_then(|length| u64::try_from(length).ok())
        .ok_or_else(|| StoreError::Unexpected {
            operation,
            reason: "no valid Content-Length".to_owned(),
        })
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

fn lacks_credentials(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(|cause| cause.is::<CredentialsError>())
}

/// The innermost cause alone, `Connection refused (os error 111)`: what stands around it only says that a call failed.
pub(super) fn root_cause(error: &(dyn Error + 'static)) -> String {
    causes(error)
        .last()
        .map_or_else(String::new, ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_told_from_a_refusal() {
        let classify = |status, code| classify("get", Some(status), code);
        assert!(matches!(classify(404, None), StoreError::NotFound));
        assert!(matches!(
            classify(404, Some("NoSuchKey")),
            StoreError::NotFound
        ));
        for (status, code) in [
            (404, Some("NoSuchBucket")),
            (503, Some("SlowDown")),
            (500, None),
            (429, Some("TooManyRequests")),
        ] {
            let error = classify(status, code);
            assert!(
                matches!(error, StoreError::Unavailable { .. }),
                "{status} {code:?}"
            );
            assert!(error.is_transient());
        }
        for (status, code) in [(403, None), (401, None), (400, Some("ExpiredToken"))] {
            let error = classify(status, code);
            assert!(
                matches!(error, StoreError::Denied { .. }),
                "{status} {code:?}"
            );
        }
        let error = classify(400, Some("InvalidArgument"));
        assert!(matches!(error, StoreError::Unexpected { .. }));
        assert!(!error.is_transient());
        assert_eq!(
            error.to_string(),
            "the object store answered get with InvalidArgument (400)"
        );
    }
}
