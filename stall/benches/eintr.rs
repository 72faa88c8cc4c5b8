//! Does a blocked read with SO_RCVTIMEO see EINTR while the probe takes its stack?
//!
//! `cargo bench -p stall --bench eintr -- [reads, default 100]`
#![expect(clippy::print_stdout, reason = "a program that prints what it finds")]

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Duration;

use stall::StallProbe;
use tokio::runtime::Builder;

fn main() {
    let reads = std::env::args()
        .skip(1)
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(100);
    let probe = StallProbe::builder()
        .threshold(Duration::from_millis(10))
        .install()
        .expect("a probe");
    let mut builder = Builder::new_multi_thread();
    let runtime = probe
        .instrument(builder.worker_threads(2).enable_all(), "bench")
        .build()
        .expect("a runtime");
    let mut interrupted = 0;
    for _ in 0..reads {
        let read = runtime.spawn(probe.watch(async { read_was_interrupted() }));
        interrupted += usize::from(runtime.block_on(read).expect("no panic"));
    }
    runtime.block_on(probe.flush());
    println!(
        "EINTR seen by {interrupted} of {reads} reads; {} of them found as stalls",
        probe.stalls_total()
    );
}

fn read_was_interrupted() -> bool {
    let (mut here, mut there) = UnixStream::pair().expect("a socket pair");
    here.set_read_timeout(Some(Duration::from_secs(5)))
        .expect("a timeout");
    let writer = thread::spawn(move || {
        thread::sleep(Duration::from_millis(45));
        there.write_all(b"x")
    });
    let outcome = here.read(&mut [0]);
    drop(writer);
    outcome.is_err_and(|error| error.kind() == ErrorKind::Interrupted)
}
