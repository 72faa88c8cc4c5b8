//! Watched futures: every poll is bracketed and timed, with tokio's stable API only.

use std::future::Future;
use std::hash::{Hash, Hasher};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::{Handle, RuntimeFlavor};

use crate::clock::stamp;
use crate::slot::{self, ThreadSlot};
use crate::{engine, watchdog};

/// Watches each poll of `future` exactly, once a probe is installed: for libraries, which do not install one.
///
/// ```
/// # async fn run() {
/// tokio::spawn(stall::watch(async { /* ... */ })).await;
/// # }
/// ```
pub fn watch<F: Future>(future: F) -> Watched<F> {
    Watched::new(future)
}

/// A future whose polls are watched exactly: start, end and stack. Made by [`watch`] and [`crate::StallProbe::watch`].
///
/// As the root future of `block_on` on a current-thread runtime it also tells the probe that this thread drives the
/// runtime, so that stalls in spawned tasks are seen too (as `worker_busy`).
#[must_use = "futures do nothing unless polled"]
#[derive(Debug)]
pub struct Watched<F> {
    place: Option<Place>,
    future: F,
}

/// Where a future runs; found at its first poll.
#[derive(Debug)]
struct Place {
    task: u64,
    runtime: u64,
    driving: Option<Driving>,
}

impl<F> Watched<F> {
    pub(crate) fn new(future: F) -> Self {
        Self {
            place: None,
            future,
        }
    }
}

impl<F: Future> Future for Watched<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        // SAFETY: `future` is never moved out of `self`; `place` is not pinned by anyone; there is no `Drop` impl.
        let this = unsafe { self.get_unchecked_mut() };
        // SAFETY: `this` came out of a `Pin`, so the future inside stays where it is.
        let future = unsafe { Pin::new_unchecked(&mut this.future) };
        let Some(slot) = slot::current() else {
            return future.poll(context);
        };
        let place = this.place.get_or_insert_with(|| Place::find(slot));
        slot.set_place(place.runtime, tokio::runtime::worker_index());
        let _poll = PollBracket::begin(slot, place.task);
        let outcome = future.poll(context);
        if outcome.is_ready() {
            place.driving = None;
        }
        outcome
    }
}

impl Place {
    #[cold]
    fn find(slot: &'static ThreadSlot) -> Self {
        let task = tokio::task::try_id().map_or(0, |id| number_of(&id));
        let handle = Handle::try_current().ok();
        let runtime = handle.as_ref().map_or(0, |handle| number_of(&handle.id()));
        let root = task == 0
            && handle.is_some_and(|handle| handle.runtime_flavor() == RuntimeFlavor::CurrentThread);
        Self {
            task,
            runtime,
            driving: root.then(|| Driving::begin(slot, runtime)),
        }
    }
}

/// This thread drives a current-thread runtime for as long as the value lives.
#[derive(Debug)]
pub(crate) struct Driving {
    slot: &'static ThreadSlot,
    runtime: u64,
    before: u64,
}

impl Driving {
    pub(crate) fn begin(slot: &'static ThreadSlot, runtime: u64) -> Self {
        let before = slot.drives();
        slot.set_drives(runtime);
        Self {
            slot,
            runtime,
            before,
        }
    }
}

impl Drop for Driving {
    fn drop(&mut self) {
        self.slot.set_drives(self.before);
        engine::forget_pending_wakeup(self.runtime);
    }
}

/// Marks one poll on the slot, also when the poll unwinds.
pub(crate) struct PollBracket {
    slot: Option<&'static ThreadSlot>,
}

impl PollBracket {
    #[inline]
    pub(crate) fn begin(slot: &'static ThreadSlot, task: u64) -> Self {
        let outermost = slot.begin_poll(stamp(), task);
        watchdog::wake_if_asleep();
        Self {
            slot: outermost.then_some(slot),
        }
    }
}

impl Drop for PollBracket {
    #[inline]
    fn drop(&mut self) {
        if let Some(slot) = self.slot {
            slot.end_poll();
        }
    }
}

/// The number inside one of tokio's opaque ids. They show it by `Display` only, too slow for each poll; hashing a
/// one-field newtype hands the same number to the hasher.
#[inline]
pub(crate) fn number_of(id: &impl Hash) -> u64 {
    struct Number(u64);
    impl Hasher for Number {
        #[inline]
        fn write_u64(&mut self, number: u64) {
            self.0 = number;
        }
        fn write(&mut self, bytes: &[u8]) {
            for byte in bytes {
                self.0 = self.0 << 8 | u64::from(*byte);
            }
        }
        fn finish(&self) -> u64 {
            self.0
        }
    }
    let mut number = Number(0);
    id.hash(&mut number);
    number.0
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::pin::pin;
    use std::task::Waker;

    use super::*;

    fn is_in_a_poll(slot: &ThreadSlot) -> bool {
        slot.running_poll().is_some()
    }

    #[test]
    fn a_poll_is_marked_as_long_as_it_runs() {
        let slot = slot::current().expect("this thread lives");
        let mut context = Context::from_waker(Waker::noop());
        let mut watched = pin!(watch(async {
            let text = String::from("kept");
            let borrowed = &text;
            assert!(is_in_a_poll(slot));
            tokio::task::yield_now().await;
            assert!(is_in_a_poll(slot));
            borrowed.len()
        }));
        assert!(watched.as_mut().poll(&mut context).is_pending());
        assert!(!is_in_a_poll(slot));
        assert_eq!(watched.poll(&mut context), Poll::Ready(4));
        assert!(!is_in_a_poll(slot));
    }

    #[test]
    fn a_poll_that_panics_is_over() {
        let slot = slot::current().expect("this thread lives");
        let mut context = Context::from_waker(Waker::noop());
        let mut watched = Box::pin(watch(async {
            // Not a panic, whose hook would print.
            std::panic::resume_unwind(Box::new(()));
        }));
        let poll = AssertUnwindSafe(|| watched.as_mut().poll(&mut context));
        assert!(catch_unwind(poll).is_err());
        assert!(!is_in_a_poll(slot));
    }
}
