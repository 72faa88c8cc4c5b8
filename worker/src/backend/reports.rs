//! Tells the queue how attempts ended: those that end while one report is on its way go together with the next.

use std::time::{Duration, Instant};

use metrics::counter;
use shared::queue::{Finished, Lease, Outcome, Queue};
use shared::telemetry::names;
use tokio::sync::{mpsc, oneshot};

/// Attempts in one call at most, which bounds how long it holds Redis.
const REPORTED_AT_ONCE: usize = 64;
/// The first and the longest wait between two tries.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Where outcomes are handed in. The task behind it ends with the last clone.
#[derive(Clone, Debug)]
pub(crate) struct Reports(mpsc::Sender<Report>);

#[derive(Debug)]
struct Report {
    lease: Lease,
    outcome: Outcome,
    answer: oneshot::Sender<Finished>,
}

impl Reports {
    pub(crate) fn start(queue: Queue) -> Self {
        let (sender, reports) = mpsc::channel(REPORTED_AT_ONCE);
        tokio::spawn(stall::watch(pass_on(queue, reports)));
        Self(sender)
    }

    /// Returns once the queue knows; `None` only when the runtime ends before that.
    pub(crate) async fn tell(&self, lease: Lease, outcome: Outcome) -> Option<Finished> {
        let (answer, told) = oneshot::channel();
        let report = Report {
            lease,
            outcome,
            answer,
        };
        self.0.send(report).await.ok()?;
        told.await.ok()
    }
}

async fn pass_on(queue: Queue, mut reports: mpsc::Receiver<Report>) {
    let mut batch = Vec::new();
    while reports.recv_many(&mut batch, REPORTED_AT_ONCE).await > 0 {
        let finished = finish(&queue, &batch).await;
        for (report, finished) in batch.drain(..).zip(finished) {
            // Who gave up waiting does not need it.
            let _ = report.answer.send(finished);
        }
    }
}

/// Tries until the queue knows; a second report of the same outcome is harmless.
async fn finish(queue: &Queue, batch: &[Report]) -> Vec<Finished> {
    let ended: Vec<(Lease, &Outcome)> = batch
        .iter()
        .map(|report| (report.lease, &report.outcome))
        .collect();
    let began = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        match queue.finish_all(&ended).await {
            Ok(finished) => return finished,
            Err(error) => {
                counter!(names::QUEUE_ERRORS_TOTAL, "call" => "finish").increment(1);
                tracing::warn!(%error, attempts = ended.len(), waited = ?began.elapsed(), "outcomes not reported yet");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}
