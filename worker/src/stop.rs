//! Ends one attempt from outside, and remembers why.

use std::sync::{Arc, OnceLock};

use extract::Cancel;
use tokio_util::sync::CancellationToken;

/// Why an attempt was told to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StopReason {
    /// The client cancelled the job.
    Cancelled,
    /// Another worker took the lease over.
    LeaseLost,
    /// This worker shuts down and its grace time is over.
    Drained,
    /// The attempt took longer than it may.
    TimedOut,
}

/// Shared by everyone who may end an attempt; the first reason counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stop {
    reason: Arc<OnceLock<StopReason>>,
    async_work: CancellationToken,
    blocking_work: Cancel,
}

impl Stop {
    /// Tells the attempt to end: its futures at their next poll, its extraction within 100 ms.
    pub(crate) fn trigger(&self, reason: StopReason) {
        if self.reason.set(reason).is_ok() {
            self.blocking_work.cancel();
            self.async_work.cancel();
        }
    }

    /// The first reason that was given.
    pub(crate) fn reason(&self) -> Option<StopReason> {
        self.reason.get().copied()
    }

    /// Completes with the reason once there is one.
    pub(crate) async fn triggered(&self) -> StopReason {
        self.async_work.cancelled().await;
        *self
            .reason
            .get()
            .expect("the reason is set before the token is cancelled")
    }

    /// The flag that the extraction looks at.
    pub(crate) fn blocking_work(&self) -> &Cancel {
        &self.blocking_work
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_reason_counts() {
        let stop = Stop::default();
        assert_eq!(stop.reason(), None);
        stop.trigger(StopReason::Cancelled);
        stop.trigger(StopReason::Drained);
        assert_eq!(stop.triggered().await, StopReason::Cancelled);
        assert!(stop.blocking_work().is_cancelled());
    }
}
