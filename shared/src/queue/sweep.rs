//! Housekeeping in bounded steps. Every worker does it now and then; claims do the urgent part themselves.

use std::time::Duration;

use redis::cmd;

use crate::job::JobId;

use super::lease::ids;
use super::{Inner, Queue, QueueError, millis};

/// How long an id is not answered again, so that two processes do not delete the same objects.
const PURGE_LEASE: Duration = Duration::from_secs(60);

impl Queue {
    /// One step: makes due jobs claimable, takes expired leases back, buries jobs past their retention, forgets silent
    /// workers. Answers at most 100 jobs whose objects are to be deleted; each is answered again after a minute until
    /// [`Queue::purged`]. Call it again at once while it answers any.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn sweep(&self) -> Result<Vec<JobId>, QueueError> {
        let queue = &self.0;
        let mut call = queue.prepare(&queue.scripts.sweep);
        call.arg(queue.args.max_crashes)
            .arg(millis(queue.args.retention))
            .arg(millis(queue.args.tombstone))
            .arg(millis(queue.silence()))
            .arg(millis(PURGE_LEASE))
            .arg(millis(queue.args.orphan_after))
            .arg(millis(queue.args.lease));
        let purge: Vec<String> = queue.run(&call).await?;
        ids(&purge)
    }

    /// Notes that the objects of a job are gone.
    ///
    /// # Errors
    /// [`QueueError`]; the job is answered again then.
    pub async fn purged(&self, id: JobId) -> Result<(), QueueError> {
        let queue = &self.0;
        queue
            .connection
            .call(cmd("ZREM").arg(queue.keys.of("purge")).arg(id.to_string()))
            .await
    }
}

impl Inner {
    /// How long a worker may be silent before it is forgotten: long after its leases are.
    pub(super) fn silence(&self) -> Duration {
        3 * self.args.lease
    }
}
