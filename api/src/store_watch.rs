//! `StoreWatch`: whether the object store answers, known before a client has sent its file.

use std::time::Duration;

use shared::store::ObjectStore;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use tracing::{info, warn};

/// How often the store is asked when nothing else was heard of it.
const INTERVAL: Duration = Duration::from_secs(1);
/// How long it may take to answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// What is known of the store.
#[derive(Debug)]
pub(crate) struct StoreWatch {
    last: watch::Sender<Option<News>>,
}

#[derive(Clone, Debug)]
struct News {
    at: Instant,
    /// Why it is away; nothing when it answers.
    away: Option<String>,
}

impl StoreWatch {
    pub(crate) fn new() -> Self {
        Self {
            last: watch::Sender::new(None),
        }
    }

    /// Asks again and again, until it is dropped.
    pub(crate) async fn run(&self, store: &ObjectStore) {
        loop {
            let asked = Instant::now();
            let away = match timeout(PATIENCE, store.check()).await {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(error.to_string()),
                Err(_) => Some("no answer in time".to_owned()),
            };
            if away.is_none() || !self.heard_since(asked) {
                self.note(away);
            }
            while self.heard_since(Instant::now() - INTERVAL) {
                sleep(INTERVAL / 4).await;
            }
        }
    }

    /// A call of somebody's succeeded.
    pub(crate) fn answered(&self) {
        self.note(None);
    }

    /// Why the store is away; nothing while it answers, and before it was asked for the first time.
    pub(crate) fn away(&self) -> Option<String> {
        self.last.borrow().as_ref()?.away.clone()
    }

    /// Waits until it was asked once.
    pub(crate) async fn first_news(&self) {
        // The sender is our own and cannot be gone.
        let _ = self.last.subscribe().wait_for(Option::is_some).await;
    }

    fn heard_since(&self, moment: Instant) -> bool {
        let last = self.last.borrow();
        last.as_ref().is_some_and(|news| news.at > moment)
    }

    fn note(&self, away: Option<String>) {
        let at = Instant::now();
        let before = self.last.send_replace(Some(News {
            at,
            away: away.clone(),
        }));
        let was_away = before.is_some_and(|news| news.away.is_some());
        match away {
            Some(reason) if !was_away => warn!(reason, "the object store is away"),
            None if was_away => info!("the object store is back"),
            _ => {}
        }
    }
}
