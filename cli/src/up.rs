//! `up`: Redis, object store, api and worker in one process.

mod child; // starts programs without holding the event loop
mod data_folder; // where its files are
mod interrupt; // ctrl-c and SIGTERM
mod private_redis; // Redis as a child process
mod redis_cli; // the line that looks into it
mod redis_server; // which program that is
mod services; // the arguments of api and worker
mod stack; // starts everything in order, drains in reverse

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use shared::config::{Secret, TelemetryArgs};
use url::Url;

use crate::failure::{Exit, Failure};
use crate::terminal::{self, bold, dim};

pub(crate) use child::spawn;
pub(crate) use interrupt::Interrupts;
pub(crate) use private_redis::PrivateRedis;
pub(crate) use redis_server::RedisServer;
pub(crate) use services::telemetry;
pub(crate) use stack::{Plan, Stack, until_ready};

/// Run everything in one process: Redis, a folder as object store, the API and a worker.
///
/// What is not set here follows the environment variables of pdf-ingest-api and pdf-ingest-worker,
/// which their `--help` lists.
#[derive(Args, Debug)]
pub(crate) struct UpArgs {
    /// Address that the API listens on; port 0 takes a free one
    #[arg(
        long,
        env = "API_LISTEN",
        default_value = "127.0.0.1:8080",
        value_name = "ADDRESS"
    )]
    listen: SocketAddr,

    /// Folder for Redis and objects [default: $XDG_DATA_HOME/pdf-ingest, ~/.local/share/pdf-ingest]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// Use this Redis instead of a private one
    #[arg(long, env = "REDIS_URL", hide_env_values = true, value_name = "URL")]
    redis_url: Option<Secret>,

    /// Use this object store instead of a folder
    #[arg(long, env = "STORE_URL", value_name = "URL")]
    store_url: Option<Url>,

    #[command(flatten)]
    pub(crate) telemetry: TelemetryArgs,
}

impl UpArgs {
    pub(crate) async fn run(self) -> Result<Exit, Failure> {
        let mut interrupts = Interrupts::listen()?;
        let plan = Plan {
            listen: self.listen,
            data: self.data.unwrap_or_else(data_folder::default_path),
            redis_url: self.redis_url,
            store_url: self.store_url,
            api_flags: &[],
        };
        let mut stack = tokio::select! {
            stack = Stack::start(plan) => stack?,
            () = interrupts.next() => return Ok(Exit::Success),
        };
        announce(&stack)?;
        if stack.is_open && !self.listen.ip().is_loopback() {
            terminal::note(
                "warning: everyone who reaches this address may use the API; set API_KEYS",
            );
        }
        let outcome = tokio::select! {
            failure = stack.ended() => Err(failure),
            () = interrupts.next() => Ok(Exit::Success),
        };
        terminal::note("draining; ctrl-c again stops at once");
        tokio::select! {
            drained = stack.drain() => drained.and(outcome),
            () = interrupts.next() => outcome,
        }
    }
}

fn announce(stack: &Stack) -> Result<(), Failure> {
    let url = &stack.url;
    terminal::line(bold(concat!("pdf-ingest ", env!("CARGO_PKG_VERSION"))))?;
    terminal::rows(&[
        ("api", url.to_string()),
        ("docs", format!("{url}docs")),
        ("redis", stack.redis.clone()),
        ("objects", stack.objects.clone()),
        ("look", stack.redis_cli.line(&["keys", "*"])),
        ("metrics", format!("{}metrics", stack.admin_url)),
        (
            "stalls",
            format!("pdf-ingest stalls --url {}", stack.admin_url),
        ),
        (
            "try",
            format!("pdf-ingest submit FILE.pdf --wait --url {url}"),
        ),
    ])?;
    terminal::line(dim("ready; ctrl-c finishes running jobs and stops"))?;
    Ok(())
}
