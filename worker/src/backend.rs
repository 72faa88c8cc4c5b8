//! apalis' view of the queue: claim when a slot is free, finish when the job ends.
//!
//! A claim never returns an error to apalis, which would end the worker: an outage is logged and
//! waited out. The claims are made by a task of their own, because apalis stops polling its backend
//! during a drain, and a reply that nobody reads would be a lease that nobody renews.

mod claims; // the task that claims
mod finish; // the layer that reports how a job ended
mod reports; // the task that tells the queue

use std::convert::Infallible;
use std::task::{Context, Poll};

use apalis_core::backend::finalize::Ephemeral;
use apalis_core::backend::{Backend, BackendConfig};
use apalis_core::task::Task;
use apalis_core::task::builder::TaskBuilder;
use apalis_core::task::task_id::TaskId;
use apalis_core::worker::context::WorkerContext;

pub(crate) use claims::{Claims, HeldJob};
pub(crate) use finish::FinishLayer;
pub(crate) use reports::Reports;

/// The queue as apalis polls it.
#[derive(Debug)]
pub(crate) struct QueueBackend {
    claims: Claims,
    finish: FinishLayer,
}

impl QueueBackend {
    pub(crate) fn new(claims: Claims, finish: FinishLayer) -> Self {
        Self { claims, finish }
    }
}

impl Backend for QueueBackend {
    type Task = Task<HeldJob>;
    type Error = Infallible;

    fn poll_ready(
        &mut self,
        _: &mut Context<'_>,
        _: &WorkerContext,
    ) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn poll_next(
        &mut self,
        context: &mut Context<'_>,
        _: &WorkerContext,
    ) -> Poll<Option<Result<Self::Task, Infallible>>> {
        self.claims.poll_next(context).map(|claimed| {
            claimed.map(|job| {
                let id = TaskId::from_string(job.record().id.to_string());
                let attempt = job.record().attempt as usize;
                Ok(TaskBuilder::new(job).task_id(id).attempt(attempt).build())
            })
        })
    }

    fn poll_close(
        &mut self,
        context: &mut Context<'_>,
        _: &WorkerContext,
    ) -> Poll<Result<(), Infallible>> {
        self.claims.poll_closed(context).map(Ok)
    }
}

impl BackendConfig for QueueBackend {
    type Args = HeldJob;
    type Id = String;
    type Kind = Ephemeral;
    type Config = ();
    type Layer = FinishLayer;

    fn config(&self) -> &() {
        &()
    }

    fn middleware(&mut self, _: &mut WorkerContext) -> FinishLayer {
        self.finish.clone()
    }
}
