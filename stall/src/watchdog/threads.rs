//! What the watchdog keeps of each thread it looks at: its statistics, and how much CPU time it had used when.

use std::collections::HashMap;

use crate::os;
use crate::procfs::{Look, Statistics};
use crate::slot::ThreadSlot;

/// The threads looked at so far, by the address of their slot.
#[derive(Debug, Default)]
pub(crate) struct Threads(HashMap<usize, Known>);

#[derive(Debug)]
struct Known {
    tid: i32,
    mark: Mark,
    statistics: Option<Statistics>,
}

/// What a thread had used at some moment in the poll seen last, that is before the next one. Zeros: before everything.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mark {
    /// CPU time.
    pub(crate) cpu_ns: u64,
    /// Run-queue wait, without one that was going on.
    pub(crate) run_delay_ns: u64,
}

impl Threads {
    /// Looks at the thread of `slot`. `None` where the system does not tell, or the thread is gone.
    pub(crate) fn look(&mut self, slot: &'static ThreadSlot) -> Option<Look> {
        let known = self.known(slot);
        let look = known.statistics()?.look(slot.cpu_clock());
        if look.is_none() {
            known.statistics = None;
        }
        look
    }

    /// A poll was seen for the first time. Returns what its thread had used at some moment before.
    pub(crate) fn begin_poll(&mut self, slot: &'static ThreadSlot) -> Mark {
        let known = self.known(slot);
        let run_delay_ns = known.statistics().and_then(Statistics::run_delay_ns);
        let mark = Mark {
            cpu_ns: os::cpu_time_ns(slot.cpu_clock()).unwrap_or(0),
            run_delay_ns: run_delay_ns.unwrap_or(0),
        };
        std::mem::replace(&mut known.mark, mark)
    }

    /// A poll is over in which its thread had used `mark` at the last look.
    pub(crate) fn end_poll(&mut self, slot: &'static ThreadSlot, mark: Mark) {
        self.known(slot).mark = mark;
    }

    /// Closes what belongs to threads that are gone.
    pub(crate) fn keep(&mut self, slots: &[&'static ThreadSlot]) {
        self.0
            .retain(|address, _| slots.iter().any(|slot| address_of(slot) == *address));
    }

    fn known(&mut self, slot: &'static ThreadSlot) -> &mut Known {
        let tid = slot.tid();
        let new = || Known {
            tid,
            mark: Mark::default(),
            statistics: None,
        };
        let known = self.0.entry(address_of(slot)).or_insert_with(new);
        if known.tid != tid {
            *known = new();
        }
        known
    }
}

impl Known {
    fn statistics(&mut self) -> Option<&Statistics> {
        if self.statistics.is_none() {
            self.statistics = Statistics::open(self.tid);
        }
        self.statistics.as_ref()
    }
}

fn address_of(slot: &'static ThreadSlot) -> usize {
    std::ptr::from_ref(slot).addr()
}
