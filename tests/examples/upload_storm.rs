//! Many slow uploads at once: what becomes of them, of the API's memory, of its event loop, and of who polls meanwhile.
//!
//! `cargo run --release -p tests --example upload_storm -- [UPLOADS [MEGABYTES [MEGABYTES_PER_SECOND]]]`, after
//! `cargo build --release -p tests --bins`. Objects go to a folder below `TMPDIR`, or to `STORE_URL`. Further variables
//! are the API's own, such as `MAX_UPLOADS`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use tests::chaos::Programs;
use tests::pdf::Pdf;
use tests::redis::{RedisServer, free_port};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::MissedTickBehavior;

const MEGABYTE: u64 = 1_000_000;
/// How often an upload sends something.
const TICK: Duration = Duration::from_millis(50);
const POLLERS: usize = 4;
const POLL_EVERY: Duration = Duration::from_millis(20);
const LOOK_EVERY: Duration = Duration::from_millis(50);

#[derive(Clone, Copy)]
struct Plan {
    uploads: u64,
    bytes: u64,
    bytes_per_second: u64,
}

struct Service {
    api: Child,
    address: String,
    admin: String,
    _redis: RedisServer,
}

/// The clients stand back: elsewhere they would not take the API's cores, and a thread of it that holds a lock would not
/// wait behind them.
const NICE: i32 = 19;

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .on_thread_start(stand_back)
        .build()?;
    runtime.block_on(storm())
}

/// Of this thread alone (sched(7)).
#[expect(clippy::expect_used, reason = "lowering a priority needs no right")]
fn stand_back() {
    rustix::process::setpriority_process(None, NICE).expect("lowers its own priority");
}

async fn storm() -> Result<()> {
    let mut numbers = std::env::args().skip(1).map(|number| number.parse::<u64>());
    let mut next = |default: u64| numbers.next().unwrap_or(Ok(default));
    let plan = Plan {
        uploads: next(500)?,
        bytes: next(20)? * MEGABYTE,
        bytes_per_second: next(1)? * MEGABYTE,
    };
    let objects = tempfile::tempdir()?;
    let mut service = Service::start(objects.path()).await?;
    let before = service.resident_kib("VmRSS")?;
    let over = Arc::new(AtomicBool::new(false));
    let job = submit_one(&service.address).await?;
    let polling = {
        let (address, over) = (service.address.clone(), Arc::clone(&over));
        std::thread::spawn(move || poll_from_here(&address, &job, &over))
    };
    let began = Instant::now();
    let uploads: Vec<_> = (0..plan.uploads)
        .map(|_| tokio::spawn(upload(service.address.clone(), plan)))
        .collect();
    let mut answers = BTreeMap::new();
    let mut most_resident = 0;
    for upload in uploads {
        while !upload.is_finished() {
            most_resident = most_resident.max(service.resident_kib("VmRSS")?);
            tokio::time::sleep(LOOK_EVERY).await;
        }
        let answer = upload
            .await?
            .unwrap_or_else(|error| format!("no answer: {error}"));
        *answers.entry(answer).or_insert(0) += 1;
    }
    let took = began.elapsed();
    over.store(true, Ordering::Relaxed);
    let mut polls = match polling.join() {
        Ok(polls) => polls?,
        Err(panic) => std::panic::resume_unwind(panic),
    };
    let stalls = service.stalls().await?;
    let peak = service.resident_kib("VmHWM")?;
    let after = service.resident_kib("VmRSS")?;
    service.api.kill().await?;
    report(
        plan,
        took,
        &answers,
        &mut polls,
        [before, most_resident, peak, after],
        &stalls,
    );
    Ok(())
}

impl Service {
    /// An API without workers: jobs wait.
    async fn start(objects: &Path) -> Result<Self> {
        let redis = RedisServer::durable().await?;
        let (address, admin) = (listen()?, listen()?);
        let store = std::env::var("STORE_URL");
        let api = Command::new(Programs::find()?.api)
            .stdin(Stdio::null())
            .env("API_LISTEN", &address)
            .env("API_ADMIN_LISTEN", &admin)
            .env("REDIS_URL", redis.url())
            .env(
                "STORE_URL",
                store.unwrap_or(format!("file://{}", objects.display())),
            )
            .env("LOG", std::env::var("LOG").unwrap_or("warn".to_owned()))
            .kill_on_drop(true)
            .spawn()?;
        while get(&address, "/readyz").await.is_err() {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(Self {
            api,
            address,
            admin,
            _redis: redis,
        })
    }

    fn resident_kib(&self, field: &str) -> Result<u64> {
        let pid = self.api.id().context("the API has ended")?;
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        let line = status.lines().find(|line| line.starts_with(field));
        let kib = line.and_then(|line| line.split_whitespace().nth(1));
        Ok(kib.context("no such field")?.parse()?)
    }

    /// The lines of the metrics that count stalls.
    async fn stalls(&self) -> Result<Vec<String>> {
        let metrics = get(&self.admin, "/metrics").await?;
        let lines = metrics.lines().map(str::to_owned);
        Ok(lines
            .filter(|line| line.contains("stalls_total") && !line.starts_with('#'))
            .filter(|line| !line.ends_with(" 0"))
            .collect())
    }
}

fn listen() -> Result<String> {
    Ok(format!("127.0.0.1:{}", free_port()?))
}

/// The status of an upload that sends at its pace; what the API does not read in time, it sends later.
async fn upload(address: String, plan: Plan) -> Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let head = head("POST", "/v1/jobs", plan.bytes);
    stream.write_all(head.as_bytes()).await?;
    let piece = plan.bytes_per_second * TICK.as_millis() as u64 / 1000;
    let mut bytes = vec![b' '; usize::try_from(piece)?];
    bytes[..9].copy_from_slice(b"%PDF-1.7\n");
    let bytes = Bytes::from(bytes);
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut left = plan.bytes;
    while left > 0 {
        ticks.tick().await;
        let part = usize::try_from(left.min(piece))?;
        if stream.write_all(&bytes[..part]).await.is_err() {
            break; // it has answered already
        }
        left -= part as u64;
    }
    let mut answer = [0; 16];
    stream.read_exact(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer[9..12]).into_owned())
}

/// Polls on a thread of its own, which the uploads' clients do not hold up.
fn poll_from_here(address: &str, path: &str, over: &AtomicBool) -> Result<Vec<Duration>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let pollers = (0..POLLERS).map(|_| poll(address, path, over));
    let times = runtime.block_on(futures::future::try_join_all(pollers))?;
    Ok(times.concat())
}

/// How long each poll of a job took.
async fn poll(address: &str, path: &str, over: &AtomicBool) -> Result<Vec<Duration>> {
    let mut stream = TcpStream::connect(address).await?;
    let mut times = Vec::new();
    let mut buffer = vec![0; 16 << 10];
    let request = head("GET", path, 0);
    while !over.load(Ordering::Relaxed) {
        let began = Instant::now();
        stream.write_all(request.as_bytes()).await?;
        let read = stream.read(&mut buffer).await?;
        anyhow::ensure!(buffer[..read].starts_with(b"HTTP/1.1 200"), "a poll failed");
        times.push(began.elapsed());
        tokio::time::sleep(POLL_EVERY).await;
    }
    Ok(times)
}

/// The path of a job that waits.
async fn submit_one(address: &str) -> Result<String> {
    let pdf = Pdf::with_pages(1).build();
    let mut stream = TcpStream::connect(address).await?;
    let head = head("POST", "/v1/jobs", pdf.len() as u64);
    stream.write_all(&[head.as_bytes(), &pdf].concat()).await?;
    let mut answer = vec![0; 16 << 10];
    let read = stream.read(&mut answer).await?;
    let answer = String::from_utf8_lossy(&answer[..read]);
    let path = answer
        .lines()
        .find_map(|line| line.strip_prefix("location: "));
    Ok(path.context(format!("not accepted: {answer}"))?.to_owned())
}

async fn get(address: &str, path: &str) -> Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request = head("GET", path, 0).replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    anyhow::ensure!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    Ok(answer)
}

fn head(method: &str, path: &str, length: u64) -> String {
    format!(
        "{method} {path} HTTP/1.1\r\nhost: api\r\ncontent-type: application/pdf\r\ncontent-length: {length}\r\n\r\n"
    )
}

#[expect(clippy::print_stdout, reason = "this is what the program is for")]
fn report(
    plan: Plan,
    took: Duration,
    answers: &BTreeMap<String, u32>,
    polls: &mut [Duration],
    resident_kib: [u64; 4],
    stalls: &[String],
) {
    let Plan {
        uploads,
        bytes,
        bytes_per_second,
    } = plan;
    polls.sort_unstable();
    let poll = |share: f64| polls[((polls.len() - 1) as f64 * share) as usize];
    let [before, most, peak, after] = resident_kib.map(|kib| kib / 1024);
    println!(
        "{uploads} uploads of {} MB at {} MB/s each: {took:.1?}, {:.0} MB/s",
        bytes / MEGABYTE,
        bytes_per_second / MEGABYTE,
        (uploads * bytes) as f64 / MEGABYTE as f64 / took.as_secs_f64()
    );
    println!("  answers  {answers:?}");
    println!(
        "  memory   {before} MiB before, {most} MiB at most, {peak} MiB by the kernel, {after} MiB after"
    );
    println!(
        "  polls    {}: p50 {:.1?}, p99 {:.1?}, most {:.1?}",
        polls.len(),
        poll(0.5),
        poll(0.99),
        poll(1.0)
    );
    println!("  stalls   {stalls:?}");
}
