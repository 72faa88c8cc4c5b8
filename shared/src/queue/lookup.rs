//! One job: its record, its place in the queue, its next change.

use std::time::Duration;

use redis::cmd;
use tokio::time::{Instant, timeout_at};

use crate::job::{JobId, JobRecord};
use crate::owner::Owner;

use super::record::{Fields, decode};
use super::{Change, Queue, QueueError};

/// How often a record is read again while nobody says that it changed.
const FALLBACK_POLL: Duration = Duration::from_secs(2);

impl Queue {
    /// The record of a job; that of an expired job has the state `expired`, its owner and its times.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn get(&self, id: JobId) -> Result<Option<JobRecord>, QueueError> {
        let queue = &self.0;
        let fields: Fields = queue
            .connection
            .call(cmd("HGETALL").arg(queue.keys.job(id)))
            .await?;
        if fields.is_empty() {
            return Ok(None);
        }
        decode(id, &fields).map(Some)
    }

    /// Its place among the queued jobs of its `owner`, 0 for the next; `None` when it is not queued.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn position(&self, id: JobId, owner: &Owner) -> Result<Option<u64>, QueueError> {
        let queue = &self.0;
        let pending = queue.keys.of(&format!("pending:{owner}"));
        queue
            .connection
            .call(cmd("ZRANK").arg(pending).arg(id.to_string()))
            .await
    }

    /// The record as soon as its newest change is `enough`, or as it is when `within` is over; `None` when there is no
    /// such job. What is not enough is not read.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn wait_for(
        &self,
        id: JobId,
        within: Duration,
        enough: impl Fn(Change) -> bool,
    ) -> Result<Option<JobRecord>, QueueError> {
        let deadline = Instant::now() + within;
        let mut watch = self.0.signals.watch_changes(id);
        loop {
            watch.begin();
            let record = self.get(id).await?;
            let settled = record
                .as_ref()
                .is_none_or(|record| enough(Change::of(record)));
            let now = Instant::now();
            if settled || now >= deadline {
                return Ok(record);
            }
            let announced = watch.announced(&enough);
            // Over means: look again.
            let _ = timeout_at(deadline.min(now + FALLBACK_POLL), announced).await;
        }
    }
}
