//! What was measured, for people: a column for each mode.

use std::io;

use super::report::{ModeReport, Report};
use super::usage::Role;
use crate::terminal::{self, bold, bytes, dim, grouped};

const LABEL_WIDTH: usize = 24;
const MIN_COLUMN_WIDTH: usize = 14;
/// The order of a job's way.
const ROLES: [Role; 6] = [
    Role::Api,
    Role::Redis,
    Role::Store,
    Role::Worker,
    Role::Extraction,
    Role::Client,
];
const PERCENTILES: [(&str, f64); 4] = [("p50", 50.0), ("p95", 95.0), ("p99", 99.0), ("max", 100.0)];

/// Writes the table to standard output, failures below it.
pub(super) fn print(report: &Report) -> io::Result<()> {
    terminal::line(bold("pdf-ingest bench"))?;
    terminal::line(dim(conditions(report)))?;
    let table = Table {
        modes: &report.modes,
    };
    table.row("", |mode| mode.mode.clone())?;
    table.row("jobs/s", |mode| number(mode.jobs_per_second))?;
    table.row("pages/s", |mode| number(mode.pages_per_second))?;
    table.row("MB/s", |mode| number(mode.megabytes_per_second))?;
    for (name, percent) in PERCENTILES {
        table.row(&format!("submit {name}, ms"), |mode| {
            number(mode.submit.at(percent))
        })?;
    }
    for (name, percent) in PERCENTILES {
        table.row(&format!("end to end {name}, ms"), |mode| {
            number(mode.end_to_end.at(percent))
        })?;
    }
    for role in ROLES {
        let cpu = |mode: &ModeReport| mode.cpu_ms_per_job.get(&role).copied();
        table.row_if_any(&format!("CPU {}, ms/job", role.as_str()), |mode| {
            cpu(mode).map(number)
        })?;
    }
    table.row_if_any("CPU all but client", |mode| {
        (mode.service_cpu() > 0.0).then(|| number(mode.service_cpu()))
    })?;
    for role in ROLES {
        let peak = |mode: &ModeReport| mode.memory_peak_bytes.get(&role).copied();
        table.row_if_any(&format!("memory {}, peak", role.as_str()), |mode| {
            peak(mode).map(bytes)
        })?;
    }
    for role in ROLES {
        let stalls = |mode: &ModeReport| {
            let stalls = mode.stalls.get(&role)?;
            Some(format!(
                "{} ({:.1} s)",
                grouped(stalls.count),
                stalls.seconds
            ))
        };
        table.row_if_any(&format!("stalls {}", role.as_str()), stalls)?;
    }
    table.row("resent submits", |mode| grouped(mode.resent))?;
    let count = |mode: &ModeReport| mode.failures.iter().map(|failure| failure.count).sum();
    table.row("failures", |mode| grouped(count(mode)))?;
    report.modes.iter().try_for_each(details)
}

/// Where loops were held, and what went wrong.
fn details(mode: &ModeReport) -> io::Result<()> {
    for (role, stalls) in &mode.stalls {
        for (site, count) in &stalls.sites {
            let (mode, role) = (&mode.mode, role.as_str());
            terminal::line(format_args!("{mode}: {role} stalled {count} × at {site}"))?;
        }
    }
    for failure in &mode.failures {
        let (kind, times, example) = (&failure.kind, failure.count, &failure.example);
        let mode = &mode.mode;
        terminal::note(format_args!("{mode}: {times} × {kind}, first: {example}"));
    }
    Ok(())
}

fn conditions(report: &Report) -> String {
    let load = &report.load;
    let pace = match load.rate {
        Some(rate) => format!("open loop, {rate} jobs/s"),
        None => format!("closed loop, {} clients", load.in_flight),
    };
    let documents = match report.documents.as_slice() {
        [one] => format!("{}, {}", one.name, bytes(one.bytes)),
        many => format!(
            "{} documents, {}",
            many.len(),
            bytes(many.iter().map(|document| document.bytes).sum())
        ),
    };
    let load_average = report.machine.load_average.unwrap_or(0.0);
    format!(
        "{documents}; {pace}; {} jobs after {} to warm up, in {} round(s); {} cores, load before {load_average}",
        grouped(load.jobs),
        grouped(load.warm_up),
        load.rounds,
        report.machine.cores,
    )
}

struct Table<'r> {
    modes: &'r [ModeReport],
}

impl Table<'_> {
    fn row(&self, label: &str, value: impl Fn(&ModeReport) -> String) -> io::Result<()> {
        self.row_if_any(label, |mode| Some(value(mode)))
    }

    /// Left out when no mode has the value.
    fn row_if_any(
        &self,
        label: &str,
        value: impl Fn(&ModeReport) -> Option<String>,
    ) -> io::Result<()> {
        let values: Vec<Option<String>> = self.modes.iter().map(value).collect();
        if values.iter().all(Option::is_none) {
            return Ok(());
        }
        let cells = self.modes.iter().zip(values).map(|(mode, value)| {
            let width = mode.mode.len().max(MIN_COLUMN_WIDTH);
            format!("  {:>width$}", value.unwrap_or_else(|| "-".to_owned()))
        });
        terminal::line(format_args!(
            "{label:LABEL_WIDTH$}{}",
            cells.collect::<String>()
        ))
    }
}

/// Three digits that say something.
fn number(value: f64) -> String {
    match value {
        ..9.995 => format!("{value:.2}"),
        ..99.95 => format!("{value:.1}"),
        _ => grouped(value.round() as u64),
    }
}
