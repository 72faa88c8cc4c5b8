//! Pub/sub: work arrived, a job changed, a job is to stop. One subscription per channel serves every waiter of a process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
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

/// Hears each channel from the first time that somebody waits for it: a message costs Redis time for every subscriber,
/// and no process needs all of them. Ends its subscriptions when it is dropped.
pub(super) struct Signals {
    board: Arc<Board>,
    connection: Connection,
    keys: Keys,
    subscribers: [OnceLock<AbortHandle>; Channel::ALL],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Channel {
    /// A job became claimable.
    Wake,
    /// Jobs have a new revision.
    Changed,
    /// A running job is to stop.
    Cancel,
}

impl Channel {
    const ALL: usize = 3;

    fn name(self) -> &'static str {
        match self {
            Self::Wake => "wake",
            Self::Changed => "changed",
            Self::Cancel => "cancel",
        }
    }
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
        let board = self.0.signals.hear(Channel::Wake);
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
        let watch = self.0.signals.watch(Channel::Cancel, job);
        watch.cancelled.notified().await;
    }
}

impl Signals {
    pub(super) fn new(connection: &Connection, keys: &Keys) -> Self {
        Self {
            board: Arc::default(),
            connection: connection.clone(),
            keys: keys.clone(),
            subscribers: Default::default(),
        }
    }

    fn hear(&self, channel: Channel) -> &Board {
        self.subscribers[channel as usize].get_or_init(|| {
            let (connection, name) = (self.connection.clone(), self.keys.of(channel.name()));
            let listening = listen(connection, channel, name, Arc::clone(&self.board));
            tokio::spawn(listening).abort_handle()
        });
        &self.board
    }

    /// Wakes one waiter, or the next that comes.
    pub(super) fn work_arrived(&self) {
        self.board.work.notify_one();
    }

    /// Notes when the clock alone will make a job claimable.
    pub(super) fn expect_work(&self, due: Option<Duration>) {
        *lock(&self.board.due) = due.map(|due| Instant::now() + due);
    }

    /// Hears of every change of `job`.
    pub(super) fn watch_changes(&self, job: JobId) -> Watch<'_> {
        self.watch(Channel::Changed, job)
    }

    fn watch(&self, channel: Channel, job: JobId) -> Watch<'_> {
        let board = self.hear(channel);
        let mut watched = lock(&board.watched);
        let entry = watched.entry(job).or_default();
        entry.watchers += 1;
        Watch {
            board,
            job,
            changed: Arc::clone(&entry.changed),
            cancelled: Arc::clone(&entry.cancelled),
        }
    }
}

impl Board {
    /// What happened before a subscription was not heard. Of a cancellation the next renewal tells.
    fn begin(&self, channel: Channel) {
        match channel {
            Channel::Wake => self.work.notify_one(),
            Channel::Changed => {
                for watched in lock(&self.watched).values() {
                    watched.changed.notify_waiters();
                }
            }
            Channel::Cancel => {}
        }
    }

    fn tell(&self, channel: Channel, message: &str) {
        if channel == Channel::Wake {
            return self.work.notify_one();
        }
        let jobs = message.split(' ').filter_map(|id| id.parse().ok());
        for job in jobs {
            if let Some(watched) = lock(&self.watched).get::<JobId>(&job) {
                match channel {
                    Channel::Cancel => watched.cancelled.notify_waiters(),
                    Channel::Wake | Channel::Changed => watched.changed.notify_waiters(),
                }
            }
        }
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        for subscriber in &self.subscribers {
            if let Some(subscriber) = subscriber.get() {
                subscriber.abort();
            }
        }
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
async fn listen(connection: Connection, channel: Channel, name: String, board: Arc<Board>) {
    let mut wait = Duration::ZERO;
    loop {
        let subscribed = Instant::now();
        let Err(error) = hear(&connection, channel, &name, &board).await;
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
    channel: Channel,
    name: &str,
    board: &Board,
) -> Result<std::convert::Infallible, QueueError> {
    let (mut sink, mut messages) = connection.pubsub().await?.split();
    sink.subscribe(name).await?;
    board.begin(channel);
    loop {
        match timeout(PING_EVERY, messages.next()).await {
            Ok(Some(message)) => {
                board.tell(
                    channel,
                    &message.get_payload::<String>().unwrap_or_default(),
                );
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
