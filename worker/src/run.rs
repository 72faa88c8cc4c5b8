//! Puts the parts together, and drains them in order: stop taking, finish, release, exit.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use apalis::prelude::{Data, Monitor, WorkerBuilder};
use apalis_core::error::BoxDynError;
use futures::future::BoxFuture;
use metrics::gauge;
use shared::job::{JobRecord, Tally};
use shared::queue::{InvalidWorkerId, Queue, QueueError, WorkerId, WorkerInfo};
use shared::store::{ObjectStore, StoreError};
use shared::telemetry::{self, TelemetryError, names};
use thiserror::Error;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::admin::{self, Admin};
use crate::backend::{Claims, FinishLayer, HeldJob, QueueBackend, Reports};
use crate::config::WorkerArgs;
use crate::identity;
use crate::janitor;
use crate::job::Workshop;
use crate::lease::LeaseKeeper;
use crate::stop::StopReason;

/// How long outcomes may take to be reported after the grace time.
const LAST_REPORTS: Duration = Duration::from_secs(10);

/// One attempt at a job, and what makes it of the job.
type Attempt = BoxFuture<'static, Result<Tally, BoxDynError>>;
type Handler = dyn Fn(HeldJob) -> Attempt + Send + Sync;

/// Why a worker could not start, or ended by itself.
#[derive(Debug, Error)]
pub enum WorkerError {
    /// The arguments contradict each other.
    #[error("{0}")]
    Config(String),
    /// Redis is away or unfit.
    #[error("queue: {0}")]
    Queue(#[from] QueueError),
    /// The object store is away or unfit.
    #[error("object store: {0}")]
    Store(#[from] StoreError),
    /// This process has no usable name.
    #[error(transparent)]
    Identity(#[from] InvalidWorkerId),
    /// Metrics could not be set up.
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    /// The loop that takes jobs ended without being told to.
    #[error("the worker stopped by itself: {0}")]
    Ended(String),
}

/// A worker that is connected and has not taken a job yet.
#[derive(Debug)]
pub struct Worker {
    args: WorkerArgs,
    info: WorkerInfo,
    queue: Queue,
    store: ObjectStore,
}

impl Worker {
    /// Checks the arguments and connects to Redis and the object store.
    ///
    /// # Errors
    /// [`WorkerError::Config`], [`WorkerError::Queue`] or [`WorkerError::Store`].
    pub async fn connect(args: WorkerArgs) -> Result<Self, WorkerError> {
        args.check().map_err(WorkerError::Config)?;
        let queue = Queue::connect_at_start(&args.redis, &args.queue).await?;
        let store = ObjectStore::connect(&args.store).await?;
        let info = identity::of_this_process(args.slots())?;
        Ok(Self {
            args,
            info,
            queue,
            store,
        })
    }

    /// The name under which it holds leases.
    #[must_use]
    pub fn id(&self) -> &WorkerId {
        &self.info.id
    }

    /// Works until `shutdown` is cancelled and the drain is over; `listener` answers probes meanwhile.
    ///
    /// # Errors
    /// [`WorkerError::Config`] when extraction cannot be set up as configured, [`WorkerError::Ended`] when it stops
    /// taking jobs for any other reason.
    pub fn run(
        self,
        listener: TcpListener,
        shutdown: CancellationToken,
    ) -> BoxFuture<'static, Result<(), WorkerError>> {
        Box::pin(async move {
            let workshop = Workshop::open(&self.args, self.queue.clone(), self.store.clone());
            let workshop = workshop
                .await
                .map_err(|error| WorkerError::Config(error.to_string()))?;
            let workshop = Arc::new(workshop);
            let used = Arc::clone(&workshop);
            let attempt = move |job: HeldJob| -> Attempt {
                let workshop = Arc::clone(&used);
                Box::pin(async move {
                    let attempt = workshop.attempt(job.record(), job.stop());
                    attempt.await.map_err(Into::into)
                })
            };
            let ended = self.work(listener, shutdown, Arc::new(attempt)).await;
            workshop.close().await;
            ended
        })
    }

    /// As [`Worker::run`] with `attempt` in place of the extraction: claims, leases and outcomes alone.
    ///
    /// # Errors
    /// [`WorkerError::Ended`] when it stops taking jobs though it was not told to.
    pub fn run_with<F>(
        self,
        listener: TcpListener,
        shutdown: CancellationToken,
        attempt: impl Fn(&JobRecord) -> F + Send + Sync + 'static,
    ) -> BoxFuture<'static, Result<(), WorkerError>>
    where
        F: Future<Output = Tally> + Send + 'static,
    {
        let attempt = move |job: HeldJob| -> Attempt {
            let work = attempt(job.record());
            Box::pin(async move { Ok(work.await) })
        };
        Box::pin(self.work(listener, shutdown, Arc::new(attempt)))
    }

    async fn work(
        self,
        listener: TcpListener,
        shutdown: CancellationToken,
        handler: Arc<Handler>,
    ) -> Result<(), WorkerError> {
        let Self {
            args,
            info,
            queue,
            store,
        } = self;
        let (keeper, keeper_thread) =
            LeaseKeeper::start(args.redis.clone(), args.queue.clone(), info.clone()).await?;
        let admin = Arc::new(Admin {
            queue: queue.clone(),
            store: store.clone(),
            metrics: telemetry::metrics()?,
            draining: AtomicBool::new(false),
        });
        gauge!(names::WORKER_SLOTS).set(args.slots() as f64);
        tracing::info!(worker.id = %info.id, slots = args.slots(), "taking jobs");

        let taking = take_jobs(&args, &info, &queue, handler, &keeper, &admin, shutdown);
        let ended = tokio::select! {
            ended = taking => ended,
            never = admin::serve(listener, Arc::clone(&admin)) => match never {},
            never = janitor::sweep(&queue, &store, args.work.sweep_interval) => match never {},
        };
        if let Err(error) = leave(&queue, &info.id, &keeper).await {
            tracing::warn!(%error, "leases left to expire");
        }
        if keeper_thread.is_finished() {
            tracing::warn!("the lease keeper ended early");
        }
        keeper.end();
        tracing::info!(worker.id = %info.id, "stopped");
        ended
    }
}

/// Gives back what would not stop, and leaves the registry.
async fn leave(queue: &Queue, id: &WorkerId, keeper: &LeaseKeeper) -> Result<(), QueueError> {
    queue.release_all(&keeper.leases()).await?;
    queue.deregister(id).await
}

/// Runs apalis until `shutdown`, then until the running jobs have ended or the grace time is over.
async fn take_jobs(
    args: &WorkerArgs,
    info: &WorkerInfo,
    queue: &Queue,
    handler: Arc<Handler>,
    keeper: &LeaseKeeper,
    admin: &Admin,
    shutdown: CancellationToken,
) -> Result<(), WorkerError> {
    let closing = CancellationToken::new();
    let monitor = monitor(args, info, queue, handler, keeper, &closing);
    let told_to_stop = async {
        shutdown.cancelled().await;
        admin.draining.store(true, Ordering::Relaxed);
        tracing::info!(running = keeper.leases().len(), "draining");
        closing.cancel();
        Ok(())
    };
    let running = monitor.run_with_signal(told_to_stop);
    let out_of_time = async {
        closing.cancelled().await;
        tokio::time::sleep(args.work.worker_drain).await;
        tracing::warn!(
            running = keeper.leases().len(),
            "grace time is over, giving jobs back"
        );
        keeper.stop_all(StopReason::Drained);
        tokio::time::sleep(LAST_REPORTS).await;
    };
    tokio::select! {
        ended = running => match ended {
            Ok(()) if closing.is_cancelled() => Ok(()),
            Ok(()) => Err(WorkerError::Ended("no error".to_owned())),
            Err(error) => Err(WorkerError::Ended(error.to_string())),
        },
        () = out_of_time => Ok(()),
    }
}

fn monitor(
    args: &WorkerArgs,
    info: &WorkerInfo,
    queue: &Queue,
    handler: Arc<Handler>,
    keeper: &LeaseKeeper,
    closing: &CancellationToken,
) -> Monitor {
    let (info, queue, keeper) = (info.clone(), queue.clone(), keeper.clone());
    let (closing, slots) = (closing.clone(), args.slots());
    Monitor::new().register(move |_restarts| {
        let claims = Claims::start(
            queue.clone(),
            info.id.clone(),
            keeper.clone(),
            slots,
            closing.clone(),
        );
        WorkerBuilder::new(info.id.as_str())
            .backend(QueueBackend::new(
                claims,
                FinishLayer::new(Reports::start(queue.clone())),
            ))
            .data(Arc::clone(&handler))
            .build(work)
    })
}

/// What apalis calls for each job.
async fn work(job: HeldJob, handler: Data<Arc<Handler>>) -> Result<Tally, BoxDynError> {
    handler(job).await
}
