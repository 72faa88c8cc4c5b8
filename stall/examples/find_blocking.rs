//! A small server with a mistake in it: one handler blocks. The probe says which, and on which line.
//!
//! `cargo run -p stall --example find_blocking`
#![expect(clippy::print_stdout, reason = "a program that prints what it finds")]

use std::time::Duration;

use stall::StallProbe;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let probe = StallProbe::builder()
        .threshold(Duration::from_millis(10))
        .on_stall(|report| println!("[{}] {report}\n", report.phase))
        .install()?;

    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = probe.instrument(builder.enable_all(), "server").build()?;

    runtime.block_on(probe.watch(async {
        for request in 1..=3 {
            let fields = [("request", request.to_string())];
            let handled = tokio::spawn(probe.watch(stall::scope(fields, handle(request)))).await;
            println!("request {request}: {handled:?}");
        }
        probe.flush().await;
    }));
    println!("stalls: {}", probe.stalls_total());
    Ok(())
}

async fn handle(request: u32) -> u64 {
    tokio::time::sleep(Duration::from_millis(20)).await;
    match request {
        1 => 0,
        2 => read_configuration(),
        _ => checksum(),
    }
}

/// Blocks in a system call.
fn read_configuration() -> u64 {
    std::thread::sleep(Duration::from_millis(50));
    1
}

/// Computes for too long.
fn checksum() -> u64 {
    (0..60_000_000_u64).fold(7, |sum, number| {
        std::hint::black_box(sum.rotate_left(5) ^ number)
    })
}
