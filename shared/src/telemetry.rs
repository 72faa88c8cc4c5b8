//! Logs, metrics and the stall probe of a process, set up once, by its `main`.

pub mod names; // every metric there is

use std::io;
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use stall::{InstallError, StallProbe};
use thiserror::Error;
use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, TelemetryArgs};

/// How often what was observed is put into its buckets.
const UPKEEP: Duration = Duration::from_secs(5);

/// Why telemetry could not be set up.
#[derive(Debug, Error)]
pub enum TelemetryError {
    /// The filter does not parse.
    #[error("LOG: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// The stall probe cannot run as configured.
    #[error("stall probe: {0}")]
    Probe(#[from] InstallError),
    /// Something else took the process's subscriber or recorder before.
    #[error("logs or metrics were set up before: {0}")]
    Taken(String),
}

/// Sends logs to standard error.
///
/// # Errors
/// [`TelemetryError::Filter`] for a filter that does not parse, [`TelemetryError::Taken`] at the
/// second call of a process.
pub fn init(args: &TelemetryArgs) -> Result<(), TelemetryError> {
    let filter = EnvFilter::try_new(&args.log)?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr);
    let outcome = match args.log_format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    outcome.map_err(|error| TelemetryError::Taken(error.to_string()))
}

/// The process's stall probe, which logs and counts what holds its runtime threads; the first call
/// installs it. Set up metrics before.
///
/// # Errors
/// [`TelemetryError::Probe`] when the settings contradict each other or its threads cannot start.
pub fn probe(args: &TelemetryArgs) -> Result<StallProbe, TelemetryError> {
    let probe = StallProbe::builder()
        .threshold(args.stall_threshold)
        .reports_per_minute(args.stall_logs)
        .install()?;
    Ok(probe)
}

/// The process's metrics, ready to be rendered; the first call installs the recorder.
///
/// # Errors
/// [`TelemetryError::Taken`] when another recorder is installed.
pub fn metrics() -> Result<PrometheusHandle, TelemetryError> {
    static HANDLE: OnceLock<Result<PrometheusHandle, String>> = OnceLock::new();
    HANDLE
        .get_or_init(|| install_recorder().map_err(|error| error.to_string()))
        .clone()
        .map_err(TelemetryError::Taken)
}

fn install_recorder() -> Result<PrometheusHandle, Box<dyn std::error::Error>> {
    let mut builder = PrometheusBuilder::new();
    for (name, buckets) in names::HISTOGRAMS {
        builder = builder.set_buckets_for_metric(Matcher::Full((*name).to_owned()), buckets)?;
    }
    let handle = builder.install_recorder()?;
    names::describe();
    keep_up(handle.clone())?;
    Ok(handle)
}

/// Observations are kept one by one until they are put into buckets. A scrape does that too, but nobody may scrape.
fn keep_up(handle: PrometheusHandle) -> io::Result<()> {
    let upkeep = move || {
        loop {
            #[expect(clippy::disallowed_methods, reason = "a thread of its own")]
            thread::sleep(UPKEEP);
            handle.run_upkeep();
        }
    };
    thread::Builder::new()
        .name("metrics-upkeep".to_owned())
        .spawn(upkeep)?;
    Ok(())
}
