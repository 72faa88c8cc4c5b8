//! The pdf-ingest command.

mod extract; // `pdf-ingest extract`: one file, no queue

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Turns PDFs into text, images and metadata.
#[derive(Parser)]
#[command(name = "pdf-ingest", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Extract(extract::ExtractArgs),
}

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Extract(args) => extract::run(args),
    }
}
