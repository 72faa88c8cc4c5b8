//! The states of a job and the moves between them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Where a job is in its life.
///
/// | from | to | by |
/// |---|---|---|
/// | – | `queued`, `scheduled` | submit |
/// | `scheduled`, `retrying` | `queued` | claim, when due |
/// | `queued` | `running` | claim |
/// | `running` | `succeeded`, `partial`, `failed`, `dead` | finish |
/// | `running` | `retrying` | finish, with a retry |
/// | `running` | `queued` | finish, with a release; claim, when the lease expired |
/// | `running` | `dead` | claim, when the lease expired and the crashes or attempts are used up |
/// | `queued`, `scheduled`, `retrying` | `cancelled` | cancel |
/// | `running` | `cancelling` | cancel |
/// | `cancelling` | `cancelled`, `succeeded`, `partial` | finish; claim, when the lease expired |
/// | `failed`, `dead`, `cancelled` | `queued` | retry |
/// | terminal | `expired` | sweep, after the retention time |
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Waits for a free worker.
    Queued,
    /// Waits for the time the client asked for.
    Scheduled,
    /// A worker holds its lease.
    Running,
    /// Waits for its next attempt after an outage.
    Retrying,
    /// A worker still holds it and was told to stop.
    Cancelling,
    /// Everything was extracted.
    Succeeded,
    /// A result is there, with warnings.
    Partial,
    /// The document cannot be read; trying again would not help.
    Failed,
    /// The attempts are used up; in the dead letters.
    Dead,
    /// Stopped by the client.
    Cancelled,
    /// Removed after its retention time; only this tombstone is left.
    Expired,
}

impl State {
    /// Every state.
    pub const ALL: &[Self] = &[
        Self::Queued,
        Self::Scheduled,
        Self::Running,
        Self::Retrying,
        Self::Cancelling,
        Self::Succeeded,
        Self::Partial,
        Self::Failed,
        Self::Dead,
        Self::Cancelled,
        Self::Expired,
    ];

    /// The name that stands in Redis and in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Scheduled => "scheduled",
            Self::Running => "running",
            Self::Retrying => "retrying",
            Self::Cancelling => "cancelling",
            Self::Succeeded => "succeeded",
            Self::Partial => "partial",
            Self::Failed => "failed",
            Self::Dead => "dead",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }

    /// Whether it stays as it is until a client retries or deletes it, or it expires.
    #[must_use]
    pub fn is_terminal(self) -> bool {
        match self {
            Self::Queued | Self::Scheduled | Self::Running | Self::Retrying | Self::Cancelling => {
                false
            }
            Self::Succeeded
            | Self::Partial
            | Self::Failed
            | Self::Dead
            | Self::Cancelled
            | Self::Expired => true,
        }
    }

    /// Whether `result.json` exists.
    #[must_use]
    pub fn has_result(self) -> bool {
        matches!(self, Self::Succeeded | Self::Partial)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for State {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .iter()
            .copied()
            .find(|state| state.as_str() == text)
            .ok_or(())
    }
}
