//! What must hold when all is quiet again.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::time::{Duration, Instant};

use anyhow::Result;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use redis::cmd;
use shared::job::JobId;
use shared::queue::Queue;

use super::clients::Accepted;
use super::cluster::{Cluster, LEASE, ORPHAN_AFTER, PREFIX, ended};
use super::documents::{Documents, Outcome};

/// Keys whose number does not grow with the jobs: one each, or one per owner, state or record version.
const OWN_KEYS: &[&str] = &[
    ":pending:",
    ":owners",
    ":idle",
    ":clock",
    ":counts",
    ":delayed",
    ":running",
    ":queued",
    ":done",
    ":dead",
    ":purge",
    ":list:",
    ":workers",
    ":worker:",
    ":events",
    ":version:",
    ":resting",
    ":keys",
];

const COMPARED_AT_ONCE: usize = 16;

/// What was seen; everything but `ended` and `attempts` should be nothing.
#[derive(Debug, Default)]
pub(super) struct Findings {
    ended: usize,
    /// Attempts beyond the first.
    attempts: usize,
    /// Seconds from the last fault until the last job had ended.
    quiet_after: Duration,
    /// Two keys with one job.
    shared_ids: usize,
    stuck: Vec<JobId>,
    lost: Vec<JobId>,
    /// Another state, or other bytes, than the quiet run left.
    different: Vec<JobId>,
    /// Records of jobs that nobody was told of.
    unknown_jobs: usize,
    /// Objects of jobs that are unknown, except sources.
    unknown_objects: usize,
    /// Sources whose upload was read but never answered.
    left_sources: Vec<JobId>,
    /// Keys in Redis that stay although no job needs them.
    lasting_keys: Vec<String>,
}

impl Findings {
    pub(super) fn is_clean(&self) -> bool {
        self.stuck.is_empty()
            && self.lost.is_empty()
            && self.different.is_empty()
            && self.lasting_keys.is_empty()
            && self.shared_ids == 0
            && self.unknown_jobs == 0
            && self.unknown_objects == 0
            && self.left_sources.is_empty()
    }
}

/// Waits until the jobs have ended, and compares.
pub(super) async fn look(
    cluster: &Cluster,
    documents: &Documents,
    accepted: &[Accepted],
) -> Result<Findings> {
    let mut findings = Findings::default();
    let began = Instant::now();
    let mut numbers: HashMap<JobId, usize> = HashMap::new();
    for job in accepted {
        if numbers.insert(job.id, job.number).is_some() {
            findings.shared_ids += 1;
        }
        if !ends(&cluster.queue, job.id).await? {
            findings.stuck.push(job.id);
        }
    }
    findings.quiet_after = began.elapsed();
    let mut compared = stream::iter(&numbers)
        .map(|(id, number)| compare(cluster, documents, *id, *number))
        .buffer_unordered(COMPARED_AT_ONCE);
    while let Some((id, end, attempts)) = compared.try_next().await? {
        findings.attempts += attempts.saturating_sub(1) as usize;
        match end {
            End::AsUndisturbed => findings.ended += 1,
            End::Different => findings.different.push(id),
            End::Lost => findings.lost.push(id),
            End::NotYet => {} // counted as stuck
        }
    }
    count_records(cluster, documents, &numbers, &mut findings).await?;
    await_sweep(cluster, &numbers, 2 * ORPHAN_AFTER, &mut findings).await?;
    make_due(cluster, &findings.left_sources).await?;
    await_sweep(cluster, &numbers, ORPHAN_AFTER, &mut findings).await?;
    Ok(findings)
}

/// Counts the objects until no source is left, or `patience` is at its end.
async fn await_sweep(
    cluster: &Cluster,
    jobs: &HashMap<JobId, usize>,
    patience: Duration,
    findings: &mut Findings,
) -> Result<()> {
    let sweep_by = Instant::now() + patience;
    count_objects(cluster, jobs, findings).await?;
    while !findings.left_sources.is_empty() && Instant::now() < sweep_by {
        tokio::time::sleep(Duration::from_millis(250)).await;
        count_objects(cluster, jobs, findings).await?;
    }
    Ok(())
}

/// Removal comes minutes later when Redis's clock was ahead as it was planned, or when the worker that was to remove
/// was killed. What is not planned at all stays as it is.
async fn make_due(cluster: &Cluster, sources: &[JobId]) -> Result<()> {
    let mut redis = cluster.redis.connection().await?;
    let keys: Vec<String> = cmd("KEYS").arg("*:purge").query_async(&mut redis).await?;
    for key in &keys {
        for id in sources {
            let mut call = cmd("ZADD");
            call.arg(key).arg("XX").arg(0).arg(id.to_string());
            call.query_async::<()>(&mut redis).await?;
        }
    }
    Ok(())
}

/// Waits for a job for as long as in every two lease times some job ends.
async fn ends(queue: &Queue, id: JobId) -> Result<bool> {
    let mut before = queue.counts().await?.done();
    loop {
        if ended(queue, id, 2 * LEASE).await? {
            return Ok(true);
        }
        let now = queue.counts().await?.done();
        if now == before {
            return Ok(false);
        }
        before = now;
    }
}

/// What became of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    AsUndisturbed,
    Different,
    NotYet,
    Lost,
}

/// How a job ended, and how many attempts it took.
async fn compare(
    cluster: &Cluster,
    documents: &Documents,
    id: JobId,
    number: usize,
) -> Result<(JobId, End, u32)> {
    let Some(record) = cluster.queue.get(id).await? else {
        return Ok((id, End::Lost, 0));
    };
    let end = match Outcome::of(cluster, id).await {
        _ if !record.state.is_terminal() => End::NotYet,
        Ok(outcome) if outcome == *documents.outcome(number) => End::AsUndisturbed,
        _ => End::Different,
    };
    Ok((id, end, record.attempt))
}

/// Every key in Redis is a job that was accepted, one of the queue's few own keys, or expires.
async fn count_records(
    cluster: &Cluster,
    documents: &Documents,
    jobs: &HashMap<JobId, usize>,
    findings: &mut Findings,
) -> Result<()> {
    let mut redis = cluster.redis.connection().await?;
    let keys: Vec<String> = cmd("KEYS").arg("*").query_async(&mut redis).await?;
    let mut records = 0;
    for key in keys {
        if key.contains(":job:") {
            records += 1; // the sweep removes it after its retention
            continue;
        }
        let ttl: i64 = cmd("TTL").arg(&key).query_async(&mut redis).await?;
        let is_the_queues_own = OWN_KEYS.iter().any(|own| key.contains(own));
        if ttl == -1 && !is_the_queues_own {
            findings.lasting_keys.push(key);
        }
    }
    findings.unknown_jobs = records - (jobs.len() + documents.count()).min(records);
    Ok(())
}

async fn count_objects(
    cluster: &Cluster,
    jobs: &HashMap<JobId, usize>,
    findings: &mut Findings,
) -> Result<()> {
    let mut unknown = HashSet::new();
    findings.left_sources.clear();
    for key in cluster.s3.keys(PREFIX)? {
        let Some(id) = key
            .strip_prefix("jobs/")
            .and_then(|key| key.split('/').next())
            .and_then(|id| id.parse::<JobId>().ok())
        else {
            continue;
        };
        if jobs.contains_key(&id) || cluster.queue.get(id).await?.is_some() {
            continue;
        }
        match key.ends_with("/source.pdf") {
            true => findings.left_sources.push(id),
            false => {
                unknown.insert(id);
            }
        }
    }
    findings.unknown_objects = unknown.len();
    Ok(())
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = [
            (self.ended, "jobs ended as in the quiet run, byte for byte"),
            (self.attempts, "attempts beyond the first"),
            (
                self.left_sources.len(),
                "sources whose submit was never answered",
            ),
            (self.lost.len(), "jobs lost"),
            (
                self.stuck.len(),
                "jobs stuck: none ended in twice the lease",
            ),
            (self.different.len(), "jobs with another end or other bytes"),
            (self.shared_ids, "keys with the job of another key"),
            (self.unknown_jobs, "jobs that nobody was told of"),
            (
                self.unknown_objects,
                "jobs unknown to the queue with results",
            ),
            (self.lasting_keys.len(), "keys in Redis that would stay"),
        ];
        for (count, what) in rows {
            writeln!(f, "    {count:5}  {what}")?;
        }
        let named = self.lost.iter().chain(&self.stuck).chain(&self.different);
        for id in named.take(10) {
            writeln!(f, "           {id}")?;
        }
        for key in self.lasting_keys.iter().take(10) {
            writeln!(f, "           {key}")?;
        }
        writeln!(f, "    quiet {:.1?} after the last fault", self.quiet_after)
    }
}
