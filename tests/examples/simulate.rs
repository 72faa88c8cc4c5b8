//! Simulated workers on one Redis: every call that service and clients make, at its real rate, but no document.
//!
//! `cargo run --release -p tests --example simulate -- --service 1s --seconds 5 1 10 100 1000`
//!
//! Each worker has the connections of a real one: claims and subscription, leases and subscription. It claims, holds
//! the job for the service time (half to one and a half of it), reports progress four times a second, renews every ten
//! seconds, and finishes. There are always more jobs than workers; each is announced, submitted, read and waited for
//! as the API does. This process needs about as much CPU as Redis: look at Redis' CPU per job, not at jobs per second,
//! where `busy` is far from 100 %.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Parser;
use redis::aio::MultiplexedConnection;
use shared::checksum::Checksum;
use shared::config::{QueueArgs, duration};
use shared::job::{JobId, JobOptions, Priority, Progress, Stage, Tally};
use shared::queue::{Change, Lease, NewJob, Outcome, Queue, WorkerInfo};
use shared::timestamp::Timestamp;
use tests::redis::RedisServer;
use tokio::task::JoinSet;
use tokio::time::{interval, sleep, timeout};
use uuid::Uuid;

/// How often a running job tells how far it is, as the worker does it.
const PROGRESS: Duration = Duration::from_millis(250);
/// How long an idle worker waits for a wake-up.
const POLL: Duration = Duration::from_secs(1);
/// API processes, among which submits are spread.
const APIS: usize = 2;
/// Connections are made so many at a time.
const CONNECTING: usize = 10;

/// Simulates workers on one Redis and prints what it costs.
#[derive(Parser)]
struct Arguments {
    /// How long a worker holds a job
    #[arg(long, default_value = "1s", value_parser = duration)]
    service: Duration,
    /// How long each number of workers is measured
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Numbers of workers
    #[arg(default_values_t = [1, 10, 100, 1000])]
    workers: Vec<usize>,
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "this is what the program is for")]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    println!(
        "workers  offered/s   jobs/s  redis µs/job  redis busy  claim p50 ms      p99  finish p50      p99"
    );
    for workers in &arguments.workers {
        match simulate(*workers, &arguments).await {
            Ok(measured) => println!("{}", measured.row(*workers, arguments.service)),
            Err(error) => println!("{workers:>7} more than it can take: {error}"),
        }
    }
    Ok(())
}

/// What all parts of one simulation share.
struct Scene {
    service: Duration,
    counting: AtomicBool,
    ended: AtomicBool,
    finished: AtomicU64,
    claims: Mutex<Vec<Duration>>,
    finishes: Mutex<Vec<Duration>>,
}

struct Measured {
    jobs: u64,
    window: Duration,
    redis: Duration,
    claims: Vec<Duration>,
    finishes: Vec<Duration>,
}

async fn simulate(workers: usize, arguments: &Arguments) -> anyhow::Result<Measured> {
    let durable = [
        "--appendonly",
        "yes",
        "--appendfsync",
        "everysec",
        "--save",
        "",
    ];
    let redis = RedisServer::on_port(&durable).await?;
    let mut raw = redis.connection().await?;
    let scene = Arc::new(Scene {
        service: arguments.service,
        counting: AtomicBool::new(false),
        ended: AtomicBool::new(false),
        finished: AtomicU64::new(0),
        claims: Mutex::default(),
        finishes: Mutex::default(),
    });
    let mut tasks = JoinSet::new();
    let (apis, queues) = (
        connect(&redis, APIS).await?,
        connect(&redis, 2 * workers).await?,
    );
    for (number, pair) in queues.chunks(2).enumerate() {
        let info = info(number)?;
        let lease = Arc::new(Mutex::new(None));
        tasks.spawn(renew(
            Arc::clone(&scene),
            pair[1].clone(),
            info.clone(),
            Arc::clone(&lease),
        ));
        tasks.spawn(work(Arc::clone(&scene), pair[0].clone(), info, lease));
    }
    for number in 0..2 * workers + 10 {
        tasks.spawn(client(Arc::clone(&scene), apis[number % APIS].clone()));
    }
    sleep(Duration::from_secs(1).max(2 * arguments.service)).await;
    scene.counting.store(true, Ordering::Relaxed);
    let (began, before, jobs) = (Instant::now(), cpu(&mut raw).await?, scene.finished());
    sleep(Duration::from_secs(arguments.seconds)).await;
    let (window, jobs, redis_cpu) = (
        began.elapsed(),
        scene.finished() - jobs,
        cpu(&mut raw).await? - before,
    );
    scene.ended.store(true, Ordering::Relaxed);
    if let Some(ended) = tasks.try_join_next() {
        ended??;
    }
    tasks.shutdown().await;
    Ok(Measured {
        jobs,
        window,
        redis: redis_cpu,
        claims: sorted(&scene.claims),
        finishes: sorted(&scene.finishes),
    })
}

async fn connect(redis: &RedisServer, count: usize) -> anyhow::Result<Vec<Queue>> {
    let args = QueueArgs {
        queue_depth: u64::MAX,
        ..QueueArgs::default()
    };
    let mut queues = Vec::with_capacity(count);
    while queues.len() < count {
        let some = (count - queues.len()).min(CONNECTING);
        let redis = redis.args();
        let connecting = (0..some).map(|_| Queue::connect(&redis, &args));
        queues.extend(futures::future::try_join_all(connecting).await?);
    }
    Ok(queues)
}

/// Submits a job, waits for its end, and again: what the API does for one client.
async fn client(scene: Arc<Scene>, queue: Queue) -> anyhow::Result<()> {
    while !scene.has_ended() {
        let job = job();
        queue.announce(job.id, &job.owner).await?;
        queue.submit(&job).await?;
        queue.get(job.id).await?.context("it was submitted")?;
        queue.position(job.id, &job.owner).await?;
        let has_ended = |newest: Change| newest.state.is_terminal();
        while !queue
            .wait_for(job.id, Duration::from_secs(60), has_ended)
            .await?
            .context("it is there")?
            .state
            .is_terminal()
        {}
    }
    Ok(())
}

async fn work(
    scene: Arc<Scene>,
    queue: Queue,
    info: WorkerInfo,
    held: Arc<Mutex<Option<Lease>>>,
) -> anyhow::Result<()> {
    while !scene.has_ended() {
        let began = Instant::now();
        let Some(claim) = queue.claim(&info.id, Uuid::now_v7()).await? else {
            queue.wait_for_work(POLL).await;
            continue;
        };
        scene.note(&scene.claims, began);
        let lease = claim.lease();
        *held.lock().unwrap_or_else(PoisonError::into_inner) = Some(lease);
        let service = scene.service.mul_f64(0.5 + rand::random::<f64>());
        let _over = timeout(service, report(&queue, lease)).await;
        let began = Instant::now();
        queue
            .finish(lease, &Outcome::Succeeded(Tally::default()))
            .await?;
        *held.lock().unwrap_or_else(PoisonError::into_inner) = None;
        scene.note(&scene.finishes, began);
        scene.finished.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

async fn report(queue: &Queue, lease: Lease) -> anyhow::Result<()> {
    let mut progress = Progress {
        stage: Some(Stage::Extract),
        ..Progress::default()
    };
    loop {
        sleep(PROGRESS).await;
        progress.pages_done += 1;
        queue.progress(lease, &progress).await?;
    }
}

async fn renew(
    scene: Arc<Scene>,
    queue: Queue,
    info: WorkerInfo,
    held: Arc<Mutex<Option<Lease>>>,
) -> anyhow::Result<()> {
    let mut ticks = interval(queue.args().lease_renew);
    while !scene.has_ended() {
        ticks.tick().await;
        let lease = *held.lock().unwrap_or_else(PoisonError::into_inner);
        queue.renew(&info.id, &info, lease.as_slice()).await?;
    }
    Ok(())
}

impl Scene {
    fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }

    fn finished(&self) -> u64 {
        self.finished.load(Ordering::Relaxed)
    }

    fn note(&self, times: &Mutex<Vec<Duration>>, began: Instant) {
        if self.counting.load(Ordering::Relaxed) {
            times
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(began.elapsed());
        }
    }
}

impl Measured {
    fn row(&self, workers: usize, service: Duration) -> String {
        let seconds = self.window.as_secs_f64();
        let millis = |times: &[Duration], percent: usize| {
            let at = times.len().saturating_sub(1) * percent / 100;
            times.get(at).map_or(0.0, |time| time.as_secs_f64() * 1e3)
        };
        format!(
            "{workers:>7} {:>10.0} {:>8.0} {:>13.0} {:>10.0}% {:>13.2} {:>8.2} {:>11.2} {:>8.2}",
            workers as f64 / service.as_secs_f64(),
            self.jobs as f64 / seconds,
            self.redis.as_secs_f64() * 1e6 / self.jobs.max(1) as f64,
            self.redis.as_secs_f64() / seconds * 100.0,
            millis(&self.claims, 50),
            millis(&self.claims, 99),
            millis(&self.finishes, 50),
            millis(&self.finishes, 99),
        )
    }
}

fn sorted(times: &Mutex<Vec<Duration>>) -> Vec<Duration> {
    let mut times = std::mem::take(&mut *times.lock().unwrap_or_else(PoisonError::into_inner));
    times.sort_unstable();
    times
}

/// By Redis' own account.
async fn cpu(raw: &mut MultiplexedConnection) -> anyhow::Result<Duration> {
    let info: String = redis::cmd("INFO").arg("cpu").query_async(raw).await?;
    let seconds = |name: &str| {
        let line = info
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.and_then(|seconds| seconds.parse::<f64>().ok())
            .context("INFO cpu")
    };
    Ok(Duration::from_secs_f64(
        seconds("used_cpu_user")? + seconds("used_cpu_sys")?,
    ))
}

fn info(number: usize) -> anyhow::Result<WorkerInfo> {
    Ok(WorkerInfo {
        id: format!("worker-{number}").parse()?,
        host: "simulated".to_owned(),
        pid: 1,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        slots: 1,
        running: 1,
        seen_at: Timestamp::default(),
    })
}

fn job() -> NewJob {
    NewJob {
        id: JobId::generate(),
        owner: "owner".parse().expect("it is a plain name"),
        filename: Some("paper.pdf".to_owned()),
        bytes: 945_000,
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
