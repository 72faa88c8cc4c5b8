//! Guards for tests: a future that must not stall its thread.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeFlavor};

use crate::engine::{self, Engine};
use crate::report::StallReport;
use crate::runtime::{self, RuntimeEntry};
use crate::slot::{self, ThreadSlot};
use crate::watch::{Watched, number_of};

/// What a guard does about what it found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Action {
    /// Writes to stderr.
    Warn,
    /// Emits a `tracing` event for each stall, target `stall`.
    #[cfg(feature = "tracing")]
    Log,
    /// Panics, so that a test fails.
    #[default]
    Panic,
}

/// Runs `future` and panics with the stacks if one of its polls held the thread for `threshold` or longer.
///
/// Time in which the thread got no CPU from the kernel does not count. As (part of) the root future of a
/// current-thread runtime, as in a plain `#[tokio::test]`, the guard covers all tasks of that runtime.
///
/// # Panics
///
/// If there was a stall, or if the probe's threads cannot be started.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use std::time::Duration;
/// stall::deny_stalls(Duration::from_millis(10), tokio::time::sleep(Duration::from_millis(30))).await;
/// # }
/// ```
pub async fn deny_stalls<F: Future>(threshold: Duration, future: F) -> F::Output {
    deny_stalls_with(Action::Panic, threshold, future).await
}

/// Like [`deny_stalls`], with a choice of what happens.
///
/// # Panics
///
/// With [`Action::Panic`] if there was a stall; if the probe's threads cannot be started.
pub async fn deny_stalls_with<F: Future>(
    action: Action,
    threshold: Duration,
    future: F,
) -> F::Output {
    let guard = Guard::start(threshold);
    let output = Guarded::new(&guard, Watched::new(future)).await;
    act(action, threshold, &guard.finish().await);
    output
}

/// Does what `action` says about `stalls`.
pub(crate) fn act(action: Action, threshold: Duration, stalls: &[StallReport]) {
    if stalls.is_empty() {
        return;
    }
    match action {
        Action::Warn => warn(&describe(threshold, stalls)),
        #[cfg(feature = "tracing")]
        Action::Log => stalls.iter().for_each(crate::reporter::log),
        Action::Panic => panic!("{}", describe(threshold, stalls)),
    }
}

#[expect(clippy::print_stderr, reason = "what `Action::Warn` is for")]
pub(crate) fn warn(text: &str) {
    eprintln!("{text}");
}

fn describe(threshold: Duration, stalls: &[StallReport]) -> String {
    let mut text = format!(
        "{} of {threshold:?} or longer on a runtime thread",
        count(stalls.len(), "stall")
    );
    for stall in stalls {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n{stall}");
    }
    text
}

pub(crate) fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// An active guard; inactive when dropped.
pub(crate) struct Guard {
    engine: &'static Arc<Engine>,
    state: Arc<GuardState>,
}

impl Guard {
    /// # Panics
    ///
    /// If the probe's threads cannot be started: a guard that watches nothing must not pass for one.
    pub(crate) fn start(threshold: Duration) -> Self {
        static NEXT_ID: AtomicU64 = AtomicU64::new(1);
        let engine =
            engine::start().unwrap_or_else(|error| panic!("the stall probe cannot start: {error}"));
        let state = Arc::new(GuardState {
            id: NEXT_ID.fetch_add(1, Relaxed),
            threshold,
            runtime: AtomicU64::new(0),
            entry: Mutex::default(),
            stalls: Mutex::default(),
        });
        engine.add_guard(Arc::clone(&state));
        Self { engine, state }
    }

    /// Covers all tasks of the runtime `handle`, not only the guarded future.
    pub(crate) fn cover(&self, handle: &Handle) {
        self.state.cover(handle);
    }

    /// The stalls found, oldest first.
    pub(crate) async fn finish(self) -> Vec<StallReport> {
        // The poll that brought us here must be over before the watchdog can see its end.
        tokio::task::yield_now().await;
        // The reporter lives as long as the process; were it gone, there would be nothing to wait for.
        drop(self.engine.flush().await);
        self.state.take()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.state.uncover();
        self.engine.remove_guard(self.state.id);
    }
}

/// What the watchdog and the reporter know of a guard.
#[derive(Debug)]
pub(crate) struct GuardState {
    id: u64,
    threshold: Duration,
    /// Tokio's id of the runtime that is covered whole, 0 for none.
    runtime: AtomicU64,
    entry: Mutex<Option<Arc<RuntimeEntry>>>,
    stalls: Mutex<BTreeMap<u64, StallReport>>,
}

impl GuardState {
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    pub(crate) fn threshold(&self) -> Duration {
        self.threshold
    }

    /// A quarter of the threshold, so that no stall fits between two looks.
    pub(crate) fn tick(&self) -> Duration {
        (self.threshold / 4).max(Duration::from_micros(250))
    }

    /// True if a stall in a poll under `guard` on `runtime` is for this guard.
    pub(crate) fn covers(&self, guard: u64, runtime: u64) -> bool {
        guard == self.id || (runtime != 0 && runtime == self.runtime.load(Relaxed))
    }

    /// Keeps the latest phase of a stall.
    pub(crate) fn record(&self, report: &StallReport) {
        self.lock().insert(report.id, report.clone());
    }

    fn take(&self) -> Vec<StallReport> {
        std::mem::take(&mut *self.lock()).into_values().collect()
    }

    fn cover(&self, handle: &Handle) {
        self.runtime.store(number_of(&handle.id()), Relaxed);
        let entry = runtime::attach(handle, "guarded", false);
        entry.add_guard();
        if let Some(before) = self.lock_entry().replace(entry) {
            before.remove_guard();
        }
    }

    fn uncover(&self) {
        if let Some(entry) = self.lock_entry().take() {
            entry.remove_guard();
        }
    }

    fn lock_entry(&self) -> MutexGuard<'_, Option<Arc<RuntimeEntry>>> {
        self.entry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, StallReport>> {
        self.stalls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The future of a guard: tells the slot in each poll whose poll it is.
pub(crate) struct Guarded<F> {
    state: Arc<GuardState>,
    entered: bool,
    inner: Watched<F>,
}

impl<F> Guarded<F> {
    pub(crate) fn new(guard: &Guard, inner: Watched<F>) -> Self {
        Self {
            state: Arc::clone(&guard.state),
            entered: false,
            inner,
        }
    }
}

impl<F: Future> Future for Guarded<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        // SAFETY: `inner` is never moved out of `self`; the other fields are not pinned; there is no `Drop` impl.
        let this = unsafe { self.get_unchecked_mut() };
        // SAFETY: `this` came out of a `Pin`, so the future inside stays where it is.
        let inner = unsafe { Pin::new_unchecked(&mut this.inner) };
        let Some(slot) = slot::current() else {
            return inner.poll(context);
        };
        if !this.entered {
            this.entered = true;
            cover_if_root(&this.state);
        }
        let _restore = Restore {
            slot,
            outer: slot.swap_guard(this.state.id),
        };
        inner.poll(context)
    }
}

/// Under `block_on` of a current-thread runtime the whole runtime is this thread.
fn cover_if_root(state: &GuardState) {
    if tokio::task::try_id().is_none()
        && let Ok(handle) = Handle::try_current()
        && handle.runtime_flavor() == RuntimeFlavor::CurrentThread
    {
        state.cover(&handle);
    }
}

/// Puts the outer guard back, also when the poll unwinds.
struct Restore {
    slot: &'static ThreadSlot,
    outer: u64,
}

impl Drop for Restore {
    fn drop(&mut self) {
        self.slot.swap_guard(self.outer);
    }
}
