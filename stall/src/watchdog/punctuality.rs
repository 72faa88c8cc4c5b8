//! Was the watchdog itself late, and for a reason that stopped the whole process?

use std::time::Duration;

use crate::clock::{nanos, now_ns};
use crate::os;
use crate::procfs::OwnStatistics;

/// Stops shorter than this are not worth telling from timer noise.
const NOISE: Duration = Duration::from_millis(5);
/// Timers are late by more than this only if the machine itself was stopped.
const LATEST_TIMER: Duration = Duration::from_millis(100);

/// Its own run-queue wait is read again once it may have grown by this much.
const UNKNOWN_WAIT: Duration = Duration::from_millis(2);
/// Who is awake for longer may have gone to sleep meanwhile: as one that waits for a sleeping thread's stack does.
const AWAKE: Duration = Duration::from_micros(100);

/// Knows how long the watchdog's own thread has waited for a CPU, and how often it slept.
///
/// A watchdog that wakes late because the machine is busy has that wait in its own run-queue time. Lateness beyond it
/// may be a late timer, as the idle CPU of a virtual machine has it, which stops nobody else. But a stopped process
/// (SIGSTOP, a debugger, the freezer) has each of its threads go to sleep once more, in the signal: then the watched
/// threads did not run either, and that time says nothing about them.
#[derive(Debug)]
pub(crate) struct Punctuality {
    own: OwnStatistics,
    run_delay_ns: Option<u64>,
    /// The most that the thread can have waited since that was read: as long as it was late or awake.
    waited_at_most_ns: u64,
    woke_ns: u64,
    /// How often it has gone to sleep, if it is known.
    sleeps: Option<u64>,
}

impl Punctuality {
    pub(crate) fn new() -> Self {
        Self {
            own: OwnStatistics::open(),
            run_delay_ns: None,
            waited_at_most_ns: u64::MAX,
            woke_ns: 0,
            sleeps: None,
        }
    }

    /// The thread sleeps from here on, once, until [`Self::unexplained_pause`].
    pub(crate) fn goes_to_sleep(&mut self) {
        let awake_ns = now_ns().saturating_sub(self.woke_ns);
        self.may_have_waited(awake_ns);
        if self.waited_at_most_ns > nanos(UNKNOWN_WAIT) {
            self.run_delay_ns = self.own.run_delay_ns();
            self.waited_at_most_ns = 0;
            self.sleeps = None;
        }
        if awake_ns > nanos(AWAKE) || self.sleeps.is_none() {
            self.sleeps = Some(os::own_sleeps());
        }
    }

    /// How long the process was stopped, if it was, for a thread that meant to wake at `planned_ns`.
    pub(crate) fn unexplained_pause(&mut self, planned_ns: u64) -> Option<u64> {
        self.woke_ns = now_ns();
        let late_ns = match self.woke_ns.checked_sub(planned_ns) {
            Some(late_ns) if late_ns <= nanos(NOISE) => {
                self.may_have_waited(late_ns);
                self.sleeps = self.sleeps.map(|sleeps| sleeps + 1);
                return None;
            }
            Some(late_ns) => late_ns,
            None => {
                // Nobody knows when it was woken, nor whether it slept.
                self.may_have_waited(u64::MAX);
                self.sleeps = None;
                return None;
            }
        };
        let waited_ns = match (self.run_delay_ns, self.own.run_delay_ns()) {
            (Some(before), Some(now)) => now.saturating_sub(before),
            _ => 0,
        };
        let waited_ns = waited_ns.saturating_sub(self.waited_at_most_ns);
        self.may_have_waited(late_ns);
        let sleeps = self.sleeps.take();
        let sleeps = sleeps.map_or(0, |before| os::own_sleeps().saturating_sub(before));
        stopped_for_ns(late_ns, waited_ns, sleeps)
    }

    fn may_have_waited(&mut self, for_ns: u64) {
        self.waited_at_most_ns = self.waited_at_most_ns.saturating_add(for_ns);
    }
}

/// How long its process was stopped, if it was, for a thread that woke `late_ns` after its timer, of which it waited
/// `waited_ns` for a CPU, and went to sleep `sleeps` times for it.
fn stopped_for_ns(late_ns: u64, waited_ns: u64, sleeps: u64) -> Option<u64> {
    let excused = if sleeps > 1 { NOISE } else { LATEST_TIMER };
    let unexplained_ns = late_ns.saturating_sub(waited_ns);
    (unexplained_ns > nanos(excused)).then_some(unexplained_ns)
}

#[cfg(test)]
mod tests {
    use super::stopped_for_ns;

    const MS: u64 = 1_000_000;

    #[test]
    fn a_late_timer_is_not_a_stopped_process() {
        assert_eq!(stopped_for_ns(50 * MS, 0, 1), None);
    }

    #[test]
    fn a_stopped_process_has_its_threads_sleep_once_more() {
        assert_eq!(stopped_for_ns(50 * MS, 0, 2), Some(50 * MS));
    }

    #[test]
    fn no_timer_is_late_by_seconds() {
        assert_eq!(stopped_for_ns(3000 * MS, 0, 1), Some(3000 * MS));
    }

    #[test]
    fn waiting_for_a_cpu_is_not_a_stop() {
        assert_eq!(stopped_for_ns(3000 * MS, 2999 * MS, 2), None);
    }
}
