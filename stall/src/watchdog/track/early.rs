//! A stack taken before it is needed: when it is, the poll may be over, or the watchdog late.

use std::sync::Arc;

use super::Track;
use crate::capture::{Capturer, RawStack};
use crate::runtime::RuntimeEntry;

/// The early stack is taken at this part of the threshold.
const PART: u64 = 2;

/// The early stack of one target.
#[derive(Debug)]
pub(super) enum Early {
    /// Not yet.
    Later,
    /// Tried for; `None` if it could not be had or was used.
    Tried(Option<RawStack>),
}

impl Early {
    /// The stack, if there is one, once.
    pub(super) fn stack(&mut self) -> Option<RawStack> {
        match self {
            Self::Later => None,
            Self::Tried(stack) => stack.take(),
        }
    }
}

impl Track {
    /// Takes the early stack if it is time to: after a look at the thread.
    pub(crate) fn prepare(
        &mut self,
        threshold_ns: u64,
        capturer: &mut Capturer,
        runtime: Option<&Arc<RuntimeEntry>>,
    ) {
        if self.waits_for_early_stack() && self.net_ns >= threshold_ns / PART {
            let stack = self.fresh_stack(capturer, runtime);
            self.early = Early::Tried(stack);
        }
    }

    /// The stack as it is now, if it surely is that of this target.
    pub(super) fn fresh_stack(
        &self,
        capturer: &mut Capturer,
        runtime: Option<&Arc<RuntimeEntry>>,
    ) -> Option<RawStack> {
        let seq = self.observation.poll.map(|poll| poll.seq);
        capturer
            .take(self.observation.slot, seq, self.activity())
            .filter(|_| self.observation.still_holds(runtime))
    }

    /// When to look next: at `goal_ns`, or before, if the early stack is still to be taken.
    pub(super) fn early_goal_ns(&self, goal_ns: u64, threshold_ns: u64) -> u64 {
        if self.waits_for_early_stack() && self.net_ns < threshold_ns / PART {
            goal_ns.min(threshold_ns / PART)
        } else {
            goal_ns
        }
    }

    fn waits_for_early_stack(&self) -> bool {
        self.open.is_none() && matches!(self.early, Early::Later)
    }
}

#[cfg(all(
    test,
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64"),
    not(miri)
))]
mod tests {
    use super::super::Observation;
    use super::super::tests::{asleep, sleeper};
    use super::*;
    use crate::clock::now_ns;
    use crate::watchdog::threads::Threads;

    const THRESHOLD_NS: u64 = 2;

    #[test]
    fn a_stack_is_put_by_while_the_poll_runs_and_used_once() {
        let (ask, told) = sleeper();
        let (mut threads, mut capturer) = (Threads::default(), Capturer::new());
        let (slot, before) = asleep(&told, &mut threads);
        let poll = slot.running_poll().expect("it sleeps in it");
        let observation = Observation::of_poll(slot, poll);
        let mut begin = || {
            let now = now_ns();
            let mut track = Track::begin(&observation, observation.start(now, now, 0), before);
            assert!(track.sample(false, &mut threads));
            track
        };
        let (mut in_time, mut too_late) = (begin(), begin());
        in_time.prepare(THRESHOLD_NS, &mut capturer, None);
        assert!(in_time.early.stack().is_none(), "too early");
        in_time.net_ns = THRESHOLD_NS / PART;
        in_time.prepare(THRESHOLD_NS, &mut capturer, None);
        ask.send(()).expect("it waits");
        asleep(&told, &mut Threads::default());
        assert!(in_time.early.stack().is_some());
        assert!(in_time.early.stack().is_none());
        too_late.net_ns = THRESHOLD_NS / PART;
        too_late.prepare(THRESHOLD_NS, &mut capturer, None);
        assert!(too_late.early.stack().is_none());
    }
}
