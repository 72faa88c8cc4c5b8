//! Where objects go.

use std::time::Duration;

use clap::Args;
use url::Url;

use super::{ByteSize, Problems, Secret, duration};

/// The least that S3 accepts for a part which is not the last one (S3 user guide, "Multipart upload limits").
const MIN_PART: ByteSize = ByteSize::bytes(5 << 20);
/// A part is held in memory until it is stored.
const MAX_PART: ByteSize = ByteSize::bytes(512 << 20);

/// Object store. Without a key of its own the credentials come from the standard AWS chain: environment
/// (`AWS_ACCESS_KEY_ID`, …), profile, web identity, container and instance metadata.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Object store")]
pub struct StoreArgs {
    /// `s3://bucket/prefix` or `file:///folder`
    #[arg(long, env = "STORE_URL")]
    pub store_url: Url,

    /// URL of an S3-compatible server; AWS itself when empty
    #[arg(long, env = "S3_ENDPOINT")]
    pub s3_endpoint: Option<Url>,

    /// S3 region
    #[arg(long, env = "AWS_REGION", default_value = "us-east-1")]
    pub s3_region: String,

    /// Put the bucket in the path instead of the host name, as most S3-compatible servers want it
    #[arg(long, env = "S3_PATH_STYLE", default_value_t = true, action = clap::ArgAction::Set)]
    pub s3_path_style: bool,

    /// Access key for S3, in place of the AWS chain
    #[arg(long, env = "S3_ACCESS_KEY_ID", requires = "s3_secret_access_key")]
    pub s3_access_key_id: Option<String>,

    /// Secret of that access key
    #[arg(
        long,
        env = "S3_SECRET_ACCESS_KEY",
        hide_env_values = true,
        requires = "s3_access_key_id"
    )]
    pub s3_secret_access_key: Option<Secret>,

    /// Objects above this size are sent in parts of this size
    #[arg(long, env = "S3_PART_SIZE", default_value = "8MiB")]
    pub s3_part_size: ByteSize,

    /// Parts of one object that are sent at once
    #[arg(long, env = "S3_PARTS_IN_FLIGHT", default_value_t = 3)]
    pub s3_parts_in_flight: usize,

    /// Memory for uploads that are held until S3 has them; those for which there is no room are passed on as they come,
    /// and not sent again after an error
    #[arg(long, env = "S3_BUFFER", default_value = "64MiB")]
    pub s3_buffer: ByteSize,

    /// Files of a `file://` store that are worked on at once
    #[arg(long, env = "STORE_FILE_THREADS", default_value_t = 16)]
    pub store_file_threads: usize,

    /// Attempts per call, with exponential backoff between them
    #[arg(long, env = "STORE_ATTEMPTS", default_value_t = 4)]
    pub store_attempts: u32,

    /// How long one call may take, all its attempts together
    #[arg(long, env = "STORE_TIMEOUT", default_value = "30s", value_parser = duration)]
    pub store_timeout: Duration,
}

impl StoreArgs {
    /// Notes what contradicts itself.
    pub fn check(&self, problems: &mut Problems) {
        problems.require(
            matches!(self.store_url.scheme(), "s3" | "file"),
            "STORE_URL must start with s3:// or file://",
        );
        problems.require(
            self.s3_endpoint
                .as_ref()
                .is_none_or(|url| matches!(url.scheme(), "http" | "https")),
            "S3_ENDPOINT must start with http:// or https://",
        );
        problems.require(
            (MIN_PART..=MAX_PART).contains(&self.s3_part_size),
            format!("S3_PART_SIZE must be {MIN_PART} to {MAX_PART}"),
        );
        problems.require(
            (1..=64).contains(&self.s3_parts_in_flight),
            "S3_PARTS_IN_FLIGHT must be 1 to 64",
        );
        problems.require(
            (1..=256).contains(&self.store_file_threads),
            "STORE_FILE_THREADS must be 1 to 256",
        );
        problems.require(self.store_attempts > 0, "STORE_ATTEMPTS must be at least 1");
        problems.require(
            !self.store_timeout.is_zero(),
            "STORE_TIMEOUT must be more than zero",
        );
    }
}
