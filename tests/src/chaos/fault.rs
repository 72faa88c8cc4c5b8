//! What is done to the cluster; each fault is over when its call is.

use std::time::Duration;

use anyhow::{Context as _, Result};
use rand::Rng as _;
use rand::rngs::StdRng;
use rustix::process::{Pid, Signal, kill_process};

use super::clock::Clock;
use super::cluster::{Cluster, LEASE, pid};
use super::gate::Gate;
use crate::processes::extraction_processes;

/// One thing that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    WorkerKilled,
    WorkerTerminated,
    WorkerSilent,
    ExtractionKilled,
    ApiKilled,
    ApiTerminated,
    ApiStopped,
    RedisKilled,
    RedisStopped,
    RedisCut,
    RedisHeld,
    RedisShort,
    StoreFails,
    StoreHeld,
    StoreCut,
    StoreShort,
    ClientsCut,
    ClientsShort,
    RedisClockLeaps,
    ClocksLeap,
}

impl Fault {
    pub(super) const ALL: &[Self] = &[
        Self::WorkerKilled,
        Self::WorkerTerminated,
        Self::WorkerSilent,
        Self::ExtractionKilled,
        Self::ApiKilled,
        Self::ApiTerminated,
        Self::ApiStopped,
        Self::RedisKilled,
        Self::RedisStopped,
        Self::RedisCut,
        Self::RedisHeld,
        Self::RedisShort,
        Self::StoreFails,
        Self::StoreHeld,
        Self::StoreCut,
        Self::StoreShort,
        Self::ClientsCut,
        Self::ClientsShort,
        Self::RedisClockLeaps,
        Self::ClocksLeap,
    ];

    /// Whether this cluster can have it.
    pub(super) fn is_possible(self, cluster: &Cluster) -> bool {
        match self {
            Self::RedisClockLeaps | Self::ClocksLeap => cluster.clocks.is_some(),
            _ => true,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::WorkerKilled => "worker: kill -9",
            Self::WorkerTerminated => "worker: SIGTERM",
            Self::WorkerSilent => "worker: stopped for longer than its leases hold",
            Self::ExtractionKilled => "extraction process: kill -9",
            Self::ApiKilled => "api: kill -9",
            Self::ApiTerminated => "api: SIGTERM",
            Self::ApiStopped => "api: stopped",
            Self::RedisKilled => "redis: kill -9, restarted from its append-only file",
            Self::RedisStopped => "redis: stopped",
            Self::RedisCut => "redis: all connections cut",
            Self::RedisHeld => "redis: nothing passes",
            Self::RedisShort => "redis: answers break off",
            Self::StoreFails => "store: answers 503",
            Self::StoreHeld => "store: nothing passes",
            Self::StoreCut => "store: all connections cut",
            Self::StoreShort => "store: answers break off",
            Self::ClientsCut => "clients: all connections cut",
            Self::ClientsShort => "clients: answers break off",
            Self::RedisClockLeaps => "redis: the clock leaps, and back",
            Self::ClocksLeap => "api and workers: the clocks leap, and back",
        }
    }

    /// Does it, lets it last, and takes it back.
    pub(super) async fn inject(self, cluster: &mut Cluster, random: &mut StdRng) -> Result<()> {
        let short = Duration::from_millis(random.random_range(100..1500));
        let worker = random.random_range(0..cluster.workers.len());
        match self {
            Self::WorkerKilled => cluster.replace_worker(worker, Signal::KILL).await,
            Self::WorkerTerminated => cluster.replace_worker(worker, Signal::TERM).await,
            Self::WorkerSilent => {
                let worker = pid(&cluster.workers[worker])?;
                stop(worker, LEASE + short).await
            }
            Self::ExtractionKilled => {
                let worker = cluster.workers[worker].id().context("it has ended")?;
                for process in extraction_processes(worker)? {
                    // It may have ended since it was found.
                    let _gone = kill_process(process, Signal::KILL);
                }
                Ok(())
            }
            Self::ApiKilled => cluster.replace_api(Signal::KILL).await,
            Self::ApiTerminated => cluster.replace_api(Signal::TERM).await,
            Self::ApiStopped => stop(pid(&cluster.api)?, short).await,
            Self::RedisKilled => {
                cluster.redis.kill()?;
                tokio::time::sleep(short).await;
                cluster.redis.restart().await
            }
            Self::RedisStopped => {
                let redis = i32::try_from(cluster.redis.pid()).ok();
                stop(redis.and_then(Pid::from_raw).context("no redis")?, short).await
            }
            Self::RedisCut => cut(&cluster.redis_gate),
            Self::RedisHeld => hold(&cluster.redis_gate, short).await,
            Self::RedisShort => cut_short(&cluster.redis_gate, random, short).await,
            Self::StoreFails => {
                cluster.s3.fail();
                tokio::time::sleep(short).await;
                cluster.s3.resume();
                Ok(())
            }
            Self::StoreHeld => hold(&cluster.s3_gate, short * 2).await,
            Self::StoreCut => cut(&cluster.s3_gate),
            Self::StoreShort => cut_short(&cluster.s3_gate, random, short).await,
            Self::ClientsCut => cut(&cluster.api_gate),
            Self::ClientsShort => cut_short(&cluster.api_gate, random, short).await,
            Self::RedisClockLeaps => {
                let clocks = cluster.clocks.as_ref().context("no clocks")?;
                leap(&clocks.redis, random, short).await
            }
            Self::ClocksLeap => {
                let clocks = cluster.clocks.as_ref().context("no clocks")?;
                leap(&clocks.services, random, short).await
            }
        }
    }
}

/// By seconds to minutes, either way, and after `time` the same way back.
async fn leap(clock: &Clock, random: &mut StdRng, time: Duration) -> Result<()> {
    let seconds = random.random_range(1..=300);
    let forward = random.random_bool(0.5);
    clock.set(if forward { seconds } else { -seconds })?;
    tokio::time::sleep(time).await;
    clock.set(0)?;
    Ok(())
}

async fn stop(process: Pid, time: Duration) -> Result<()> {
    kill_process(process, Signal::STOP)?;
    tokio::time::sleep(time).await;
    kill_process(process, Signal::CONT)?;
    Ok(())
}

fn cut(gate: &Gate) -> Result<()> {
    gate.cut();
    Ok(())
}

async fn hold(gate: &Gate, time: Duration) -> Result<()> {
    gate.hold();
    tokio::time::sleep(time).await;
    gate.open();
    Ok(())
}

async fn cut_short(gate: &Gate, random: &mut StdRng, time: Duration) -> Result<()> {
    gate.cut_short_after(random.random_range(1..2000));
    tokio::time::sleep(time).await;
    gate.open();
    Ok(())
}
