//! What a run has seen so far, and which of it counts.

use std::collections::HashMap;
use std::time::Duration;

use shared::job::{State, Tally};
use tokio::time::Instant;

use super::super::measured::Measured;
use super::super::usage::{ByRole, Processes};
use crate::client::Job;
use crate::failure::Failure;

/// The jobs of a run so far.
pub(super) struct Record {
    pub(super) measured: Measured,
    pub(super) begun: u64,
    pub(super) ended: u64,
    /// When the measured part began, and the CPU time of everybody until then.
    pub(super) opened: Option<(Instant, ByRole<Duration>)>,
    pub(super) closed: bool,
    /// What the first job of each document found.
    expected: HashMap<usize, Tally>,
}

/// Why there is no result: the kind, for counting, and what was said.
pub(super) struct Lost {
    pub(super) kind: String,
    pub(super) detail: String,
}

impl Record {
    pub(super) fn new() -> Self {
        Self {
            measured: Measured::new(),
            begun: 0,
            ended: 0,
            opened: None,
            closed: false,
            expected: HashMap::new(),
        }
    }

    /// The measured part begins.
    pub(super) fn open(&mut self, processes: &Processes) {
        self.opened = Some((Instant::now(), processes.cpu()));
    }

    /// The measured part ends.
    pub(super) fn close(&mut self, processes: &Processes) {
        self.closed = true;
        let Some((opened, before)) = &self.opened else {
            return;
        };
        self.measured.window = opened.elapsed();
        for (role, cpu) in processes.cpu() {
            let before = before.get(&role).copied().unwrap_or_default();
            self.measured.cpu.insert(role, cpu.saturating_sub(before));
        }
    }

    /// The job's result, when it has one and it is that of the document's other jobs.
    pub(super) fn as_expected(&mut self, document: usize, job: &Job) -> Result<Tally, Lost> {
        let tally = match job.result {
            Some(tally) if matches!(job.state, State::Succeeded | State::Partial) => tally,
            _ => return Err(Lost::of(job)),
        };
        let expected = *self.expected.entry(document).or_insert(tally);
        if tally == expected {
            Ok(tally)
        } else {
            let detail = format!(
                "job {}: {tally:?} where another one had {expected:?}",
                job.id
            );
            Err(Lost {
                kind: "another result".to_owned(),
                detail,
            })
        }
    }
}

impl Lost {
    /// A request that was refused or not answered.
    pub(super) fn by(failure: &Failure, during: &str) -> Self {
        let kind = match failure {
            Failure::Problem(problem) => problem.code().unwrap_or("refused"),
            _ => "no answer",
        };
        Self {
            kind: format!("{during}: {kind}"),
            detail: failure.to_string(),
        }
    }

    /// A job that ended without a result.
    fn of(job: &Job) -> Self {
        match &job.error {
            Some(error) => Self {
                kind: format!("{}: {}", job.state, error.code),
                detail: format!("job {}: {}", job.id, error.detail),
            },
            None => Self {
                kind: job.state.to_string(),
                detail: format!("job {}", job.id),
            },
        }
    }
}
