//! What the client asked for; stored as JSON in the record's `options` field.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Options of one job. Unknown fields are refused, so that a misspelt option is an error at once.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct JobOptions {
    /// Extract and store images.
    pub images: bool,
    /// Add lines and words with their boxes to every page.
    pub boxes: bool,
    /// Add Markdown to every page.
    pub markdown: bool,
}

impl Default for JobOptions {
    fn default() -> Self {
        Self {
            images: true,
            boxes: false,
            markdown: false,
        }
    }
}

/// 0 is claimed first, 9 last; 5 unless the client says otherwise.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Priority(u8);

/// A number that is no [`Priority`].
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("a priority is a number from 0 (first) to 9 (last)")]
pub struct InvalidPriority;

impl Default for Priority {
    fn default() -> Self {
        Self(5)
    }
}

impl TryFrom<u8> for Priority {
    type Error = InvalidPriority;

    fn try_from(number: u8) -> Result<Self, Self::Error> {
        if number <= 9 {
            Ok(Self(number))
        } else {
            Err(InvalidPriority)
        }
    }
}

impl From<Priority> for u8 {
    fn from(priority: Priority) -> Self {
        priority.0
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}
