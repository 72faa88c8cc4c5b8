//! What expired leaves the queue and the store.

use std::convert::Infallible;
use std::time::Duration;

use metrics::counter;
use shared::job::JobId;
use shared::queue::Queue;
use shared::store::ObjectStore;
use shared::telemetry::names;

/// Sweeps every `interval`, forever. Several workers may do so at once: each step is harmless when
/// it is done twice, and a job stays in the purge set until its objects are gone.
pub(crate) async fn sweep(queue: &Queue, store: &ObjectStore, interval: Duration) -> Infallible {
    loop {
        tokio::time::sleep(interval).await;
        match queue.sweep().await {
            Ok(jobs) => {
                for job in jobs {
                    purge(queue, store, job).await;
                }
            }
            Err(error) => tracing::warn!(%error, "expired jobs not swept"),
        }
    }
}

async fn purge(queue: &Queue, store: &ObjectStore, job: JobId) {
    let deleted = match store.delete_job(job).await {
        Ok(deleted) => deleted,
        Err(error) => {
            tracing::warn!(job.id = %job, %error, "objects not deleted yet");
            return;
        }
    };
    match queue.purged(job).await {
        Ok(()) => {
            counter!(names::JOBS_PURGED_TOTAL).increment(1);
            tracing::debug!(job.id = %job, objects = deleted, "deleted the objects of a job");
        }
        Err(error) => tracing::warn!(job.id = %job, %error, "purge not noted yet"),
    }
}
