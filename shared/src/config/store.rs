//! Where objects go.

use std::time::Duration;

use clap::Args;
use url::Url;

use super::{ByteSize, duration};

/// Object store. Credentials come from the standard AWS chain: environment, profile, web identity,
/// container and instance metadata.
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

    /// Objects above this size are sent in parts of this size
    #[arg(long, env = "S3_PART_SIZE", default_value = "8MiB")]
    pub s3_part_size: ByteSize,

    /// Attempts per call, with exponential backoff between them
    #[arg(long, env = "STORE_ATTEMPTS", default_value_t = 4)]
    pub store_attempts: u32,

    /// How long one call may take, all its attempts together
    #[arg(long, env = "STORE_TIMEOUT", default_value = "30s", value_parser = duration)]
    pub store_timeout: Duration,
}
