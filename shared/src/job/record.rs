//! The record of a job: the whole of `{ingest}:job:<id>`, and what HTTP polls.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{JobId, JobOptions, Priority, State};
use crate::checksum::Checksum;
use crate::error_code::ErrorCode;
use crate::owner::Owner;
use crate::password::SealedPassword;
use crate::timestamp::Timestamp;

/// Everything that is known of a job without opening the object store.
#[derive(Clone, Debug, PartialEq)]
pub struct JobRecord {
    /// Its id.
    pub id: JobId,
    /// Who made it.
    pub owner: Owner,
    /// Where it is in its life.
    pub state: State,
    /// Grows by one with every change that a poller could see: the `ETag`.
    pub revision: u64,
    /// The name that the client gave the file; for display only.
    pub filename: Option<String>,
    /// Size of the source in bytes.
    pub bytes: u64,
    /// SHA-256 of the source, 64 lowercase hexadecimal digits.
    pub sha256: String,
    /// Checksum of the source, where whoever took it in noted one.
    pub checksum: Option<Checksum>,
    /// What the client asked for.
    pub options: JobOptions,
    /// 0 first, 9 last.
    pub priority: Priority,
    /// Claims so far; the fencing token of the running one.
    pub attempt: u32,
    /// Claims allowed.
    pub max_attempts: u32,
    /// Claims that ended with an expired lease.
    pub crashes: u32,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it becomes or became claimable.
    pub run_at: Timestamp,
    /// When the newest attempt began.
    pub started_at: Option<Timestamp>,
    /// When it reached its terminal state.
    pub finished_at: Option<Timestamp>,
    /// The worker of the newest attempt.
    pub worker: Option<String>,
    /// How far the newest attempt is.
    pub progress: Progress,
    /// What a finished job left behind.
    pub tally: Option<Tally>,
    /// Why it failed, is dead, or waits for a retry.
    pub error: Option<JobError>,
    /// The trace that submitted it (W3C Trace Context).
    pub traceparent: Option<String>,
    /// What opens the PDF; kept until the job has succeeded.
    pub password: Option<SealedPassword>,
}

/// How far the newest attempt is.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// What the worker is doing; `None` before the first attempt.
    pub stage: Option<Stage>,
    /// Pages extracted.
    pub pages_done: u64,
    /// Pages in the document, once known.
    pub pages_total: Option<u64>,
    /// Distinct images uploaded.
    pub images: u64,
}

/// The stages of an attempt, in order.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// The source is being read from the object store.
    Download,
    /// Pages are being extracted and images uploaded.
    Extract,
    /// The pages and the manifest are being written.
    Commit,
}

impl Stage {
    /// Every stage, in order.
    pub const ALL: &[Self] = &[Self::Download, Self::Extract, Self::Commit];

    /// The name that stands in Redis and in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Download => "download",
            Self::Extract => "extract",
            Self::Commit => "commit",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Stage {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .iter()
            .copied()
            .find(|stage| stage.as_str() == text)
            .ok_or(())
    }
}

/// What a finished job left behind, in numbers.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Pages in `pages.ndjson`.
    pub pages: u64,
    /// Distinct images stored.
    pub images: u64,
    /// Warnings in the manifest.
    pub warnings: u64,
}

/// Why a job failed, is dead, or waits for a retry.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct JobError {
    /// The stable name.
    pub code: ErrorCode,
    /// One sentence that may be shown to the client.
    pub detail: String,
}
