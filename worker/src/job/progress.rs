//! Tells the queue how far an attempt is, at most four times a second.

use std::convert::Infallible;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use metrics::histogram;
use shared::job::{Progress as Snapshot, Stage};
use shared::queue::{Lease, ProgressAnswer, Queue};
use shared::telemetry::names;
use tokio::sync::watch;

use crate::stop::{Stop, StopReason};

const INTERVAL: Duration = Duration::from_millis(250);

/// How far one attempt is.
#[derive(Debug)]
pub(super) struct Progress {
    snapshot: watch::Sender<Snapshot>,
    stage_began: Mutex<Instant>,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self {
            snapshot: watch::Sender::new(Snapshot::default()),
            stage_began: Mutex::new(Instant::now()),
        }
    }

    /// Ends the stage before and begins `stage`.
    pub(super) fn enter(&self, stage: Stage) {
        self.leave();
        self.snapshot
            .send_modify(|snapshot| snapshot.stage = Some(stage));
    }

    /// Ends the current stage.
    pub(super) fn leave(&self) {
        let mut began = self
            .stage_began
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        let took = began.elapsed();
        *began = Instant::now();
        if let Some(stage) = self.snapshot.borrow().stage {
            histogram!(names::JOB_STAGE_SECONDS, "stage" => stage.as_str()).record(took);
        }
    }

    pub(super) fn pages_total(&self, pages: u64) {
        self.snapshot
            .send_modify(|snapshot| snapshot.pages_total = Some(pages));
    }

    pub(super) fn page_done(&self) {
        self.snapshot
            .send_modify(|snapshot| snapshot.pages_done += 1);
    }

    pub(super) fn image_stored(&self) {
        self.snapshot.send_modify(|snapshot| snapshot.images += 1);
    }

    /// Sends changes until it is dropped; what the queue answers may stop the attempt.
    ///
    /// A report that fails is not repeated: the next one says more.
    pub(super) async fn report(&self, queue: &Queue, lease: Lease, stop: &Stop) -> Infallible {
        let mut changes = self.snapshot.subscribe();
        loop {
            tokio::time::sleep(INTERVAL).await;
            if changes.changed().await.is_err() {
                return std::future::pending().await;
            }
            let snapshot = *changes.borrow_and_update();
            match queue.progress(lease, &snapshot).await {
                Ok(ProgressAnswer::Noted) => {}
                Ok(ProgressAnswer::Cancelled) => stop.trigger(StopReason::Cancelled),
                Ok(ProgressAnswer::Stale) => stop.trigger(StopReason::LeaseLost),
                Err(error) => tracing::debug!(job.id = %lease.job, %error, "progress not noted"),
            }
        }
    }
}
