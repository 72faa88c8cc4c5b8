//! The connection to Redis: one node, Sentinel's master or a cluster. Made anew when it breaks.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use redis::aio::{ConnectionLike, MultiplexedConnection, PubSub};
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType};
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, ConnectionInfo, FromRedisValue, Pipeline,
    RedisError, RedisFuture, RedisResult, ScriptInvocation, TlsCertificates, TlsMode, Value,
};
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::error::{QueueError, breaks_connection, reply_was_lost};
use crate::config::{RedisArgs, RedisUrl, SentinelUrl};

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Clones share one multiplexed connection.
///
/// redis-rs' own `ConnectionManager` keeps a connection that times out or answers `READONLY`, and so would stay with
/// a demoted or unreachable master; this one asks for the address again.
#[derive(Clone)]
pub(super) struct Connection(Arc<Shared>);

struct Shared {
    target: Target,
    response_timeout: Duration,
    slot: Mutex<Slot>,
}

enum Target {
    Node(Client),
    Sentinel(Mutex<SentinelClient>),
    Cluster {
        client: ClusterClient,
        nodes: Vec<Client>,
    },
}

#[derive(Default)]
struct Slot {
    live: Option<Live>,
    /// Counts the connections made, so that only the one that failed is dropped.
    generation: u64,
    failed: Option<(Instant, RedisError)>,
}

#[derive(Clone)]
enum Live {
    Node(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Connection {
    /// Connects to what the configuration names.
    pub(super) async fn open(args: &RedisArgs) -> Result<Self, QueueError> {
        let shared = Shared {
            target: Target::new(args)?,
            response_timeout: args.redis_response_timeout,
            slot: Mutex::default(),
        };
        let connection = Self(Arc::new(shared));
        connection.live().await?;
        Ok(connection)
    }

    /// Sends one command.
    pub(super) async fn call<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, QueueError> {
        self.ask(command).await
    }

    /// Sends several commands at once; not a transaction.
    pub(super) async fn pipeline<T: FromRedisValue>(
        &self,
        pipeline: &Pipeline,
    ) -> Result<T, QueueError> {
        self.ask(pipeline).await
    }

    /// Runs a script, and loads it when Redis does not know it.
    pub(super) async fn run<T: FromRedisValue>(
        &self,
        script: &ScriptInvocation<'_>,
    ) -> Result<T, QueueError> {
        self.ask(script).await
    }

    /// Asks once more over a new connection when the one at hand turns out to be closed, as it is after a restart of
    /// Redis: every call of the queue may be made again.
    async fn ask<T: FromRedisValue>(&self, request: &impl Request) -> Result<T, QueueError> {
        let (generation, mut live) = self.live().await?;
        let mut answer = request.send(&mut live).await;
        self.note(generation, &answer).await;
        if answer.as_ref().is_err_and(reply_was_lost) {
            let (generation, mut live) = self.live().await?;
            answer = request.send(&mut live).await;
            self.note(generation, &answer).await;
        }
        let answer = answer?;
        T::from_redis_value(answer)
            .map_err(|error| QueueError::corrupt("an answer", error.to_string()))
    }

    /// A connection of its own for subscriptions.
    pub(super) async fn pubsub(&self) -> Result<PubSub, QueueError> {
        let attempt = timeout(CONNECT_TIMEOUT, self.0.target.pubsub());
        Ok(attempt.await.unwrap_or_else(|_| Err(timed_out()))?)
    }

    /// The connection, made if there is none. Callers that waited while another one failed share its error.
    async fn live(&self) -> Result<(u64, Live), RedisError> {
        let asked = Instant::now();
        let mut slot = self.0.slot.lock().await;
        if let Some(live) = &slot.live {
            return Ok((slot.generation, live.clone()));
        }
        if let Some((at, error)) = &slot.failed
            && *at > asked
        {
            return Err(error.clone());
        }
        let attempt = timeout(
            CONNECT_TIMEOUT,
            self.0.target.connect(self.0.response_timeout),
        );
        match attempt.await.unwrap_or_else(|_| Err(timed_out())) {
            Ok(live) => {
                slot.generation += 1;
                slot.failed = None;
                slot.live = Some(live.clone());
                Ok((slot.generation, live))
            }
            Err(error) => {
                slot.failed = Some((Instant::now(), error.clone()));
                Err(error)
            }
        }
    }

    /// Drops a connection that broke, so that the next call makes another.
    async fn note(&self, generation: u64, answer: &RedisResult<Value>) {
        if answer.as_ref().is_err_and(breaks_connection) {
            let mut slot = self.0.slot.lock().await;
            if slot.generation == generation {
                slot.live = None;
            }
        }
    }
}

/// Something that Redis answers.
trait Request: Sync {
    fn send<'a>(&'a self, live: &'a mut Live) -> RedisFuture<'a, Value>;
}

impl Request for Cmd {
    fn send<'a>(&'a self, live: &'a mut Live) -> RedisFuture<'a, Value> {
        Box::pin(self.query_async(live))
    }
}

impl Request for Pipeline {
    fn send<'a>(&'a self, live: &'a mut Live) -> RedisFuture<'a, Value> {
        Box::pin(self.query_async(live))
    }
}

impl Request for ScriptInvocation<'_> {
    fn send<'a>(&'a self, live: &'a mut Live) -> RedisFuture<'a, Value> {
        Box::pin(self.invoke_async(live))
    }
}

impl Target {
    fn new(args: &RedisArgs) -> Result<Self, QueueError> {
        let url = args.parse_url().map_err(QueueError::Setup)?;
        // rustls wants to be told which cryptography to use; whoever told it first is right.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let certificates = args.read_certificates().map_err(QueueError::Setup)?;
        Ok(match url {
            RedisUrl::Node(node) => Self::Node(client(node, certificates.as_ref())?),
            RedisUrl::Sentinel(url) => Self::Sentinel(Mutex::new(sentinel(url, certificates)?)),
            RedisUrl::Cluster(nodes) => {
                let mut builder = ClusterClient::builder(nodes.clone())
                    .connection_timeout(CONNECT_TIMEOUT)
                    .response_timeout(args.redis_response_timeout)
                    .retries(3);
                if let Some(certificates) = &certificates {
                    builder = builder.certs(certificates.clone());
                }
                let nodes = nodes
                    .into_iter()
                    .map(|node| client(node, certificates.as_ref()))
                    .collect::<RedisResult<_>>()?;
                Self::Cluster {
                    client: builder.build()?,
                    nodes,
                }
            }
        })
    }

    /// Boxed, as is `pubsub`, so that it is compiled here and not in every crate that waits for it.
    fn connect(&self, response_timeout: Duration) -> BoxFuture<'_, RedisResult<Live>> {
        Box::pin(async move {
            match self {
                Self::Node(client) => connect_node(client, response_timeout).await,
                Self::Sentinel(sentinel) => {
                    let client = sentinel.lock().await.async_get_client().await?;
                    connect_node(&client, response_timeout).await
                }
                Self::Cluster { client, .. } => {
                    Ok(Live::Cluster(client.get_async_connection().await?))
                }
            }
        })
    }

    /// Any node of a cluster will do: published messages reach all of them.
    fn pubsub(&self) -> BoxFuture<'_, RedisResult<PubSub>> {
        Box::pin(async move {
            match self {
                Self::Node(client) => client.get_async_pubsub().await,
                Self::Sentinel(sentinel) => {
                    let client = sentinel.lock().await.async_get_client().await?;
                    client.get_async_pubsub().await
                }
                Self::Cluster { nodes, .. } => {
                    let mut answer = Err(timed_out());
                    for node in nodes {
                        answer = node.get_async_pubsub().await;
                        if answer.is_ok() {
                            break;
                        }
                    }
                    answer
                }
            }
        })
    }
}

async fn connect_node(client: &Client, response_timeout: Duration) -> RedisResult<Live> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECT_TIMEOUT))
        .set_response_timeout(Some(response_timeout));
    let connection = client
        .get_multiplexed_async_connection_with_config(&config)
        .await?;
    Ok(Live::Node(connection))
}

fn client(node: ConnectionInfo, certificates: Option<&TlsCertificates>) -> RedisResult<Client> {
    match (node.addr(), certificates) {
        (ConnectionAddr::TcpTls { .. }, Some(certificates)) => {
            Client::build_with_tls(node, certificates.clone())
        }
        _ => Client::open(node),
    }
}

fn sentinel(
    url: SentinelUrl,
    certificates: Option<TlsCertificates>,
) -> RedisResult<SentinelClient> {
    let mut builder =
        SentinelClientBuilder::new(url.sentinels, url.master, SentinelServerType::Master)?
            .set_client_to_redis_db(url.redis.db());
    if let Some(user) = url.redis.username() {
        builder = builder.set_client_to_redis_username(user);
    }
    if let Some(password) = url.redis.password() {
        builder = builder.set_client_to_redis_password(password);
    }
    if let Some(user) = url.sentinel_user {
        builder = builder.set_client_to_sentinel_username(user);
    }
    if let Some(password) = url.sentinel_password {
        builder = builder.set_client_to_sentinel_password(password);
    }
    if url.tls {
        builder = builder
            .set_client_to_redis_tls_mode(TlsMode::Secure)
            .set_client_to_sentinel_tls_mode(TlsMode::Secure);
        if let Some(certificates) = certificates {
            builder = builder
                .set_client_to_redis_certificates(certificates.clone())
                .set_client_to_sentinel_certificates(certificates);
        }
    }
    builder.build()
}

fn timed_out() -> RedisError {
    std::io::Error::from(std::io::ErrorKind::TimedOut).into()
}

impl ConnectionLike for Live {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::Node(node) => node.req_packed_command(command),
            Self::Cluster(cluster) => cluster.req_packed_command(command),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::Node(node) => node.req_packed_commands(pipeline, offset, count),
            Self::Cluster(cluster) => cluster.req_packed_commands(pipeline, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::Node(node) => node.get_db(),
            Self::Cluster(cluster) => cluster.get_db(),
        }
    }
}
