//! How much one document may cost.

use std::time::Duration;

use clap::Args;

use super::{ByteSize, Problems, duration};

/// Limits per document. `GET /v1/limits` shows them.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Limits")]
pub struct LimitArgs {
    /// Largest upload
    #[arg(long, env = "MAX_UPLOAD", default_value = "100MiB")]
    pub max_upload: ByteSize,

    /// Most pages
    #[arg(long, env = "MAX_PAGES", default_value_t = 3_000)]
    pub max_pages: u64,

    /// Bytes that one stream may inflate to
    #[arg(long, env = "MAX_STREAM", default_value = "64MiB")]
    pub max_stream: ByteSize,

    /// Bytes that all streams of a document may inflate to
    #[arg(long, env = "MAX_INFLATED", default_value = "1GiB")]
    pub max_inflated: ByteSize,

    /// Pixels on either side of an image
    #[arg(long, env = "MAX_IMAGE_SIDE", default_value_t = 30_000)]
    pub max_image_side: u32,

    /// Bytes that one decoded image may take
    #[arg(long, env = "MAX_IMAGE_BYTES", default_value = "256MiB")]
    pub max_image_bytes: ByteSize,

    /// Most distinct images
    #[arg(long, env = "MAX_IMAGES", default_value_t = 5_000)]
    pub max_images: u64,

    /// Most places of images listed per page
    #[arg(long, env = "MAX_PLACED_IMAGES", default_value_t = 20_000)]
    pub max_placed_images: u64,

    /// Bytes of text per page
    #[arg(long, env = "MAX_TEXT", default_value = "1MiB")]
    pub max_text: ByteSize,

    /// Nesting of forms, arrays, dictionaries and page-tree nodes
    #[arg(long, env = "MAX_DEPTH", default_value_t = 100)]
    pub max_depth: u32,

    /// Content-stream operators per page
    #[arg(long, env = "MAX_OPERATORS", default_value_t = 5_000_000)]
    pub max_operators: u64,

    /// How long one attempt at a job may take
    #[arg(long, env = "JOB_TIMEOUT", default_value = "5m", value_parser = duration)]
    pub job_timeout: Duration,
}

impl LimitArgs {
    /// Notes what contradicts itself.
    pub fn check(&self, problems: &mut Problems) {
        problems.require(
            self.max_upload.as_u64() > 0,
            "MAX_UPLOAD must be more than zero",
        );
        problems.require(
            self.max_stream <= self.max_inflated,
            "MAX_STREAM must not exceed MAX_INFLATED",
        );
        problems.require(
            !self.job_timeout.is_zero(),
            "JOB_TIMEOUT must be more than zero",
        );
    }
}
