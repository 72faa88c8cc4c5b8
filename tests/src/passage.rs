//! Jobs that pass through a queue without anybody reading their documents.

use std::time::Duration;

use anyhow::{Context as _, Result};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use redis::aio::MultiplexedConnection;
use shared::checksum::Checksum;
use shared::job::{JobId, JobOptions, Priority, Tally};
use shared::owner::Owner;
use shared::queue::{NewJob, Outcome, Queue, Submitted, WorkerId};
use uuid::Uuid;

/// Calls under way at once.
const AT_ONCE: usize = 32;

/// A job with nothing special about it.
#[must_use]
pub fn plain_job(owner: Owner) -> NewJob {
    NewJob {
        id: JobId::generate(),
        owner,
        filename: Some("paper.pdf".to_owned()),
        bytes: 1234,
        sha256: "ab".repeat(32),
        checksum: Checksum::of(b""),
        options: JobOptions::default(),
        priority: Priority::default(),
        delay: Duration::ZERO,
        idempotency: None,
        traceparent: None,
        password: None,
    }
}

/// Announces, submits, claims and finishes so many jobs of ten owners.
///
/// # Errors
/// When the queue does not do as asked.
pub async fn pass(queue: &Queue, jobs: u64) -> Result<()> {
    let worker: WorkerId = "passage".parse()?;
    stream::iter(0..jobs)
        .map(|number| {
            let worker = &worker;
            async move {
                let new = plain_job(format!("owner-{}", number % 10).parse()?);
                queue.announce(new.id, &new.owner).await?;
                let submitted = queue.submit(&new).await?;
                anyhow::ensure!(matches!(submitted, Submitted::Accepted(_)), "{submitted:?}");
                let claim = queue.claim(worker, Uuid::now_v7()).await?;
                let lease = claim.context("a job is queued")?.lease();
                queue
                    .finish(lease, &Outcome::Succeeded(Tally::default()))
                    .await?;
                anyhow::Ok(())
            }
        })
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await
}

/// Sweeps until no ended job is left whose retention is over.
///
/// # Errors
/// When the queue does not do as asked.
pub async fn sweep_all(queue: &Queue) -> Result<()> {
    loop {
        let before = queue.counts().await?.done();
        let purge = queue.sweep().await?;
        for id in &purge {
            queue.purged(*id).await?;
        }
        if purge.is_empty() && queue.counts().await?.done() == before {
            return Ok(());
        }
    }
}

/// Bytes that Redis has allocated for its data and its clients.
///
/// # Errors
/// When Redis does not answer.
pub async fn used_memory(redis: &mut MultiplexedConnection) -> Result<u64> {
    let info: String = redis::cmd("INFO").arg("memory").query_async(redis).await?;
    let used = info
        .lines()
        .find_map(|line| line.strip_prefix("used_memory:"));
    Ok(used.context("no used_memory")?.trim().parse()?)
}
