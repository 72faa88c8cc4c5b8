//! What every handler may use: the queue, the store, the limits.

use std::io;
use std::sync::Arc;

use metrics_exporter_prometheus::PrometheusHandle;
use shared::config::LimitArgs;
use shared::password::{InvalidPasswordKey, PasswordKey};
use shared::queue::{Queue, QueueError};
use shared::store::{ObjectStore, StoreError};
use shared::telemetry::{self, TelemetryError};
use thiserror::Error;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::args::{ApiArgs, HttpArgs};
use crate::auth::{ApiKeys, InvalidApiKeys};
use crate::store_watch::StoreWatch;
use crate::upload_threads::UploadThreads;

/// Manifests and pages that are parsed on the blocking pool at the same time.
const PARSERS: usize = 4;

/// Shared by all requests; a clone is a handle to the same thing.
#[derive(Clone)]
pub struct AppState {
    pub(crate) queue: Queue,
    pub(crate) store: ObjectStore,
    pub(crate) store_watch: Arc<StoreWatch>,
    pub(crate) http: Arc<HttpArgs>,
    pub(crate) limits: Arc<LimitArgs>,
    pub(crate) keys: Arc<ApiKeys>,
    pub(crate) password_key: Option<PasswordKey>,
    pub(crate) metrics: PrometheusHandle,
    /// Where uploads are taken in.
    pub(crate) upload_threads: Arc<UploadThreads>,
    /// One permit per upload that is being read.
    pub(crate) uploads: Arc<Semaphore>,
    /// One permit per large manifest or page that is being parsed.
    pub(crate) parsers: Arc<Semaphore>,
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
    /// The key for passwords is none.
    #[error(transparent)]
    PasswordKey(#[from] InvalidPasswordKey),
    /// Redis is away or not set up as the queue needs it.
    #[error("queue: {0}")]
    Queue(#[from] QueueError),
    /// The object store cannot be used.
    #[error("object store: {0}")]
    Store(#[from] StoreError),
    /// The threads of uploads cannot be started.
    #[error("threads: {0}")]
    Threads(#[from] io::Error),
    /// Something else records the metrics of this process.
    #[error(transparent)]
    Metrics(#[from] TelemetryError),
}

/// Connects to everything that the API needs.
///
/// # Errors
/// What is missing.
pub async fn connect(args: &ApiArgs) -> Result<AppState, ConnectError> {
    let queue = Queue::connect_at_start(&args.redis, &args.queue).await?;
    let store = ObjectStore::connect(&args.store).await?;
    AppState::new(args, queue, store)
}

impl AppState {
    /// On a queue and a store that are connected already.
    ///
    /// # Errors
    /// When the API keys or the password key are not usable, or the process records its metrics elsewhere.
    pub fn new(args: &ApiArgs, queue: Queue, store: ObjectStore) -> Result<Self, ConnectError> {
        let ApiArgs { http, limits, .. } = args;
        Ok(Self {
            queue,
            store,
            store_watch: Arc::new(StoreWatch::new()),
            keys: Arc::new(ApiKeys::from_args(http)?),
            password_key: args.password.key()?,
            metrics: telemetry::metrics()?,
            upload_threads: Arc::new(UploadThreads::start(http.upload_threads)?),
            uploads: Arc::new(Semaphore::new(http.max_uploads as usize)),
            http: Arc::new(http.clone()),
            limits: Arc::new(limits.clone()),
            parsers: Arc::new(Semaphore::new(PARSERS)),
            background: TaskTracker::new(),
            draining: CancellationToken::new(),
        })
    }
}
