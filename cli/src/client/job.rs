//! The bodies that the service answers with, as far as the commands read them.

use serde::Deserialize;
use serde_json::value::RawValue;
use shared::job::{JobId, Progress, State, Tally};

use crate::failure::Failure;

/// One job, with the fields that the commands show.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Job {
    pub(crate) id: JobId,
    pub(crate) state: State,
    pub(crate) revision: u64,
    pub(crate) filename: Option<String>,
    pub(crate) bytes: u64,
    pub(crate) attempt: u32,
    pub(crate) max_attempts: u32,
    pub(crate) progress: Progress,
    pub(crate) queue_position: Option<u64>,
    pub(crate) created_at: String,
    pub(crate) started_at: Option<String>,
    pub(crate) finished_at: Option<String>,
    pub(crate) error: Option<JobProblem>,
    pub(crate) result: Option<Tally>,
    /// The whole body, as it is passed on with `--json`.
    #[serde(skip)]
    pub(crate) raw: Box<RawValue>,
}

/// Why a job ended without a result, or waits for another attempt.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct JobProblem {
    pub(crate) code: String,
    pub(crate) title: String,
    pub(crate) detail: String,
}

/// A page of the list.
#[derive(Debug, Deserialize)]
pub(crate) struct JobPage {
    pub(crate) jobs: Vec<Box<RawValue>>,
    pub(crate) next: Option<String>,
}

impl Job {
    /// Reads a body.
    pub(crate) fn parse(raw: Box<RawValue>) -> Result<Self, Failure> {
        let job: Self = serde_json::from_str(raw.get()).map_err(|error| {
            Failure::Unavailable(format!(
                "the service answers with another kind of job: {error}"
            ))
        })?;
        Ok(Self { raw, ..job })
    }

    /// What to call it: the file's name, else the id.
    pub(crate) fn name(&self) -> String {
        self.filename.clone().unwrap_or_else(|| self.id.to_string())
    }
}
