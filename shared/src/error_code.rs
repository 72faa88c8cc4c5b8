//! The stable names of everything that can go wrong with a job or a request.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

macro_rules! error_codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal / $title:literal,)+) => {
        /// The `type` of a problem (RFC 9457) and the `error_code` of a job record.
        ///
        /// Clients switch on these names: one is never renamed, and never reused for something else.
        #[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Hash, Serialize)]
        #[serde(rename_all = "kebab-case")]
        #[non_exhaustive]
        pub enum ErrorCode {
            $($(#[doc = $doc])+ $name,)+
        }

        impl ErrorCode {
            /// Every code, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The kebab-case name that stands in Redis, in JSON and in metrics.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }

            /// One line for a person, the same for every occurrence (RFC 9457, 3.1.3).
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)+ }
            }
        }
    };
}

error_codes! {
    /// The body does not start with `%PDF-`.
    NotAPdf = "not-a-pdf" / "The upload is not a PDF",
    /// It is a PDF, but nothing in it could be read.
    DamagedPdf = "damaged-pdf" / "The PDF is damaged beyond repair",
    /// A password is needed.
    EncryptedPdf = "encrypted-pdf" / "The PDF is encrypted and no password was given",
    /// The given password does not open it.
    PasswordWrong = "password-wrong" / "The password does not open the PDF",
    /// More bytes than an upload may have.
    FileTooLarge = "file-too-large" / "The upload is larger than allowed",
    /// More pages than a job may have.
    TooManyPages = "too-many-pages" / "The PDF has more pages than allowed",
    /// Text and images exceed what a job may yield.
    OutputLimit = "output-limit" / "The result would be larger than allowed",
    /// Inflated streams or pixels exceed what a job may take.
    MemoryLimit = "memory-limit" / "Reading the PDF takes more memory than allowed",
    /// The attempt ran into its deadline.
    TimeLimit = "time-limit" / "Reading the PDF takes longer than allowed",
    /// The extraction panicked or its process died.
    ParserCrashed = "parser-crashed" / "The PDF crashed the extraction",
    /// Workers died while they held the job.
    PoisonJob = "poison-job" / "Workers crashed repeatedly while holding this job",
    /// The object store did not answer.
    StorageUnavailable = "storage-unavailable" / "The object store is unavailable",
    /// Redis did not answer.
    QueueUnavailable = "queue-unavailable" / "The queue is unavailable",
    /// The queue is at its depth limit.
    QueueFull = "queue-full" / "The queue is full",
    /// The key's own limit is reached.
    QuotaExceeded = "quota-exceeded" / "The quota of this API key is used up",
    /// A request with the same idempotency key is still being accepted.
    IdempotencyConflict = "idempotency-conflict" / "A request with this Idempotency-Key is still in progress",
    /// The idempotency key was used for other bytes or options.
    IdempotencyMismatch = "idempotency-mismatch" / "This Idempotency-Key was used for a different request",
    /// The job has no result yet.
    NotReady = "not-ready" / "The job is not finished",
    /// There is no such job, page or image.
    NotFound = "not-found" / "There is nothing here",
    /// The job's retention time is over.
    Expired = "expired" / "The job and its result were removed after their retention time",
    /// The job was cancelled.
    Cancelled = "cancelled" / "The job was cancelled",
    /// The job's state does not allow this.
    Conflict = "conflict" / "The state of the job does not allow this",
    /// The request does not make sense.
    BadRequest = "bad-request" / "The request is malformed",
    /// An option has a value that is not allowed.
    InvalidOption = "invalid-option" / "An option has an invalid value",
    /// The body is neither `application/pdf` nor a form with a file.
    UnsupportedMediaType = "unsupported-media-type" / "The content type is not supported",
    /// The digest in the request does not match its body.
    DigestMismatch = "digest-mismatch" / "The body does not match its digest",
    /// The path exists, the method does not.
    MethodNotAllowed = "method-not-allowed" / "The method is not allowed here",
    /// The requested range lies outside of the object.
    RangeNotSatisfiable = "range-not-satisfiable" / "The requested range lies outside of the object",
    /// The request did not arrive in time.
    RequestTimeout = "request-timeout" / "The request took too long to arrive",
    /// As many requests as allowed are being served.
    Overloaded = "overloaded" / "The service is busy",
    /// No valid API key.
    Unauthorized = "unauthorized" / "A valid API key is required",
    /// A fault of the service itself.
    Internal = "internal" / "The service failed",
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ErrorCode {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .iter()
            .copied()
            .find(|code| code.as_str() == text)
            .ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_serde_name_is_the_name_in_redis() {
        for code in ErrorCode::ALL {
            let json = serde_json::to_string(code).unwrap();
            assert_eq!(json, format!("\"{code}\""));
            assert_eq!(code.as_str().parse(), Ok(*code));
        }
    }
}
