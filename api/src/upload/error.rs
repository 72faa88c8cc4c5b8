//! Why an upload was not taken.

use shared::config::ByteSize;
use shared::error_code::ErrorCode;
use thiserror::Error;

use crate::problem::ApiError;

/// An upload that is refused, or that broke off. Messages are for the client.
#[derive(Debug, Error)]
pub(crate) enum UploadError {
    /// No byte at all.
    #[error("the upload is empty")]
    Empty,
    /// No signature where it must be.
    #[error("the first 1024 bytes do not contain `%PDF-`")]
    NotAPdf,
    /// More bytes than allowed.
    #[error("the upload is larger than {0}")]
    TooLarge(ByteSize),
    /// The client went away or sent less than announced.
    #[error("the upload ended early: {0}")]
    Broken(String),
    /// The client sends too little for too long.
    #[error("the upload came too slowly")]
    TooSlow,
    /// The announced digest is malformed, or there are two that differ.
    #[error("the digest must be `sha-256=:<base64 of 32 bytes>:`")]
    BadDigest,
    /// Other bytes than announced.
    #[error("the SHA-256 of the upload is not the announced one")]
    DigestMismatch,
    /// The form is not well formed, or larger than a form needs to be.
    #[error("the form cannot be read: {0}")]
    BadForm(String),
}

impl From<UploadError> for ApiError {
    fn from(error: UploadError) -> Self {
        let code = match error {
            UploadError::Empty | UploadError::NotAPdf => ErrorCode::NotAPdf,
            UploadError::TooLarge(_) => ErrorCode::FileTooLarge,
            UploadError::TooSlow => ErrorCode::RequestTimeout,
            UploadError::DigestMismatch => ErrorCode::DigestMismatch,
            UploadError::Broken(_) | UploadError::BadDigest | UploadError::BadForm(_) => {
                ErrorCode::BadRequest
            }
        };
        Self::new(code, error.to_string())
    }
}
