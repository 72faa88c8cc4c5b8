//! The queue: jobs in Redis, leased to one worker at a time. Every change is one Lua script.

mod backoff; // when the next attempt starts
mod claim; // jobs for free slots
mod connection; // one node, Sentinel or Cluster; reconnects
mod control; // cancel, retry, delete
mod count; // depth, counts, the oldest wait
mod error; // QueueError
mod finish; // how attempts end
mod lease; // renew, progress
mod list; // an owner's jobs, page by page
mod lookup; // one job: its record, its place, its next change
mod record; // the hash in Redis ↔ JobRecord
mod script; // the *.lua files beside this one
mod signals; // pub/sub: work arrived, a job changed
mod submit; // a new job, idempotency keys
mod sweep; // housekeeping in bounded steps
mod worker; // who works here

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::config::{QueueArgs, RedisArgs};
use crate::job::JobId;

use connection::Connection;
use script::Scripts;
use signals::Signals;

pub use claim::{CLAIMED_AT_ONCE, Claim};
pub use control::{CancelAnswer, DeleteAnswer, RetryAnswer};
pub use count::Counts;
pub use error::QueueError;
pub use finish::{Finished, Outcome};
pub use lease::{Lease, ProgressAnswer, Renewal};
pub use list::{Cursor, InvalidCursor, JobPage, ListQuery};
pub use record::RECORD_VERSION;
pub use signals::Change;
pub use submit::{
    Announced, Full, IdempotencyKey, InvalidIdempotencyKey, NewJob, Reservation, Submitted, Whose,
};
pub use worker::{InvalidWorkerId, WorkerId, WorkerInfo};

/// How long a process that starts waits for a Redis that is away, and how long between two tries.
const START_PATIENCE: Duration = Duration::from_secs(15);
const START_PAUSE: Duration = Duration::from_millis(250);

/// One queue in one Redis. Clones share a connection and a subscriber.
#[derive(Clone)]
pub struct Queue(Arc<Inner>);

struct Inner {
    args: QueueArgs,
    keys: Keys,
    connection: Connection,
    scripts: Scripts,
    signals: Signals,
}

impl Queue {
    /// Connects, and refuses a server on which jobs could be lost.
    ///
    /// # Errors
    /// [`QueueError::Unavailable`] when Redis does not answer, [`QueueError::Setup`] when the address is none or
    /// the server is older than 6.2 or may evict keys (`maxmemory-policy` must be `noeviction`).
    pub async fn connect(redis: &RedisArgs, queue: &QueueArgs) -> Result<Self, QueueError> {
        let connection = Connection::open(redis).await?;
        let keys = Keys::new(&queue.queue_name);
        let signals = Signals::new(&connection, &keys);
        let inner = Inner {
            args: queue.clone(),
            keys,
            connection,
            scripts: Scripts::load(),
            signals,
        };
        inner.check_server().await?;
        Ok(Self(Arc::new(inner)))
    }

    /// Connects as [`Queue::connect`] does, for a process that starts: a Redis that is away may just be starting too, or
    /// changing its roles.
    ///
    /// # Errors
    /// As [`Queue::connect`]; an outage after 15 seconds.
    pub async fn connect_at_start(
        redis: &RedisArgs,
        queue: &QueueArgs,
    ) -> Result<Self, QueueError> {
        let began = Instant::now();
        loop {
            match Self::connect(redis, queue).await {
                Err(error) if error.is_transient() && began.elapsed() < START_PATIENCE => {
                    tracing::warn!(%error, "waiting for redis");
                    sleep(START_PAUSE).await;
                }
                outcome => return outcome,
            }
        }
    }

    /// Whether Redis answers, as a readiness probe asks it.
    ///
    /// # Errors
    /// [`QueueError`] when it does not.
    pub async fn ping(&self) -> Result<(), QueueError> {
        // A command with a key, so that in a cluster the node of the queue answers.
        let mut exists = redis::cmd("EXISTS");
        exists.arg(self.0.keys.of("counts"));
        self.0.connection.call::<u32>(&exists).await.map(|_| ())
    }

    /// The numbers that bound this queue.
    #[must_use]
    pub fn args(&self) -> &QueueArgs {
        &self.0.args
    }
}

impl Inner {
    async fn check_server(&self) -> Result<(), QueueError> {
        let call = self.prepare(&self.scripts.server);
        let (version, policy): (String, String) = self.run(&call).await?;
        let mut numbers = version
            .split('.')
            .map(|part| part.parse::<u32>().unwrap_or(0));
        if (numbers.next(), numbers.next()) < (Some(6), Some(2)) {
            return Err(QueueError::Setup(format!(
                "redis 6.2 or newer is needed, this is {version}"
            )));
        }
        if !matches!(policy.as_str(), "noeviction" | "") {
            return Err(QueueError::Setup(format!(
                "redis may evict jobs: maxmemory-policy is {policy}, it must be noeviction"
            )));
        }
        Ok(())
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Queue")
            .field(&self.0.args.queue_name)
            .finish()
    }
}

/// Builds the name of every key. All carry the hash tag `{name}`, so that a queue stays on one cluster slot.
#[derive(Clone, Debug)]
struct Keys {
    prefix: String,
}

impl Keys {
    fn new(queue_name: &str) -> Self {
        Self {
            prefix: format!("{{{queue_name}}}:"),
        }
    }

    fn of(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    fn job(&self, id: JobId) -> String {
        format!("{}job:{id}", self.prefix)
    }

    fn worker(&self, id: &str) -> String {
        format!("{}worker:{id}", self.prefix)
    }
}

/// Whole milliseconds, as the scripts take them.
fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
