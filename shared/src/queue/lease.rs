//! A lease: the right to run one attempt of a job for a while. Renewing it is the worker's heartbeat.

use crate::job::{JobId, Progress};

use super::record::progress_fields;
use super::{Outcome, Queue, QueueError, WorkerId, WorkerInfo, millis};

/// Which attempt of which job; the attempt is the fencing token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lease {
    /// The job.
    pub job: JobId,
    /// Its attempt, from 1.
    pub attempt: u32,
}

/// What a renewal found; leases in neither list are good for another lease time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Renewal {
    /// Somebody else has or had them: stop, and write nothing more.
    pub lost: Vec<JobId>,
    /// The client wants them stopped: stop, and finish with [`Outcome::Cancelled`].
    pub cancelled: Vec<JobId>,
}

/// What became of a progress report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgressAnswer {
    /// Pollers see it.
    Noted,
    /// The client wants the job stopped.
    Cancelled,
    /// The lease is lost.
    Stale,
}

impl Queue {
    /// Extends every lease that `worker` holds and notes that it lives.
    ///
    /// # Errors
    /// [`QueueError`]; the leases run on until they expire.
    pub async fn renew(
        &self,
        worker: &WorkerId,
        info: &WorkerInfo,
        held: &[Lease],
    ) -> Result<Renewal, QueueError> {
        let queue = &self.0;
        let fields = info.fields();
        let mut call = queue.prepare(&queue.scripts.renew);
        call.arg(worker.as_str())
            .arg(millis(queue.args.lease))
            .arg(millis(queue.silence()))
            .arg(2 * fields.len());
        for (name, value) in fields {
            call.arg(name).arg(value);
        }
        for lease in held {
            call.arg(lease.job.to_string()).arg(lease.attempt);
        }
        let (lost, cancelled): (Vec<String>, Vec<String>) = queue.run(&call).await?;
        Ok(Renewal {
            lost: ids(&lost)?,
            cancelled: ids(&cancelled)?,
        })
    }

    /// Notes how far an attempt is.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn progress(
        &self,
        lease: Lease,
        progress: &Progress,
    ) -> Result<ProgressAnswer, QueueError> {
        let queue = &self.0;
        let mut call = queue.prepare(&queue.scripts.progress);
        call.arg(lease.job.to_string()).arg(lease.attempt);
        for (name, value) in progress_fields(progress) {
            call.arg(name).arg(value);
        }
        let answer: String = queue.run(&call).await?;
        match answer.as_str() {
            "noted" => Ok(ProgressAnswer::Noted),
            "cancelled" => Ok(ProgressAnswer::Cancelled),
            "stale" => Ok(ProgressAnswer::Stale),
            _ => Err(QueueError::corrupt("the answer of progress", answer)),
        }
    }

    /// Gives back every lease of `held`, so that other workers run the jobs at once; they count as no attempt.
    ///
    /// # Errors
    /// The first [`QueueError`]; every lease was tried, and the others run on until they expire.
    pub async fn release_all(&self, held: &[Lease]) -> Result<(), QueueError> {
        let mut answer = Ok(());
        for lease in held {
            if let Err(error) = self.finish(*lease, &Outcome::Release).await {
                answer = answer.and(Err(error));
            }
        }
        answer
    }
}

pub(super) fn ids(texts: &[String]) -> Result<Vec<JobId>, QueueError> {
    texts
        .iter()
        .map(|text| text.parse())
        .collect::<Result<_, _>>()
        .map_err(|_| QueueError::corrupt("an answer", "it names something that is no job id"))
}
