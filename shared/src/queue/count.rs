//! How much is in the queue, and how long it waits.

use std::collections::HashMap;
use std::time::Duration;

use redis::cmd;

use crate::job::State;

use super::{Queue, QueueError};

/// How many jobs are in each state; expired jobs are not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Claimable now.
    pub queued: u64,
    /// Wait for the time the client asked for.
    pub scheduled: u64,
    /// Leased.
    pub running: u64,
    /// Wait for their next attempt.
    pub retrying: u64,
    /// Leased, and told to stop.
    pub cancelling: u64,
    /// Ended with everything extracted.
    pub succeeded: u64,
    /// Ended with a result and warnings.
    pub partial: u64,
    /// Ended because of their document.
    pub failed: u64,
    /// In the dead letters.
    pub dead: u64,
    /// Ended by their client.
    pub cancelled: u64,
}

impl Counts {
    /// Jobs that wait: what the depth limit bounds.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        self.queued + self.scheduled + self.retrying
    }

    /// Jobs that ended and are kept.
    #[must_use]
    pub fn done(&self) -> u64 {
        self.succeeded + self.partial + self.failed + self.dead + self.cancelled
    }

    /// The number of jobs in `state`.
    #[must_use]
    pub fn of(&self, state: State) -> u64 {
        match state {
            State::Queued => self.queued,
            State::Scheduled => self.scheduled,
            State::Running => self.running,
            State::Retrying => self.retrying,
            State::Cancelling => self.cancelling,
            State::Succeeded => self.succeeded,
            State::Partial => self.partial,
            State::Failed => self.failed,
            State::Dead => self.dead,
            State::Cancelled => self.cancelled,
            State::Expired => 0,
        }
    }
}

impl Queue {
    /// How many jobs are in each state.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn counts(&self) -> Result<Counts, QueueError> {
        let queue = &self.0;
        let counts: HashMap<String, u64> = queue
            .connection
            .call(cmd("HGETALL").arg(queue.keys.of("counts")))
            .await?;
        let of = |state: State| counts.get(state.as_str()).copied().unwrap_or(0);
        Ok(Counts {
            queued: of(State::Queued),
            scheduled: of(State::Scheduled),
            running: of(State::Running),
            retrying: of(State::Retrying),
            cancelling: of(State::Cancelling),
            succeeded: of(State::Succeeded),
            partial: of(State::Partial),
            failed: of(State::Failed),
            dead: of(State::Dead),
            cancelled: of(State::Cancelled),
        })
    }

    /// How long the job has been claimable that is so the longest; `None` when none is queued.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn oldest_wait(&self) -> Result<Option<Duration>, QueueError> {
        let call = self.0.prepare(&self.0.scripts.oldest_wait);
        let wait: i64 = self.0.run(&call).await?;
        Ok(u64::try_from(wait).ok().map(Duration::from_millis))
    }
}
