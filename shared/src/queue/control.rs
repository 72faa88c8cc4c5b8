//! Cancel, retry, delete: what a client does to a job. Whether it is the client's own job was asked before.

use uuid::Uuid;

use crate::job::{JobId, State};

use super::{Queue, QueueError, RECORD_VERSION, millis};

/// What became of a cancel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelAnswer {
    /// It will not run.
    Cancelled,
    /// A worker holds it and is told to stop.
    Cancelling,
    /// It has ended otherwise.
    TooLate(State),
    /// There is no such job.
    Unknown,
}

/// What became of a retry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAnswer {
    /// It is queued, with its attempts granted anew.
    Queued,
    /// It is live, has a result or has expired.
    NotTerminal(State),
    /// There is no such job.
    Unknown,
}

/// What became of a delete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeleteAnswer {
    /// A tombstone is left; the objects go with a later [`Queue::sweep`].
    Deleted,
    /// It has not ended.
    Live(State),
    /// There is no such job.
    Unknown,
}

impl Queue {
    /// Cancels a job. Made again, it answers the same.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn cancel(&self, id: JobId) -> Result<CancelAnswer, QueueError> {
        let mut call = self.0.prepare(&self.0.scripts.cancel);
        call.arg(id.to_string());
        let answer: String = self.0.run(&call).await?;
        Ok(match split(id, &answer)? {
            ("unknown", _) => CancelAnswer::Unknown,
            ("cancelled", _) | ("late", Some(State::Cancelled)) => CancelAnswer::Cancelled,
            ("cancelling", _) | ("late", Some(State::Cancelling)) => CancelAnswer::Cancelling,
            ("late", Some(state)) => CancelAnswer::TooLate(state),
            _ => return Err(unexpected("cancel", &answer)),
        })
    }

    /// Queues a job again that failed, died or was cancelled.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn retry(&self, id: JobId) -> Result<RetryAnswer, QueueError> {
        let mut call = self.0.prepare(&self.0.scripts.retry);
        call.arg(id.to_string())
            .arg(self.0.args.max_attempts)
            .arg(Uuid::now_v7().to_string());
        let answer: String = self.0.run(&call).await?;
        Ok(match split(id, &answer)? {
            ("unknown", _) => RetryAnswer::Unknown,
            ("queued", _) => RetryAnswer::Queued,
            ("late", Some(state)) => RetryAnswer::NotTerminal(state),
            _ => return Err(unexpected("retry", &answer)),
        })
    }

    /// Removes a job that has ended. Made again, it answers the same.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn delete(&self, id: JobId) -> Result<DeleteAnswer, QueueError> {
        let mut call = self.0.prepare(&self.0.scripts.delete);
        call.arg(id.to_string()).arg(millis(self.0.args.tombstone));
        let answer: String = self.0.run(&call).await?;
        Ok(match split(id, &answer)? {
            ("unknown", _) => DeleteAnswer::Unknown,
            ("deleted", _) => DeleteAnswer::Deleted,
            ("live", Some(state)) => DeleteAnswer::Live(state),
            _ => return Err(unexpected("delete", &answer)),
        })
    }
}

/// `word` or `word:state`.
fn split(id: JobId, answer: &str) -> Result<(&str, Option<State>), QueueError> {
    if answer == "version" {
        return Err(QueueError::Version {
            job: id.to_string(),
            expected: RECORD_VERSION,
        });
    }
    match answer.split_once(':') {
        None => Ok((answer, None)),
        Some((word, state)) => match state.parse() {
            Ok(state) => Ok((word, Some(state))),
            Err(()) => Err(QueueError::corrupt(
                format!("job {id}"),
                "its field state is malformed",
            )),
        },
    }
}

fn unexpected(script: &str, answer: &str) -> QueueError {
    QueueError::corrupt(format!("the answer of {script}"), answer)
}
