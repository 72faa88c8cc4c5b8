//! What the probe costs a busy echo server: plain and watched servers in turns, each a process of its own.
//!
//! `cargo bench -p stall --bench echo -- [rounds, default 400] [instrumented: without watched futures]`
//!
//! In each round the same clients, in this process, talk for a while to a plain server, to a second plain one, and to a
//! watched one, in changing order. The two plain ones, compared, show how far the machine can be trusted. Where other
//! programs run, the CPU time that a message takes of server, probe and client together says more than the messages per
//! second: on a machine that is full the one is the inverse of the other.
#![expect(clippy::print_stdout, reason = "a program that prints what it finds")]

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;

#[path = "echo/server.rs"]
mod server;

const CLIENTS: usize = 64;
const TURN: Duration = Duration::from_millis(100);
/// After each turn.
const PAUSE: Duration = Duration::from_millis(30);
const IDLE: Duration = Duration::from_secs(10);
/// Each side is as often first, second and third as the others, and as often before as after each of them.
const ORDERS: [[usize; 3]; 6] = [
    [0, 1, 2],
    [2, 1, 0],
    [1, 2, 0],
    [0, 2, 1],
    [2, 0, 1],
    [1, 0, 2],
];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(serve) = arguments.iter().position(|argument| argument == "serve") {
        return server::run(&arguments[serve + 1]);
    }
    let rounds = arguments
        .iter()
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(400);
    let with_futures = !arguments.iter().any(|argument| argument == "instrumented");
    let mode = if with_futures {
        "watched"
    } else {
        "instrumented"
    };
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let sides = ["plain", "plain", mode].map(|mode| Side::start(&runtime, mode));
    let mut measured = Vec::new();
    for round in 0..=rounds {
        let mut turns = [Turn::default(); 3];
        for side in ORDERS[round % ORDERS.len()] {
            turns[side] = sides[side].turn();
        }
        // The first round warms up.
        if round > 0 {
            measured.push(turns);
        }
    }
    let idle_begun = (Instant::now(), sides[2].probe_seconds());
    thread::sleep(IDLE);
    let idle = (sides[2].probe_seconds() - idle_begun.1) / idle_begun.0.elapsed().as_secs_f64();
    println!(
        "{rounds} rounds of {TURN:?} each, {CLIENTS} clients, {mode} server; median (95 % confidence):"
    );
    print_ratios(&measured);
    let sum = |of: Measure| {
        measured
            .iter()
            .map(|[.., watched]| of(watched))
            .sum::<f64>()
    };
    let seconds = sum(|watched| watched.seconds);
    println!(
        "probe's threads: {:.2} % of a core when busy ({:.2} % with coming to rest), {:.3} % when idle",
        sum(|watched| watched.probe_busy) / seconds * 100.0,
        sum(|watched| watched.probe) / seconds * 100.0,
        idle * 100.0
    );
    for side in sides {
        side.stop();
    }
}

/// What is compared between turns.
type Measure = fn(&Turn) -> f64;

fn print_ratios(measured: &[[Turn; 3]]) {
    let measures: [(&str, Measure); 3] = [
        ("messages per second", Turn::per_second),
        (
            "CPU time per message, server and clients",
            Turn::cpu_per_message,
        ),
        (
            "CPU time per message, server only",
            Turn::server_cpu_per_message,
        ),
    ];
    for (what, of_turn) in measures {
        let of_rounds = |ratio: fn([f64; 3]) -> f64| {
            let of_round = |turns: &[Turn; 3]| ratio(turns.each_ref().map(of_turn));
            Spread::of(measured.iter().map(of_round).collect())
        };
        println!("{what}:");
        println!(
            "  watched ÷ plain  {}",
            of_rounds(|[a, b, watched]| watched / (a * b).sqrt())
        );
        println!("  plain ÷ plain    {}", of_rounds(|[a, b, _]| b / a));
    }
}

/// A server and its clients, which work only during a turn.
struct Side {
    server: Child,
    gate: Arc<Gate>,
}

#[derive(Default)]
struct Gate {
    open: AtomicBool,
    opened: Notify,
    messages: AtomicU64,
}

/// Seconds of time, and of CPU time.
#[derive(Clone, Copy, Default)]
struct Turn {
    messages: f64,
    seconds: f64,
    server: f64,
    /// Part of `server`.
    probe: f64,
    /// Part of `probe`: while the clients talked.
    probe_busy: f64,
    clients: f64,
}

impl Turn {
    fn per_second(&self) -> f64 {
        self.messages / self.seconds
    }

    fn cpu_per_message(&self) -> f64 {
        (self.server + self.clients) / self.messages
    }

    fn server_cpu_per_message(&self) -> f64 {
        self.server / self.messages
    }
}

impl Side {
    fn start(runtime: &Runtime, mode: &str) -> Self {
        let mut server = Command::new(std::env::current_exe().expect("this executable"))
            .args(["serve", mode])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a server");
        let mut line = String::new();
        let output = server.stdout.as_mut().expect("piped");
        // The rest of what it prints comes when it is asked to stop.
        BufReader::with_capacity(1, output)
            .read_line(&mut line)
            .expect("its address");
        let address: SocketAddr = line.trim().parse().expect("an address");
        let gate = Arc::new(Gate::default());
        for _ in 0..CLIENTS {
            runtime.spawn(client(address, Arc::clone(&gate)));
        }
        thread::sleep(Duration::from_millis(300));
        Self { server, gate }
    }

    fn turn(&self) -> Turn {
        let (before, server, probe, clients) = (
            self.gate.messages.load(Relaxed),
            self.server_seconds(),
            self.probe_seconds(),
            cpu_seconds("self", |_| true),
        );
        let begun = Instant::now();
        self.gate.open.store(true, Relaxed);
        self.gate.opened.notify_waiters();
        thread::sleep(TURN);
        self.gate.open.store(false, Relaxed);
        let seconds = begun.elapsed().as_secs_f64();
        let messages = (self.gate.messages.load(Relaxed) - before) as f64;
        let probe_busy = self.probe_seconds() - probe;
        // Clients end their last message, and the watchdog comes to rest.
        thread::sleep(PAUSE);
        Turn {
            messages,
            seconds,
            server: self.server_seconds() - server,
            probe: self.probe_seconds() - probe,
            probe_busy,
            clients: cpu_seconds("self", |_| true) - clients,
        }
    }

    fn server_seconds(&self) -> f64 {
        cpu_seconds(&self.server.id().to_string(), |_| true)
    }

    fn probe_seconds(&self) -> f64 {
        cpu_seconds(&self.server.id().to_string(), |name| {
            name.starts_with("stall-")
        })
    }

    fn stop(mut self) {
        drop(self.server.stdin.take());
        let mut said = String::new();
        let mut output = self.server.stdout.take().expect("piped");
        output.read_to_string(&mut said).expect("its last words");
        print!("{said}");
        self.server.wait().expect("it ends");
    }
}

/// CPU time of a process's threads by name, from the scheduler's statistics.
fn cpu_seconds(process: &str, counts: fn(&str) -> bool) -> f64 {
    let tasks = std::fs::read_dir(format!("/proc/{process}/task")).expect("Linux");
    let of_task = |path: std::path::PathBuf| {
        let name = std::fs::read_to_string(path.join("comm")).ok()?;
        let schedstat = std::fs::read_to_string(path.join("schedstat")).ok()?;
        counts(&name).then(|| schedstat.split(' ').next()?.parse::<f64>().ok())?
    };
    let nanos: f64 = tasks
        .flatten()
        .filter_map(|task| of_task(task.path()))
        .sum();
    nanos / 1e9
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
        let sent = connection.write_all(&buffer).await;
        if sent.is_err() || connection.read_exact(&mut buffer).await.is_err() {
            return; // the server was stopped
        }
        gate.messages.fetch_add(1, Relaxed);
    }
}

/// Of ratios: how far they are from 1.
struct Spread {
    median: f64,
    /// In which the true median lies with 95 % confidence, by the order of the values alone.
    from: f64,
    to: f64,
}

impl Spread {
    fn of(mut ratios: Vec<f64>) -> Self {
        ratios.sort_by(f64::total_cmp);
        let last = ratios.len() - 1;
        let middle = last as f64 / 2.0;
        // Half of the values are below the true median, binomially.
        let reach = 0.98 * (ratios.len() as f64).sqrt();
        let at = |place: f64| ratios[(place.max(0.0) as usize).min(last)] - 1.0;
        Self {
            median: at(middle),
            from: at((middle - reach).floor()),
            to: at((middle + reach).ceil()),
        }
    }
}

impl std::fmt::Display for Spread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{:+.2} % ({:+.2} … {:+.2})",
            self.median * 100.0,
            self.from * 100.0,
            self.to * 100.0
        )
    }
}
