//! How a process logs, and what counts as a stall.

use std::time::Duration;

use clap::{Args, ValueEnum};

use super::duration;

/// Logs and stalls.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Logs and stalls")]
pub struct TelemetryArgs {
    /// What to log, in the syntax of tracing's `EnvFilter`
    #[arg(long, env = "LOG", default_value = "info")]
    pub log: String,

    /// How a line looks
    #[arg(long, env = "LOG_FORMAT", default_value = "text")]
    pub log_format: LogFormat,

    /// From which time on a poll that holds a runtime thread counts as a stall
    #[arg(long, env = "STALL_THRESHOLD", default_value = "10ms", value_parser = duration)]
    pub stall_threshold: Duration,

    /// Stalls logged per minute, each stack at most once; all are counted
    #[arg(long, env = "STALL_LOGS", default_value_t = 5)]
    pub stall_logs: u32,
}

/// How a log line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line, for machines.
    Json,
}
