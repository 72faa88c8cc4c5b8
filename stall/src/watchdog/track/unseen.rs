//! Stalls that end before a watchdog that is itself late has seen them last: told at their end, with an early stack at
//! best.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::{OpenStall, Track};
use crate::clock::now_ns;
use crate::report::{Class, Phase};
use crate::reporter::Event;
use crate::runtime::RuntimeEntry;
use crate::watchdog::NEXT_STALL;
use crate::watchdog::account::ThreadState;
use crate::watchdog::consumers::Consumers;
use crate::watchdog::threads::Threads;

impl Track {
    /// The only report of a poll that is over and was a stall, if it was surely one. The thread has noted its end.
    pub(crate) fn unseen_event(
        &mut self,
        consumers: &Consumers<'_>,
        threads: &mut Threads,
        runtime: Option<&Arc<RuntimeEntry>>,
    ) -> Option<Event> {
        if self.open.is_some() || self.observation.poll.is_none() {
            return None;
        }
        let threshold_ns = consumers.threshold_ns()?;
        let ended_ns = self.observation.slot.take_end()?;
        let wall_ns = self.stretch.surely_lasts_ns(ended_ns);
        if wall_ns < threshold_ns {
            return None;
        }
        let after = threads.look(self.observation.slot)?;
        if after.traced {
            return None;
        }
        let later_ns = now_ns().saturating_sub(ended_ns);
        let net_ns = self
            .stretch
            .net_until_ns(&self.account, ended_ns, later_ns, &after.sample)
            .min(wall_ns);
        if net_ns < threshold_ns {
            return None;
        }
        let mut report = self.report(Phase::Ended, wall_ns, net_ns, runtime);
        report.id = NEXT_STALL.fetch_add(1, Relaxed);
        report.run_queue_us = (wall_ns - net_ns) / 1000;
        report.class = match self.state {
            ThreadState::Sleeping => Class::Blocked,
            ThreadState::Runnable | ThreadState::Stopped => Class::Cpu,
        };
        let stack = self.early.stack();
        report.syscall = stack.as_ref().and_then(|stack| stack.syscall.clone());
        let stall = OpenStall {
            report,
            for_probe: consumers.probe_wants(net_ns),
            guards: consumers.guards_that_want(net_ns),
            dismissed: Arc::new(AtomicBool::new(false)),
        };
        Some(stall.event(stack))
    }
}

#[cfg(all(test, target_os = "linux", not(miri)))]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::engine::Lists;
    use crate::probe::Settings;
    use crate::watchdog::track::tests::{asleep, asleep_in_poll, sleeper};

    /// What is told of a poll that was last seen asleep and is over, by a probe with this threshold.
    fn told_of_a_sleeping_poll(threshold: Duration) -> Option<Event> {
        let (ask, told) = sleeper();
        let mut threads = Threads::default();
        let (observation, before) = asleep_in_poll(&told, &mut threads);
        let now = now_ns();
        let mut track = Track::begin(&observation, observation.start(now, now, 0), before);
        assert!(track.sample(false, &mut threads));
        ask.send(()).expect("it waits");
        asleep(&told, &mut threads);
        let settings = Settings {
            threshold,
            tick: threshold,
            hang_after: Duration::MAX,
            reports_per_minute: 1,
            on_stall: None,
        };
        let lists = Lists {
            settings: Some(Arc::new(settings)),
            ..Lists::default()
        };
        let consumers = Consumers::of(&observation, &lists);
        track.unseen_event(&consumers, &mut threads, None)
    }

    #[test]
    fn a_stall_that_ended_unseen_is_told_once_and_without_a_stack() {
        let event = told_of_a_sleeping_poll(Duration::from_nanos(1)).expect("longer than that");
        assert_eq!(event.report.phase, Phase::Ended);
        assert_eq!(event.report.class, Class::Blocked);
        assert!(event.for_probe && event.stack.is_none() && event.report.id > 0);
    }

    #[test]
    fn a_poll_that_was_no_stall_is_not_told() {
        assert!(told_of_a_sleeping_poll(Duration::from_secs(3600)).is_none());
    }
}
