//! Closed and open loop: who submits when, and which of it counts.

mod record; // what it has seen so far

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indicatif::ProgressBar;
use shared::job::JobId;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until};

use super::documents::Documents;
use super::measured::Measured;
use super::usage::Processes;
use crate::client::{Client, Job};
use crate::failure::Failure;
use record::{Lost, Record};

/// How long one request waits for the end of a job: one request is enough for most jobs.
const LONG_POLL: Duration = Duration::from_secs(50);
/// How often memory is looked at.
const MEMORY_INTERVAL: Duration = Duration::from_millis(500);
/// How often a document is submitted while the service asks for patience, and how long to wait when it does not say.
const MAX_SENDS: u32 = 10;
const RESEND_AFTER: Duration = Duration::from_secs(1);
/// How often in a row a job's state may be asked for in vain.
const MAX_ASKS: u32 = 5;

/// Who sets the pace.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Pace {
    /// The service: every client waits for its job.
    Closed,
    /// A schedule.
    Open { per_second: f64 },
}

/// A run: the warm-up, and what is measured.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) pace: Pace,
    pub(super) warm_up: u64,
    pub(super) jobs: u64,
    pub(super) in_flight: usize,
    pub(super) patience: Duration,
}

impl Plan {
    /// Jobs until the end of the measured part.
    pub(super) fn total(&self) -> u64 {
        self.warm_up + self.jobs
    }
}

/// Runs the plan to its end; every job that was submitted is followed until it has ended or is lost.
///
/// In a closed loop the measured part begins when as many jobs have ended as the warm-up has, and ends `jobs` ends later; the
/// clients go on submitting until then, so that as many submits as ends fall into it. In an open loop it begins with the
/// first submit after the warm-up and ends with the last job.
pub(super) async fn run(
    client: &Client,
    documents: &Arc<Documents>,
    plan: &Plan,
    processes: Processes,
    bar: &ProgressBar,
) -> Result<Measured, Failure> {
    bar.enable_steady_tick(Duration::from_millis(200));
    let course = Arc::new(Course {
        client: client.clone(),
        documents: Arc::clone(documents),
        plan: plan.clone(),
        processes,
        bar: bar.clone(),
        record: Mutex::new(Record::new()),
    });
    let submits = async {
        match plan.pace {
            Pace::Closed => closed_loop(&course).await,
            Pace::Open { per_second } => open_loop(&course, per_second).await,
        }
    };
    tokio::select! {
        outcome = submits => outcome?,
        () = watch_memory(&course) => {}
    }
    let peaks = course.processes.memory_peaks();
    let mut record = course.record();
    record.measured.note_memory(&peaks);
    Ok(std::mem::replace(&mut record.measured, Measured::new()))
}

async fn closed_loop(course: &Arc<Course>) -> Result<(), Failure> {
    if course.plan.warm_up == 0 {
        course.record().open(&course.processes);
    }
    let mut clients = JoinSet::new();
    for _ in 0..course.plan.in_flight {
        let course = Arc::clone(course);
        clients.spawn(async move {
            while let Some((number, counts)) = course.next() {
                course.one(number, Instant::now(), counts).await;
            }
        });
    }
    joined(clients).await
}

async fn open_loop(course: &Arc<Course>, per_second: f64) -> Result<(), Failure> {
    let free = Arc::new(Semaphore::new(course.plan.in_flight));
    let began = Instant::now();
    let mut jobs = JoinSet::new();
    for number in 0..course.plan.total() {
        let due = began + Duration::from_secs_f64(number as f64 / per_second);
        sleep_until(due).await;
        let counts = number >= course.plan.warm_up;
        if number == course.plan.warm_up {
            course.record().open(&course.processes);
        }
        let (course, free) = (Arc::clone(course), Arc::clone(&free));
        jobs.spawn(async move {
            let _one = free
                .acquire_owned()
                .await
                .expect("the semaphore is never closed");
            course.one(number, due, counts).await;
        });
        while jobs.try_join_next().is_some() {} // their memory, not their outcome: that is in the record
    }
    joined(jobs).await
}

async fn joined(mut tasks: JoinSet<()>) -> Result<(), Failure> {
    while let Some(ended) = tasks.join_next().await {
        ended.map_err(|error| Failure::Unavailable(format!("a client crashed: {error}")))?;
    }
    Ok(())
}

async fn watch_memory(course: &Course) {
    let mut ticks = interval(MEMORY_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let peaks = course.processes.memory_peaks();
        course.record().measured.note_memory(&peaks);
    }
}

/// A run under way.
struct Course {
    client: Client,
    documents: Arc<Documents>,
    plan: Plan,
    processes: Processes,
    bar: ProgressBar,
    record: Mutex<Record>,
}

impl Course {
    /// The number of the next job of a closed loop, and whether its submit counts.
    fn next(&self) -> Option<(u64, bool)> {
        let mut record = self.record();
        if record.closed {
            return None;
        }
        record.begun += 1;
        Some((record.begun - 1, record.opened.is_some()))
    }

    /// One job, from its submit to its end; latencies count from `began`.
    async fn one(&self, number: u64, began: Instant, counts: bool) {
        let copy = self.documents.copy(number);
        let (document, bytes) = (copy.document, copy.bytes());
        let outcome = async {
            let id = self.submit(&copy.parts, bytes).await?;
            if counts {
                self.record().measured.submit.record(began.elapsed());
            }
            let patience = began + self.plan.patience;
            self.until_ended(id, patience).await
        };
        let outcome = outcome.await;
        self.ended(document, bytes, outcome, began, counts);
    }

    async fn submit(&self, parts: &[bytes::Bytes; 3], bytes: u64) -> Result<JobId, Lost> {
        let mut sends = 1;
        loop {
            let failure = match self.client.submit_parts(parts, bytes).await {
                Ok(job) => return Ok(job.id),
                Err(failure) => failure,
            };
            match &failure {
                Failure::Problem(problem)
                    if matches!(problem.status, 429 | 503) && sends < MAX_SENDS =>
                {
                    self.record().measured.resent += 1;
                    sleep(problem.retry_after.unwrap_or(RESEND_AFTER)).await;
                }
                _ => return Err(Lost::by(&failure, "submit")),
            }
            sends += 1;
        }
    }

    async fn until_ended(&self, id: JobId, deadline: Instant) -> Result<Job, Lost> {
        let mut asks = 0;
        while Instant::now() < deadline {
            match self.client.job_ended(id, LONG_POLL).await {
                Ok(job) if job.state.is_terminal() => return Ok(job),
                Ok(_) => asks = 0,
                Err(failure) if asks >= MAX_ASKS => return Err(Lost::by(&failure, "wait")),
                Err(_) => {
                    asks += 1;
                    sleep(RESEND_AFTER).await;
                }
            }
        }
        Err(Lost {
            kind: "lost".to_owned(),
            detail: format!("job {id} has not ended in time"),
        })
    }

    fn ended(
        &self,
        document: usize,
        bytes: u64,
        outcome: Result<Job, Lost>,
        began: Instant,
        counts: bool,
    ) {
        let mut record = self.record();
        record.ended += 1;
        let counts = match self.plan.pace {
            Pace::Closed => record.opened.is_some() && !record.closed,
            Pace::Open { .. } => counts,
        };
        match outcome.and_then(|job| record.as_expected(document, &job)) {
            Ok(tally) if counts => {
                let measured = &mut record.measured;
                measured.jobs += 1;
                measured.pages += tally.pages;
                measured.bytes += bytes;
                measured.end_to_end.record(began.elapsed());
            }
            Ok(_) => {}
            Err(Lost { kind, detail }) => record.measured.fail(kind, &detail),
        }
        if self.plan.pace == Pace::Closed && record.ended == self.plan.warm_up {
            record.open(&self.processes);
        }
        if record.ended == self.plan.total() {
            record.close(&self.processes);
        }
        if record.ended <= self.plan.total() {
            self.bar.inc(1);
        }
    }

    /// What is behind the lock is valid at every moment, so a panic elsewhere does not spoil it.
    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
