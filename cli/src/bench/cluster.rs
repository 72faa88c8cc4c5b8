//! The services of one mode, as in production: Redis, API and workers as processes of their own, on free ports.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use futures::future::select_all;
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::timeout;
use url::Url;

use super::Mode;
use super::measured::Stalls;
use super::usage::{self, ByRole, Processes, Role};
use crate::client::Client;
use crate::exposition::Exposition;
use crate::failure::Failure;
use crate::up::{PrivateRedis, RedisServer, spawn, until_ready};
use crate::{API_PROGRAM, WORKER_PROGRAM};

/// How long a service may take to end once it is idle, before it is killed.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);
/// Connections that the API takes beyond those of the clients: metrics, and what is just being closed.
const SPARE_CONNECTIONS: usize = 100;
/// Of the environment's settings, those that would send the run elsewhere or refuse its clients.
const NOT_INHERITED: [&str; 4] = [
    "API_KEYS",
    "API_KEYS_FILE",
    "API_ADMIN_LISTEN",
    "QUEUE_NAME",
];

/// What all clusters of a run have in common.
pub(super) struct ClusterPlan {
    server: RedisServer,
    program: PathBuf,
    workers: usize,
    store_url: Option<Url>,
    /// The process that serves the objects, when it is on this machine.
    store: Option<u32>,
    clients: usize,
}

/// Running services; dropping it kills them.
pub(super) struct Cluster {
    /// Of the API.
    pub(super) url: Url,
    redis: PrivateRedis,
    store: Option<u32>,
    api: Child,
    workers: Vec<Child>,
    /// Where each process tells of itself.
    admin_urls: Vec<(Role, Url)>,
    folder: TempDir,
}

impl ClusterPlan {
    pub(super) async fn find(
        workers: usize,
        store_url: Option<Url>,
        clients: usize,
    ) -> Result<Self, Failure> {
        let is_s3 = store_url.as_ref().is_some_and(|url| url.scheme() == "s3");
        let endpoint = std::env::var("S3_ENDPOINT").ok().filter(|_| is_s3);
        Ok(Self {
            server: RedisServer::find().await?,
            program: std::env::current_exe()?,
            workers,
            store_url,
            store: endpoint.and_then(|endpoint| local_listener(&endpoint)),
            clients,
        })
    }

    /// This program under the name of a service, quiet, and killed with what holds it.
    fn service(&self, name: &str) -> Command {
        let mut command = Command::new(&self.program);
        command
            .arg0(name)
            .env("DRAIN", "5s")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .process_group(0) // ctrl-c is for this process, which ends them
            .kill_on_drop(true);
        if std::env::var_os("LOG").is_none() {
            command.env("LOG", "error"); // in between a table and a progress bar
        }
        for name in NOT_INHERITED {
            command.env_remove(name);
        }
        command
    }
}

fn local_listener(endpoint: &str) -> Option<u32> {
    let addresses = Url::parse(endpoint).ok()?.socket_addrs(|| None).ok()?;
    let address = addresses
        .into_iter()
        .find(|address| address.ip().is_loopback())?;
    usage::listener(address)
}

impl Cluster {
    /// Starts everything and waits until it is ready.
    pub(super) async fn start(plan: &ClusterPlan, mode: Mode) -> Result<Self, Failure> {
        let folder = tempfile::Builder::new()
            .prefix("pdf-ingest-bench-")
            .tempdir()?;
        let redis = PrivateRedis::start(&folder.path().join("redis"), &plan.server)
            .await
            .map_err(|error| Failure::Unavailable(error.to_string()))?;
        let store_url = match &plan.store_url {
            Some(url) => url.to_string(),
            None => {
                let objects = folder.path().join("objects");
                std::fs::create_dir(&objects)?;
                format!("file://{}", objects.display())
            }
        };
        let service = |name: &str| {
            let mut command = plan.service(name);
            command
                .env("REDIS_URL", redis.url())
                .env("STORE_URL", &store_url);
            command
        };
        let (api_listen, api_admin) = (free_address()?, free_address()?);
        let connections = (plan.clients + SPARE_CONNECTIONS).max(800);
        let mut api = service(API_PROGRAM);
        api.env("API_LISTEN", api_listen.to_string())
            .env("API_ADMIN_LISTEN", api_admin.to_string())
            .env("MAX_CONNECTIONS", connections.to_string());
        let (isolation, extract_on) = settings(mode);
        let mut admin_urls = vec![(Role::Api, http_url(api_admin))];
        let mut workers = Vec::new();
        for _ in 0..plan.workers {
            let (listen, mut worker) = (free_address()?, service(WORKER_PROGRAM));
            worker
                .env("WORKER_LISTEN", listen.to_string())
                .env("ISOLATION", isolation)
                .env("EXTRACT_ON", extract_on);
            workers.push(spawn(worker).await?);
            admin_urls.push((Role::Worker, http_url(listen)));
        }
        let mut cluster = Self {
            url: http_url(api_listen),
            redis,
            store: plan.store,
            api: spawn(api).await?,
            workers,
            admin_urls,
            folder,
        };
        let of_workers = cluster.admin_urls.iter().skip(1).map(|(_, url)| url);
        let urls: Vec<Url> = std::iter::once(&cluster.url)
            .chain(of_workers)
            .cloned()
            .collect();
        let ready = tokio::select! {
            ready = until_ready(urls) => ready,
            failure = cluster.ended() => Err(failure),
        };
        match ready {
            Ok(()) => Ok(cluster),
            Err(failure) => {
                let _the_first_failure_counts = cluster.stop().await;
                Err(failure)
            }
        }
    }

    /// Resolves when a service ends without being told to.
    pub(super) async fn ended(&mut self) -> Failure {
        let workers = self
            .workers
            .iter_mut()
            .map(|worker| Box::pin(worker.wait()));
        tokio::select! {
            error = self.redis.ended() => Failure::Unavailable(error.to_string()),
            status = self.api.wait() => ended_by_itself("the API", status),
            (status, ..) = select_all(workers) => ended_by_itself("a worker", status),
        }
    }

    /// Whose usage is to be measured.
    pub(super) fn processes(&self) -> Processes {
        let ids = [
            (Role::Client, Some(std::process::id())),
            (Role::Redis, self.redis.process_id()),
            (Role::Store, self.store),
            (Role::Api, self.api.id()),
        ];
        let workers = self
            .workers
            .iter()
            .map(|worker| (Role::Worker, worker.id()));
        let known = ids.into_iter().chain(workers);
        Processes::new(known.filter_map(|(role, id)| Some((role, id?))))
    }

    /// How often event loops were held so far.
    pub(super) async fn stalls(&self) -> Result<ByRole<Stalls>, Failure> {
        let mut all = ByRole::new();
        for (role, url) in &self.admin_urls {
            let metrics = Client::of_this_process(url.clone())?.metrics().await?;
            let sum: &mut Stalls = all.entry(*role).or_default();
            sum.add(&Stalls::read(&Exposition::new(metrics)));
        }
        Ok(all)
    }

    /// Ends everything in order and removes what it wrote.
    pub(super) async fn stop(mut self) -> Result<(), Failure> {
        let mut outcome = Ok(());
        for service in [&mut self.api].into_iter().chain(&mut self.workers) {
            outcome = outcome.and(end(service).await);
        }
        let redis = self.redis.stop().await;
        let removed = self.folder.close();
        outcome?;
        redis.map_err(|error| Failure::Unavailable(error.to_string()))?;
        Ok(removed?)
    }
}

/// `ISOLATION` and `EXTRACT_ON` of a mode.
fn settings(mode: Mode) -> (&'static str, &'static str) {
    match mode {
        Mode::EventLoop => ("thread", "event-loop"),
        Mode::BlockingPool => ("thread", "blocking-pool"),
        Mode::Process => ("process", "blocking-pool"),
    }
}

fn ended_by_itself(who: &str, status: std::io::Result<ExitStatus>) -> Failure {
    match status {
        Ok(status) => Failure::Unavailable(format!("{who} ended by itself: {status}")),
        Err(error) => error.into(),
    }
}

async fn end(service: &mut Child) -> Result<(), Failure> {
    let process = service
        .id()
        .and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
    if let Some(process) = process {
        kill_process(process, Signal::TERM).map_err(std::io::Error::from)?;
    }
    if timeout(STOP_TIMEOUT, service.wait()).await.is_err() {
        service.kill().await?;
    }
    Ok(())
}

/// Free a moment ago; who is quicker makes the service that gets it end with a message.
fn free_address() -> std::io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}

fn http_url(address: SocketAddr) -> Url {
    Url::parse(&format!("http://{address}")).expect("a socket address makes a URL")
}

/// Every client has a connection, and so has its other end: as many files as the system allows, here and in the services.
pub(super) fn allow_open_files() {
    let limit = getrlimit(Resource::Nofile);
    let all = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    let _as_many_as_before = setrlimit(Resource::Nofile, all);
}
