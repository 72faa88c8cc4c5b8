//! Everything that `up` runs: started in order, announced when it is ready, drained in reverse.

use std::future;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use api::ApiArgs;
use shared::config::Secret;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::data_folder::{DataFolder, make_private};
use super::private_redis::PrivateRedis;
use super::redis_cli::RedisCli;
use super::redis_server::RedisServer;
use super::services::Backends;
use crate::client::Client;
use crate::failure::Failure;

/// How long api and worker may take until they say that they are ready.
const READY_TIMEOUT: Duration = Duration::from_secs(20);
/// Where the worker's probes listen: `up` has the API's, so any free port will do.
const WORKER_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// What to start.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Address of the API.
    pub(crate) listen: SocketAddr,
    /// Folder of the private Redis and of the objects, as far as they are used.
    pub(crate) data: PathBuf,
    /// A Redis that is there already.
    pub(crate) redis_url: Option<Secret>,
    /// An object store that is there already.
    pub(crate) store_url: Option<Url>,
    /// Flags of the API that its environment is not to decide.
    pub(crate) api_flags: &'static [&'static str],
}

/// The running services.
pub(crate) struct Stack {
    /// Of the API.
    pub(crate) url: Url,
    /// Where `/metrics` and `/debug/stalls` of this process are.
    pub(crate) admin_url: Url,
    /// Which Redis, in words.
    pub(crate) redis: String,
    /// Where objects are, in words.
    pub(crate) objects: String,
    /// Whether everybody who reaches the API may use it.
    pub(crate) is_open: bool,
    /// The first part of every key in Redis.
    pub(crate) queue_name: String,
    /// How to look into the queue.
    pub(crate) redis_cli: RedisCli,
    services: JoinSet<Result<(), Failure>>,
    shutdown: CancellationToken,
    private_redis: Option<PrivateRedis>,
    _data: Option<DataFolder>,
}

/// Who connects where.
struct Listeners {
    /// Clients.
    api: TcpListener,
    /// Who runs the service.
    admin: TcpListener,
    /// Nobody but `up`, which asks whether the worker is ready.
    probes: TcpListener,
}

impl Stack {
    /// Starts what the plan asks for and waits until all of it is ready.
    pub(crate) async fn start(plan: Plan) -> Result<Self, Failure> {
        let listener = listen(plan.listen)?;
        let data = match (&plan.redis_url, &plan.store_url) {
            (Some(_), Some(_)) => None,
            _ => Some(DataFolder::open(&plan.data)?),
        };
        let (private_redis, redis, redis_url) = match (plan.redis_url, &data) {
            (None, Some(data)) => {
                let server = RedisServer::find().await?;
                let redis = PrivateRedis::start(&data.redis(), &server)
                    .await
                    .map_err(|error| Failure::Unavailable(error.to_string()))?;
                let url = Secret::from(redis.url());
                (
                    Some(redis),
                    format!("{}, private, append-only file", server.version),
                    url,
                )
            }
            (given, _) => {
                let url = given.expect("without a URL there is a data folder");
                (None, "as given".to_owned(), url)
            }
        };
        let store_url = match (plan.store_url, &data) {
            (None, Some(data)) => {
                make_private(&data.objects())?;
                Url::from_directory_path(data.objects())
                    .expect("the data folder's path is absolute")
            }
            (given, _) => given.expect("without a URL there is a data folder"),
        };
        let redis_cli = RedisCli::on_url(redis_url.expose());
        let objects = store_url.to_string();
        let password_key = match (&data, std::env::var_os("PASSWORD_KEY")) {
            (Some(data), None) => Some(data.password_key()?),
            _ => None,
        };
        let backends = Backends {
            redis_url,
            store_url,
            password_key,
        };
        let api_args = backends.api(listener.local_addr()?, plan.api_flags)?;
        let listeners = Listeners {
            admin: listen(api_args.http.api_admin_listen)?,
            probes: listen(WORKER_LISTEN)?,
            api: listener,
        };
        let mut stack = Self {
            url: http_url(&listeners.api)?,
            admin_url: http_url(&listeners.admin)?,
            redis,
            objects,
            is_open: api_args.http.api_keys.is_none() && api_args.http.api_keys_file.is_none(),
            queue_name: api_args.queue.queue_name.clone(),
            redis_cli,
            services: JoinSet::new(),
            shutdown: CancellationToken::new(),
            private_redis,
            _data: data,
        };
        stack
            .start_services(&api_args, &backends, listeners)
            .await?;
        Ok(stack)
    }

    async fn start_services(
        &mut self,
        api_args: &ApiArgs,
        backends: &Backends,
        listeners: Listeners,
    ) -> Result<(), Failure> {
        let Listeners { api, admin, probes } = listeners;
        let worker_url = http_url(&probes)?;
        let state = api::connect(api_args)
            .await
            .map_err(|error| Failure::Unavailable(error.to_string()))?;
        let worker = worker::Worker::connect(backends.worker(probes.local_addr()?)?)
            .await
            .map_err(|error| Failure::Unavailable(error.to_string()))?;

        let admin = api::serve_admin(admin, state.clone());
        let shutdown = self.shutdown.clone();
        self.services.spawn(async move {
            let ended = shutdown.run_until_cancelled(admin).await;
            named("the API's admin listener", ended.unwrap_or(Ok(())))
        });
        let api = api::serve(api, state, self.shutdown.clone());
        self.services.spawn(async { named("the API", api.await) });
        let work = worker.run(probes, self.shutdown.clone());
        self.services
            .spawn(async { named("the worker", work.await) });
        let ready = until_ready([self.url.clone(), worker_url]);
        tokio::select! {
            failure = self.ended() => Err(failure),
            ready = ready => ready,
        }
    }

    /// Resolves when a part ends without being told to.
    pub(crate) async fn ended(&mut self) -> Failure {
        let redis_ended = async {
            match &mut self.private_redis {
                Some(redis) => redis.ended().await,
                None => future::pending().await,
            }
        };
        tokio::select! {
            error = redis_ended => Failure::Unavailable(error.to_string()),
            Some(outcome) = self.services.join_next() => match outcome {
                Ok(Ok(())) => Failure::Unavailable("a service ended by itself".to_owned()),
                Ok(Err(failure)) => failure,
                Err(error) => Failure::Unavailable(format!("a service crashed: {error}")),
            },
        }
    }

    /// Takes nothing new, lets running work end, then ends Redis.
    pub(crate) async fn drain(mut self) -> Result<(), Failure> {
        self.shutdown.cancel();
        let mut outcome = Ok(());
        while let Some(ended) = self.services.join_next().await {
            let ended = ended
                .map_err(|error| Failure::Unavailable(format!("a service crashed: {error}")))
                .flatten();
            outcome = outcome.and(ended);
        }
        if let Some(redis) = self.private_redis {
            let stopped = redis.stop().await;
            outcome = outcome.and(stopped.map_err(|error| Failure::Unavailable(error.to_string())));
        }
        outcome
    }
}

fn named<E: std::fmt::Display>(name: &str, outcome: Result<(), E>) -> Result<(), Failure> {
    outcome.map_err(|error| Failure::Unavailable(format!("{name}: {error}")))
}

fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    api::listen(address)
        .map_err(|error| Failure::Config(format!("cannot listen on {address}: {error}")))
}

/// As a client on this machine reaches it: an unspecified address stands for all of its own.
fn http_url(listener: &TcpListener) -> Result<Url, Failure> {
    let mut address = listener.local_addr()?;
    if address.ip().is_unspecified() {
        address.set_ip(Ipv4Addr::LOCALHOST.into());
    }
    Ok(Url::parse(&format!("http://{address}")).expect("a socket address makes a URL"))
}

/// Waits until every service at these addresses says that it is ready.
pub(crate) async fn until_ready(urls: impl IntoIterator<Item = Url>) -> Result<(), Failure> {
    let deadline = Instant::now() + READY_TIMEOUT;
    for url in urls {
        let client = Client::of_this_process(url)?;
        while let Err(failure) = client.ready().await {
            if Instant::now() > deadline {
                return Err(failure);
            }
            sleep(Duration::from_millis(5)).await;
        }
    }
    Ok(())
}
