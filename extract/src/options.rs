//! What the caller wants from a document, and how much reading it may cost.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// What an extraction should yield.
#[derive(Clone, Debug)]
pub struct Options {
    /// Decode and hand out images.
    pub images: bool,
    /// Fill [`crate::Page::blocks`]: lines and words with their boxes.
    pub boxes: bool,
    /// Fill [`crate::Page::markdown`].
    pub markdown: bool,
    /// Tried as user and as owner password, after the empty one.
    pub password: Option<Password>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            images: true,
            boxes: false,
            markdown: false,
            password: None,
        }
    }
}

/// A document password; its `Debug` form hides the characters, and its memory is cleared when it
/// is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// Wraps the password as the user typed it.
    #[must_use]
    pub fn new(password: impl Into<String>) -> Self {
        Self(Zeroizing::new(password.into()))
    }

    /// The characters, for the key derivation and nothing else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

/// Bounds on what a hostile document can make this crate do. Every one can be lowered by the caller.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// Pages in the page tree; more is [`crate::ExtractError::TooManyPages`].
    pub max_pages: u64,
    /// Bytes that one stream may inflate to; more is a warning and the stream is cut.
    pub max_stream_bytes: u64,
    /// Bytes that all streams of a document together may inflate to.
    pub max_document_bytes: u64,
    /// Pixels on either side of an image; a larger image is skipped with a warning.
    pub max_image_side: u32,
    /// Bytes that one decoded image may take; a larger image is skipped with a warning.
    pub max_image_bytes: u64,
    /// Distinct images per document; the rest is skipped with a warning.
    pub max_images: u64,
    /// Places of images listed per page; the rest is left out with a warning.
    pub max_placed_images: u64,
    /// Bytes of UTF-8 text per page; the rest is cut with a warning.
    pub max_text_bytes: u64,
    /// Nesting of form XObjects, arrays, dictionaries and page-tree nodes.
    pub max_depth: u32,
    /// Content-stream operators run per page, forms included; the rest is skipped with a warning.
    pub max_operators: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_pages: 3_000,
            max_stream_bytes: 64 << 20,
            max_document_bytes: 1 << 30,
            max_image_side: 30_000,
            max_image_bytes: 256 << 20,
            max_images: 5_000,
            max_placed_images: 20_000,
            max_text_bytes: 1 << 20,
            max_depth: 100,
            max_operators: 5_000_000,
        }
    }
}
