//! Why an image gives no file.

use thiserror::Error;

use crate::{ExtractError, WarningCode};

/// All but the last concern one image: the caller turns them into a warning and goes on.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub(super) enum ImageError {
    /// `Width` or `Height` is missing or not positive.
    #[error("an image has no usable size")]
    NoSize,
    /// One of [`crate::Limits`] for images is exceeded.
    #[error("an image of {width}x{height} pixels exceeds the limits")]
    TooLarge {
        /// Pixels across.
        width: u64,
        /// Pixels down.
        height: u64,
    },
    /// Decoding takes more steps or memory than a sensible image of its size would.
    #[error("an image takes more work than the limits allow: {0}")]
    TooCostly(&'static str),
    /// The specification allows it; this crate cannot read it.
    #[error("an image is not supported: {0}")]
    Unsupported(&'static str),
    /// The specification does not allow it.
    #[error("an image is damaged: {0}")]
    Damaged(&'static str),
    /// The whole extraction ends.
    #[error(transparent)]
    Extraction(#[from] ExtractError),
}

impl ImageError {
    /// The kind of warning that this is, unless it ends the extraction.
    pub(super) fn warning_code(&self) -> WarningCode {
        match self {
            Self::TooLarge { .. } | Self::TooCostly(_) => WarningCode::Limit,
            Self::Unsupported(_) => WarningCode::Unsupported,
            Self::NoSize | Self::Damaged(_) | Self::Extraction(_) => WarningCode::DamagedImage,
        }
    }
}
