//! Whose job it is: the public id of an API key, or nobody in particular.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The id of the API key that made a job: 1 to 64 of `A-Z a-z 0-9 _ . -`, or `-` when keys are off.
///
/// It is part of Redis keys and of log lines, so it never is the key itself.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Owner(String);

/// A text that is no [`Owner`].
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("an owner is 1 to 64 of A-Z a-z 0-9 _ . -")]
pub struct InvalidOwner;

impl Owner {
    /// Everybody, when no API keys are set.
    #[must_use]
    pub fn anonymous() -> Self {
        Self("-".to_owned())
    }

    /// As it stands in Redis keys.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Owner {
    type Err = InvalidOwner;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
        if (1..=64).contains(&text.len()) && text.chars().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidOwner)
        }
    }
}

impl TryFrom<String> for Owner {
    type Error = InvalidOwner;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Owner> for String {
    fn from(owner: Owner) -> Self {
        owner.0
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
