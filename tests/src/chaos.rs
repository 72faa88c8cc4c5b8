//! Everything that can die dies while jobs run; then every accepted job has ended once, with the bytes of a quiet run.

mod audit; // what must hold afterwards
mod clients; // submit, and submit again until there is an answer
mod clock; // the time of day, which leaps
mod cluster; // API, workers, Redis and store as processes that can be killed
mod documents; // what is uploaded, and what becomes of it undisturbed
mod fault; // what is done to the cluster
mod gate; // a connection that can be cut, held and cut short

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{Rng as _, SeedableRng as _};

use cluster::Cluster;
pub use cluster::Programs;
use documents::Documents;
use fault::Fault;

/// One run. The same seed gives the same documents and the same faults in the same order.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Decides what happens.
    pub seed: u64,
    /// Jobs to submit.
    pub jobs: usize,
    /// Faults to inject.
    pub faults: usize,
    /// What is started and killed.
    pub programs: Programs,
}

/// What was done and what was seen.
#[derive(Debug)]
pub struct Report {
    plan: Plan,
    took: Duration,
    injected: BTreeMap<&'static str, usize>,
    /// Kinds of faults that this machine has no means for.
    impossible: Vec<&'static str>,
    audit: audit::Findings,
    retries: usize,
}

impl Report {
    /// Whether every promise was kept.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.audit.is_clean()
    }
}

/// Submits jobs and injects faults side by side, waits until all is quiet, and looks.
///
/// # Errors
/// When the cluster cannot be started or looked at; broken promises are in the report.
pub async fn run(plan: &Plan) -> Result<Report> {
    let began = Instant::now();
    let mut cluster = Cluster::start(&plan.programs).await?;
    let documents = Arc::new(
        Documents::undisturbed(&cluster)
            .await
            .context("quiet run")?,
    );
    let submitted = Arc::new(AtomicUsize::new(0));
    let clients = clients::start(plan, &cluster, &documents, &submitted);
    let mut injected = BTreeMap::new();
    let mut random = StdRng::seed_from_u64(plan.seed);
    let (possible, impossible): (Vec<Fault>, Vec<Fault>) = Fault::ALL
        .iter()
        .copied()
        .partition(|fault| fault.is_possible(&cluster));
    let faults = shuffled(&possible, plan.faults, &mut random);
    for (number, fault) in faults.into_iter().enumerate() {
        // Faults are spread over the submits, so that all of them meet running jobs.
        let due = plan.jobs * number / plan.faults.max(1);
        while submitted.load(Ordering::Relaxed) < due && !clients.is_finished() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        fault
            .inject(&mut cluster, &mut random)
            .await
            .with_context(|| format!("fault {number}, {}", fault.name()))?;
        *injected.entry(fault.name()).or_insert(0) += 1;
        let pause = random.random_range(20..200);
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
    let accepted = clients.await??;
    cluster.heal().await?;
    let audit = audit::look(&cluster, &documents, &accepted).await?;
    cluster.end().await?;
    Ok(Report {
        plan: plan.clone(),
        took: began.elapsed(),
        injected,
        impossible: impossible.into_iter().map(Fault::name).collect(),
        retries: accepted.iter().map(|accepted| accepted.retries).sum(),
        audit,
    })
}

/// All kinds equally often, in a random order.
fn shuffled(kinds: &[Fault], count: usize, random: &mut StdRng) -> Vec<Fault> {
    let mut faults: Vec<Fault> = kinds.iter().copied().cycle().take(count).collect();
    faults.shuffle(random);
    faults
}

impl Plan {
    /// With the programs beside the one that runs.
    ///
    /// # Errors
    /// When they are not there.
    pub fn new(seed: u64, jobs: usize, faults: usize) -> Result<Self> {
        Ok(Self {
            seed,
            jobs,
            faults,
            programs: Programs::find()?,
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Plan { seed, jobs, .. } = self.plan;
        writeln!(f, "chaos: seed {seed}, {jobs} jobs, {:.0?}", self.took)?;
        writeln!(f, "\n  faults injected")?;
        for (fault, count) in &self.injected {
            writeln!(f, "    {count:5}  {fault}")?;
        }
        let total: usize = self.injected.values().sum();
        writeln!(f, "    {total:5}  in all")?;
        for fault in &self.impossible {
            writeln!(f, "        -  {fault}: not without libfaketime")?;
        }
        writeln!(f, "\n  seen")?;
        writeln!(f, "    {:5}  submits made again", self.retries)?;
        write!(f, "{}", self.audit)
    }
}
