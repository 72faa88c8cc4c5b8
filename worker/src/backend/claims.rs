//! The task that claims: a job for each free slot, nothing ahead of it.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use metrics::{counter, gauge, histogram};
use rand::Rng;
use shared::job::JobRecord;
use shared::queue::{CLAIMED_AT_ONCE, Claim, Lease, Outcome, Queue, WorkerId};
use shared::telemetry::names;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::lease::{LeaseGuard, LeaseKeeper};
use crate::stop::Stop;

/// How long to wait for a wake-up before asking anyway.
const POLL: Duration = Duration::from_secs(1);
/// The longest wait between two claims during an outage.
const OUTAGE_PAUSE: Duration = Duration::from_secs(2);

/// A claimed job: its lease is renewed and its slot taken for as long as a clone lives.
#[derive(Clone, Debug)]
pub(crate) struct HeldJob(Arc<Holding>);

#[derive(Debug)]
struct Holding {
    record: JobRecord,
    stop: Stop,
    claimed: Instant,
    _lease: LeaseGuard,
    _slot: OwnedSemaphorePermit,
}

impl Drop for Holding {
    fn drop(&mut self) {
        gauge!(names::JOBS_RUNNING).decrement(1.0);
    }
}

impl HeldJob {
    pub(crate) fn record(&self) -> &JobRecord {
        &self.0.record
    }

    pub(crate) fn stop(&self) -> &Stop {
        &self.0.stop
    }

    pub(crate) fn claimed(&self) -> Instant {
        self.0.claimed
    }

    pub(crate) fn lease(&self) -> Lease {
        Lease {
            job: self.0.record.id,
            attempt: self.0.record.attempt,
        }
    }
}

/// Claimed jobs that wait to be taken by apalis, which does so at once.
type Handoff = Arc<Mutex<mpsc::Receiver<HeldJob>>>;

/// Claimed jobs, for apalis.
#[derive(Debug)]
pub(crate) struct Claims {
    handoff: Handoff,
    task: JoinHandle<()>,
}

impl Claims {
    /// Starts to claim; ends, and gives back what was not taken, when `closing` is cancelled.
    pub(crate) fn start(
        queue: Queue,
        worker: WorkerId,
        keeper: LeaseKeeper,
        slots: usize,
        closing: CancellationToken,
    ) -> Self {
        let (jobs, receiver) = mpsc::channel(slots);
        let handoff = Arc::new(Mutex::new(receiver));
        let claimer = Claimer {
            queue,
            worker,
            keeper,
            slots: Arc::new(Semaphore::new(slots)),
            jobs,
            handoff: Arc::clone(&handoff),
            closing,
        };
        Self {
            handoff,
            task: tokio::spawn(stall::watch(claimer.run())),
        }
    }

    pub(super) fn poll_next(&self, context: &mut Context<'_>) -> Poll<Option<HeldJob>> {
        lock(&self.handoff).poll_recv(context)
    }

    /// Ready when the claiming task has ended.
    pub(super) fn poll_closed(&mut self, context: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.task).poll(context).map(|_| ())
    }
}

fn lock(handoff: &Handoff) -> MutexGuard<'_, mpsc::Receiver<HeldJob>> {
    handoff
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

struct Claimer {
    queue: Queue,
    worker: WorkerId,
    keeper: LeaseKeeper,
    slots: Arc<Semaphore>,
    jobs: mpsc::Sender<HeldJob>,
    handoff: Handoff,
    closing: CancellationToken,
}

impl Claimer {
    async fn run(self) {
        while let Some(slots) = self.free_slots().await {
            let claims = self.claim(slots.len()).await;
            if claims.is_empty() {
                break;
            }
            for (claim, slot) in claims.into_iter().zip(slots) {
                let job = self.hold(claim, slot);
                if self.jobs.send(job).await.is_err() {
                    break;
                }
            }
        }
        loop {
            let not_taken = lock(&self.handoff).try_recv();
            let Ok(job) = not_taken else { break };
            self.release(&job).await;
        }
    }

    /// Every free slot, once there is one.
    async fn free_slots(&self) -> Option<Vec<OwnedSemaphorePermit>> {
        let first = tokio::select! {
            () = self.closing.cancelled() => return None,
            first = Arc::clone(&self.slots).acquire_owned() => first.ok()?,
        };
        let others = std::iter::from_fn(|| Arc::clone(&self.slots).try_acquire_owned().ok());
        let slots = std::iter::once(first).chain(others);
        Some(slots.take(CLAIMED_AT_ONCE).collect())
    }

    /// Asks until there are jobs or the worker closes; an outage is waited out.
    async fn claim(&self, slots: usize) -> Vec<Claim> {
        let mut request = Uuid::now_v7();
        let mut failures = 0;
        while !self.closing.is_cancelled() {
            match self.queue.claim_up_to(&self.worker, request, slots).await {
                Ok(claims) if !claims.is_empty() => return claims,
                Ok(_) => {
                    failures = 0;
                    request = Uuid::now_v7();
                    self.unless_closing(self.queue.wait_for_work(POLL)).await;
                }
                Err(error) => {
                    // The same request again: a claim whose reply was lost is answered then.
                    failures += 1;
                    counter!(names::QUEUE_ERRORS_TOTAL, "call" => "claim").increment(1);
                    tracing::warn!(%error, failures, "no claim possible");
                    self.unless_closing(tokio::time::sleep(outage_pause(failures)))
                        .await;
                }
            }
        }
        Vec::new()
    }

    async fn unless_closing(&self, wait: impl Future<Output = ()>) {
        tokio::select! {
            () = self.closing.cancelled() => {}
            () = wait => {}
        }
    }

    fn hold(&self, claim: Claim, slot: OwnedSemaphorePermit) -> HeldJob {
        let record = claim.record;
        let stop = Stop::default();
        let lease = Lease {
            job: record.id,
            attempt: record.attempt,
        };
        if let Some(started) = record.started_at {
            histogram!(names::JOB_WAIT_SECONDS).record(started.since(record.run_at));
        }
        gauge!(names::JOBS_RUNNING).increment(1.0);
        HeldJob(Arc::new(Holding {
            _lease: self.keeper.hold(lease, stop.clone()),
            _slot: slot,
            stop,
            claimed: Instant::now(),
            record,
        }))
    }

    /// Gives a job back that will not be started; what fails here is released with the worker.
    async fn release(&self, job: &HeldJob) {
        if let Err(error) = self.queue.finish(job.lease(), &Outcome::Release).await {
            tracing::warn!(job.id = %job.record().id, %error, "not released");
        }
    }
}

fn outage_pause(failures: u32) -> Duration {
    let ceiling = Duration::from_millis(50) * 2_u32.saturating_pow(failures.min(10));
    rand::rng().random_range(Duration::ZERO..=ceiling.min(OUTAGE_PAUSE))
}
