//! A queue of its own on a private Redis, and the hands to reach into it.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{Cmd, FromRedisValue, Pipeline};
use shared::config::QueueArgs;
use shared::error_code::ErrorCode;
use shared::job::{JobError, JobId, JobRecord, Priority, State, Tally};
use shared::owner::Owner;
use shared::queue::{Claim, Lease, NewJob, Queue, Submitted, WorkerId, WorkerInfo};
use shared::timestamp::Timestamp;
use tests::passage::plain_job;
use tests::redis::RedisServer;
use uuid::Uuid;

pub(crate) struct Bench {
    pub(crate) redis: RedisServer,
    pub(crate) queue: Queue,
    raw: MultiplexedConnection,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        Self::with(args()).await
    }

    pub(crate) async fn with(args: QueueArgs) -> Self {
        let redis = RedisServer::start().await.unwrap();
        let queue = Queue::connect(&redis.args(), &args).await.unwrap();
        let raw = redis.connection().await.unwrap();
        Self { redis, queue, raw }
    }

    /// Another process on the same queue.
    pub(crate) async fn another(&self, args: &QueueArgs) -> Queue {
        Queue::connect(&self.redis.args(), args).await.unwrap()
    }

    pub(crate) async fn submit(&self, job: &NewJob) -> JobId {
        let answer = self.queue.submit(job).await.unwrap();
        assert!(matches!(answer, Submitted::Accepted(_)), "{answer:?}");
        job.id
    }

    pub(crate) async fn submit_one(&self) -> JobId {
        self.submit(&job()).await
    }

    pub(crate) async fn claim(&self) -> Claim {
        self.try_claim().await.expect("a job is claimable")
    }

    pub(crate) async fn try_claim(&self) -> Option<Claim> {
        self.queue
            .claim(&worker("w1"), Uuid::now_v7())
            .await
            .unwrap()
    }

    pub(crate) async fn get(&self, id: JobId) -> JobRecord {
        self.queue
            .get(id)
            .await
            .unwrap()
            .expect("there is such a job")
    }

    pub(crate) async fn state(&self, id: JobId) -> State {
        self.get(id).await.state
    }

    /// Runs a raw command on the server.
    pub(crate) async fn raw<T: FromRedisValue>(&self, command: &Cmd) -> T {
        command.query_async(&mut self.raw.clone()).await.unwrap()
    }

    /// Runs raw commands on the server, all at once.
    pub(crate) async fn raw_pipe<T: FromRedisValue>(&self, commands: &Pipeline) -> T {
        commands.query_async(&mut self.raw.clone()).await.unwrap()
    }

    /// Lets the lease of a job run out, as if its worker had been silent for long enough.
    pub(crate) async fn expire_lease(&self, id: JobId) {
        self.rescore("running", id).await;
    }

    /// Makes a delayed job due.
    pub(crate) async fn make_due(&self, id: JobId) {
        self.rescore("delayed", id).await;
    }

    /// Lets `id` have been in `set` since 1970.
    pub(crate) async fn rescore(&self, set: &str, id: JobId) {
        let (set, id) = (key(set), id.to_string());
        let _: u32 = self
            .raw(redis::cmd("ZADD").arg(&set).arg("XX").arg(1).arg(&id))
            .await;
        let score: Option<f64> = self.raw(redis::cmd("ZSCORE").arg(&set).arg(&id)).await;
        assert_eq!(score, Some(1.0), "{id} is in {set}");
    }

    pub(crate) async fn card(&self, set: &str) -> u64 {
        self.raw(redis::cmd("ZCARD").arg(key(set))).await
    }
}

/// Leases and delays so long that only a test's own hand ends them.
pub(crate) fn args() -> QueueArgs {
    QueueArgs {
        lease: Duration::from_secs(3600),
        retry_base: Duration::from_secs(36_000_000),
        retry_cap: Duration::from_secs(36_000_000),
        ..QueueArgs::default()
    }
}

pub(crate) fn key(name: &str) -> String {
    format!("{{ingest}}:{name}")
}

pub(crate) fn owner(name: &str) -> Owner {
    name.parse().unwrap()
}

pub(crate) fn worker(name: &str) -> WorkerId {
    name.parse().unwrap()
}

pub(crate) fn worker_info(name: &str) -> WorkerInfo {
    WorkerInfo {
        id: worker(name),
        host: "host-a".to_owned(),
        pid: 42,
        version: "0.1.0".to_owned(),
        slots: 2,
        running: 1,
        seen_at: Timestamp::default(),
    }
}

pub(crate) fn job() -> NewJob {
    job_of("alice")
}

pub(crate) fn job_of(name: &str) -> NewJob {
    plain_job(owner(name))
}

pub(crate) fn priority(number: u8) -> Priority {
    Priority::try_from(number).unwrap()
}

pub(crate) fn tally(warnings: u64) -> Tally {
    Tally {
        pages: 10,
        images: 5,
        warnings,
    }
}

pub(crate) fn outage() -> JobError {
    JobError {
        code: ErrorCode::StorageUnavailable,
        detail: "the object store did not answer".to_owned(),
    }
}

pub(crate) fn damage() -> JobError {
    JobError {
        code: ErrorCode::DamagedPdf,
        detail: "no cross-reference table".to_owned(),
    }
}

pub(crate) fn stale(lease: Lease) -> Lease {
    Lease {
        attempt: lease.attempt - 1,
        ..lease
    }
}
