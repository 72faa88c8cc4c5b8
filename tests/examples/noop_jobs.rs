//! How many jobs a second one worker takes through the queue when there is nothing to do for them.
//!
//! `cargo run --release -p tests --example noop_jobs -- --jobs 20000 --slots 64`, with any flag of the worker; `REDIS_URL`
//! names a Redis, else one is started that appends to its file every second. The worker has one runtime thread; claims,
//! leases, outcomes, events and counts are those of the service.

use std::time::{Duration, Instant};

use clap::Parser;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use shared::checksum::Checksum;
use shared::job::{JobId, JobOptions, Priority, Tally};
use shared::queue::{NewJob, Queue};
use tests::redis::RedisServer;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use worker::{Worker, WorkerArgs};

const SUBMITTED_AT_ONCE: usize = 64;
const LOOK_EVERY: Duration = Duration::from_millis(20);

#[derive(Parser)]
struct Command {
    /// Jobs to take through the queue
    #[arg(long, default_value_t = 20_000)]
    jobs: u64,

    #[command(flatten)]
    worker: WorkerArgs,
}

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, reason = "this is what the program is for")]
async fn main() -> anyhow::Result<()> {
    let store = tempfile::tempdir()?;
    let own = [
        "noop_jobs".to_owned(),
        format!("--queue-name=noop-{}", JobId::generate()),
        format!("--store-url=file://{}", store.path().display()),
    ];
    let Command {
        jobs,
        worker: mut args,
    } = Command::parse_from(own.into_iter().chain(std::env::args().skip(1)));
    let server = match std::env::var_os("REDIS_URL") {
        Some(_) => None,
        None => Some(RedisServer::durable_every_second().await?),
    };
    if let Some(server) = &server {
        args.redis = server.args();
    }
    let queue = Queue::connect(&args.redis, &args.queue).await?;
    submit(&queue, jobs).await?;

    let worker = Worker::connect(args).await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let shutdown = CancellationToken::new();
    let begun = Instant::now();
    let working = worker.run_with(listener, shutdown.clone(), |_| async { Tally::default() });
    let working = tokio::spawn(working);
    while queue.counts().await?.succeeded < jobs {
        tokio::time::sleep(LOOK_EVERY).await;
    }
    let took = begun.elapsed();
    shutdown.cancel();
    working.await??;

    let rate = jobs as f64 / took.as_secs_f64();
    println!("{jobs} jobs in {took:.2?}: {rate:.0} jobs/s");
    Ok(())
}

async fn submit(queue: &Queue, jobs: u64) -> anyhow::Result<()> {
    stream::iter(0..jobs)
        .map(|_| async { queue.submit(&job()).await.map(|_| ()) })
        .buffer_unordered(SUBMITTED_AT_ONCE)
        .try_collect::<()>()
        .await?;
    Ok(())
}

fn job() -> NewJob {
    NewJob {
        id: JobId::generate(),
        owner: "-".parse().expect("it is a plain name"),
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
