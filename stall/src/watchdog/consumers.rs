//! Who wants to know about a stall: the installed probe, and the guards whose future or runtime it is.

use std::sync::Arc;

use crate::clock::nanos;
use crate::engine::Lists;
use crate::guard::GuardState;
use crate::probe::Settings;
use crate::watchdog::target::Observation;

/// The consumers of one observation.
#[derive(Debug)]
pub(crate) struct Consumers<'a> {
    probe: Option<&'a Arc<Settings>>,
    guards: Vec<&'a Arc<GuardState>>,
}

impl<'a> Consumers<'a> {
    pub(crate) fn of(observation: &Observation, lists: &'a Lists) -> Self {
        let guards = lists
            .guards
            .iter()
            .filter(|guard| guard.covers(observation.guard, observation.runtime))
            .collect();
        Self {
            probe: lists.settings.as_ref(),
            guards,
        }
    }

    /// The lowest threshold of all; `None` if nobody cares.
    pub(crate) fn threshold_ns(&self) -> Option<u64> {
        let of_guards = self.guards.iter().map(|guard| nanos(guard.threshold()));
        of_guards
            .chain(self.probe.map(|settings| nanos(settings.threshold)))
            .min()
    }

    pub(crate) fn hang_after_ns(&self) -> Option<u64> {
        self.probe.map(|settings| nanos(settings.hang_after))
    }

    /// True if a stall of `net_ns` is one for the installed probe.
    pub(crate) fn probe_wants(&self, net_ns: u64) -> bool {
        self.probe
            .is_some_and(|settings| net_ns >= nanos(settings.threshold))
    }

    /// The guards for which a stall of `net_ns` is one.
    pub(crate) fn guards_that_want(&self, net_ns: u64) -> Vec<Arc<GuardState>> {
        self.guards
            .iter()
            .filter(|guard| net_ns >= nanos(guard.threshold()))
            .map(|guard| Arc::clone(guard))
            .collect()
    }
}
