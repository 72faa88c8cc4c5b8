//! The layer around a job: runs it as a task of its own and reports how it ended.

use std::task::{Context, Poll};

use apalis_core::error::BoxDynError;
use apalis_core::task::Task;
use futures::future::BoxFuture;
use metrics::{counter, histogram};
use shared::job::Tally;
use shared::queue::{Finished, Outcome};
use shared::telemetry::names;
use tower::{Layer, Service};
use tracing::Instrument;

use super::{HeldJob, Reports};
use crate::failure::{Failure, outcome_of};

/// Wraps the service that works on jobs.
#[derive(Clone, Debug)]
pub(crate) struct FinishLayer {
    reports: Reports,
}

impl FinishLayer {
    pub(crate) fn new(reports: Reports) -> Self {
        Self { reports }
    }
}

impl<S> Layer<S> for FinishLayer {
    type Service = FinishService<S>;

    fn layer(&self, inner: S) -> FinishService<S> {
        FinishService {
            reports: self.reports.clone(),
            inner,
        }
    }
}

/// Runs a job and reports its outcome.
#[derive(Clone, Debug)]
pub(crate) struct FinishService<S> {
    reports: Reports,
    inner: S,
}

impl<S> Service<Task<HeldJob>> for FinishService<S>
where
    S: Service<Task<HeldJob>, Response = Tally, Error = BoxDynError>,
    S::Future: Send + 'static,
{
    type Response = ();
    type Error = BoxDynError;
    type Future = BoxFuture<'static, Result<(), BoxDynError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxDynError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, task: Task<HeldJob>) -> Self::Future {
        let job = task.args.clone();
        let reports = self.reports.clone();
        let record = job.record();
        let span = tracing::info_span!("job", job.id = %record.id, job.attempt = record.attempt);
        // apalis polls all its jobs from one task; a task each lets them use every runtime thread.
        let work = stall::watch(self.inner.call(task).instrument(span.clone()));
        let work = tokio::spawn(work);
        let finished = async move {
            let result = match work.await {
                Ok(result) => result.map_err(into_failure),
                Err(error) => Err(Failure::Internal(error.to_string())),
            };
            report(&reports, &job, result).await;
            Ok(())
        };
        Box::pin(finished.instrument(span))
    }
}

fn into_failure(error: BoxDynError) -> Failure {
    match error.downcast::<Failure>() {
        Ok(failure) => *failure,
        Err(other) => Failure::Internal(other.to_string()),
    }
}

async fn report(reports: &Reports, job: &HeldJob, result: Result<Tally, Failure>) {
    if let Err(failure) = &result {
        tracing::warn!(error = %failure, "attempt ended without a result");
    }
    let Some(outcome) = outcome_of(&result) else {
        return;
    };
    if let Some(finished) = reports.tell(job.lease(), outcome.clone()).await {
        note(job, &outcome, finished);
    }
}

fn note(job: &HeldJob, outcome: &Outcome, finished: Finished) {
    let name = match finished {
        Finished::Done(state) => state.as_str(),
        Finished::Stale => "stale",
    };
    counter!(names::JOBS_FINISHED_TOTAL, "outcome" => name).increment(1);
    histogram!(names::JOB_SECONDS, "outcome" => name).record(job.claimed().elapsed());
    if let Outcome::Succeeded(tally) = outcome {
        tracing::info!(
            pages = tally.pages,
            images = tally.images,
            outcome = name,
            "finished job"
        );
    } else {
        tracing::info!(outcome = name, "finished attempt");
    }
}
