//! Pub/sub: work arrived, a job changed, a job is to stop. One subscription per channel serves every waiter of a process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use futures::StreamExt as _;
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tracing::{debug, warn};

use super::connection::Connection;
use super::{Keys, Queue, QueueError};
use crate::job::{JobId, JobRecord, State};

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
    /// The newest change; `None` when others may not have been heard of.
    changes: watch::Sender<Option<Change>>,
    cancelled: Arc<Notify>,
    watchers: usize,
}

/// Hears of every change of one job, from its creation on.
pub(super) struct Watch<'a> {
    board: &'a Board,
    job: JobId,
    changes: watch::Receiver<Option<Change>>,
    cancelled: Arc<Notify>,
}

/// What is announced of a job when it changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// The state that it is in now.
    pub state: State,
    /// Grows with each change.
    pub revision: u64,
}

impl Change {
    /// The one that made a record what it is.
    #[must_use]
    pub fn of(record: &JobRecord) -> Self {
        Self {
            state: record.state,
            revision: record.revision,
        }
    }

    fn parse(state: Option<&str>, revision: Option<&str>) -> Option<Self> {
        Some(Self {
            state: state?.parse().ok()?,
            revision: revision?.parse().ok()?,
        })
    }
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
        self.hear(channel).watch(job)
    }
}

impl Board {
    fn watch(&self, job: JobId) -> Watch<'_> {
        let mut watched = lock(&self.watched);
        let entry = watched.entry(job).or_default();
        entry.watchers += 1;
        Watch {
            board: self,
            job,
            changes: entry.changes.subscribe(),
            cancelled: Arc::clone(&entry.cancelled),
        }
    }

    /// What happened before a subscription was not heard. Of a cancellation the next renewal tells.
    fn begin(&self, channel: Channel) {
        match channel {
            Channel::Wake => self.work.notify_one(),
            Channel::Changed => {
                for watched in lock(&self.watched).values() {
                    watched.changes.send_replace(None);
                }
            }
            Channel::Cancel => {}
        }
    }

    fn tell(&self, channel: Channel, message: &str) {
        if channel == Channel::Wake {
            return self.work.notify_one();
        }
        let all = lock(&self.watched);
        let mut words = message.split(' ');
        while let Some(id) = words.next() {
            let watched = id.parse().ok().and_then(|id: JobId| all.get(&id));
            if channel == Channel::Cancel {
                if let Some(watched) = watched {
                    watched.cancelled.notify_waiters();
                }
                continue;
            }
            let change = Change::parse(words.next(), words.next());
            if let Some(watched) = watched {
                watched.changes.send_replace(change);
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
    /// From here on [`Watch::announced`] takes changes into account.
    pub(super) fn begin(&mut self) {
        self.changes.mark_unchanged();
    }

    /// Returns when a change that is `enough` is announced, or one may not have been heard of.
    pub(super) async fn announced(&mut self, enough: impl Fn(Change) -> bool) {
        // The sender is there for as long as somebody watches.
        while self.changes.changed().await.is_ok() {
            if self.changes.borrow_and_update().is_none_or(&enough) {
                return;
            }
        }
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

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    /// Whether one who waits for the end of a job goes on when this is heard.
    fn ends_the_waiting(job: JobId, hear: impl FnOnce(&Board)) -> bool {
        let board = Board::default();
        let mut watch = board.watch(job);
        watch.begin();
        hear(&board);
        let announced = watch.announced(|change| change.state.is_terminal());
        announced.now_or_never().is_some()
    }

    #[test]
    fn only_what_is_enough_ends_the_waiting_for_it() {
        let (job, other) = (JobId::generate(), JobId::generate());
        let tell =
            |message: String| ends_the_waiting(job, |board| board.tell(Channel::Changed, &message));
        assert!(!tell(format!("{job} running 2")));
        assert!(!tell(format!("{other} failed 3 {job} running 2")));
        assert!(tell(format!("{other} running 2 {job} succeeded 3")));
        assert!(tell(job.to_string()), "it says less than it might");
    }

    #[test]
    fn a_subscription_that_was_lost_ends_all_waiting() {
        let lost = |board: &Board| board.begin(Channel::Changed);
        assert!(ends_the_waiting(JobId::generate(), lost));
    }
}
