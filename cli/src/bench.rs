//! `bench`: load on the service, and what it costs: latency, throughput, CPU, memory, stalls.

mod chart; // the same as a picture
mod cluster; // the processes of one mode
mod documents; // what is uploaded, never the same bytes twice
mod load; // closed and open loop
mod machine; // where it was measured
mod measured; // what one run yields
mod report; // all of it, as JSON
mod table; // the same for people
mod usage; // CPU and memory of processes

use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use shared::config::{Secret, duration};
use url::Url;

use crate::client::Client;
use crate::failure::{Exit, Failure};
use crate::up::Interrupts;

use cluster::{Cluster, ClusterPlan};
use documents::Documents;
use load::{Pace, Plan};
use machine::Machine;
use measured::Measured;
use report::{LoadReport, Report};
use usage::{Processes, Role};

/// Jobs in flight at most when `--rate` says how many come.
const OPEN_LOOP_IN_FLIGHT: usize = 10_000;

/// Submit documents as fast as the service ends them, or at a rate, and measure it.
///
/// Without --url it starts a service of its own for every mode, of separate processes as in production: Redis,
/// API and workers, with what the environment sets for them.
///
/// A closed loop (-c) has clients that each submit a document, wait until its job has ended, and submit the next:
/// the rate follows the service, so its latencies say nothing about clients that do not wait for each other. For
/// those there is the open loop (--rate): documents are submitted by a schedule that is fixed beforehand, and every
/// latency counts from the moment that the schedule set, also when the submit itself came too late, so that a slow
/// service cannot hide what it made others wait for (coordinated omission).
///
/// No upload has the bytes of another one: a comment in front of `startxref` numbers them. A job counts when it ended
/// with a result, and with as many pages and images as the first job of its document; all others are failures.
#[derive(Args, Debug)]
pub(crate) struct BenchArgs {
    /// PDF to submit, or a folder whose PDFs are submitted in turn
    #[arg(value_name = "FILE|DIR")]
    path: PathBuf,

    /// Jobs to measure in each mode, after the warm-up
    #[arg(short = 'n', long, default_value = "1000", value_name = "NUMBER")]
    jobs: NonZeroU64,

    /// Clients, each with one job at a time; with --rate the most jobs in flight [default: 100; with --rate 10000]
    #[arg(short = 'c', long, value_name = "NUMBER")]
    concurrency: Option<NonZeroUsize>,

    /// Jobs per second, by a schedule, in place of clients that wait
    #[arg(long, value_name = "JOBS/S", value_parser = rate)]
    rate: Option<f64>,

    /// Jobs before those that count [default: one for each client; with --rate a tenth of the jobs]
    #[arg(long, value_name = "NUMBER")]
    warm_up: Option<u64>,

    /// How documents are read: on the worker's event loop (the wrong way, to see it), on its blocking pool, or in
    /// confined processes
    #[arg(long, value_delimiter = ',', default_values_t = [Mode::EventLoop, Mode::BlockingPool, Mode::Process], value_name = "MODE,..")]
    modes: Vec<Mode>,

    /// Turns that the modes take, each with its share of the jobs and a service of its own
    #[arg(long, default_value = "1", value_name = "NUMBER")]
    rounds: NonZeroU32,

    /// Worker processes
    #[arg(long, default_value = "1", value_name = "NUMBER")]
    workers: NonZeroUsize,

    /// Object store in place of a temporary folder; with S3_ENDPOINT and the like from the environment. What is
    /// written there stays
    #[arg(long, env = "STORE_URL", value_name = "URL")]
    store_url: Option<Url>,

    /// A service that runs already, in place of own ones
    #[arg(long, value_name = "URL", conflicts_with_all = ["modes", "rounds", "workers", "store_url"])]
    url: Option<Url>,

    /// The API key for that service, when it asks for one
    #[arg(
        long,
        env = "PDF_INGEST_API_KEY",
        hide_env_values = true,
        value_name = "KEY"
    )]
    api_key: Option<Secret>,

    /// How long a job may take before it counts as lost
    #[arg(long, default_value = "10m", value_parser = duration, value_name = "TIME")]
    patience: Duration,

    /// Write everything that was measured to a file, as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// Draw latencies and throughput into a file
    #[arg(long, value_name = "FILE.svg")]
    chart: Option<PathBuf>,
}

/// Where documents are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Mode {
    EventLoop,
    BlockingPool,
    Process,
}

impl std::fmt::Display for Mode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::EventLoop => "event-loop",
            Self::BlockingPool => "blocking-pool",
            Self::Process => "process",
        })
    }
}

fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "it is no number".to_owned())?;
    let is_possible = rate.is_finite() && (0.001..=1e6).contains(&rate);
    is_possible
        .then_some(rate)
        .ok_or_else(|| "it must be from 0.001 to 1000000".to_owned())
}

impl BenchArgs {
    pub(crate) async fn run(self) -> Result<Exit, Failure> {
        cluster::allow_open_files();
        let mut interrupts = Interrupts::listen()?;
        let documents = Arc::new(Documents::read(&self.path)?);
        let mut report = Report::new(Machine::here(), self.load(), &documents);
        match &self.url {
            Some(url) => {
                let measured = self.existing(url, &documents, &mut interrupts).await?;
                report.add(url.as_str(), &measured);
            }
            None => {
                for (mode, measured) in self.own(&documents, &mut interrupts).await? {
                    report.add(&mode.to_string(), &measured);
                }
            }
        }
        table::print(&report)?;
        write(self.json.as_deref(), || report.to_json())?;
        write(self.chart.as_deref(), || chart::svg(&report))?;
        Ok(match report.has_failures() {
            true => Exit::JobFailed,
            false => Exit::Success,
        })
    }

    fn plan(&self) -> Plan {
        let jobs = self.jobs.get().div_ceil(u64::from(self.rounds.get()));
        let clients = self.concurrency.map(NonZeroUsize::get);
        let (pace, in_flight, warm_up) = match self.rate {
            Some(per_second) => (
                Pace::Open { per_second },
                clients.unwrap_or(OPEN_LOOP_IN_FLIGHT),
                jobs / 10,
            ),
            None => (
                Pace::Closed,
                clients.unwrap_or(100),
                clients.unwrap_or(100) as u64,
            ),
        };
        Plan {
            pace,
            jobs,
            in_flight,
            warm_up: self.warm_up.unwrap_or(warm_up),
            patience: self.patience,
        }
    }

    fn load(&self) -> LoadReport {
        let plan = self.plan();
        LoadReport {
            jobs: self.jobs.get(),
            in_flight: plan.in_flight,
            rate: self.rate,
            warm_up: plan.warm_up,
            rounds: self.rounds.get(),
            workers: self.url.is_none().then_some(self.workers.get()),
            store: self.store_url.as_ref().map(Url::to_string),
        }
    }

    async fn existing(
        &self,
        url: &Url,
        documents: &Arc<Documents>,
        interrupts: &mut Interrupts,
    ) -> Result<Measured, Failure> {
        let client = Client::new(url.clone(), self.api_key.clone())?;
        client.ready().await?;
        let plan = self.plan();
        let bar = progress(plan.total(), url.as_str());
        let processes = Processes::new([(Role::Client, std::process::id())]);
        tokio::select! {
            measured = load::run(&client, documents, &plan, processes, &bar) => measured,
            () = interrupts.next() => Err(Failure::Interrupted),
        }
    }

    /// Every mode in turn, once in each round, with its services started anew.
    async fn own(
        &self,
        documents: &Arc<Documents>,
        interrupts: &mut Interrupts,
    ) -> Result<Vec<(Mode, Measured)>, Failure> {
        let clients = self.plan().in_flight;
        let plan = ClusterPlan::find(self.workers.get(), self.store_url.clone(), clients).await?;
        let mut all: Vec<(Mode, Measured)> = Vec::new();
        for round in 1..=self.rounds.get() {
            for mode in self.turns(round) {
                let what = format!("{mode}, round {round} of {}", self.rounds);
                let bar = progress(self.plan().total(), &what);
                let cluster = Cluster::start(&plan, mode).await?;
                let measured = self.one(cluster, documents, &bar, interrupts).await?;
                bar.finish_and_clear();
                match all.iter_mut().find(|(known, _)| *known == mode) {
                    Some((_, so_far)) => so_far.merge(&measured),
                    None => all.push((mode, measured)),
                }
            }
        }
        all.sort_by_key(|(mode, _)| self.modes.iter().position(|asked| asked == mode));
        Ok(all)
    }

    /// Every second round is backwards, so that what grows slowly falls on all alike.
    fn turns(&self, round: u32) -> Vec<Mode> {
        let mut modes = Vec::new();
        for mode in &self.modes {
            if !modes.contains(mode) {
                modes.push(*mode);
            }
        }
        if round.is_multiple_of(2) {
            modes.reverse();
        }
        modes
    }

    /// One mode, once; its services are stopped whatever happens.
    async fn one(
        &self,
        mut cluster: Cluster,
        documents: &Arc<Documents>,
        bar: &ProgressBar,
        interrupts: &mut Interrupts,
    ) -> Result<Measured, Failure> {
        let client = Client::new(cluster.url.clone(), None)?;
        let before = cluster.stalls().await?;
        let (processes, plan) = (cluster.processes(), self.plan());
        let outcome = tokio::select! {
            measured = load::run(&client, documents, &plan, processes, bar) => measured,
            failure = cluster.ended() => Err(failure),
            () = interrupts.next() => Err(Failure::Interrupted),
        };
        let stalls = match &outcome {
            Ok(_) => cluster.stalls().await?,
            Err(_) => before.clone(),
        };
        let stopped = cluster.stop().await;
        let mut measured = outcome?;
        stopped?;
        for (role, stalls) in stalls {
            let earlier = before.get(&role).cloned().unwrap_or_default();
            measured.stalls.insert(role, stalls.since(&earlier));
        }
        Ok(measured)
    }
}

fn progress(jobs: u64, what: &str) -> ProgressBar {
    let style = "{bar:24} {pos}/{len} jobs  {per_sec}  {msg}";
    let style = ProgressStyle::with_template(style).expect("the template is well formed");
    ProgressBar::new(jobs)
        .with_style(style)
        .with_message(what.to_owned())
}

fn write(path: Option<&Path>, content: impl FnOnce() -> String) -> Result<(), Failure> {
    match path {
        Some(path) => std::fs::write(path, content())
            .map_err(|error| Failure::Usage(format!("cannot write {}: {error}", path.display()))),
        None => Ok(()),
    }
}
