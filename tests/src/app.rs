//! `TestApp`: the real API and worker on a real Redis and a real S3 server, for one test.

use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use api::ApiArgs;
use clap::builder::Resettable;
use clap::{Args, Command};
use redis::cmd;
use reqwest::{Response, StatusCode};
use serde_json::Value;
use shared::config::StoreArgs;
use shared::job::State;
use shared::queue::Queue;
use shared::store::ObjectStore;
use shared::telemetry;
use tokio::net::TcpListener;
use tokio::process::Child;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio_util::sync::CancellationToken;
use worker::{Isolation, Worker, WorkerArgs};

use crate::redis::RedisServer;
use crate::s3::S3Server;

/// How long anything may take before a test counts as hung. Nothing waits for it to pass.
pub const HANG: Duration = Duration::from_secs(60);

/// An API with its Redis and its S3 server; workers join and leave.
pub struct TestApp {
    /// The server that holds the queue.
    pub redis: RedisServer,
    /// The server that holds the objects.
    pub s3: S3Server,
    /// The queue, as the API sees it.
    pub queue: Queue,
    /// The objects, as the API sees them.
    pub store: ObjectStore,
    /// Speaks to the API.
    pub http: reqwest::Client,
    /// Where the API listens.
    pub url: String,
    worker_flags: Vec<String>,
    api: Running,
}

/// Command-line flags, for the parts that a test sets up in its own way.
#[derive(Clone, Copy, Debug, Default)]
pub struct Flags<'a> {
    /// For API and workers.
    pub both: &'a [&'a str],
    /// For the API.
    pub api: &'a [&'a str],
    /// For the workers.
    pub worker: &'a [&'a str],
}

impl Flags<'_> {
    fn of(&self, part: &[&str]) -> Vec<String> {
        self.both
            .iter()
            .chain(part)
            .map(|flag| (*flag).to_owned())
            .collect()
    }
}

/// A part of the system that runs as a task of this process.
pub struct Running {
    stop: CancellationToken,
    task: JoinHandle<Result<()>>,
    /// Where it answers `/readyz` and `/metrics`.
    pub address: SocketAddr,
}

impl Running {
    /// Drains it.
    ///
    /// # Errors
    /// What it ended with, or that it did not end.
    pub async fn stop(self) -> Result<()> {
        self.stop.cancel();
        tokio::time::timeout(HANG, self.task)
            .await
            .context("it does not stop")??
    }
}

impl TestApp {
    /// An API and no worker yet.
    ///
    /// # Errors
    /// When a server does not start.
    pub async fn start(flags: Flags<'_>) -> Result<Self> {
        set_up_metrics().await?;
        let redis = RedisServer::durable().await?;
        let s3 = S3Server::start()?;
        let (redis_args, store_args) = (redis.args(), s3.store_args("t"));
        let mut args: ApiArgs = parse(&with_store(&flags.of(flags.api)))?;
        args.redis = redis_args;
        args.store = StoreArgs {
            s3_buffer: args.store.s3_buffer,
            ..store_args
        };
        args.http.upload_threads = 0; // a test's guard sees its own threads only
        let queue = Queue::connect(&args.redis, &args.queue).await?;
        let store = ObjectStore::connect(&args.store).await?;
        let api = start_api(args).await?;
        Ok(Self {
            url: format!("http://{}", api.address),
            http: http_client(),
            redis,
            s3,
            queue,
            store,
            worker_flags: flags.of(flags.worker),
            api,
        })
    }

    /// Starts a worker in this process. It reads documents in confined processes only if its flags name a program for
    /// them, since a test is none.
    ///
    /// # Errors
    /// When it cannot connect.
    pub async fn worker(&self) -> Result<Running> {
        let mut args: WorkerArgs = parse(&with_store(&self.worker_flags))?;
        (args.redis, args.store) = (self.redis.args(), self.s3.store_args("t"));
        if args.work.sandbox_program.is_none() {
            args.work.isolation = Isolation::Thread;
        }
        let worker = Worker::connect(args).await?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let task = tokio::spawn(async move { Ok(worker.run(listener, stopped).await?) });
        Ok(Running {
            stop,
            task,
            address,
        })
    }

    /// Starts a worker as a process of its own, which can be killed.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn worker_process(&self, program: &str) -> Result<Child> {
        let store = self.s3.store_args("t");
        let secret = |secret: Option<&str>| secret.unwrap_or_default().to_owned();
        let child = tokio::process::Command::new(program)
            .args(&self.worker_flags)
            .args(["--worker-listen", "127.0.0.1:0"])
            .env("REDIS_URL", self.redis.args().redis_url.expose())
            .env("STORE_URL", store.store_url.as_str())
            .env(
                "S3_ENDPOINT",
                store.s3_endpoint.as_ref().map_or("", |url| url.as_str()),
            )
            .env(
                "S3_ACCESS_KEY_ID",
                secret(store.s3_access_key_id.as_deref()),
            )
            .env(
                "S3_SECRET_ACCESS_KEY",
                secret(store.s3_secret_access_key.as_ref().map(|key| key.expose())),
            )
            .env("LOG", "warn")
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        Ok(child)
    }

    /// Uploads a document; answers the job's id.
    ///
    /// # Errors
    /// When the answer is not 202.
    pub async fn submit(&self, pdf: Vec<u8>) -> Result<String> {
        let response = self.post("/v1/jobs", pdf).await?;
        let status = response.status();
        let body: Value = response.json().await?;
        ensure!(status == StatusCode::ACCEPTED, "{status}: {body}");
        Ok(text(&body, "/id"))
    }

    /// Posts a body as a PDF.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> Result<Response> {
        let request = self.http.post(format!("{}{path}", self.url));
        let request = request.header("content-type", "application/pdf").body(body);
        Ok(request.timeout(HANG).send().await?)
    }

    /// Asks for a path.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn get(&self, path: &str) -> Result<Response> {
        let request = self.http.get(format!("{}{path}", self.url));
        Ok(request.timeout(HANG).send().await?)
    }

    /// Asks for a path that must answer 200 with JSON.
    ///
    /// # Errors
    /// When it answers something else.
    pub async fn json(&self, path: &str) -> Result<Value> {
        let response = self.get(path).await?;
        let status = response.status();
        let body = response.text().await?;
        ensure!(status == StatusCode::OK, "{path}: {status}: {body}");
        Ok(serde_json::from_str(&body)?)
    }

    /// Polls a job until it has ended.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn ended(&self, id: &str) -> Result<Value> {
        let ended = async {
            loop {
                let job = self.json(&format!("/v1/jobs/{id}?wait=10")).await?;
                let state: State = text(&job, "/state").parse().ok().context("state")?;
                if state.is_terminal() {
                    return Ok(job);
                }
            }
        };
        tokio::time::timeout(HANG, ended)
            .await
            .context("the job does not end")?
    }

    /// Every key and every value in Redis, as text.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn redis_text(&self) -> Result<String> {
        let mut redis = self.redis.connection().await?;
        let keys: Vec<String> = cmd("KEYS").arg("*").query_async(&mut redis).await?;
        let mut text = String::new();
        for key in keys {
            let kind: String = cmd("TYPE").arg(&key).query_async(&mut redis).await?;
            let read = match kind.as_str() {
                "hash" => cmd("HGETALL").arg(&key).clone(),
                "zset" => cmd("ZRANGE").arg(&key).arg(0).arg(-1).clone(),
                "stream" => cmd("XRANGE").arg(&key).arg("-").arg("+").clone(),
                _ => cmd("GET").arg(&key).clone(),
            };
            let value: redis::Value = read.query_async(&mut redis).await?;
            text.push_str(&format!("{key} {value:?}\n"));
        }
        Ok(text)
    }

    /// Stops the API, with which it has cleaned up what it had to. Redis goes on.
    ///
    /// # Errors
    /// What the API ended with.
    pub async fn stop_api(self) -> Result<RedisServer> {
        self.api.stop().await?;
        Ok(self.redis)
    }

    /// Stops the API and checks that nothing was left half done: no job runs, none waits.
    ///
    /// # Errors
    /// What was left, or what the API ended with.
    pub async fn finish(self) -> Result<()> {
        let counts = self.queue.counts().await?;
        self.api.stop().await?;
        let live = counts.queued + counts.running + counts.retrying + counts.cancelling;
        if live > 0 {
            bail!("jobs were left: {counts:?}");
        }
        Ok(())
    }
}

/// reqwest insists on a TLS provider, also for a client that speaks plain HTTP only.
fn http_client() -> reqwest::Client {
    let _installed_before = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}

/// As a program does before it has a runtime: who comes while another test is at it waits on a lock.
async fn set_up_metrics() -> Result<()> {
    #[expect(
        clippy::disallowed_methods,
        reason = "there is no time before the runtime in a test"
    )]
    let metrics = spawn_blocking(telemetry::metrics).await?;
    metrics?;
    Ok(())
}

async fn start_api(args: ApiArgs) -> Result<Running> {
    let state = api::connect(&args).await?;
    let listener = api::listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    let address = listener.local_addr()?;
    let stop = CancellationToken::new();
    let stopped = stop.clone();
    let task = tokio::spawn(async move { Ok(api::serve(listener, state, stopped).await?) });
    Ok(Running {
        stop,
        task,
        address,
    })
}

/// The text at a JSON pointer, or nothing.
#[must_use]
pub fn text(value: &Value, pointer: &str) -> String {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.unwrap_or_default().to_owned()
}

/// With the one flag that has no default; the harness sets its value later.
fn with_store(flags: &[String]) -> Vec<String> {
    let store = ["--store-url", "file:///set-by-the-harness"].map(str::to_owned);
    store.into_iter().chain(flags.iter().cloned()).collect()
}

/// Reads flags as a program would, but not this process's environment.
///
/// # Errors
/// What is wrong with the flags.
pub fn parse<T: Args>(flags: &[String]) -> Result<T> {
    let command = T::augment_args(Command::new("test")).mut_args(|arg| arg.env(Resettable::Reset));
    let program = std::iter::once(OsString::from("test"));
    let matches = command.try_get_matches_from(program.chain(flags.iter().map(Into::into)))?;
    Ok(T::from_arg_matches(&matches)?)
}
