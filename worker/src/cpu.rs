//! The one door to blocking work: a permit, a span, panic → error, and cancel.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use extract::Cancel;
use tokio::sync::Semaphore;
use tracing::Span;

use crate::config::ExtractOn;
use crate::failure::Failure;
use crate::stop::Stop;

/// How long work may take to notice that it was stopped before its slot is given up on.
const STOP_GRACE: Duration = Duration::from_secs(5);

/// Runs blocking work, at most `slots` pieces at once.
#[derive(Clone, Debug)]
pub(crate) struct Cpu {
    permits: Arc<Semaphore>,
    extract_on: ExtractOn,
}

impl Cpu {
    pub(crate) fn new(slots: usize, extract_on: ExtractOn) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(slots)),
            extract_on,
        }
    }

    /// Runs `work` until it returns or `stop` is triggered; a panic becomes [`Failure::Panicked`].
    ///
    /// The permit stays with the thread: work that ignores its flag keeps its slot until it ends,
    /// so that the number of busy threads never exceeds the number of slots.
    pub(crate) async fn run<T, F>(&self, stop: &Stop, work: F) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: FnOnce(&Cancel) -> T + Send + 'static,
    {
        let permit = tokio::select! {
            permit = Arc::clone(&self.permits).acquire_owned() => {
                permit.expect("the semaphore is never closed")
            }
            reason = stop.triggered() => return Err(Failure::Stopped(reason)),
        };
        let cancel = stop.blocking_work().clone();
        let span = Span::current();
        let guarded = move || {
            let _permit = permit;
            span.in_scope(|| catch_unwind(AssertUnwindSafe(|| work(&cancel))))
        };
        let ended = match self.extract_on {
            ExtractOn::BlockingPool => finish_or_abandon(stop, guarded).await?,
            ExtractOn::EventLoop => guarded(),
        };
        ended.map_err(|panic| Failure::Panicked(panic_message(&*panic)))
    }
}

async fn finish_or_abandon<T: Send + 'static>(
    stop: &Stop,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Failure> {
    #[expect(clippy::disallowed_methods, reason = "this is the one door")]
    let mut thread = tokio::task::spawn_blocking(work);
    let joined = tokio::select! {
        joined = &mut thread => joined,
        _ = stop.triggered() => tokio::time::timeout(STOP_GRACE, &mut thread)
            .await
            .map_err(|_| Failure::Stuck)?,
    };
    joined.map_err(|error| Failure::Internal(error.to_string()))
}

pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "no message".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stop::StopReason;

    #[tokio::test]
    async fn a_panic_is_an_error_and_frees_its_slot() {
        let cpu = Cpu::new(1, ExtractOn::BlockingPool);
        let stop = Stop::default();
        let failure = cpu
            .run(&stop, |_| -> () { panic!("boom") })
            .await
            .unwrap_err();
        assert!(matches!(failure, Failure::Panicked(text) if text == "boom"));
        assert_eq!(cpu.run(&stop, |_| 7).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn work_that_was_stopped_sees_its_flag() {
        let cpu = Cpu::new(1, ExtractOn::BlockingPool);
        let stop = Stop::default();
        let work = cpu.run(&stop, |cancel| {
            while !cancel.is_cancelled() {
                std::hint::spin_loop();
            }
            "stopped"
        });
        let (ended, ()) = tokio::join!(work, async { stop.trigger(StopReason::Cancelled) });
        assert_eq!(ended.unwrap(), "stopped");
    }

    #[tokio::test]
    async fn nothing_starts_without_a_free_slot() {
        let cpu = Cpu::new(1, ExtractOn::BlockingPool);
        let (first, second) = (Stop::default(), Stop::default());
        let busy = cpu.run(&first, |cancel| {
            while !cancel.is_cancelled() {
                std::hint::spin_loop();
            }
        });
        let waiting = async {
            tokio::task::yield_now().await;
            let started = cpu.run(&second, |_| "started");
            second.trigger(StopReason::Cancelled);
            let outcome = started.await;
            first.trigger(StopReason::Cancelled);
            outcome
        };
        let (_, outcome) = tokio::join!(busy, waiting);
        assert!(matches!(
            outcome,
            Err(Failure::Stopped(StopReason::Cancelled))
        ));
    }
}
