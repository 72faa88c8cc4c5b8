//! The process: config → telemetry → connect → run → drain.

use std::process::ExitCode;

use clap::Parser;
use shared::{allocator, descriptors, telemetry};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::config::WorkerArgs;
use crate::run::{Worker, WorkerError};

/// Takes PDFs from the queue and leaves text, images and metadata in the object store.
#[derive(Parser)]
#[command(name = "pdf-ingest-worker", version)]
struct Command {
    /// Ask the process that runs with the same address whether it is ready, and exit
    #[arg(long)]
    probe: bool,

    #[command(flatten)]
    worker: WorkerArgs,
}

/// Blocking threads besides one per slot: for names to look up, and while one that has ended its work is not idle yet.
/// Every thread that reads documents keeps a heap.
const SPARE_THREADS: usize = 4;
/// The arguments contradict each other (`EX_USAGE` of sysexits.h).
const USAGE: u8 = 64;

/// Everything that `pdf-ingest-worker` does, from its arguments to its exit status: 64 for arguments
/// that make no sense, 1 for a worker that could not start or ended by itself.
pub fn main() -> ExitCode {
    allocator::refuse_huge_pages();
    #[cfg(target_os = "linux")]
    if let Some(ended) = crate::extraction::sandbox::serve_if_extraction_process() {
        return ended;
    }
    let Command {
        probe,
        worker: args,
    } = Command::parse();
    if probe {
        return match shared::health::ready(args.work.worker_listen) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln_before_logs(&error.to_string());
                ExitCode::FAILURE
            }
        };
    }
    if let Err(error) = telemetry::init(&args.telemetry) {
        eprintln_before_logs(&error.to_string());
        return ExitCode::from(USAGE);
    }
    descriptors::reserve(args.descriptors());
    match start(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::from(match error {
                WorkerError::Config(_) => USAGE,
                _ => 1,
            })
        }
    }
}

/// A runtime under the stall probe, and the worker on it.
fn start(args: WorkerArgs) -> Result<(), WorkerError> {
    telemetry::metrics()?;
    let probe = telemetry::probe(&args.telemetry)?;
    stand_back(args.work.nice);
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.max_blocking_threads(args.slots() + SPARE_THREADS);
    let runtime = probe
        .instrument(builder.enable_all(), "worker")
        .build()
        .map_err(|error| WorkerError::Config(error.to_string()))?;
    let ended = runtime.block_on(probe.watch(run(args)));
    // Its jobs are given back: a thread that does not end, whatever holds it, is no reason to stay.
    runtime.shutdown_background();
    ended
}

/// On Linux a nice value belongs to a thread, and those that it starts inherit it (sched(7)): the runtime's do, the stall
/// probe's, which run already, do not.
fn stand_back(nice: u8) {
    if let Err(error) = rustix::process::setpriority_process(None, i32::from(nice)) {
        tracing::warn!(%error, nice, "cannot lower the priority");
    }
}

async fn run(args: WorkerArgs) -> Result<(), WorkerError> {
    let listener = TcpListener::bind(args.work.worker_listen)
        .await
        .map_err(|error| WorkerError::Config(format!("{}: {error}", args.work.worker_listen)))?;
    let (mut terminate, mut interrupt) = (
        listen_for(SignalKind::terminate())?,
        listen_for(SignalKind::interrupt())?,
    );
    let worker = Worker::connect(args).await?;
    let shutdown = CancellationToken::new();
    let mut work = worker.run(listener, shutdown.clone());
    tokio::select! {
        ended = &mut work => return ended,
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    shutdown.cancel();
    work.await
}

fn listen_for(kind: SignalKind) -> Result<tokio::signal::unix::Signal, WorkerError> {
    signal(kind).map_err(|error| WorkerError::Config(error.to_string()))
}

#[expect(
    clippy::print_stderr,
    reason = "there is no log yet, or nobody reads it"
)]
fn eprintln_before_logs(message: &str) {
    eprintln!("{message}");
}
