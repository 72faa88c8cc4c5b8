//! `pdf-ingest`: the service in one process, a demonstration, and a client.

mod bench; // load, and what it costs
mod client; // HTTP
mod commands; // submit, status, wait, result, list, cancel, retry, delete, stalls
mod demo; // the whole way of one PDF, shown
mod exposition; // reads metrics
mod extract; // one file, without any service
mod failure; // what went wrong, and the exit code for it
mod follow; // a job until it has ended
mod password; // where the password of an encrypted file comes from
mod progress; // bars
mod terminal; // what is written, and how it looks
mod up; // everything in one process

use std::fmt::Display;
use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use shared::config::TelemetryArgs;
use shared::{allocator, descriptors, telemetry};
use stall::StallProbe;
use tokio::runtime::{Builder, Runtime};

use bench::BenchArgs;
use commands::{ChangeArgs, ListArgs, ResultArgs, StallsArgs, StatusArgs, SubmitArgs, WaitArgs};
use demo::DemoArgs;
use extract::ExtractArgs;
use failure::{Exit, Failure};
use up::UpArgs;

/// Of a service in one process: what API and worker take as they are by default, and some.
const DESCRIPTORS: u64 = 4096;
/// The programs of the services.
const API_PROGRAM: &str = "pdf-ingest-api";
const WORKER_PROGRAM: &str = "pdf-ingest-worker";

/// Turns uploaded PDFs into text, images and metadata.
///
/// Exit codes: 0 all is well, 1 a job ended without a result, 2 the request or the file makes no
/// sense, 64 the configuration is wrong, 69 the service, Redis or the store is away, 130 `bench` was
/// interrupted.
#[derive(Parser)]
#[command(name = "pdf-ingest", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Up(UpArgs),
    Demo(DemoArgs),
    Bench(BenchArgs),
    Extract(ExtractArgs),
    Submit(SubmitArgs),
    Status(StatusArgs),
    Wait(WaitArgs),
    Result(ResultArgs),
    List(ListArgs),
    /// Stop a job.
    Cancel(ChangeArgs),
    /// Queue a job again that failed, is dead or was cancelled.
    Retry(ChangeArgs),
    /// Remove a job that has ended, with everything it left behind.
    Delete(ChangeArgs),
    Stalls(StallsArgs),
}

fn main() -> ExitCode {
    #[cfg(target_os = "linux")]
    if let Some(ended) = worker::serve_if_extraction_process() {
        return ended;
    }
    if let Some(ended) = serve_if_called_as_service() {
        return ended;
    }
    install_tls_provider();
    match Arguments::parse().command {
        Command::Extract(args) => extract::run(&args),
        Command::Up(args) => serve(&args.telemetry.clone(), args.run()),
        Command::Demo(args) => match args.telemetry() {
            Ok(telemetry) => serve(&telemetry, args.run()),
            Err(failure) => exit(Err(failure), false),
        },
        Command::Bench(args) => ask(false, args.run()),
        Command::Submit(args) => ask(args.server.json, args.run()),
        Command::Status(args) => ask(args.server.json, args.run()),
        Command::Wait(args) => ask(args.server.json, args.run()),
        Command::Result(args) => ask(args.server.json, args.run()),
        Command::List(args) => ask(args.server.json, args.run()),
        Command::Cancel(args) => ask(args.server.json, args.cancel()),
        Command::Retry(args) => ask(args.server.json, args.retry()),
        Command::Delete(args) => ask(args.server.json, args.delete()),
        Command::Stalls(args) => ask(args.json, args.run()),
    }
}

/// Under the names of the two services this program is them, so that `bench` has processes as in production.
fn serve_if_called_as_service() -> Option<ExitCode> {
    let name = std::env::args_os().next()?;
    match Path::new(&name).file_name()?.to_str()? {
        API_PROGRAM => Some(api::main()),
        WORKER_PROGRAM => Some(worker::main()),
        _ => None,
    }
}

/// Runs a command that asks a service.
fn ask(as_json: bool, command: impl Future<Output = Result<Exit, Failure>>) -> ExitCode {
    let outcome = Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failure::from)
        .and_then(|runtime| runtime.block_on(command));
    exit(outcome, as_json)
}

/// rustls is built without a default provider, so that only one, ring, is compiled.
fn install_tls_provider() {
    let _installed_before = rustls::crypto::ring::default_provider().install_default();
}

/// Runs a command that is the service, watched by the stall probe as in production.
fn serve(
    telemetry: &TelemetryArgs,
    command: impl Future<Output = Result<Exit, Failure>>,
) -> ExitCode {
    allocator::refuse_huge_pages();
    let outcome = watched_runtime(telemetry).and_then(|(probe, runtime)| {
        let outcome = runtime.block_on(probe.watch(Box::pin(command)));
        runtime.shutdown_background(); // a second ctrl-c does not wait for a page to be read
        outcome
    });
    exit(outcome, false)
}

fn watched_runtime(args: &TelemetryArgs) -> Result<(StallProbe, Runtime), Failure> {
    let config = |error: &dyn Display| Failure::Config(error.to_string());
    telemetry::init(args).map_err(|error| config(&error))?;
    descriptors::reserve(DESCRIPTORS);
    telemetry::metrics().map_err(|error| config(&error))?;
    let probe = telemetry::probe(args).map_err(|error| config(&error))?;
    let mut builder = Builder::new_multi_thread();
    let runtime = probe
        .instrument(builder.enable_all(), "pdf-ingest")
        .build()?;
    Ok((probe, runtime))
}

fn exit(outcome: Result<Exit, Failure>, as_json: bool) -> ExitCode {
    let exit = outcome.unwrap_or_else(|failure| {
        failure.report(None, as_json);
        failure.exit()
    });
    ExitCode::from(exit as u8)
}
