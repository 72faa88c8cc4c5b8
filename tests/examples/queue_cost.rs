//! What a claim and its finish cost Redis at several depths, in one run, and how soon an idle worker has a new job.
//!
//! `cargo run -p tests --example queue_cost -- 100 100000 1000000`

use std::time::{Duration, Instant};

use anyhow::Context as _;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use redis::aio::MultiplexedConnection;
use shared::config::QueueArgs;
use shared::job::Tally;
use shared::queue::{NewJob, Outcome, Queue, WorkerId};
use tests::passage::plain_job;
use tests::redis::RedisServer;
use uuid::Uuid;

const OWNERS: usize = 10;
/// Jobs between two looks at the counters, and looks per depth.
const CHUNK: usize = 50;
const CHUNKS: usize = 60;
const LATENCIES: usize = 1000;

struct Depth {
    queued: u64,
    queue: Queue,
    spent: Spent,
}

/// By Redis' own counters.
#[derive(Clone, Copy, Default)]
struct Spent {
    cpu: Duration,
    scripts: Duration,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut depths: Vec<u64> = std::env::args()
        .skip(1)
        .map(|arg| arg.parse())
        .collect::<Result<_, _>>()?;
    if depths.is_empty() {
        depths = vec![100, 100_000];
    }
    let redis = RedisServer::start().await?;
    let mut raw = redis.connection().await?;
    let mut filled = Vec::new();
    for queued in depths {
        filled.push(fill(&redis, queued).await?);
    }
    // In turns, so that what else the machine does falls on every depth alike.
    for _ in 0..CHUNKS {
        for depth in &mut filled {
            depth.measure(&mut raw).await?;
        }
    }
    report(&filled);
    latency(&redis).await
}

#[expect(clippy::print_stdout, reason = "this is what the program is for")]
async fn fill(redis: &RedisServer, queued: u64) -> anyhow::Result<Depth> {
    let args = QueueArgs {
        queue_name: format!("depth-{queued}"),
        queue_depth: u64::MAX,
        owner_queued: 0,
        ..QueueArgs::default()
    };
    let queue = Queue::connect(&redis.args(), &args).await?;
    let begun = Instant::now();
    submit(&queue, queued).await?;
    println!("{queued} jobs queued in {:.1?}", begun.elapsed());
    Ok(Depth {
        queued,
        queue,
        spent: Spent::default(),
    })
}

async fn submit(queue: &Queue, jobs: u64) -> anyhow::Result<()> {
    stream::iter(0..jobs)
        .map(|number| async move { queue.submit(&job(number)).await.map(|_| ()) })
        .buffer_unordered(64)
        .try_collect::<()>()
        .await?;
    Ok(())
}

impl Depth {
    async fn measure(&mut self, raw: &mut MultiplexedConnection) -> anyhow::Result<()> {
        let worker: WorkerId = "bench".parse()?;
        let before = Spent::now(raw).await?;
        for _ in 0..CHUNK {
            let claim = self
                .queue
                .claim(&worker, Uuid::now_v7())
                .await?
                .context("a job is queued")?;
            self.queue
                .finish(claim.lease(), &Outcome::Succeeded(Tally::default()))
                .await?;
        }
        let after = Spent::now(raw).await?;
        self.spent.cpu += after.cpu - before.cpu;
        self.spent.scripts += after.scripts - before.scripts;
        submit(&self.queue, CHUNK as u64).await
    }
}

impl Spent {
    async fn now(raw: &mut MultiplexedConnection) -> anyhow::Result<Self> {
        let mut ask = redis::pipe();
        ask.cmd("INFO").arg("cpu").cmd("INFO").arg("commandstats");
        let (cpu, commands): (String, String) = ask.query_async(raw).await?;
        let seconds = |name: &str| {
            field(&cpu, name)
                .and_then(|text| text.parse::<f64>().ok())
                .unwrap_or(0.0)
        };
        let usec = field(&commands, "cmdstat_evalsha").and_then(|stats| {
            let usec = stats
                .split(',')
                .find_map(|part| part.strip_prefix("usec="))?;
            usec.parse().ok()
        });
        Ok(Self {
            cpu: Duration::from_secs_f64(seconds("used_cpu_user") + seconds("used_cpu_sys")),
            scripts: Duration::from_micros(usec.unwrap_or(0)),
        })
    }
}

fn field<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    info.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
}

#[expect(clippy::print_stdout, reason = "this is what the program is for")]
fn report(depths: &[Depth]) {
    let jobs = (CHUNK * CHUNKS) as f64;
    let micros = |spent: Duration| spent.as_secs_f64() * 1e6 / jobs;
    let Some(first) = depths.first() else { return };
    println!("queued     redis cpu µs/job   ratio   scripts µs/job   ratio");
    for depth in depths {
        let (cpu, scripts) = (micros(depth.spent.cpu), micros(depth.spent.scripts));
        println!(
            "{:<10} {cpu:>16.1} {:>7.2} {scripts:>16.1} {:>7.2}",
            depth.queued,
            cpu / micros(first.spent.cpu),
            scripts / micros(first.spent.scripts),
        );
    }
}

/// From the call of submit to the worker's having the job, with one idle worker.
#[expect(clippy::print_stdout, reason = "this is what the program is for")]
async fn latency(redis: &RedisServer) -> anyhow::Result<()> {
    let args = QueueArgs {
        queue_name: "latency".to_owned(),
        ..QueueArgs::default()
    };
    let (api, worker) = (
        Queue::connect(&redis.args(), &args).await?,
        Queue::connect(&redis.args(), &args).await?,
    );
    let name: WorkerId = "bench".parse()?;
    let (mut latencies, mut pings) = (Vec::new(), Vec::new());
    for number in 0..LATENCIES {
        let idle = tokio::spawn({
            let (worker, name) = (worker.clone(), name.clone());
            async move {
                loop {
                    if let Some(claim) = worker.claim(&name, Uuid::now_v7()).await? {
                        return Ok::<_, anyhow::Error>((claim, Instant::now()));
                    }
                    worker.wait_for_work(Duration::from_secs(1)).await;
                }
            }
        });
        tokio::time::sleep(Duration::from_millis(2 + number as u64 % 5)).await;
        let begun = Instant::now();
        api.ping().await?;
        pings.push(begun.elapsed());
        let begun = Instant::now();
        api.submit(&job(0)).await?;
        let (claim, claimed) = idle.await??;
        latencies.push(claimed - begun);
        worker
            .finish(claim.lease(), &Outcome::Succeeded(Tally::default()))
            .await?;
    }
    for (name, times) in [
        ("idle claim latency", &mut latencies),
        ("one redis round trip", &mut pings),
    ] {
        times.sort_unstable();
        let part = |percent: usize| times[(times.len() - 1) * percent / 100];
        println!(
            "{name}: p50 {:.2?}, p99 {:.2?}, max {:.2?}",
            part(50),
            part(99),
            part(100)
        );
    }
    Ok(())
}

fn job(number: u64) -> NewJob {
    let owner = format!("owner-{}", number as usize % OWNERS);
    plain_job(owner.parse().expect("it is a plain name"))
}
