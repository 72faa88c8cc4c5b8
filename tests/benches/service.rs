//! What single calls to Redis and to the store take, of queue and object store: `cargo bench -p tests`.
//!
//! Redis is a process of its own that keeps nothing on disk; the S3 server runs in this process.

use std::time::Duration;

use bytes::Bytes;
use divan::Bencher;
use divan::counter::BytesCount;
use shared::checksum::Checksum;
use shared::config::QueueArgs;
use shared::job::{JobId, JobOptions, Priority, Tally};
use shared::queue::{NewJob, Outcome, Queue, WorkerId};
use shared::store::{ObjectKey, ObjectStore};
use tempfile::TempDir;
use tests::redis::RedisServer;
use tests::s3::{S3Server, store_args};
use tokio::runtime::Runtime;
use uuid::Uuid;

fn main() {
    divan::main();
}

/// A queue on a Redis of its own, with the runtime that speaks to it.
struct OnRedis {
    runtime: Runtime,
    queue: Queue,
    worker: WorkerId,
    _redis: RedisServer,
}

impl OnRedis {
    fn new(queued: usize) -> Self {
        let runtime = Runtime::new().expect("threads can be started");
        let (redis, queue) = runtime.block_on(async {
            let redis = RedisServer::start().await.expect("there is a Redis");
            let args = QueueArgs {
                queue_depth: u64::MAX,
                ..QueueArgs::default()
            };
            let queue = Queue::connect(&redis.args(), &args)
                .await
                .expect("it answers");
            for _ in 0..queued {
                queue.submit(&job()).await.expect("it accepts");
            }
            (redis, queue)
        });
        let worker = "bench".parse().expect("it is a plain name");
        Self {
            runtime,
            queue,
            worker,
            _redis: redis,
        }
    }

    fn submit(&self) {
        let submitted = self.runtime.block_on(self.queue.submit(&job()));
        submitted.expect("it accepts");
    }

    fn claim_and_finish(&self) {
        self.runtime.block_on(async {
            let claim = self.queue.claim(&self.worker, Uuid::now_v7()).await;
            let claim = claim.expect("it answers").expect("a job is queued");
            let outcome = Outcome::Succeeded(Tally::default());
            self.queue
                .finish(claim.lease(), &outcome)
                .await
                .expect("it answers");
        });
    }
}

/// One job into the queue.
#[divan::bench(max_time = 2)]
fn submit(bencher: Bencher<'_, '_>) {
    let redis = OnRedis::new(0);
    bencher.bench_local(|| redis.submit());
}

/// One job out of a queue of some length, which stays as long as it is.
#[divan::bench(args = [1, 10_000], max_time = 2)]
fn claim_and_finish(bencher: Bencher<'_, '_>, queued: usize) {
    let redis = OnRedis::new(queued - 1);
    bencher
        .with_inputs(|| redis.submit())
        .bench_local_values(|()| redis.claim_and_finish());
}

/// What a poller asks for.
#[divan::bench(max_time = 2)]
fn get(bencher: Bencher<'_, '_>) {
    let redis = OnRedis::new(0);
    let job = job();
    redis
        .runtime
        .block_on(redis.queue.submit(&job))
        .expect("it accepts");
    bencher.bench_local(|| {
        redis
            .runtime
            .block_on(redis.queue.get(job.id))
            .expect("it answers")
    });
}

/// Sizes of a manifest, a picture, a document.
const SIZES: [usize; 3] = [2 << 10, 100 << 10, 1 << 20];

/// One durable file.
#[divan::bench(args = SIZES, max_time = 2)]
fn put_file(bencher: Bencher<'_, '_>, bytes: usize) {
    let folder = TempDir::new().expect("there is room");
    let args = store_args(&format!("file://{}", folder.path().display()));
    put(bencher, &args, bytes);
}

/// One object over HTTP, signed; the server's part included.
#[divan::bench(args = SIZES, max_time = 2)]
fn put_s3(bencher: Bencher<'_, '_>, bytes: usize) {
    let server = S3Server::start().expect("it has a port");
    put(bencher, &server.store_args("b"), bytes);
}

fn put(bencher: Bencher<'_, '_>, args: &shared::config::StoreArgs, bytes: usize) {
    let runtime = Runtime::new().expect("threads can be started");
    let store = runtime
        .block_on(ObjectStore::connect(args))
        .expect("it is one");
    let body = Bytes::from(vec![b'x'; bytes]);
    bencher.counter(BytesCount::new(bytes)).bench_local(|| {
        let key = ObjectKey::Source(JobId::generate());
        runtime
            .block_on(store.put(&key, body.clone()))
            .expect("it takes it");
    });
}

fn job() -> NewJob {
    NewJob {
        id: JobId::generate(),
        owner: "owner".parse().expect("it is a plain name"),
        filename: Some("paper.pdf".to_owned()),
        bytes: 123_456,
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
