//! How a process logs.

use clap::{Args, ValueEnum};

/// Logs.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Logs")]
pub struct TelemetryArgs {
    /// What to log, in the syntax of tracing's `EnvFilter`
    #[arg(long, env = "LOG", default_value = "info")]
    pub log: String,

    /// How a line looks
    #[arg(long, env = "LOG_FORMAT", default_value = "text")]
    pub log_format: LogFormat,
}

/// How a log line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line, for machines.
    Json,
}
