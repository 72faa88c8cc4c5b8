//! What the probe costs a busy echo server: plain and watched runtime in turns, in one process.
//!
//! `cargo bench -p stall --bench echo -- [pairs of turns, default 100]`
#![expect(clippy::print_stdout, reason = "a program that prints what it finds")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use stall::StallProbe;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;

const CLIENTS: usize = 64;
const TURN: Duration = Duration::from_millis(200);

fn main() {
    let pairs = std::env::args()
        .skip(1)
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(100);
    let probe = StallProbe::builder().install().expect("a probe");
    let plain = Side::start(
        Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime"),
        None,
    );
    let mut builder = Builder::new_multi_thread();
    let instrumented = probe
        .instrument(builder.worker_threads(2).enable_all(), "echo")
        .build()
        .expect("a runtime");
    let watched = Side::start(instrumented, Some(&probe));
    let (mut throughput, mut cpu, mut probe_cpu) = (Vec::new(), Vec::new(), Vec::new());
    for pair in 0..=pairs {
        // First one side first, then the other, so that drift of the machine hits both.
        let (a, b) = if pair % 2 == 0 {
            let a = plain.turn();
            (a, watched.turn())
        } else {
            let b = watched.turn();
            (plain.turn(), b)
        };
        if pair > 0 {
            throughput.push(b.per_second / a.per_second);
            cpu.push(b.cpu_per_message / a.cpu_per_message);
            probe_cpu.push(b.probe_cores);
        }
    }
    let idle_begun = (Instant::now(), probe_cpu_seconds());
    thread::sleep(Duration::from_secs(5));
    let idle = (probe_cpu_seconds() - idle_begun.1) / idle_begun.0.elapsed().as_secs_f64();
    println!("{pairs} pairs of {TURN:?}, {CLIENTS} clients, watched ÷ plain, median (quartiles):");
    println!("messages per second      {}", spread(throughput));
    println!("CPU time per message     {}", spread(cpu));
    println!(
        "probe's threads, of a core: busy {}, idle {:.4} %",
        percent_spread(probe_cpu),
        idle * 100.0
    );
    println!("stalls reported: {}", probe.stalls_total());
    std::process::exit(0);
}

/// A runtime with an echo server and its clients, which work only during a turn.
struct Side {
    _runtime: Runtime,
    gate: Arc<Gate>,
}

#[derive(Default)]
struct Gate {
    open: AtomicBool,
    opened: Notify,
    messages: AtomicU64,
}

struct Turn {
    per_second: f64,
    cpu_per_message: f64,
    probe_cores: f64,
}

impl Side {
    fn start(runtime: Runtime, probe: Option<&StallProbe>) -> Self {
        let gate = Arc::new(Gate::default());
        let listener = runtime
            .block_on(TcpListener::bind("127.0.0.1:0"))
            .expect("a port");
        let address = listener.local_addr().expect("bound");
        let watch = probe.cloned();
        runtime.spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                match &watch {
                    Some(probe) => tokio::spawn(probe.watch(echo(connection))),
                    None => tokio::spawn(echo(connection)),
                };
            }
        });
        for _ in 0..CLIENTS {
            runtime.spawn(client(address, Arc::clone(&gate)));
        }
        thread::sleep(Duration::from_millis(300));
        Self {
            _runtime: runtime,
            gate,
        }
    }

    fn turn(&self) -> Turn {
        let (before, cpu, probe_cpu, begun) = (
            self.gate.messages.load(Relaxed),
            process_cpu_seconds(),
            probe_cpu_seconds(),
            Instant::now(),
        );
        self.gate.open.store(true, Relaxed);
        self.gate.opened.notify_waiters();
        thread::sleep(TURN);
        self.gate.open.store(false, Relaxed);
        let seconds = begun.elapsed().as_secs_f64();
        // Clients end their last message.
        thread::sleep(Duration::from_millis(20));
        let messages = (self.gate.messages.load(Relaxed) - before) as f64;
        Turn {
            per_second: messages / seconds,
            cpu_per_message: (process_cpu_seconds() - cpu) / messages,
            probe_cores: (probe_cpu_seconds() - probe_cpu) / seconds,
        }
    }
}

async fn echo(mut connection: TcpStream) {
    let mut buffer = [0; 512];
    while let Ok(length @ 1..) = connection.read(&mut buffer).await {
        if connection.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}

async fn client(address: SocketAddr, gate: Arc<Gate>) {
    let mut connection = TcpStream::connect(address)
        .await
        .expect("the server listens");
    connection.set_nodelay(true).expect("TCP");
    let mut buffer = [7; 128];
    loop {
        let opened = gate.opened.notified();
        if !gate.open.load(Relaxed) {
            opened.await;
        }
        connection
            .write_all(&buffer)
            .await
            .expect("the server lives");
        connection
            .read_exact(&mut buffer)
            .await
            .expect("the server lives");
        gate.messages.fetch_add(1, Relaxed);
    }
}

fn process_cpu_seconds() -> f64 {
    schedstat_seconds(|_| true)
}

fn probe_cpu_seconds() -> f64 {
    schedstat_seconds(|name| name.starts_with("stall-"))
}

/// CPU time of this process's threads by name, from the scheduler's statistics.
fn schedstat_seconds(counts: fn(&str) -> bool) -> f64 {
    let tasks = std::fs::read_dir("/proc/self/task").expect("Linux");
    let of_task = |path: std::path::PathBuf| {
        let name = std::fs::read_to_string(path.join("comm")).ok()?;
        let schedstat = std::fs::read_to_string(path.join("schedstat")).ok()?;
        counts(&name).then(|| schedstat.split(' ').next()?.parse::<f64>().ok())?
    };
    tasks
        .flatten()
        .filter_map(|task| of_task(task.path()))
        .sum::<f64>()
        / 1e9
}

fn spread(mut ratios: Vec<f64>) -> String {
    ratios.sort_by(f64::total_cmp);
    let quantile =
        |share: f64| (ratios[((ratios.len() - 1) as f64 * share) as usize] - 1.0) * 100.0;
    format!(
        "{:+.2} % ({:+.2} … {:+.2})",
        quantile(0.5),
        quantile(0.25),
        quantile(0.75)
    )
}

fn percent_spread(mut shares: Vec<f64>) -> String {
    shares.sort_by(f64::total_cmp);
    format!("{:.2} %", shares[shares.len() / 2] * 100.0)
}
