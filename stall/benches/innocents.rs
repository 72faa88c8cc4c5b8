//! Polite tasks on a machine whose CPUs are taken by others: how many of them are accused, and are real stalls found?
//!
//! `cargo bench -p stall --bench innocents -- [seconds, default 60]`, with six CPU hogs, which end by themselves.
#![expect(clippy::print_stdout, reason = "a program that prints what it finds")]

use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use metrics_exporter_prometheus::PrometheusBuilder;
use stall::StallProbe;
use tokio::runtime::Builder;

const HOGS: usize = 6;
const THRESHOLD: Duration = Duration::from_millis(10);
const REAL_STALL: Duration = Duration::from_millis(30);
const BETWEEN_REAL_STALLS: Duration = Duration::from_millis(800);

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let seconds = arguments
        .iter()
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(60);
    if arguments.iter().any(|argument| argument == "hog") {
        return hog(Duration::from_secs(seconds));
    }
    let recorder = PrometheusBuilder::new()
        .install_recorder()
        .expect("the only recorder");
    let probe = StallProbe::builder()
        .threshold(THRESHOLD)
        .install()
        .expect("a probe");
    let mut builder = Builder::new_multi_thread();
    let runtime = probe
        .instrument(builder.worker_threads(2).enable_all(), "bench")
        .build()
        .expect("a runtime");
    for _ in 0..16 {
        runtime.spawn(polite());
    }
    let hogs: Vec<Child> = (0..HOGS).map(|_| start_hog(seconds)).collect();
    let (mut injected, mut found, mut accused) = (0, 0, 0);
    let begun = Instant::now();
    let mut last_seen = 0;
    while begun.elapsed() < Duration::from_secs(seconds) {
        thread::sleep(BETWEEN_REAL_STALLS);
        let number = injected.to_string();
        let real = stall::scope([("real", number.clone())], async {
            thread::sleep(REAL_STALL)
        });
        runtime
            .block_on(runtime.spawn(probe.watch(real)))
            .expect("no panic");
        runtime.block_on(probe.flush());
        injected += 1;
        let new: Vec<_> = probe
            .recent()
            .into_iter()
            .filter(|stall| stall.id > last_seen)
            .collect();
        last_seen = new.first().map_or(last_seen, |stall| stall.id);
        found += usize::from(
            new.iter()
                .any(|stall| stall.fields.get("real") == Some(&number)),
        );
        for stall in new
            .iter()
            .filter(|stall| !stall.fields.contains_key("real"))
        {
            accused += 1;
            println!(
                "accused: {stall}\n  cpu {} us, run queue {} us, net {} us",
                stall.cpu_us, stall.run_queue_us, stall.net_us
            );
        }
    }
    hogs.into_iter().for_each(|mut hog| drop(hog.wait()));
    println!(
        "{HOGS} CPU hogs, {seconds} s: innocent polls accused {accused}; real sleeping stalls found {found} of {injected}"
    );
    for line in recorder
        .render()
        .lines()
        .filter(|line| line.starts_with("tokio_worker_starved"))
    {
        println!("{line}");
    }
}

/// Polls of about 100 µs of computation each.
async fn polite() {
    loop {
        for _ in 0..5 {
            for number in 0..40_000_u64 {
                std::hint::black_box(number);
            }
            tokio::task::yield_now().await;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

fn start_hog(seconds: u64) -> Child {
    let this = std::env::current_exe().expect("this executable");
    Command::new(this)
        .args(["hog", &seconds.to_string()])
        .spawn()
        .expect("a hog")
}

fn hog(length: Duration) {
    let begun = Instant::now();
    while begun.elapsed() < length {
        for number in 0..100_000_u64 {
            std::hint::black_box(number);
        }
    }
}
