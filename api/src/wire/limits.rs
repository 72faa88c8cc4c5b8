//! What the service allows.

use serde::Serialize;
use shared::config::QueueArgs;
use utoipa::ToSchema;

use crate::args::HttpArgs;

/// What the service allows, so that a client need not find out by trying.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Limits {
    /// Largest PDF in bytes.
    #[schema(minimum = 0)]
    max_upload_bytes: u64,
    /// Longest `wait` in seconds; a longer one counts as this.
    #[schema(minimum = 0)]
    max_wait_seconds: u64,
    /// Largest `delay` in seconds.
    #[schema(minimum = 0)]
    max_delay_seconds: u64,
    /// Waiting jobs at which uploads are refused with `queue-full`.
    #[schema(minimum = 0)]
    max_queue_depth: u64,
    /// Attempts per job.
    #[schema(minimum = 1)]
    max_attempts: u32,
    /// How long a finished job and its result are kept, in seconds.
    #[schema(minimum = 0)]
    retention_seconds: u64,
    /// How long an `Idempotency-Key` is remembered, in seconds.
    #[schema(minimum = 0)]
    idempotency_seconds: u64,
    /// Largest `limit` of a list.
    #[schema(minimum = 1)]
    max_page_size: u32,
}

impl Limits {
    pub(crate) fn new(http: &HttpArgs, queue: &QueueArgs) -> Self {
        Self {
            max_upload_bytes: http.max_upload.as_u64(),
            max_wait_seconds: http.max_wait.as_secs(),
            max_delay_seconds: crate::submit::MAX_DELAY.as_secs(),
            max_queue_depth: queue.queue_depth,
            max_attempts: queue.max_attempts,
            retention_seconds: queue.retention.as_secs(),
            idempotency_seconds: queue.idempotency_ttl.as_secs(),
            max_page_size: crate::routes::MAX_PAGE_SIZE,
        }
    }
}
