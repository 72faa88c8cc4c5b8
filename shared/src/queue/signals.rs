//! Pub/sub: work arrived, a job changed, a job is to stop. One subscription per process serves every waiter.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::StreamExt as _;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tracing::{debug, warn};

use super::connection::Connection;
use super::{Keys, Queue, QueueError};
use crate::job::JobId;

/// How often the subscription is tested, and how long the answer may take.
const PING_EVERY: Duration = Duration::from_secs(10);
/// The longest wait between two attempts to subscribe.
const RECONNECT_CAP: Duration = Duration::from_secs(5);

/// Ends its subscription when it is dropped.
pub(super) struct Signals {
    board: Arc<Board>,
    subscriber: AbortHandle,
}

#[derive(Default)]
struct Board {
    work: Notify,
    /// When the clock alone makes a job claimable.
    due: Mutex<Option<Instant>>,
    watched: Mutex<HashMap<JobId, Watched>>,
}

#[derive(Default)]
struct Watched {
    changed: Arc<Notify>,
    cancelled: Arc<Notify>,
    watchers: usize,
}

/// Hears of every change of one job, from its creation on.
pub(super) struct Watch<'a> {
    board: &'a Board,
    job: JobId,
    changed: Arc<Notify>,
    cancelled: Arc<Notify>,
}

impl Queue {
    /// Returns when a job may be claimable: one was queued since the last [`Queue::claim`] that found none, one
    /// became due, or `at_most` is over.
    pub async fn wait_for_work(&self, at_most: Duration) {
        let board = &self.0.signals.board;
        let mut until = Instant::now() + at_most;
        if let Some(due) = *lock(&board.due) {
            until = until.min(due);
        }
        // Over means: claim and see.
        let _ = timeout_at(until, board.work.notified()).await;
    }

    /// Returns when a client asks for a running job to be cancelled. A request made while Redis could not be heard is
    /// not seen here: renewal and progress tell of it as well.
    pub async fn cancel_requested(&self, job: JobId) {
        let watch = self.0.signals.watch(job);
        watch.cancelled.notified().await;
    }
}

impl Signals {
    pub(super) fn subscribe(connection: &Connection, keys: &Keys) -> Self {
        let board = Arc::new(Board::default());
        let task = tokio::spawn(listen(connection.clone(), keys.clone(), Arc::clone(&board)));
        Self {
            board,
            subscriber: task.abort_handle(),
        }
    }

    /// Wakes one waiter, or the next that comes.
    pub(super) fn work_arrived(&self) {
        self.board.work.notify_one();
    }

    /// Notes when the clock alone will make a job claimable.
    pub(super) fn expect_work(&self, due: Option<Duration>) {
        *lock(&self.board.due) = due.map(|due| Instant::now() + due);
    }

    pub(super) fn watch(&self, job: JobId) -> Watch<'_> {
        let mut watched = lock(&self.board.watched);
        let entry = watched.entry(job).or_default();
        entry.watchers += 1;
        Watch {
            board: &self.board,
            job,
            changed: Arc::clone(&entry.changed),
            cancelled: Arc::clone(&entry.cancelled),
        }
    }
}

impl Board {
    fn tell(&self, job: JobId, cancelled: bool) {
        if let Some(watched) = lock(&self.watched).get(&job) {
            match cancelled {
                true => watched.cancelled.notify_waiters(),
                false => watched.changed.notify_waiters(),
            }
        }
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        self.subscriber.abort();
    }
}

impl Watch<'_> {
    pub(super) fn changed(&self) -> Notified<'_> {
        self.changed.notified()
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        let mut watched = lock(&self.board.watched);
        if let Some(entry) = watched.get_mut(&self.job) {
            entry.watchers -= 1;
            if entry.watchers == 0 {
                watched.remove(&self.job);
            }
        }
    }
}

/// Subscribes, again and again.
async fn listen(connection: Connection, keys: Keys, board: Arc<Board>) {
    let mut wait = Duration::ZERO;
    loop {
        let subscribed = Instant::now();
        let Err(error) = hear(&connection, &keys, &board).await;
        if subscribed.elapsed() > PING_EVERY {
            wait = Duration::ZERO;
        }
        if wait.is_zero() {
            warn!(%error, "lost the subscription to redis; polling until it is back");
        } else {
            debug!(%error, "no subscription to redis yet");
        }
        wait = (wait * 2).clamp(Duration::from_millis(100), RECONNECT_CAP);
        sleep(wait.mul_f64(rand::random::<f64>().max(0.5))).await;
    }
}

/// Passes messages on until the subscription breaks.
async fn hear(
    connection: &Connection,
    keys: &Keys,
    board: &Board,
) -> Result<std::convert::Infallible, QueueError> {
    let [wake, changed, cancel] = ["wake", "changed", "cancel"].map(|name| keys.of(name));
    let (mut sink, mut messages) = connection.pubsub().await?.split();
    sink.subscribe(&[&wake, &changed, &cancel]).await?;
    // What happened before this moment was not heard.
    board.work.notify_one();
    for watched in lock(&board.watched).values() {
        watched.changed.notify_waiters();
    }
    loop {
        match timeout(PING_EVERY, messages.next()).await {
            Ok(Some(message)) if message.get_channel_name() == wake => board.work.notify_one(),
            Ok(Some(message)) => {
                let ids = message.get_payload::<String>().unwrap_or_default();
                for job in ids.split(' ').filter_map(|id| id.parse().ok()) {
                    board.tell(job, message.get_channel_name() == cancel);
                }
            }
            Ok(None) => return Err(QueueError::Unavailable("connection lost".to_owned())),
            Err(_) => match timeout(PING_EVERY, sink.ping::<()>()).await {
                Ok(answer) => answer?,
                Err(_) => return Err(QueueError::Unavailable("no answer in time".to_owned())),
            },
        }
    }
}

/// The data behind these locks is valid at every moment, so a panic elsewhere does not spoil it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
