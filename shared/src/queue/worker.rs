//! Who works here: the registry of workers, kept by their heartbeat.

use std::fmt;
use std::str::FromStr;

use redis::{cmd, pipe};
use thiserror::Error;

use crate::timestamp::Timestamp;

use super::record::Fields;
use super::{Queue, QueueError};

/// Workers answered by [`Queue::workers`] at most.
const LISTED: usize = 1000;

/// The name of one worker process: 1 to 128 of `A-Z a-z 0-9 _ . -`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkerId(String);

/// A text that is no [`WorkerId`].
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("a worker id is 1 to 128 of A-Z a-z 0-9 _ . -")]
pub struct InvalidWorkerId;

impl FromStr for WorkerId {
    type Err = InvalidWorkerId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
        if (1..=128).contains(&text.len()) && text.chars().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidWorkerId)
        }
    }
}

impl fmt::Display for WorkerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl WorkerId {
    /// As it stands in Redis.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a worker says of itself with every heartbeat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerInfo {
    /// Its name.
    pub id: WorkerId,
    /// The machine it runs on.
    pub host: String,
    /// Its process id there.
    pub pid: u32,
    /// The version of its program.
    pub version: String,
    /// Jobs it can run at once.
    pub slots: u32,
    /// Jobs it runs.
    pub running: u32,
    /// Its newest heartbeat, by Redis' clock; zero until there was one.
    pub seen_at: Timestamp,
}

impl WorkerInfo {
    /// The fields of the worker's hash that the worker itself sets.
    pub(super) fn fields(&self) -> [(&'static str, String); 5] {
        [
            ("host", self.host.clone()),
            ("pid", self.pid.to_string()),
            ("version", self.version.clone()),
            ("slots", self.slots.to_string()),
            ("running", self.running.to_string()),
        ]
    }

    fn decode(id: &str, fields: &Fields) -> Option<Self> {
        let text = |name: &str| fields.get(name).map(String::as_str);
        Some(Self {
            id: id.parse().ok()?,
            host: text("host")?.to_owned(),
            pid: text("pid")?.parse().ok()?,
            version: text("version")?.to_owned(),
            slots: text("slots")?.parse().ok()?,
            running: text("running")?.parse().ok()?,
            seen_at: Timestamp::from_millis(text("seen_at")?.parse().ok()?),
        })
    }
}

impl Queue {
    /// The workers that were heard of lately, the latest first; at most 1,000.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn workers(&self) -> Result<Vec<WorkerInfo>, QueueError> {
        let queue = &self.0;
        let ids: Vec<String> = queue
            .connection
            .call(
                cmd("ZREVRANGE")
                    .arg(queue.keys.of("workers"))
                    .arg(0)
                    .arg(LISTED - 1),
            )
            .await?;
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut hashes = pipe();
        for id in &ids {
            hashes.hgetall(queue.keys.worker(id));
        }
        let hashes: Vec<Fields> = queue.connection.pipeline(&hashes).await?;
        let found = ids.iter().zip(&hashes);
        Ok(found
            .filter_map(|(id, fields)| WorkerInfo::decode(id, fields))
            .collect())
    }

    /// Forgets a worker that ends; its leases must have been finished or released.
    ///
    /// # Errors
    /// [`QueueError`]; the worker is forgotten after a while anyway.
    pub async fn deregister(&self, worker: &WorkerId) -> Result<(), QueueError> {
        let queue = &self.0;
        let mut calls = pipe();
        calls
            .zrem(queue.keys.of("workers"), worker.as_str())
            .ignore();
        calls.del(queue.keys.worker(worker.as_str())).ignore();
        queue.connection.pipeline(&calls).await
    }
}
