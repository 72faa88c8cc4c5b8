//! The process: configuration → telemetry → connect → serve → drain.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use clap::error::ErrorKind;
use shared::{allocator, descriptors, telemetry};
use tokio::net::TcpListener;
use tokio::runtime;
use tokio::select;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::ApiArgs;

/// `EX_USAGE` of sysexits.h.
const BAD_CONFIGURATION: u8 = 64;

/// Accepts PDFs over HTTP, stores them and queues jobs for the workers.
#[derive(Parser)]
#[command(name = "pdf-ingest-api", version)]
struct Command {
    /// Ask the process that runs with the same address whether it is ready, and exit
    #[arg(long)]
    probe: bool,

    #[command(flatten)]
    api: ApiArgs,
}

/// Everything that `pdf-ingest-api` does, from its arguments to its exit status: 64 for arguments that make no sense,
/// 1 for an API that could not start or ended by itself.
pub fn main() -> ExitCode {
    allocator::refuse_huge_pages();
    let (probe, args) = match Command::try_parse() {
        Ok(command) => (command.probe, command.api),
        Err(error) => return usage(&error),
    };
    if probe {
        return report(shared::health::ready(args.http.api_listen));
    }
    if let Err(problems) = args.check() {
        return complain(&problems);
    }
    if let Err(error) = telemetry::init(&args.telemetry) {
        return complain(&error.to_string());
    }
    descriptors::reserve(args.http.descriptors());
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error!(error = format!("{error:#}"), "stopped");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &ApiArgs) -> anyhow::Result<()> {
    telemetry::metrics()?;
    let probe = telemetry::probe(&args.telemetry)?;
    let mut builder = runtime::Builder::new_multi_thread();
    let runtime = probe
        .instrument(builder.enable_all(), "api")
        .build()
        .context("cannot start the runtime")?;
    runtime.block_on(probe.watch(serve(args)))
}

async fn serve(args: &ApiArgs) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let listener = listen(args.http.api_listen)?;
    let admin = listen(args.http.api_admin_listen)?;
    let state = crate::connect(args).await?;
    // Ends with the process: it has nothing to drain.
    tokio::spawn(crate::serve_admin(admin, state.clone()));
    let shutdown = CancellationToken::new();
    // On a worker of the runtime, which spawns a burst of connections without a lock.
    let serving = crate::serve(listener, state, shutdown.clone());
    let mut served = tokio::spawn(stall::watch(serving));
    select! {
        ended = &mut served => return Ok(ended??),
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    shutdown.cancel();
    Ok(served.await??)
}

fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    crate::listen(address).with_context(|| format!("cannot listen on {address}"))
}

fn usage(error: &clap::Error) -> ExitCode {
    // A closed standard error is no reason to fail otherwise.
    let _ = error.print();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
        _ => ExitCode::from(BAD_CONFIGURATION),
    }
}

fn report(probe: io::Result<()>) -> ExitCode {
    match probe {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // As above.
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

fn complain(problems: &str) -> ExitCode {
    // As above.
    let _ = writeln!(io::stderr(), "{problems}");
    ExitCode::from(BAD_CONFIGURATION)
}
