//! Was the watchdog itself late, and for a reason that stopped the whole process?

use std::time::Duration;

use crate::clock::{nanos, now_ns};
use crate::procfs::OwnStatistics;

/// Pauses shorter than this are timer noise.
const NOISE: Duration = Duration::from_millis(5);

/// Knows how long the watchdog's own thread has waited for a CPU.
///
/// A watchdog that wakes late because the machine is busy has that wait in its own run-queue time. Lateness beyond it
/// means that the thread was not even allowed to run: SIGSTOP, a debugger, a paused virtual machine. The watched
/// threads were then stopped too, so that time says nothing about them.
#[derive(Debug)]
pub(crate) struct Punctuality {
    own: OwnStatistics,
    run_delay_ns: Option<u64>,
}

impl Punctuality {
    pub(crate) fn new() -> Self {
        let own = OwnStatistics::open();
        Self {
            run_delay_ns: own.run_delay_ns(),
            own,
        }
    }

    /// How long the process was stopped since the last call, if it was, for a thread that meant to wake at `planned_ns`.
    pub(crate) fn unexplained_pause(&mut self, planned_ns: u64, tick: Duration) -> Option<u64> {
        let late_ns = now_ns().saturating_sub(planned_ns);
        let run_delay_ns = self.own.run_delay_ns();
        let waited_ns = match (self.run_delay_ns, run_delay_ns) {
            (Some(before), Some(now)) => now.saturating_sub(before),
            _ => 0,
        };
        self.run_delay_ns = run_delay_ns;
        let unexplained_ns = late_ns.saturating_sub(waited_ns);
        (unexplained_ns > nanos(tick.max(NOISE))).then_some(unexplained_ns)
    }
}
