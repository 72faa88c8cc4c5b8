//! Flags and environment variables of the API.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use shared::config::{
    ByteSize, LimitArgs, PasswordArgs, Problems, QueueArgs, RedisArgs, Secret, StoreArgs,
    TelemetryArgs, duration,
};

/// Everything that the API process takes.
#[derive(Args, Clone, Debug)]
pub struct ApiArgs {
    /// HTTP.
    #[command(flatten)]
    pub http: HttpArgs,
    /// Redis.
    #[command(flatten)]
    pub redis: RedisArgs,
    /// Queue.
    #[command(flatten)]
    pub queue: QueueArgs,
    /// Object store.
    #[command(flatten)]
    pub store: StoreArgs,
    /// What one document may cost; the workers' limits are shown, the upload's is kept here.
    #[command(flatten)]
    pub limits: LimitArgs,
    /// Passwords of PDFs.
    #[command(flatten)]
    pub password: PasswordArgs,
    /// Logs.
    #[command(flatten)]
    pub telemetry: TelemetryArgs,
}

impl ApiArgs {
    /// Checks the values against each other.
    ///
    /// # Errors
    /// One line for each contradiction.
    pub fn check(&self) -> Result<(), String> {
        let mut problems = Problems::new();
        self.http.check(&mut problems);
        self.queue.check(&mut problems);
        self.store.check(&mut problems);
        self.limits.check(&mut problems);
        self.password.check(&mut problems);
        problems.require(
            self.queue.orphan_after >= self.http.slowest_upload(self.limits.max_upload),
            "ORPHAN_AFTER must be longer than MAX_UPLOAD takes at UPLOAD_MIN_BYTES in every UPLOAD_WINDOW",
        );
        problems.into_result()
    }
}

/// Of an upload: a file, or connections to S3 that carry its parts.
const DESCRIPTORS_PER_UPLOAD: u64 = 8;
/// For downloads, Redis, logs and what else a process opens.
const SPARE_DESCRIPTORS: u64 = 256;

/// HTTP.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "HTTP")]
pub struct HttpArgs {
    /// Address that the API listens on
    #[arg(long, env = "API_LISTEN", default_value = "127.0.0.1:8080")]
    pub api_listen: SocketAddr,

    /// Where /metrics and /debug/stalls answer; not for clients
    #[arg(long, env = "API_ADMIN_LISTEN", default_value = "127.0.0.1:9465")]
    pub api_admin_listen: SocketAddr,

    /// API keys as `id:key,id2:key2`; jobs are then visible only to the key that made them.
    /// Without keys the API is open to everyone who can reach it
    #[arg(long, env = "API_KEYS", hide_env_values = true)]
    pub api_keys: Option<Secret>,

    /// File with one `id:key` per line, in addition to the keys above
    #[arg(long, env = "API_KEYS_FILE")]
    pub api_keys_file: Option<PathBuf>,

    /// Uploads that are read at the same time; more wait for their turn. Each holds some 200 KiB, and on S3 what `S3_BUFFER` has
    /// room for; one in a form, of which nobody knows the size, up to `S3_PARTS_IN_FLIGHT` + 1 parts
    #[arg(long, env = "MAX_UPLOADS", default_value_t = 64)]
    pub max_uploads: u32,

    /// Threads that hash and store uploads when there are many, behind those that answer; with 0 the ones that answer always do
    #[arg(long, env = "UPLOAD_THREADS", default_value_t = 2)]
    pub upload_threads: usize,

    /// How long an upload waits for its turn before it is refused
    #[arg(long, env = "UPLOAD_TURN", default_value = "10s", value_parser = duration)]
    pub upload_turn: Duration,

    /// Time in which an upload must bring `UPLOAD_MIN_BYTES`, or end
    #[arg(long, env = "UPLOAD_WINDOW", default_value = "30s", value_parser = duration)]
    pub upload_window: Duration,

    /// What an upload must bring in every `UPLOAD_WINDOW`
    #[arg(long, env = "UPLOAD_MIN_BYTES", default_value = "64KiB")]
    pub upload_min_bytes: ByteSize,

    /// Longest wait for a job that a client may ask for
    #[arg(long, env = "MAX_WAIT", default_value = "60s", value_parser = duration)]
    pub max_wait: Duration,

    /// Connections at the same time; more wait in the listen backlog
    #[arg(long, env = "MAX_CONNECTIONS", default_value_t = 800)]
    pub max_connections: u32,

    /// How long a connection may take to send its request head, and may be idle between requests
    #[arg(long, env = "HEADER_TIMEOUT", default_value = "15s", value_parser = duration)]
    pub header_timeout: Duration,

    /// How long a client may leave a response unread
    #[arg(long, env = "WRITE_TIMEOUT", default_value = "30s", value_parser = duration)]
    pub write_timeout: Duration,

    /// How long an answer may take, uploads and asked-for waits apart
    #[arg(long, env = "REQUEST_TIMEOUT", default_value = "60s", value_parser = duration)]
    pub request_timeout: Duration,

    /// On shutdown: how long `/readyz` says 503 before the listener closes, for balancers that poll it
    #[arg(long, env = "DRAIN_NOTICE", default_value = "0s", value_parser = duration)]
    pub drain_notice: Duration,

    /// On shutdown: how long requests in flight may take to end
    #[arg(long, env = "DRAIN", default_value = "30s", value_parser = duration)]
    pub drain: Duration,
}

impl HttpArgs {
    /// File descriptors that it takes to be as busy as it may be.
    pub(crate) fn descriptors(&self) -> u64 {
        u64::from(self.max_connections)
            + u64::from(self.max_uploads) * DESCRIPTORS_PER_UPLOAD
            + SPARE_DESCRIPTORS
    }

    /// How long an upload of `size` takes at the least pace that is allowed.
    fn slowest_upload(&self, size: ByteSize) -> Duration {
        let windows = size
            .as_u64()
            .div_ceil(self.upload_min_bytes.as_u64().max(1));
        self.upload_window
            .saturating_mul(u32::try_from(windows).unwrap_or(u32::MAX))
    }

    /// Notes what contradicts itself.
    pub fn check(&self, problems: &mut Problems) {
        problems.require(self.max_uploads > 0, "MAX_UPLOADS must be at least 1");
        problems.require(
            self.max_connections > 0,
            "MAX_CONNECTIONS must be at least 1",
        );
        problems.require(
            self.upload_window >= Duration::from_secs(1),
            "UPLOAD_WINDOW must be at least 1s",
        );
        problems.require(
            self.header_timeout >= Duration::from_secs(1)
                && self.write_timeout >= Duration::from_secs(1)
                && self.request_timeout >= Duration::from_secs(1),
            "HEADER_TIMEOUT, WRITE_TIMEOUT and REQUEST_TIMEOUT must be at least 1s",
        );
    }
}
