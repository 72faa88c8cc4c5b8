//! What there is to watch at this moment: polls that run, and workers that do no maintenance.

use std::sync::Arc;

use tokio::runtime::{Handle, RuntimeFlavor, RuntimeMetrics};

use crate::clock::{nanos, stamp_ns};
use crate::engine::Lists;
use crate::runtime::RuntimeEntry;
use crate::slot::{RunningPoll, ThreadSlot};
use crate::watchdog::numbered::Numbered;

/// A thing that can stall, told apart from tick to tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum TargetId {
    /// The poll on the thread of this slot (the slot's address).
    Poll(usize),
    /// Worker `index` of the runtime with this tokio id.
    Worker { runtime: u64, index: usize },
}

/// A target that has work.
#[derive(Clone, Copy)]
pub(crate) struct Observation {
    pub(crate) id: TargetId,
    /// Changes whenever the target makes progress.
    pub(crate) progress: [u64; 5],
    pub(crate) slot: &'static ThreadSlot,
    pub(crate) poll: Option<RunningPoll>,
    pub(crate) runtime: u64,
    pub(crate) worker: Option<usize>,
    pub(crate) guard: u64,
    pub(crate) scope: u64,
    /// Of a worker that calls our hooks: how long it was busy since the last tick, up to its last maintenance.
    worked_ns: Option<u64>,
}

/// Since when a target makes no progress.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start {
    /// The best estimate.
    pub(crate) likely_ns: u64,
    /// The latest that it can have been.
    pub(crate) latest_ns: u64,
}

/// Which slot's thread is worker `index` of a runtime: the one that parked or unparked as such last. After
/// `block_in_place` that is no longer the thread that called it.
type Owners = Numbered<(u64, usize), &'static ThreadSlot>;

/// Looks at everything, tick by tick, in memory that it keeps.
#[derive(Default)]
pub(crate) struct Observer {
    owners: Owners,
    /// How long each worker had been busy in all at the last tick, by runtime and index.
    busy_times: Numbered<(u64, usize), u64>,
}

impl Observer {
    /// Puts into `busy` what has work now. True if a thread may start work without waking the watchdog, so that it must
    /// keep ticking.
    pub(crate) fn observe(
        &mut self,
        slots: &[&'static ThreadSlot],
        lists: &Lists,
        busy: &mut Vec<Observation>,
    ) -> bool {
        find_owners(slots, &mut self.owners);
        busy.clear();
        for slot in slots {
            let Some(poll) = slot.running_poll() else {
                continue;
            };
            let observation = Observation::of_poll(slot, poll);
            // What was read about the poll is about this one only if it still runs.
            if slot.seq() == poll.seq && holds_its_worker(slot, &self.owners) {
                busy.push(observation);
            }
        }
        let mut must_poll = false;
        for (id, runtime) in &lists.runtimes {
            let Some(handle) = runtime.handle() else {
                continue;
            };
            let workers = Workers {
                id: *id,
                runtime,
                handle: &handle,
                slots,
                owners: &self.owners,
            };
            must_poll |= workers.observe(&mut self.busy_times, busy);
        }
        must_poll
    }

    /// Forgets the runtimes that are not in `lists`.
    pub(crate) fn keep(&mut self, lists: &Lists) {
        self.busy_times
            .retain(|(runtime, _), _| lists.runtimes.contains_key(runtime));
    }
}

/// True for a runtime whose one thread works only while somebody drives it.
pub(crate) fn is_current_thread(runtime: &RuntimeEntry) -> bool {
    runtime
        .handle()
        .is_some_and(|handle| handle.runtime_flavor() == RuntimeFlavor::CurrentThread)
}

impl Observation {
    pub(crate) fn of_poll(slot: &'static ThreadSlot, poll: RunningPoll) -> Self {
        Self {
            id: TargetId::Poll(address_of(slot)),
            progress: [poll.seq, 0, 0, 0, 0],
            slot,
            poll: Some(poll),
            runtime: slot.runtime(),
            worker: slot.worker(),
            guard: slot.guard(),
            scope: slot.scope(),
            worked_ns: None,
        }
    }

    /// True if the target has made no progress since; `runtime` is the one it is in.
    pub(crate) fn still_holds(&self, runtime: Option<&Arc<RuntimeEntry>>) -> bool {
        match self.id {
            TargetId::Poll(_) => self.slot.seq() == self.progress[0],
            TargetId::Worker { index, .. } => runtime
                .and_then(|runtime| runtime.handle())
                .is_some_and(|handle| {
                    worker_progress(&handle.metrics(), index, self.slot) == self.progress
                }),
        }
    }

    /// How long its worker has been busy since this was observed, up to its last maintenance; `None` if it had none.
    pub(crate) fn busy_since_ns(&self, runtime: Option<&Arc<RuntimeEntry>>) -> Option<u64> {
        let handle = runtime?.handle()?;
        let busy_ns = busy_ns(&handle.metrics(), self.worker?);
        Some(busy_ns.saturating_sub(self.progress[0])).filter(|busy_ns| *busy_ns > 0)
    }

    /// When this began: exactly if the poll is timed. Else it was after the last tick, and most likely when the thread was
    /// woken, or after all the work that its worker counts since then, or in the middle (of no more than two ticks, should
    /// this one be late).
    pub(crate) fn start(&self, last_tick_ns: u64, now: u64, tick_ns: u64) -> Start {
        if let Some(start) = self.poll.and_then(|poll| poll.start) {
            // Later than `now` if the watchdog was kept from running before it observed: then that time is not the poll's.
            let start_ns = stamp_ns(start);
            return Start {
                likely_ns: start_ns,
                latest_ns: start_ns,
            };
        }
        let woken_ns = Some(self.slot.unparked_ns())
            .filter(|woken_ns| *woken_ns > last_tick_ns && *woken_ns <= now);
        // Whatever else it did since then and since it was woken is counted as work.
        let worked_until = |worked_ns| woken_ns.unwrap_or(last_tick_ns).saturating_add(worked_ns);
        let latest_ns = self
            .worked_ns
            .map(|worked_ns| worked_until(worked_ns).min(now));
        let middle_ns = now - (now - last_tick_ns).min(2 * tick_ns) / 2;
        Start {
            likely_ns: woken_ns.or(latest_ns).unwrap_or(middle_ns),
            latest_ns: latest_ns.unwrap_or(now),
        }
    }
}

/// The workers of one runtime.
struct Workers<'a> {
    id: u64,
    runtime: &'a Arc<RuntimeEntry>,
    handle: &'a Handle,
    slots: &'a [&'static ThreadSlot],
    owners: &'a Owners,
}

impl Workers<'_> {
    /// See [`Observer::observe`].
    fn observe(
        &self,
        busy_times: &mut Numbered<(u64, usize), u64>,
        busy: &mut Vec<Observation>,
    ) -> bool {
        let metrics = self.handle.metrics();
        let mut must_poll = false;
        for index in 0..metrics.num_workers() {
            let busy_ns = busy_ns(&metrics, index);
            let before = busy_times.insert((self.id, index), busy_ns);
            let Some(slot) = self.slot_of(index) else {
                continue;
            };
            must_poll |= !self.runtime.is_hooked();
            let progress = worker_progress(&metrics, index, slot);
            let [_, park_unpark_count, seq, ..] = progress;
            let (in_a_poll, parked) = (seq & 1 == 1, park_unpark_count & 1 == 1);
            if in_a_poll || parked {
                continue;
            }
            let before = before.filter(|_| self.runtime.is_hooked());
            busy.push(Observation {
                id: TargetId::Worker {
                    runtime: self.id,
                    index,
                },
                progress,
                slot,
                poll: None,
                runtime: self.id,
                worker: Some(index),
                guard: 0,
                scope: slot.scope(),
                worked_ns: before.map(|before| busy_ns.saturating_sub(before)),
            });
        }
        must_poll
    }

    fn slot_of(&self, index: usize) -> Option<&'static ThreadSlot> {
        if self.handle.runtime_flavor() == RuntimeFlavor::CurrentThread {
            let mut slots = self.slots.iter().copied();
            slots.find(|slot| slot.drives() == self.id)
        } else {
            self.owners.get(&(self.id, index)).copied()
        }
    }
}

fn busy_ns(metrics: &RuntimeMetrics, index: usize) -> u64 {
    nanos(metrics.worker_total_busy_duration(index))
}

/// `on_thread_park` notes when it is called before the runtime counts the park.
fn worker_progress(metrics: &RuntimeMetrics, index: usize, slot: &'static ThreadSlot) -> [u64; 5] {
    [
        busy_ns(metrics, index),
        metrics.worker_park_unpark_count(index),
        slot.seq(),
        slot.parked(),
        address_of(slot) as u64,
    ]
}

fn find_owners(slots: &[&'static ThreadSlot], owners: &mut Owners) {
    owners.clear();
    for slot in slots {
        let seen = slot.last_seen();
        if let Some(worker) = slot.worker()
            && seen > 0
        {
            let owner = owners.entry((slot.runtime(), worker)).or_insert(slot);
            if owner.last_seen() < seen {
                *owner = slot;
            }
        }
    }
}

/// False for a thread that has handed its worker's queue to another one.
pub(crate) fn keeps_its_worker(slot: &'static ThreadSlot, slots: &[&'static ThreadSlot]) -> bool {
    let mut owners = Owners::default();
    find_owners(slots, &mut owners);
    holds_its_worker(slot, &owners)
}

/// False after `block_in_place`: the worker's queue went to another thread, so holding this one holds up nobody.
fn holds_its_worker(slot: &'static ThreadSlot, owners: &Owners) -> bool {
    let owner = slot
        .worker()
        .and_then(|worker| owners.get(&(slot.runtime(), worker)));
    owner.is_none_or(|owner| std::ptr::eq(*owner, slot))
}

fn address_of(slot: &'static ThreadSlot) -> usize {
    std::ptr::from_ref(slot).addr()
}

#[cfg(all(test, not(miri)))]
mod tests {
    use super::*;
    use crate::clock::{now_ns, stamp};
    use crate::slot;

    #[test]
    fn a_poll_that_began_after_the_tick_is_not_older_than_it_is() {
        let now = now_ns();
        let slot = slot::current().expect("this thread lives");
        slot.begin_poll(stamp(), 0);
        let poll = slot.running_poll().expect("it runs");
        slot.end_poll();
        let start = Observation::of_poll(slot, poll).start(now, now, 0);
        assert!(start.latest_ns > now && start.likely_ns > now, "{start:?}");
    }
}
