//! Samples of a thread from `/proc` (Linux); nothing elsewhere.

#[cfg(target_os = "linux")]
use std::time::Duration;

use crate::watchdog::account::Sample;

/// A look that takes longer was itself interrupted; what it read is not of one moment.
#[cfg(target_os = "linux")]
const ONE_MOMENT: Duration = Duration::from_micros(200);
/// Looks until one is not interrupted. Who was just interrupted seldom is again.
#[cfg(target_os = "linux")]
const LOOKS: u32 = 4;

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
        run_delay_ns(self.schedstat.as_ref()?)
    }

    #[cfg(not(target_os = "linux"))]
    pub(crate) fn run_delay_ns(&self) -> Option<u64> {
        None
    }
}

/// Several times as long as `status` is.
#[cfg(target_os = "linux")]
const LONGEST: usize = 8 * 1024;

/// The statistics of a thread, kept open: opening them takes longer than reading them.
#[derive(Debug)]
pub(crate) struct Statistics {
    #[cfg(target_os = "linux")]
    status: std::fs::File,
    #[cfg(target_os = "linux")]
    schedstat: std::fs::File,
    /// Kept, as it is too long to be cleared for each look.
    #[cfg(target_os = "linux")]
    text: Vec<u8>,
}

#[cfg(target_os = "linux")]
impl Statistics {
    /// Those of the thread `tid` of this process. `None` if it is gone or the system does not tell.
    pub(crate) fn open(tid: i32) -> Option<Self> {
        let open = |name| std::fs::File::open(format!("/proc/self/task/{tid}/{name}")).ok();
        Some(Self {
            status: open("status")?,
            schedstat: open("schedstat")?,
            text: vec![0; LONGEST],
        })
    }

    /// Looks at the thread, whose CPU time is counted by `cpu_clock`. `None` once it is gone.
    pub(crate) fn look(&mut self, cpu_clock: i32) -> Option<Look> {
        let mut look = self.look_once(cpu_clock)?;
        for _ in 1..LOOKS {
            let took_ns = crate::clock::now_ns().saturating_sub(look.sample.at_ns);
            if took_ns <= crate::clock::nanos(ONE_MOMENT) {
                break;
            }
            look = self.look_once(cpu_clock)?;
        }
        Some(look)
    }

    /// The time is read first: a thread found asleep slept at that time or began to, and what it waited before is counted.
    fn look_once(&mut self, cpu_clock: i32) -> Option<Look> {
        use std::os::unix::fs::FileExt;

        let at_ns = crate::clock::now_ns();
        let cpu_ns = crate::os::cpu_time_ns(cpu_clock)?;
        let length = self.status.read_at(&mut self.text, 0).ok()?;
        let run_delay_ns = self.run_delay_ns()?;
        parse(self.text.get(..length)?, run_delay_ns, cpu_ns, at_ns)
    }

    /// Run-queue wait of the thread so far, in nanoseconds, without a wait that is going on.
    pub(crate) fn run_delay_ns(&self) -> Option<u64> {
        run_delay_ns(&self.schedstat)
    }
}

#[cfg(not(target_os = "linux"))]
impl Statistics {
    pub(crate) fn open(_tid: i32) -> Option<Self> {
        None
    }

    pub(crate) fn look(&mut self, _cpu_clock: i32) -> Option<Look> {
        None
    }

    pub(crate) fn run_delay_ns(&self) -> Option<u64> {
        None
    }
}

/// `status` as in proc_pid_status(5). The name of a thread, in it, is any bytes.
#[cfg(target_os = "linux")]
fn parse(status: &[u8], run_delay_ns: u64, cpu_ns: u64, at_ns: u64) -> Option<Look> {
    use crate::watchdog::account::ThreadState;

    let field = |name: &str| {
        let line = status
            .split(|byte| *byte == b'\n')
            .find_map(|line| line.strip_prefix(name.as_bytes()))?;
        std::str::from_utf8(line).ok().map(str::trim)
    };
    let state = match field("State:")?.as_bytes().first()? {
        b'R' => ThreadState::Runnable,
        b'T' | b't' => ThreadState::Stopped,
        _ => ThreadState::Sleeping,
    };
    let sleeps = field("voluntary_ctxt_switches:")?.parse().ok()?;
    let traced = field("TracerPid:").is_some_and(|pid| pid != "0");
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

/// The second number in `schedstat`, see the kernel's sched-stats document.
#[cfg(target_os = "linux")]
fn run_delay_ns(schedstat: &std::fs::File) -> Option<u64> {
    use std::os::unix::fs::FileExt;

    let mut text = [0; 128];
    let length = schedstat.read_at(&mut text, 0).ok()?;
    second_number(std::str::from_utf8(text.get(..length)?).ok()?)
}

#[cfg(target_os = "linux")]
fn second_number(line: &str) -> Option<u64> {
    line.split_ascii_whitespace().nth(1)?.parse().ok()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::watchdog::account::ThreadState;

    const STATUS: &[u8] = b"Name:\ttokio-rt-worker\nState:\tD (disk sleep)\nTracerPid:\t0\nnonvoluntary_ctxt_switches:\t7\nvoluntary_ctxt_switches:\t150\n";

    #[test]
    fn reads_the_fields_by_name() {
        let look = parse(STATUS, 1_142_974, 42, 77).expect("complete");
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
    fn the_run_queue_wait_is_the_second_number() {
        assert_eq!(second_number("1005307 1142974 2\n"), Some(1_142_974));
    }

    #[test]
    fn sees_a_debugger() {
        let status = b"State:\tt (tracing stop)\nTracerPid:\t31\nvoluntary_ctxt_switches:\t150\n";
        assert!(parse(status, 0, 0, 1).expect("complete").traced);
    }

    #[test]
    fn a_thread_may_have_any_name() {
        let status = [b"Name:\t\xff\xfe\n", STATUS].concat();
        assert!(parse(&status, 0, 0, 1).is_some());
    }

    #[test]
    fn text_it_does_not_know_gives_no_sample() {
        assert!(parse(b"State:\tS", 0, 0, 1).is_none());
        assert_eq!(second_number(""), None);
    }
}
