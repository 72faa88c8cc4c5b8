//! Samples of a thread from `/proc` (Linux); nothing elsewhere.

use crate::slot::ThreadSlot;
use crate::watchdog::account::Sample;

/// A sample, and whether a debugger is attached.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    pub(crate) sample: Sample,
    pub(crate) traced: bool,
}

/// The calling thread's own statistics, kept open: read at every tick.
#[derive(Debug)]
pub(crate) struct OwnStatistics {
    #[cfg(target_os = "linux")]
    schedstat: Option<std::fs::File>,
}

impl OwnStatistics {
    /// Opens those of the calling thread.
    pub(crate) fn open() -> Self {
        Self {
            #[cfg(target_os = "linux")]
            schedstat: std::fs::File::open("/proc/thread-self/schedstat").ok(),
        }
    }

    /// Run-queue wait of the thread so far, in nanoseconds.
    #[cfg(target_os = "linux")]
    pub(crate) fn run_delay_ns(&self) -> Option<u64> {
        use std::os::unix::fs::FileExt;

        let mut text = [0; 128];
        let length = self.schedstat.as_ref()?.read_at(&mut text, 0).ok()?;
        second_number(std::str::from_utf8(text.get(..length)?).ok()?)
    }

    #[cfg(not(target_os = "linux"))]
    pub(crate) fn run_delay_ns(&self) -> Option<u64> {
        None
    }
}

/// Looks at the thread of `slot`. `None` where the system does not tell, or the thread is gone.
#[cfg(target_os = "linux")]
pub(crate) fn look(slot: &ThreadSlot) -> Option<Look> {
    let tid = slot.tid();
    let status = std::fs::read_to_string(format!("/proc/self/task/{tid}/status")).ok()?;
    let schedstat = std::fs::read_to_string(format!("/proc/self/task/{tid}/schedstat")).ok()?;
    let cpu_ns = crate::os::cpu_time_ns(slot.cpu_clock())?;
    parse(&status, &schedstat, cpu_ns, crate::clock::now_ns())
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn look(_slot: &ThreadSlot) -> Option<Look> {
    None
}

/// `status` and `schedstat` as in proc_pid_status(5) and the kernel's sched-stats document.
#[cfg(target_os = "linux")]
fn parse(status: &str, schedstat: &str, cpu_ns: u64, at_ns: u64) -> Option<Look> {
    use crate::watchdog::account::ThreadState;

    let field = |name: &str| {
        status
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .map(str::trim)
    };
    let state = match field("State:")?.as_bytes().first()? {
        b'R' => ThreadState::Runnable,
        b'T' | b't' => ThreadState::Stopped,
        _ => ThreadState::Sleeping,
    };
    let sleeps = field("voluntary_ctxt_switches:")?.parse().ok()?;
    let traced = field("TracerPid:").is_some_and(|pid| pid != "0");
    let run_delay_ns = second_number(schedstat)?;
    Some(Look {
        sample: Sample {
            at_ns,
            cpu_ns,
            run_delay_ns,
            sleeps,
            state,
        },
        traced,
    })
}

#[cfg(target_os = "linux")]
fn second_number(line: &str) -> Option<u64> {
    line.split_ascii_whitespace().nth(1)?.parse().ok()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::watchdog::account::ThreadState;

    const STATUS: &str = "Name:\ttokio-rt-worker\nState:\tD (disk sleep)\nTracerPid:\t0\nnonvoluntary_ctxt_switches:\t7\nvoluntary_ctxt_switches:\t150\n";

    #[test]
    fn reads_the_fields_by_name() {
        let look = parse(STATUS, "1005307 1142974 2\n", 42, 77).expect("complete");
        assert_eq!(look.sample.state, ThreadState::Sleeping);
        assert_eq!(
            (look.sample.sleeps, look.sample.run_delay_ns),
            (150, 1_142_974)
        );
        assert_eq!(
            (look.sample.cpu_ns, look.sample.at_ns, look.traced),
            (42, 77, false)
        );
    }

    #[test]
    fn sees_a_debugger() {
        let traced = STATUS.replace("TracerPid:\t0", "TracerPid:\t31");
        assert!(parse(&traced, "0 0 0", 0, 1).expect("complete").traced);
    }

    #[test]
    fn text_it_does_not_know_gives_no_sample() {
        assert!(parse("State:\tS", "0 0 0", 0, 1).is_none());
        assert!(parse(STATUS, "", 0, 1).is_none());
    }
}
