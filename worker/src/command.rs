//! The process: config → telemetry → connect → run → drain.

use std::process::ExitCode;

use clap::Parser;
use shared::telemetry;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

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

/// The arguments contradict each other (`EX_USAGE` of sysexits.h).
const USAGE: u8 = 64;

/// Everything that `pdf-ingest-worker` does, from its arguments to its exit status: 64 for arguments
/// that make no sense, 1 for a worker that could not start or ended by itself.
pub fn main() -> ExitCode {
    let Command {
        probe,
        worker: args,
    } = Command::parse();
    if let Err(error) = telemetry::init(&args.telemetry) {
        return fail(&error.to_string(), USAGE);
    }
    if probe {
        return match shared::probe::ready(args.work.worker_listen) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(&error.to_string(), 1),
        };
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.to_string(), 1),
    };
    match runtime.block_on(run(args)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error @ WorkerError::Config(_)) => fail(&error.to_string(), USAGE),
        Err(error) => fail(&error.to_string(), 1),
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
    let shutdown = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    worker.run(listener, shutdown).await
}

fn listen_for(kind: SignalKind) -> Result<tokio::signal::unix::Signal, WorkerError> {
    signal(kind).map_err(|error| WorkerError::Config(error.to_string()))
}

fn fail(message: &str, status: u8) -> ExitCode {
    tracing::error!("{message}");
    ExitCode::from(status)
}
