//! What finished jobs take of Redis' memory, and what is left of it when their retention is over.
//!
//! `cargo run --release -p tests --example queue_memory -- [JOBS]`

use std::time::{Duration, Instant};

use redis::cmd;
use shared::config::QueueArgs;
use shared::queue::Queue;
use tests::passage::{pass, sweep_all, used_memory};
use tests::redis::RedisServer;

const ROUNDS: usize = 3;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "this is what the program is for")]
async fn main() -> anyhow::Result<()> {
    let jobs: u64 = match std::env::args().nth(1) {
        Some(number) => number.parse()?,
        None => 100_000,
    };
    let redis = RedisServer::start().await?;
    let mut raw = redis.connection().await?;
    let kept = QueueArgs {
        lease: Duration::from_secs(1),
        ..QueueArgs::default()
    };
    let over = QueueArgs {
        retention: Duration::ZERO,
        tombstone: Duration::from_millis(1),
        ..kept.clone()
    };
    let working = Queue::connect(&redis.args(), &kept).await?;
    let sweeping = Queue::connect(&redis.args(), &over).await?;
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    println!("empty {:7.2} MiB", mib(used_memory(&mut raw).await?));
    for _ in 0..ROUNDS {
        let began = Instant::now();
        pass(&working, jobs).await?;
        let full = used_memory(&mut raw).await?;
        sweep_all(&sweeping).await?;
        // Tombstones, and the answers that claims are remembered by.
        tokio::time::sleep(2 * kept.lease).await;
        let left: u64 = cmd("DBSIZE").query_async(&mut raw).await?;
        println!(
            "{jobs} jobs done {:7.2} MiB, gone {:7.2} MiB and {left} keys, {:.0?}",
            mib(full),
            mib(used_memory(&mut raw).await?),
            began.elapsed()
        );
    }
    Ok(())
}
