//! How many stalls of twice the threshold are found, on which line, and how wrong their length is.
//!
//! `cargo bench -p stall --bench found -- [stalls of each kind, default 200] [wrong: show what was missed or blamed wrongly]`
//! With `PYLEAK_PYTHON=…/bin/python` (a Python that has pyleak) that tool runs beside it, on the same kinds.
#![expect(clippy::print_stdout, reason = "a program that prints what it finds")]

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use stall::{StallProbe, StallReport};
use tokio::runtime::{Builder, Runtime};

#[path = "found/bare.rs"]
mod bare;
#[path = "found/kinds.rs"]
mod kinds;

use kinds::{Kind, kinds};

const THRESHOLD: Duration = Duration::from_millis(10);
const STALL: Duration = Duration::from_millis(20);
/// Stalls between two readings of the probe's list, which keeps 256.
const BATCH: usize = 50;

fn main() {
    let stalls = std::env::args()
        .skip(1)
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(200);
    let probe = StallProbe::builder()
        .threshold(THRESHOLD)
        .install()
        .expect("a probe");
    let mut builder = Builder::new_multi_thread();
    let runtime = probe
        .instrument(builder.worker_threads(2).enable_all(), "bench")
        .build()
        .expect("a runtime");
    polite_traffic(&runtime);
    bare::start();
    println!(
        "threshold {THRESHOLD:?}, {stalls} stalls of {STALL:?} each, load {}",
        load()
    );
    println!(
        "{:<12} {:<12} {:>7} {:>11} {:>22} {:>8} {:>8} {:>8}",
        "watched as",
        "kind",
        "found",
        "right line",
        "length error p50 / p95",
        "unasked",
        "starved",
        "late"
    );
    for watched in [false, true] {
        for kind in kinds() {
            let outcome = measure(&probe, &runtime, &kind, watched, stalls);
            let mode = if watched { "future" } else { "worker" };
            println!("{mode:<12} {:<12} {outcome}", kind.name);
        }
    }
    println!("{}", bare::summary());
    if let Some(python) = std::env::var_os("PYLEAK_PYTHON") {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peers/pyleak_found.py");
        let status = Command::new(python)
            .arg(script)
            .arg(stalls.to_string())
            .status()
            .expect("python runs");
        assert!(status.success());
    }
}

/// Work that a healthy program does meanwhile.
fn polite_traffic(runtime: &Runtime) {
    for _ in 0..8 {
        runtime.spawn(async {
            loop {
                tokio::time::sleep(Duration::from_millis(1)).await;
                for _ in 0..20 {
                    tokio::task::yield_now().await;
                }
            }
        });
    }
}

#[derive(Default)]
struct Outcome {
    stalls: usize,
    found: usize,
    right_line: usize,
    /// Stalls that nobody made.
    unasked: usize,
    /// Stalls left out, as their thread got too little CPU or sleep for one.
    starved: usize,
    /// Of those missed or without the right line: during how many the bare thread was late too.
    late: usize,
    errors_us: Vec<i64>,
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let percent = |part: usize, of: usize| 100.0 * part as f64 / of.max(1) as f64;
        let mut errors = self.errors_us.clone();
        errors.sort_unstable_by_key(|error| error.abs());
        let quantile = |share: f64| {
            errors
                .get(((errors.len() as f64 - 1.0) * share) as usize)
                .copied()
                .unwrap_or(0) as f64
                / 1e3
        };
        write!(
            f,
            "{:>6.1}% {:>10.1}% {:>9.2} ms /{:>6.2} ms {:>8} {:>8} {:>8}",
            percent(self.found, self.stalls - self.starved),
            percent(self.right_line, self.found),
            quantile(0.5),
            quantile(0.95),
            self.unasked,
            self.starved,
            self.late
        )
    }
}

fn measure(
    probe: &StallProbe,
    runtime: &Runtime,
    kind: &Kind,
    watched: bool,
    stalls: usize,
) -> Outcome {
    let mut outcome = Outcome {
        stalls,
        ..Outcome::default()
    };
    let mut last_seen = probe.recent().first().map_or(0, |stall| stall.id);
    for first in (0..stalls).step_by(BATCH) {
        let batch = first..(first + BATCH).min(stalls);
        let injected: Vec<Injected> = batch
            .clone()
            .map(|number| inject(probe, runtime, kind, watched, number))
            .collect();
        runtime.block_on(probe.flush());
        let new: Vec<StallReport> = probe
            .recent()
            .into_iter()
            .filter(|stall| stall.id > last_seen)
            .collect();
        last_seen = new.first().map_or(last_seen, |stall| stall.id);
        outcome.unasked += new
            .iter()
            .filter(|stall| !stall.fields.contains_key("stall"))
            .inspect(|stall| {
                if show_wrong() {
                    println!("unasked: {stall} {:?}", stall.fields);
                }
            })
            .count();
        for (number, truth) in batch.zip(injected) {
            if truth.net < STALL * 3 / 4 {
                outcome.starved += 1;
                continue;
            }
            let number = number.to_string();
            let Some(stall) = new
                .iter()
                .find(|stall| stall.fields.get("stall") == Some(&number))
            else {
                outcome.late += usize::from(truth.was_late());
                if show_wrong() {
                    println!("missed: {number}, {truth:?}");
                }
                continue;
            };
            outcome.found += 1;
            outcome
                .errors_us
                .push(stall.wall_us as i64 - truth.wall.as_micros() as i64);
            let here = |stall: &StallReport| {
                let frame = stall.user_frames.first()?;
                Some(
                    frame.file.as_ref()?.ends_with("kinds.rs") && kind.lines.contains(&frame.line?),
                )
            };
            if here(stall) == Some(true) {
                outcome.right_line += 1;
                continue;
            }
            outcome.late += usize::from(truth.was_late());
            if show_wrong() {
                println!("wrong line ({:?}): {stall}", stall.capture);
                for frame in &stall.frames {
                    println!("         {frame}");
                }
            }
        }
    }
    outcome
}

/// Asked for by `-- wrong`: the stalls that were missed, and those blamed on another line, with their stacks.
fn show_wrong() -> bool {
    std::env::args().any(|argument| argument == "wrong")
}

/// What a stall really was.
#[derive(Debug)]
struct Injected {
    begun: Instant,
    wall: Duration,
    /// Without the time in which the kernel, or the hypervisor under it, gave the thread no CPU.
    net: Duration,
}

impl Injected {
    fn was_late(&self) -> bool {
        bare::was_late(self.begun, self.begun + self.wall)
    }
}

/// Makes one stall.
fn inject(
    probe: &StallProbe,
    runtime: &Runtime,
    kind: &Kind,
    watched: bool,
    number: usize,
) -> Injected {
    thread::sleep(Duration::from_micros(7000 + (number as u64 * 977) % 3000));
    let (hold, sleeps) = (kind.hold, kind.sleeps);
    let stall = stall::scope([("stall", number.to_string())], async move {
        let (begun, before) = (Instant::now(), CpuTimes::now());
        hold();
        let (wall, after) = (begun.elapsed(), CpuTimes::now());
        let net = if sleeps {
            wall.saturating_sub(after.waiting - before.waiting)
        } else {
            after.running - before.running
        };
        Injected { begun, wall, net }
    });
    let task = if watched {
        runtime.spawn(probe.watch(stall))
    } else {
        runtime.spawn(stall)
    };
    runtime.block_on(task).expect("no panic")
}

/// Time that this thread has had a CPU, and could have run but got none, so far.
struct CpuTimes {
    running: Duration,
    waiting: Duration,
}

impl CpuTimes {
    fn now() -> Self {
        let schedstat = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
        let mut times = schedstat.split(' ').map(|number| {
            let nanos = number.parse().expect("a number");
            Duration::from_nanos(nanos)
        });
        let mut next = || times.next().expect("two numbers");
        Self {
            running: next(),
            waiting: next(),
        }
    }
}

fn load() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').next().unwrap_or_default().to_owned()
}
