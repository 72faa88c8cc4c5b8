//! `pdf-ingest`: the service in one process, a demonstration, and a client.

mod client; // HTTP
mod commands; // submit, status, wait, result, list, cancel, retry, delete
mod demo; // the whole way of one PDF, shown
mod failure; // what went wrong, and the exit code for it
mod follow; // a job until it has ended
mod progress; // bars
mod terminal; // what is written, and how it looks
mod up; // everything in one process

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use commands::{ChangeArgs, ListArgs, ResultArgs, StatusArgs, SubmitArgs, WaitArgs};
use demo::DemoArgs;
use failure::{Exit, Failure};
use up::UpArgs;

/// Turns uploaded PDFs into text, images and metadata.
///
/// Exit codes: 0 all is well, 1 a job ended without a result, 2 the request or the file makes no
/// sense, 64 the configuration is wrong, 69 the service, Redis or the store is away.
#[derive(Debug, Parser)]
#[command(name = "pdf-ingest", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Up(UpArgs),
    Demo(DemoArgs),
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
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let as_json = arguments.command.prints_json();
    install_tls_provider();
    let exit = run(arguments.command).unwrap_or_else(|failure| {
        failure.report(None, as_json);
        failure.exit()
    });
    ExitCode::from(exit as u8)
}

fn run(command: Command) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(command.run())
}

impl Command {
    async fn run(self) -> Result<Exit, Failure> {
        match self {
            Self::Up(args) => args.run().await,
            Self::Demo(args) => args.run().await,
            Self::Submit(args) => args.run().await,
            Self::Status(args) => args.run().await,
            Self::Wait(args) => args.run().await,
            Self::Result(args) => args.run().await,
            Self::List(args) => args.run().await,
            Self::Cancel(args) => args.cancel().await,
            Self::Retry(args) => args.retry().await,
            Self::Delete(args) => args.delete().await,
        }
    }

    fn prints_json(&self) -> bool {
        match self {
            Self::Up(_) | Self::Demo(_) => false,
            Self::Submit(args) => args.server.json,
            Self::Status(args) => args.server.json,
            Self::Wait(args) => args.server.json,
            Self::Result(args) => args.server.json,
            Self::List(args) => args.server.json,
            Self::Cancel(args) | Self::Retry(args) | Self::Delete(args) => args.server.json,
        }
    }
}

/// rustls is built without a default provider, so that only one, ring, is compiled.
fn install_tls_provider() {
    let _installed_before = rustls::crypto::ring::default_provider().install_default();
}
