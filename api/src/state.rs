//! What every handler may use: the queue, the store, the limits.

use std::sync::Arc;

use metrics_exporter_prometheus::PrometheusHandle;
use shared::config::QueueArgs;
use shared::queue::{Queue, QueueError};
use shared::store::{ObjectStore, StoreError};
use thiserror::Error;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::args::{ApiArgs, HttpArgs};
use crate::auth::{ApiKeys, InvalidApiKeys};

/// Shared by all requests; a clone is a handle to the same thing.
#[derive(Clone)]
pub struct AppState {
    pub(crate) queue: Queue,
    pub(crate) store: ObjectStore,
    pub(crate) http: Arc<HttpArgs>,
    pub(crate) queue_limits: Arc<QueueArgs>,
    pub(crate) keys: Arc<ApiKeys>,
    pub(crate) metrics: PrometheusHandle,
    /// One permit per upload that is being read.
    pub(crate) uploads: Arc<Semaphore>,
    /// Work that outlives its request: uploads to their end, and clean-up. Drain waits for it.
    pub(crate) background: TaskTracker,
    /// Cancelled when the process is about to end: long polls answer at once, `/readyz` says 503.
    pub(crate) draining: CancellationToken,
}

/// Why the API could not start.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// The configured keys are not usable.
    #[error(transparent)]
    Keys(#[from] InvalidApiKeys),
    /// Redis is away or not set up as the queue needs it.
    #[error("queue: {0}")]
    Queue(#[from] QueueError),
    /// The object store cannot be used.
    #[error("object store: {0}")]
    Store(#[from] StoreError),
}

/// Connects to everything that the API needs.
///
/// # Errors
/// What is missing.
pub async fn connect(args: &ApiArgs) -> Result<AppState, ConnectError> {
    let queue = Queue::connect(&args.redis, &args.queue).await?;
    let store = ObjectStore::connect(&args.store).await?;
    AppState::new(&args.http, &args.queue, queue, store)
}

impl AppState {
    /// On a queue and a store that are connected already.
    ///
    /// # Errors
    /// When the API keys are not usable.
    pub fn new(
        http: &HttpArgs,
        queue_limits: &QueueArgs,
        queue: Queue,
        store: ObjectStore,
    ) -> Result<Self, ConnectError> {
        Ok(Self {
            queue,
            store,
            keys: Arc::new(ApiKeys::from_args(http)?),
            metrics: shared::telemetry::metrics(),
            uploads: Arc::new(Semaphore::new(http.max_uploads as usize)),
            http: Arc::new(http.clone()),
            queue_limits: Arc::new(queue_limits.clone()),
            background: TaskTracker::new(),
            draining: CancellationToken::new(),
        })
    }
}
