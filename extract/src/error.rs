//! Why a document gave nothing at all; damage that leaves something readable is a `Warning`.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The reasons for which an extraction ends without a result.
///
/// None of them depends on chance: the same bytes, options and limits fail the same way again
/// (except for [`ExtractError::Cancelled`] and [`ExtractError::SinkClosed`], which the caller causes).
#[derive(Clone, Debug, Deserialize, Error, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub enum ExtractError {
    /// There is no `%PDF-` header within the first 1,024 bytes (ISO 32000-1, annex H, note 13) and
    /// no object that could be recovered.
    #[error("not a PDF")]
    NotAPdf,
    /// It is a PDF, but no page tree could be found or rebuilt.
    #[error("damaged PDF: {0}")]
    Damaged(String),
    /// It needs a password and none was given (ISO 32000-1, 7.6).
    #[error("encrypted PDF: a password is needed")]
    Encrypted,
    /// It needs a password and the given one opens it neither as user nor as owner.
    #[error("encrypted PDF: the password is wrong")]
    PasswordWrong,
    /// It is encrypted by a security handler or algorithm that is not implemented.
    #[error("encrypted PDF: unsupported security handler")]
    UnsupportedEncryption,
    /// The page tree holds more pages than [`crate::Limits::max_pages`].
    #[error("{pages} pages, {limit} allowed")]
    TooManyPages {
        /// Pages found before counting stopped.
        pages: u64,
        /// The limit in force.
        limit: u64,
    },
    /// Text and images together exceed what the limits allow.
    #[error("output limit: {0}")]
    OutputLimit(String),
    /// Inflated streams or decoded pixels exceed what the limits allow for a whole document.
    #[error("memory limit: {0}")]
    MemoryLimit(String),
    /// [`crate::Cancel::cancel`] was called.
    #[error("cancelled")]
    Cancelled,
    /// The sink refused to take more.
    #[error("the receiver went away")]
    SinkClosed,
}

impl ExtractError {
    /// A stable kebab-case name, as the HTTP API and the command line report it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotAPdf => "not-a-pdf",
            Self::Damaged(_) => "damaged-pdf",
            Self::Encrypted | Self::UnsupportedEncryption => "encrypted-pdf",
            Self::PasswordWrong => "password-wrong",
            Self::TooManyPages { .. } => "too-many-pages",
            Self::OutputLimit(_) => "output-limit",
            Self::MemoryLimit(_) => "memory-limit",
            Self::Cancelled => "cancelled",
            Self::SinkClosed => "sink-closed",
        }
    }
}
