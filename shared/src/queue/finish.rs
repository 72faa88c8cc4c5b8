//! How attempts end. Only the holder of a lease can say so, and may say it twice.

use std::time::Duration;

use redis::cmd;

use crate::error_code::ErrorCode;
use crate::job::{JobError, State, Tally};

use super::record::{error_fields, tally_fields};
use super::{Lease, Queue, QueueError, backoff, millis};

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// `result.json` is written; with warnings the job is `partial`.
    Succeeded(Tally),
    /// The document is at fault: trying again would not help.
    Failed(JobError),
    /// The moment is at fault: again after a wait, or dead when the attempts are used up.
    Retry {
        /// What went wrong this time.
        error: JobError,
    },
    /// The document took the process that read it down: again after a wait, or dead when that has happened too often.
    Crashed(JobError),
    /// Into the dead letters, whatever attempts are left.
    Dead(JobError),
    /// Stopped, as the client wished.
    Cancelled,
    /// Given back unfinished, as a worker does that ends; counts as no attempt.
    Release,
}

/// What became of a finish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finished {
    /// The job went to this state.
    Done(State),
    /// The lease was lost: whatever was done does not count.
    Stale,
}

/// The outcome as the script takes it.
struct Ending {
    state: &'static str,
    delay: Duration,
    fields: Vec<(&'static str, String)>,
}

impl Queue {
    /// Ends an attempt. Made again after a lost reply, it answers the same; call it until it answers.
    ///
    /// A job that is being cancelled becomes `cancelled` unless it succeeded after all.
    ///
    /// # Errors
    /// [`QueueError`]; the job may have been finished.
    pub async fn finish(&self, lease: Lease, outcome: &Outcome) -> Result<Finished, QueueError> {
        let finished = self.finish_all(&[(lease, outcome)]).await?;
        Ok(finished.first().copied().unwrap_or(Finished::Stale))
    }

    /// Ends several attempts in one call; answers in their order. As [`Queue::finish`], it may be made again.
    ///
    /// # Errors
    /// [`QueueError`]; the jobs may have been finished.
    pub async fn finish_all(
        &self,
        ended: &[(Lease, &Outcome)],
    ) -> Result<Vec<Finished>, QueueError> {
        let mut endings = Vec::with_capacity(ended.len());
        for (lease, outcome) in ended {
            let ending = match outcome {
                Outcome::Retry { error } => self.after_failure(*lease, error).await?,
                Outcome::Crashed(error) => self.after_crash(*lease, error).await?,
                other => Ending::of(other),
            };
            endings.push((lease.job.to_string(), lease.attempt, ending));
        }
        self.end(&endings).await
    }

    /// Sends a job to the dead letters whose record cannot be read, even when its id cannot.
    pub(super) async fn bury_unreadable(
        &self,
        id: &str,
        attempt: u32,
        why: &str,
    ) -> Result<(), QueueError> {
        let error = JobError {
            code: ErrorCode::PoisonJob,
            detail: format!("its record cannot be read: {why}"),
        };
        let ending = (id.to_owned(), attempt, Ending::dead(&error));
        self.end(&[ending]).await.map(|_| ())
    }

    /// Wait or give up: decided here from the attempts that the record allows. Nobody else changes them while the
    /// lease is held, and the script refuses when it is not.
    async fn after_failure(&self, lease: Lease, error: &JobError) -> Result<Ending, QueueError> {
        let queue = &self.0;
        let (base, max): (Option<u32>, Option<u32>) = queue
            .connection
            .call(
                cmd("HMGET")
                    .arg(queue.keys.job(lease.job))
                    .arg("attempt_base")
                    .arg("max_attempts"),
            )
            .await?;
        let base = base.unwrap_or(0);
        let failed = lease.attempt.saturating_sub(base);
        let allowed = max.unwrap_or(0).saturating_sub(base);
        Ok(
            match backoff::next_attempt(&queue.args, failed, allowed, rand::random()) {
                Some(delay) => Ending {
                    state: "retrying",
                    delay,
                    fields: error_fields(error),
                },
                None => Ending::dead(error),
            },
        )
    }

    /// A crash counts as one wherever it is seen: here, or by whoever takes the lease of a dead worker over.
    async fn after_crash(&self, lease: Lease, error: &JobError) -> Result<Ending, QueueError> {
        let queue = &self.0;
        let crashes: Option<u32> = queue
            .connection
            .call(cmd("HGET").arg(queue.keys.job(lease.job)).arg("crashes"))
            .await?;
        let crashes = crashes.unwrap_or(0).saturating_add(1);
        let mut ending = if crashes < queue.args.max_crashes {
            self.after_failure(lease, error).await?
        } else {
            Ending::dead(error)
        };
        ending.fields.push(("crashes", crashes.to_string()));
        Ok(ending)
    }

    /// `endings` are of the attempts of jobs, by their ids.
    async fn end(&self, endings: &[(String, u32, Ending)]) -> Result<Vec<Finished>, QueueError> {
        let queue = &self.0;
        let mut call = queue.prepare(&queue.scripts.finish);
        for (id, attempt, ending) in endings {
            call.arg(id)
                .arg(attempt)
                .arg(ending.state)
                .arg(millis(ending.delay))
                .arg(2 * ending.fields.len());
            for (name, value) in &ending.fields {
                call.arg(name).arg(value);
            }
        }
        let answer: Vec<String> = queue.run(&call).await?;
        if answer.len() != endings.len() {
            return Err(QueueError::corrupt(
                "the answer of finish",
                format!("{} for {} attempts", answer.len(), endings.len()),
            ));
        }
        Ok(answer.iter().map(|state| finished(state)).collect())
    }
}

/// A state that this program does not know was given by one of another version, which thus ended the attempt.
fn finished(state: &str) -> Finished {
    state.parse().map_or(Finished::Stale, Finished::Done)
}

impl Ending {
    fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Succeeded(tally) if tally.warnings > 0 => {
                Self::now("partial", tally_fields(tally))
            }
            Outcome::Succeeded(tally) => Self::now("succeeded", tally_fields(tally)),
            Outcome::Failed(error) => Self::now("failed", error_fields(error)),
            Outcome::Dead(error) | Outcome::Retry { error } | Outcome::Crashed(error) => {
                Self::dead(error)
            }
            Outcome::Cancelled => Self::now("cancelled", Vec::new()),
            Outcome::Release => Self::now("released", Vec::new()),
        }
    }

    fn dead(error: &JobError) -> Self {
        Self::now("dead", error_fields(error))
    }

    fn now(state: &'static str, fields: Vec<(&'static str, String)>) -> Self {
        Self {
            state,
            delay: Duration::ZERO,
            fields,
        }
    }
}
