//! Everything that was measured, as JSON.

use std::time::Duration;

use serde::Serialize;
use std::collections::BTreeMap;

use super::documents::Documents;
use super::machine::Machine;
use super::measured::{Latencies, Measured, Stalls};
use super::usage::{ByRole, Role};

/// The percentiles that are kept; 100 is the longest.
pub(super) const PERCENTILES: [f64; 8] = [0.0, 50.0, 75.0, 90.0, 95.0, 99.0, 99.9, 100.0];

/// One run of `bench`.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    version: &'static str,
    /// RFC 3339.
    started_at: String,
    pub(super) machine: Machine,
    pub(super) load: LoadReport,
    pub(super) documents: Vec<DocumentReport>,
    pub(super) modes: Vec<ModeReport>,
}

/// What was asked for.
#[derive(Debug, Serialize)]
pub(super) struct LoadReport {
    /// Per mode.
    pub(super) jobs: u64,
    pub(super) in_flight: usize,
    /// Jobs per second of an open loop; a closed one has none.
    pub(super) rate: Option<f64>,
    /// Jobs per round.
    pub(super) warm_up: u64,
    pub(super) rounds: u32,
    pub(super) workers: Option<usize>,
    pub(super) store: Option<String>,
}

/// One file.
#[derive(Debug, Serialize)]
pub(super) struct DocumentReport {
    pub(super) name: String,
    pub(super) bytes: u64,
}

/// One mode, all its rounds together.
#[derive(Debug, Serialize)]
pub(super) struct ModeReport {
    pub(super) mode: String,
    pub(super) seconds: f64,
    /// Measured jobs that ended with a result.
    pub(super) jobs: u64,
    pub(super) jobs_per_second: f64,
    pub(super) pages_per_second: f64,
    pub(super) megabytes_per_second: f64,
    pub(super) submit: LatencyReport,
    pub(super) end_to_end: LatencyReport,
    pub(super) cpu_ms_per_job: ByRole<f64>,
    /// Of the one process of its role that held most.
    pub(super) memory_peak_bytes: ByRole<u64>,
    pub(super) stalls: ByRole<StallReport>,
    pub(super) resent: u64,
    pub(super) failures: Vec<FailureReport>,
}

/// A distribution.
#[derive(Debug, Serialize)]
pub(super) struct LatencyReport {
    pub(super) count: u64,
    /// Percentile and milliseconds, ascending.
    pub(super) milliseconds: Vec<(f64, f64)>,
}

/// Stalls of one role's processes.
#[derive(Debug, Serialize)]
pub(super) struct StallReport {
    pub(super) count: u64,
    pub(super) seconds: f64,
    /// By file and line.
    pub(super) sites: BTreeMap<String, u64>,
}

/// Failures of one kind, those of the warm-up too.
#[derive(Debug, Serialize)]
pub(super) struct FailureReport {
    pub(super) kind: String,
    pub(super) count: u64,
    pub(super) example: String,
}

impl Report {
    pub(super) fn new(machine: Machine, load: LoadReport, documents: &Documents) -> Self {
        let documents = documents.iter().map(|document| DocumentReport {
            name: document.name.clone(),
            bytes: document.bytes(),
        });
        Self {
            version: env!("CARGO_PKG_VERSION"),
            started_at: jiff::Timestamp::now().to_string(),
            machine,
            load,
            documents: documents.collect(),
            modes: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, mode: &str, measured: &Measured) {
        self.modes.push(ModeReport::new(mode, measured));
    }

    /// Whether any job ended without a result.
    pub(super) fn has_failures(&self) -> bool {
        self.modes.iter().any(|mode| !mode.failures.is_empty())
    }

    pub(super) fn to_json(&self) -> String {
        let json = serde_json::to_string_pretty(self);
        json.expect("numbers, text and names as keys are JSON") + "\n"
    }
}

impl ModeReport {
    fn new(mode: &str, measured: &Measured) -> Self {
        let seconds = measured.window.as_secs_f64();
        let rate = |count: f64| rounded(if seconds > 0.0 { count / seconds } else { 0.0 });
        Self {
            mode: mode.to_owned(),
            seconds: rounded(seconds),
            jobs: measured.jobs,
            jobs_per_second: rate(measured.jobs as f64),
            pages_per_second: rate(measured.pages as f64),
            megabytes_per_second: rate(measured.bytes as f64 / 1e6),
            submit: LatencyReport::new(&measured.submit),
            end_to_end: LatencyReport::new(&measured.end_to_end),
            cpu_ms_per_job: per_job(&measured.cpu, measured.jobs),
            memory_peak_bytes: measured.memory_peaks.clone(),
            stalls: measured
                .stalls
                .iter()
                .map(|(role, stalls)| (*role, stalls.into()))
                .collect(),
            resent: measured.resent,
            failures: failures(measured),
        }
    }

    /// CPU of all processes but the client's, in ms per job.
    pub(super) fn service_cpu(&self) -> f64 {
        let service = self
            .cpu_ms_per_job
            .iter()
            .filter(|(role, _)| **role != Role::Client);
        service.map(|(_, cpu)| cpu).sum()
    }
}

impl LatencyReport {
    fn new(latencies: &Latencies) -> Self {
        let milliseconds =
            PERCENTILES.map(|percent| (percent, rounded(millis(latencies.percentile(percent)))));
        Self {
            count: latencies.count(),
            milliseconds: milliseconds.to_vec(),
        }
    }

    /// In milliseconds.
    pub(super) fn at(&self, percent: f64) -> f64 {
        let found = self
            .milliseconds
            .iter()
            .find(|(known, _)| *known == percent);
        found.map_or(0.0, |(_, milliseconds)| *milliseconds)
    }
}

impl From<&Stalls> for StallReport {
    fn from(stalls: &Stalls) -> Self {
        Self {
            count: stalls.count,
            seconds: rounded(stalls.time.as_secs_f64()),
            sites: stalls.sites.clone(),
        }
    }
}

fn per_job(cpu: &ByRole<Duration>, jobs: u64) -> ByRole<f64> {
    let jobs = jobs.max(1) as f64;
    cpu.iter()
        .map(|(role, cpu)| (*role, rounded(millis(*cpu) / jobs)))
        .collect::<BTreeMap<_, _>>()
}

fn failures(measured: &Measured) -> Vec<FailureReport> {
    let kinds = measured.failures.iter();
    let report = kinds.map(|(kind, failures)| FailureReport {
        kind: kind.clone(),
        count: failures.count,
        example: failures.example.clone(),
    });
    report.collect()
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// To three digits behind the point: more would be noise.
fn rounded(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}
