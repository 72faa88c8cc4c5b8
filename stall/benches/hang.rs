//! A stall that does not end: when is it reported, and how often?
//!
//! `cargo bench -p stall --bench hang -- [seconds, default 5]`
#![expect(clippy::print_stdout, reason = "a program that prints what it finds")]

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use stall::StallProbe;
use tokio::runtime::Builder;

const THRESHOLD: Duration = Duration::from_millis(10);

fn main() {
    let seconds = std::env::args()
        .skip(1)
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(5);
    let (reports, reported) = mpsc::channel();
    let probe = StallProbe::builder()
        .threshold(THRESHOLD)
        .hang_after(Duration::from_secs(2))
        .on_stall(move |report| drop(reports.send((Instant::now(), report.clone()))))
        .install()
        .expect("a probe");
    let mut builder = Builder::new_multi_thread();
    let runtime = probe
        .instrument(builder.worker_threads(2).enable_all(), "bench")
        .build()
        .expect("a runtime");
    let (begin, begun) = mpsc::channel();
    runtime.spawn(probe.watch(async move {
        begin.send(Instant::now()).expect("main waits");
        loop {
            thread::park();
        }
    }));
    let begun = begun.recv().expect("it starts");
    println!(
        "threshold {THRESHOLD:?}, tick {:?}, hang after 2 s",
        THRESHOLD / 4
    );
    while begun.elapsed() < Duration::from_secs(seconds) {
        let Ok((at, report)) = reported.recv_timeout(Duration::from_millis(100)) else {
            continue;
        };
        let line = report.culprit().and_then(|frame| frame.line).unwrap_or(0);
        let seen = Duration::from_micros(report.wall_us);
        println!(
            "{:<9} {:<9} seen after {seen:>10.1?}, told after {:>10.1?}, line {line}",
            report.phase,
            report.kind,
            at - begun
        );
    }
    // The worker is stuck for good: do not wait for it.
    runtime.shutdown_background();
}
