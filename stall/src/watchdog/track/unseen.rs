//! Stalls that end before a watchdog that is itself late has seen them last: told at their end, without a stack.

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
        let stall = OpenStall {
            report,
            for_probe: consumers.probe_wants(net_ns),
            guards: consumers.guards_that_want(net_ns),
            dismissed: Arc::new(AtomicBool::new(false)),
        };
        Some(stall.event(None))
    }
}
