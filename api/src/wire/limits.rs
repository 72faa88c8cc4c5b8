//! What the service allows.

use serde::Serialize;
use shared::config::{LimitArgs, QueueArgs};
use utoipa::ToSchema;

use crate::args::HttpArgs;
use crate::routes::MAX_PAGE_SIZE;
use crate::submit::MAX_DELAY;

/// What the service allows, so that a client need not find out by trying.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Limits {
    /// Largest PDF in bytes.
    #[schema(minimum = 0)]
    max_upload_bytes: u64,
    /// Most pages of a document.
    #[schema(minimum = 0)]
    max_pages: u64,
    /// Bytes that one stream of a document may inflate to.
    #[schema(minimum = 0)]
    max_stream_bytes: u64,
    /// Bytes that all streams of a document may inflate to.
    #[schema(minimum = 0)]
    max_inflated_bytes: u64,
    /// Pixels on either side of an image.
    #[schema(minimum = 0)]
    max_image_side_pixels: u32,
    /// Bytes that one decoded image may take.
    #[schema(minimum = 0)]
    max_image_bytes: u64,
    /// Most distinct images of a document.
    #[schema(minimum = 0)]
    max_images: u64,
    /// Most places of images listed per page.
    #[schema(minimum = 0)]
    max_placed_images_per_page: u64,
    /// Bytes of text per page.
    #[schema(minimum = 0)]
    max_text_bytes_per_page: u64,
    /// Nesting of a document's objects.
    #[schema(minimum = 0)]
    max_depth: u32,
    /// Content-stream operators per page.
    #[schema(minimum = 0)]
    max_operators_per_page: u64,
    /// How long one attempt may take, in seconds.
    #[schema(minimum = 0)]
    job_timeout_seconds: u64,
    /// Attempts per job.
    #[schema(minimum = 1)]
    max_attempts: u32,
    /// Crashed attempts per job.
    #[schema(minimum = 1)]
    max_crashes: u32,
    /// Waiting jobs at which uploads are refused with `queue-full`.
    #[schema(minimum = 0)]
    max_queue_depth: u64,
    /// Waiting jobs of one API key at which its uploads are refused with `quota-exceeded`; 0 sets no limit.
    #[schema(minimum = 0)]
    max_waiting_per_key: u64,
    /// Running jobs of one API key; 0 sets no limit.
    #[schema(minimum = 0)]
    max_running_per_key: u32,
    /// Longest `wait` in seconds; a longer one counts as this.
    #[schema(minimum = 0)]
    max_wait_seconds: u64,
    /// Largest `delay` in seconds.
    #[schema(minimum = 0)]
    max_delay_seconds: u64,
    /// Largest `limit` of a list.
    #[schema(minimum = 1)]
    max_page_size: u32,
    /// How long a finished job and its result are kept, in seconds.
    #[schema(minimum = 0)]
    retention_seconds: u64,
    /// How long an `Idempotency-Key` is remembered, in seconds.
    #[schema(minimum = 0)]
    idempotency_seconds: u64,
}

impl Limits {
    pub(crate) fn new(http: &HttpArgs, document: &LimitArgs, queue: &QueueArgs) -> Self {
        Self {
            max_upload_bytes: document.max_upload.as_u64(),
            max_pages: document.max_pages,
            max_stream_bytes: document.max_stream.as_u64(),
            max_inflated_bytes: document.max_inflated.as_u64(),
            max_image_side_pixels: document.max_image_side,
            max_image_bytes: document.max_image_bytes.as_u64(),
            max_images: document.max_images,
            max_placed_images_per_page: document.max_placed_images,
            max_text_bytes_per_page: document.max_text.as_u64(),
            max_depth: document.max_depth,
            max_operators_per_page: document.max_operators,
            job_timeout_seconds: document.job_timeout.as_secs(),
            max_attempts: queue.max_attempts,
            max_crashes: queue.max_crashes,
            max_queue_depth: queue.queue_depth,
            max_waiting_per_key: queue.owner_queued,
            max_running_per_key: queue.owner_running,
            max_wait_seconds: http.max_wait.as_secs(),
            max_delay_seconds: MAX_DELAY.as_secs(),
            max_page_size: MAX_PAGE_SIZE,
            retention_seconds: queue.retention.as_secs(),
            idempotency_seconds: queue.idempotency_ttl.as_secs(),
        }
    }
}
