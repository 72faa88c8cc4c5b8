//! Flags and environment of a worker.

use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use shared::config::{
    ByteSize, LimitArgs, PasswordArgs, Problems, QueueArgs, RedisArgs, StoreArgs, TelemetryArgs,
    duration,
};

/// File descriptors for Redis, logs and what else a process opens.
const SPARE_DESCRIPTORS: u64 = 256;

/// Everything that a worker can be told.
#[derive(Args, Clone, Debug)]
pub struct WorkerArgs {
    /// Redis.
    #[command(flatten)]
    pub redis: RedisArgs,
    /// Object store.
    #[command(flatten)]
    pub store: StoreArgs,
    /// Queue.
    #[command(flatten)]
    pub queue: QueueArgs,
    /// What one document may cost.
    #[command(flatten)]
    pub limits: LimitArgs,
    /// Passwords of PDFs.
    #[command(flatten)]
    pub password: PasswordArgs,
    /// How this worker works.
    #[command(flatten)]
    pub work: WorkArgs,
    /// Logs.
    #[command(flatten)]
    pub telemetry: TelemetryArgs,
}

/// How a worker works.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Worker")]
pub struct WorkArgs {
    /// Jobs worked on at once; three for every two cores when empty, enough for a store nearby. One that is far away wants
    /// more of them, as a job waits for it
    #[arg(long, env = "WORKER_SLOTS")]
    pub slots: Option<NonZeroUsize>,

    /// How far `pdf-ingest-worker` stands back for other processes of the machine: 0 not at all, 19 as far as it goes.
    /// Beside it, uploads (10) and Redis then answer as if it had little to do; alone, it is as fast as ever
    #[arg(long, env = "WORKER_NICE", default_value_t = 15, value_parser = clap::value_parser!(u8).range(0..=19))]
    pub nice: u8,

    /// Where /livez, /readyz, /metrics and /debug/stalls answer; not for clients
    #[arg(long, env = "WORKER_LISTEN", default_value = "127.0.0.1:9464")]
    pub worker_listen: SocketAddr,

    /// Objects of one job uploaded at once
    #[arg(long, env = "WORKER_UPLOADS", default_value = "8")]
    pub uploads: NonZeroUsize,

    /// Bytes of one job that may wait for their upload before extraction pauses
    #[arg(long, env = "WORKER_UPLOAD_BUFFER", default_value = "64MiB")]
    pub upload_buffer: ByteSize,

    /// How long running jobs may go on after SIGTERM before they are given back to the queue
    #[arg(long, env = "DRAIN", default_value = "30s", value_parser = duration)]
    pub worker_drain: Duration,

    /// How often expired jobs are looked for
    #[arg(long, env = "SWEEP_INTERVAL", default_value = "5s", value_parser = duration)]
    pub sweep_interval: Duration,

    /// What stands between a document and the worker: `process` reads documents in confined processes that a crash, a
    /// deadline or too much memory ends alone; `thread` reads them in the worker itself
    #[arg(long, env = "ISOLATION", default_value = if cfg!(target_os = "linux") { "process" } else { "thread" })]
    pub isolation: Isolation,

    /// Memory that a document may take in its process, with ISOLATION=process
    #[arg(long, env = "MAX_MEMORY", default_value = "1GiB")]
    pub max_memory: ByteSize,

    /// Documents after which an extraction process is replaced by a new one, so that what a library leaks does not add up
    #[arg(long, env = "PROCESS_DOCUMENTS", default_value = "1000")]
    pub process_documents: NonZeroU32,

    /// Memory that an extraction process may keep between two documents; one that keeps more is replaced
    #[arg(long, env = "PROCESS_RESIDENT", default_value = "128MiB")]
    pub process_resident: ByteSize,

    /// Program that serves as extraction process, when it is not this one
    #[arg(long, hide = true)]
    pub sandbox_program: Option<PathBuf>,

    /// Where documents are extracted. `event-loop` shows the wrong way: every request of the
    /// process waits while a page is read, and the stall probe reports it
    #[arg(long, env = "EXTRACT_ON", default_value = "blocking-pool")]
    pub extract_on: ExtractOn,
}

/// What stands between a document and the worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Isolation {
    /// A process per slot that can do nothing but read documents: Linux only.
    Process,
    /// Nothing but Rust.
    Thread,
}

/// Where documents are extracted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExtractOn {
    /// On tokio's blocking pool, through `cpu.rs`.
    BlockingPool,
    /// On the runtime thread that polls the job: for demonstration only.
    EventLoop,
}

impl WorkerArgs {
    /// Looks at all arguments together.
    ///
    /// # Errors
    /// Everything that contradicts itself, one line each.
    pub fn check(&self) -> Result<(), String> {
        let mut problems = Problems::new();
        self.queue.check(&mut problems);
        self.store.check(&mut problems);
        self.limits.check(&mut problems);
        self.password.check(&mut problems);
        problems.require(
            self.work.upload_buffer.as_u64() >= 1 << 20,
            "WORKER_UPLOAD_BUFFER must be at least 1MiB",
        );
        problems.require(
            self.work.max_memory.as_u64() >= 64 << 20,
            "MAX_MEMORY must be at least 64MiB",
        );
        problems.require(
            !self.work.sweep_interval.is_zero(),
            "SWEEP_INTERVAL must be more than zero",
        );
        problems.into_result()
    }

    /// Jobs worked on at once.
    pub(crate) fn slots(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let slots = self.work.slots.map(NonZeroUsize::get);
        slots.unwrap_or_else(|| (3 * cores()).div_ceil(2))
    }

    /// File descriptors that it takes to be as busy as it may be: for each slot those to its process, and connections to
    /// the store.
    pub(crate) fn descriptors(&self) -> u64 {
        let of_slot = self.work.uploads.get() + 8;
        (self.slots() * of_slot) as u64 + SPARE_DESCRIPTORS
    }

    /// The limits as the extraction takes them.
    pub(crate) fn extract_limits(&self) -> extract::Limits {
        let limits = &self.limits;
        extract::Limits {
            max_pages: limits.max_pages,
            max_stream_bytes: limits.max_stream.as_u64(),
            max_document_bytes: limits.max_inflated.as_u64(),
            max_image_side: limits.max_image_side,
            max_image_bytes: limits.max_image_bytes.as_u64(),
            max_images: limits.max_images,
            max_placed_images: limits.max_placed_images,
            max_text_bytes: limits.max_text.as_u64(),
            max_depth: limits.max_depth,
            max_operators: limits.max_operators,
        }
    }
}
