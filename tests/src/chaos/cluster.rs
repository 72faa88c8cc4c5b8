//! API, workers, Redis and store, with a gate on every way between them.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result};
use rustix::process::{Pid, Signal, kill_process};
use shared::config::QueueArgs;
use shared::job::JobId;
use shared::queue::{Change, Queue};
use shared::store::ObjectStore;
use tokio::process::{Child, Command};

use super::clock::Clock;
use super::gate::{Gate, Server};
use crate::app::parse;
use crate::redis::{RedisServer, free_port};
use crate::s3::S3Server;

/// How long a job's lease holds without its worker.
pub(super) const LEASE: Duration = Duration::from_secs(2);
/// How long a source may wait for its job; longer than any upload of the run takes.
pub(super) const ORPHAN_AFTER: Duration = Duration::from_secs(20);
const ORPHAN_AFTER_FLAG: &str = "20s";
/// Where the objects are.
pub(super) const PREFIX: &str = "t";
const WORKERS: usize = 2;

/// What is started and killed.
#[derive(Clone, Debug)]
pub struct Programs {
    /// `pdf-ingest-api`.
    pub api: PathBuf,
    /// `pdf-ingest-worker`.
    pub worker: PathBuf,
}

impl Programs {
    /// Beside the program that runs, or in a folder above it: where cargo puts them.
    ///
    /// # Errors
    /// When they are not there.
    pub fn find() -> Result<Self> {
        let mut folder: PathBuf = std::env::current_exe()?;
        while folder.pop() {
            let programs = Self {
                api: folder.join("api"),
                worker: folder.join("worker"),
            };
            if programs.api.is_file() && programs.worker.is_file() {
                return Ok(programs);
            }
        }
        anyhow::bail!("api and worker are not built: cargo build -p tests --bins")
    }
}

/// Whoever speaks to another one does so through a gate; the run itself looks past them.
pub(super) struct Cluster {
    pub(super) redis: RedisServer,
    pub(super) s3: S3Server,
    pub(super) redis_gate: Gate,
    pub(super) s3_gate: Gate,
    pub(super) api_gate: Gate,
    pub(super) queue: Queue,
    pub(super) store: ObjectStore,
    pub(super) api: Child,
    pub(super) workers: Vec<Child>,
    pub(super) clocks: Option<Clocks>,
    api_address: SocketAddr,
    programs: Programs,
    client: reqwest::Client,
}

/// What Redis, and what all others take for the time of day.
#[derive(Debug)]
pub(super) struct Clocks {
    pub(super) redis: Clock,
    pub(super) services: Clock,
}

/// Submits through the gate.
#[derive(Clone)]
pub(super) struct Client {
    pub(super) http: reqwest::Client,
    pub(super) url: String,
}

impl Cluster {
    pub(super) async fn start(programs: &Programs) -> Result<Self> {
        let (redis, clocks) = redis_and_clocks().await?;
        let s3 = S3Server::start()?;
        let redis_gate = Gate::before(Server::Socket(redis.socket())).await?;
        let s3_gate = Gate::before(Server::Port(s3.address())).await?;
        let api_address = SocketAddr::from(([127, 0, 0, 1], free_port()?));
        let api_gate = Gate::before(Server::Port(api_address)).await?;
        let queue_args: QueueArgs = parse(&[])?;
        let queue = Queue::connect(&redis.args(), &queue_args).await?;
        let store = ObjectStore::connect(&s3.store_args(PREFIX)).await?;
        let _installed_before = rustls::crypto::ring::default_provider().install_default();
        let parts = Parts {
            programs,
            clocks: clocks.as_ref(),
            redis_gate: &redis_gate,
            s3: &s3,
            s3_gate: &s3_gate,
            api_address,
        };
        let api = parts.api()?;
        let workers = (0..WORKERS)
            .map(|_| parts.worker())
            .collect::<Result<_>>()?;
        Ok(Self {
            api,
            workers,
            clocks,
            queue,
            store,
            api_address,
            programs: programs.clone(),
            client: reqwest::Client::new(),
            redis,
            s3,
            redis_gate,
            s3_gate,
            api_gate,
        })
    }

    pub(super) fn client(&self) -> Client {
        Client {
            http: self.client.clone(),
            url: format!("http://{}", self.api_gate.address),
        }
    }

    /// Ends a worker with `signal`, and starts another one.
    pub(super) async fn replace_worker(&mut self, number: usize, signal: Signal) -> Result<()> {
        end(&mut self.workers[number], signal).await?;
        self.workers[number] = self.parts().worker()?;
        Ok(())
    }

    /// Ends the API with `signal`, and starts another one.
    pub(super) async fn replace_api(&mut self, signal: Signal) -> Result<()> {
        end(&mut self.api, signal).await?;
        self.api = self.parts().api()?;
        Ok(())
    }

    /// Takes everything back that was done to it; what ended by itself stays so, and is an error.
    pub(super) async fn heal(&mut self) -> Result<()> {
        for gate in [&self.redis_gate, &self.s3_gate, &self.api_gate] {
            gate.open();
        }
        self.s3.resume();
        for child in self.workers.iter_mut().chain([&mut self.api]) {
            let ended = child.try_wait()?;
            anyhow::ensure!(ended.is_none(), "a process ended by itself: {ended:?}");
        }
        Ok(())
    }

    /// Ends everything, and waits for it.
    pub(super) async fn end(mut self) -> Result<()> {
        for child in self.workers.iter_mut().chain([&mut self.api]) {
            end(child, Signal::KILL).await?;
        }
        Ok(())
    }

    fn parts(&self) -> Parts<'_> {
        Parts {
            programs: &self.programs,
            clocks: self.clocks.as_ref(),
            redis_gate: &self.redis_gate,
            s3: &self.s3,
            s3_gate: &self.s3_gate,
            api_address: self.api_address,
        }
    }
}

/// What a new process must know of the others.
struct Parts<'a> {
    programs: &'a Programs,
    clocks: Option<&'a Clocks>,
    redis_gate: &'a Gate,
    s3: &'a S3Server,
    s3_gate: &'a Gate,
    api_address: SocketAddr,
}

impl Parts<'_> {
    fn api(&self) -> Result<Child> {
        let mut command = self.command(&self.programs.api);
        command
            .env("API_LISTEN", self.api_address.to_string())
            .env("API_ADMIN_LISTEN", "127.0.0.1:0")
            .env("DRAIN", "2s");
        Ok(command.spawn()?)
    }

    fn worker(&self) -> Result<Child> {
        let mut command = self.command(&self.programs.worker);
        command
            .env("WORKER_LISTEN", "127.0.0.1:0")
            .env("WORKER_SLOTS", "2")
            .env("DRAIN", "2s")
            .env("SWEEP_INTERVAL", "500ms");
        Ok(command.spawn()?)
    }

    fn command(&self, program: &PathBuf) -> Command {
        let store = self.s3.store_args(PREFIX);
        let mut command = Command::new(program);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .envs(
                self.clocks
                    .iter()
                    .flat_map(|clocks| clocks.services.environment()),
            )
            .kill_on_drop(true)
            .env("REDIS_URL", format!("redis://{}", self.redis_gate.address))
            .env("STORE_URL", store.store_url.as_str())
            .env("S3_ENDPOINT", format!("http://{}", self.s3_gate.address))
            .env("LOG", "error")
            .env("LEASE", "2s")
            .env("LEASE_RENEW", "500ms")
            .env("IDEMPOTENCY_RESERVATION", "3s")
            .env("ORPHAN_AFTER", ORPHAN_AFTER_FLAG)
            .env("MAX_UPLOAD", "256KiB")
            .env("UPLOAD_WINDOW", "5s")
            .env("RETRY_BASE", "50ms")
            .env("RETRY_CAP", "500ms")
            // It is the run that kills workers, not a document.
            .env("MAX_ATTEMPTS", "1000")
            .env("MAX_CRASHES", "1000");
        if let (Some(id), Some(key)) = (store.s3_access_key_id, store.s3_secret_access_key) {
            command
                .env("S3_ACCESS_KEY_ID", id)
                .env("S3_SECRET_ACCESS_KEY", key.expose());
        }
        command
    }
}

/// Without clocks where there is no libfaketime, or a Redis that it does not work with.
async fn redis_and_clocks() -> Result<(RedisServer, Option<Clocks>)> {
    if let (Some(redis), Some(services)) = (Clock::find()?, Clock::find()?) {
        let clocks = Clocks { redis, services };
        if let Ok(server) = RedisServer::durable_with(clocks.redis.environment()).await
            && clocks.redis.moves(&server).await?
        {
            return Ok((server, Some(clocks)));
        }
    }
    Ok((RedisServer::durable().await?, None))
}

/// Sends a signal that ends a process, and waits for its end.
async fn end(child: &mut Child, signal: Signal) -> Result<()> {
    kill_process(pid(child)?, signal)?;
    child.wait().await?;
    Ok(())
}

pub(super) fn pid(child: &Child) -> Result<Pid> {
    let pid = child.id().and_then(|id| i32::try_from(id).ok());
    pid.and_then(Pid::from_raw)
        .context("the process has ended by itself")
}

/// Waits until a job has ended.
pub(super) async fn ended(queue: &Queue, id: JobId, within: Duration) -> Result<bool> {
    let has_ended = |newest: Change| newest.state.is_terminal();
    let record = queue.wait_for(id, within, has_ended).await?;
    let record = record.with_context(|| format!("job {id} is gone"))?;
    Ok(record.state.is_terminal())
}
