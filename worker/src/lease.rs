//! Keeps the leases alive from a thread of its own.
//!
//! The thread has its own runtime and its own connection to Redis, so that nothing that holds a
//! runtime thread of the worker can let a lease expire; it lives through a drain.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

use metrics::counter;
use shared::config::{QueueArgs, RedisArgs};
use shared::job::JobId;
use shared::queue::{Lease, Queue, QueueError, Renewal, WorkerInfo};
use shared::telemetry::names;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::stop::{Stop, StopReason};

/// The leases that this worker holds now.
#[derive(Debug, Default)]
struct Held(Mutex<HashMap<JobId, (Lease, Stop)>>);

impl Held {
    fn lock(&self) -> MutexGuard<'_, HashMap<JobId, (Lease, Stop)>> {
        self.0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// Renews the leases of the jobs that it was given.
#[derive(Clone, Debug)]
pub(crate) struct LeaseKeeper {
    held: Arc<Held>,
    ended: CancellationToken,
}

/// Keeps one lease alive until it is dropped.
#[derive(Debug)]
pub(crate) struct LeaseGuard {
    held: Arc<Held>,
    lease: Lease,
}

impl Drop for LeaseGuard {
    fn drop(&mut self) {
        self.held.lock().remove(&self.lease.job);
    }
}

impl LeaseKeeper {
    /// Starts the thread; returns once it is connected to Redis.
    pub(crate) async fn start(
        redis: RedisArgs,
        args: QueueArgs,
        worker: WorkerInfo,
    ) -> Result<(Self, JoinHandle<()>), QueueError> {
        let keeper = Self {
            held: Arc::default(),
            ended: CancellationToken::new(),
        };
        let (connected, ready) = oneshot::channel();
        let for_thread = keeper.clone();
        let thread = std::thread::Builder::new()
            .name("lease-keeper".to_owned())
            .spawn(move || for_thread.thread(&redis, &args, &worker, connected))
            .map_err(|error| QueueError::Unavailable(error.to_string()))?;
        let connected = ready.await;
        connected.map_err(|_| QueueError::Unavailable("the lease keeper died".to_owned()))??;
        Ok((keeper, thread))
    }

    /// Renews `lease` from now on; what Redis says of it may trigger `stop`.
    pub(crate) fn hold(&self, lease: Lease, stop: Stop) -> LeaseGuard {
        self.held.lock().insert(lease.job, (lease, stop));
        LeaseGuard {
            held: Arc::clone(&self.held),
            lease,
        }
    }

    /// The leases held now.
    pub(crate) fn leases(&self) -> Vec<Lease> {
        self.held.lock().values().map(|(lease, _)| *lease).collect()
    }

    /// Tells every held job to stop.
    pub(crate) fn stop_all(&self, reason: StopReason) {
        for (_, stop) in self.held.lock().values() {
            stop.trigger(reason);
        }
    }

    /// Ends the thread at its next turn.
    pub(crate) fn end(&self) {
        self.ended.cancel();
    }

    fn thread(
        &self,
        redis: &RedisArgs,
        args: &QueueArgs,
        worker: &WorkerInfo,
        connected: oneshot::Sender<Result<(), QueueError>>,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let runtime = match runtime {
            Ok(runtime) => runtime,
            Err(error) => {
                let error = QueueError::Unavailable(error.to_string());
                return connected.send(Err(error)).unwrap_or(());
            }
        };
        runtime.block_on(async {
            match Queue::connect_at_start(redis, args).await {
                Err(error) => connected.send(Err(error)).unwrap_or(()),
                Ok(queue) => {
                    connected.send(Ok(())).unwrap_or(());
                    self.renew_until_ended(&queue, worker, args.lease_renew)
                        .await;
                }
            }
        });
    }

    async fn renew_until_ended(&self, queue: &Queue, worker: &WorkerInfo, every: Duration) {
        loop {
            let pause = match self.renew_once(queue, worker).await {
                Ok(()) => every,
                Err(error) => {
                    counter!(names::QUEUE_ERRORS_TOTAL, "call" => "renew").increment(1);
                    tracing::warn!(%error, "leases not renewed");
                    every / 10
                }
            };
            tokio::select! {
                () = self.ended.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn renew_once(&self, queue: &Queue, worker: &WorkerInfo) -> Result<(), QueueError> {
        let leases = self.leases();
        let info = WorkerInfo {
            running: u32::try_from(leases.len()).unwrap_or(u32::MAX),
            ..worker.clone()
        };
        let Renewal { lost, cancelled } = queue.renew(&info.id, &info, &leases).await?;
        let held = self.held.lock();
        for job in lost {
            if let Some((_, stop)) = held.get(&job) {
                counter!(names::LEASES_LOST_TOTAL).increment(1);
                tracing::warn!(job.id = %job, "lease lost");
                stop.trigger(StopReason::LeaseLost);
            }
        }
        for job in cancelled {
            if let Some((_, stop)) = held.get(&job) {
                stop.trigger(StopReason::Cancelled);
            }
        }
        Ok(())
    }
}
