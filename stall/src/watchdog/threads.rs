//! What the watchdog keeps of each thread: its statistics, and how much CPU time it had used at the last tick.

use crate::clock::now_ns;
use crate::os;
use crate::procfs::{Look, Statistics};
use crate::slot::ThreadSlot;
use crate::watchdog::numbered::Numbered;

/// The threads looked at so far, by the address of their slot.
#[derive(Debug, Default)]
pub(crate) struct Threads(Numbered<usize, Known>);

#[derive(Debug)]
struct Known {
    tid: i32,
    mark: Mark,
    /// Marks since its run-queue wait was read.
    marks: u32,
    statistics: Option<Statistics>,
}

/// What a thread had used at some moment.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mark {
    pub(crate) at_ns: u64,
    /// CPU time.
    pub(crate) cpu_ns: u64,
    /// Run-queue wait, without one that was going on; of that moment or, if the thread was busy, somewhat earlier.
    pub(crate) run_delay_ns: u64,
}

/// A busy thread's run-queue wait is read at every so many marks only, as that takes longer than all else: what it waits
/// meanwhile may be taken for waiting after the mark, which accuses nobody.
const MARKS_PER_RUN_DELAY: u32 = 8;

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

    /// What the thread of `slot` had used at the last [`Self::mark`].
    pub(crate) fn last_mark(&mut self, slot: &'static ThreadSlot) -> Mark {
        self.known(slot).mark
    }

    /// Notes what the threads have used, but for those that have been parked since the last time, or never polled.
    pub(crate) fn mark(&mut self, slots: &[&'static ThreadSlot]) {
        for slot in slots.iter().filter(|slot| slot.was_used()) {
            let known = self.known(slot);
            let was_parked = slot.is_parked() && known.mark.at_ns >= slot.parked_ns();
            if was_parked && known.marks == 0 {
                continue;
            }
            known.mark(slot.cpu_clock(), was_parked);
        }
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
            mark: slot.mark_at_start(),
            marks: MARKS_PER_RUN_DELAY - 1,
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
    /// Notes what the thread has used by now; all of it if `exactly`.
    fn mark(&mut self, cpu_clock: i32, exactly: bool) {
        let at_ns = now_ns();
        let Some(cpu_ns) = os::cpu_time_ns(cpu_clock) else {
            return;
        };
        self.marks = (self.marks + 1) % MARKS_PER_RUN_DELAY;
        if exactly || self.marks == 0 {
            let Some(run_delay_ns) = self.statistics().and_then(|known| known.run_delay_ns())
            else {
                return;
            };
            self.mark.run_delay_ns = run_delay_ns;
            self.marks = 0;
        }
        self.mark.at_ns = at_ns;
        self.mark.cpu_ns = cpu_ns;
    }

    fn statistics(&mut self) -> Option<&mut Statistics> {
        if self.statistics.is_none() {
            self.statistics = Statistics::open(self.tid);
        }
        self.statistics.as_mut()
    }
}

fn address_of(slot: &'static ThreadSlot) -> usize {
    std::ptr::from_ref(slot).addr()
}

#[cfg(all(test, target_os = "linux", not(miri)))]
mod tests {
    use std::thread;

    use super::*;
    use crate::slot;

    const BUSY_NS: u64 = 20_000_000;

    #[test]
    fn what_a_thread_computed_before_it_was_known_is_not_its_first_poll() {
        let busy = thread::spawn(|| {
            while os::own_cpu_time_ns() < BUSY_NS {}
            let slot = slot::current().expect("a living thread");
            let mark = Threads::default().last_mark(slot);
            (mark, now_ns())
        });
        let (mark, later_ns) = busy.join().expect("no panic");
        assert!(mark.cpu_ns >= BUSY_NS, "{mark:?}");
        assert!((1..=later_ns).contains(&mark.at_ns), "{mark:?}");
    }
}
