//! What a stall report says. Serialises to flat JSON with the units in the names.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

mod fingerprint;
mod render;

pub(crate) use fingerprint::fingerprint;

/// One stall: a runtime thread that was held by one poll (or one stretch without maintenance).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StallReport {
    /// Number of the stall in this process. The reports of its phases share it.
    pub id: u64,
    /// Just detected, still going on, or over.
    pub phase: Phase,
    /// When this phase was seen: milliseconds since the Unix epoch.
    pub at_unix_ms: u64,
    /// The runtime's name as given to the probe; `"unnamed"` if it was given none.
    pub runtime: String,
    /// Index of the worker in the runtime; `None` on the thread of `block_on`.
    pub worker: Option<usize>,
    /// Name of the thread.
    pub thread: String,
    /// The kernel's id of the thread; 0 where unknown.
    pub tid: i32,
    /// Tokio's id of the task that was polled, if one was and it is known.
    pub task: Option<u64>,
    /// How it was noticed, and whether it has become a hang.
    pub kind: Kind,
    /// What the thread did meanwhile.
    pub class: Class,
    /// Length so far (or in all, at the end), in microseconds.
    pub wall_us: u64,
    /// `wall_us` without the time in which the kernel gave the thread no CPU.
    pub net_us: u64,
    /// CPU time of the thread while it was sampled, in microseconds.
    pub cpu_us: u64,
    /// Time in which the thread could have run but got no CPU, in microseconds.
    pub run_queue_us: u64,
    /// The system call the thread sleeps in, if it does and that is known; `"page fault"` if it waits for memory that
    /// must be read from somewhere.
    pub syscall: Option<String>,
    /// The fields of the [`crate::scope`]s around the poll.
    pub fields: BTreeMap<String, String>,
    /// 16 hex digits, equal for stalls in the same functions. Empty without a stack.
    pub fingerprint: String,
    /// How many stalls with this fingerprint there have been in this process, with this one; 1 without a stack.
    pub count: u64,
    /// How the stack was taken.
    pub capture: Capture,
    /// The frames of the program itself, innermost first: not the standard library, tokio or other dependencies.
    pub user_frames: Vec<Frame>,
    /// All frames, innermost first, inlined ones included.
    pub frames: Vec<Frame>,
    /// Build id of the executable, to symbolise the addresses of a stripped one elsewhere.
    pub build_id: Option<String>,
}

impl StallReport {
    /// The line to look at: the innermost frame of the program itself, else the innermost of all.
    pub fn culprit(&self) -> Option<&Frame> {
        self.user_frames.first().or_else(|| self.frames.first())
    }

    /// True if the thread was found waiting for memory: for a page from the disk, or in the allocator, which is slow when
    /// it is the first to touch memory that a busy machine has yet to find.
    pub(crate) fn waits_for_memory(&self) -> bool {
        let allocates = |frame: &Frame| ALLOCATING.contains(&frame.name());
        self.syscall.as_deref() == Some(PAGE_FAULT) || self.frames.iter().any(allocates)
    }

    /// True if the thread was found waiting for a lock of tokio's own. It is held for moments, unless its holder gets no CPU.
    pub(crate) fn waits_for_runtime(&self) -> bool {
        let mut frames = self.frames.iter();
        let waits = frames.any(|frame| LOCKING.contains(&frame.name()));
        let locks_it = frames.find(|frame| !LOCKS.contains(&frame.crate_name()));
        waits && locks_it.is_some_and(|frame| frame.crate_name() == "tokio")
    }
}

/// In these parking_lot's mutex and that of `std` wait.
const LOCKING: &[&str] = &["lock_slow", "lock_contended"];
/// What stands between them and whoever locks.
const LOCKS: &[&str] = &["parking_lot", "lock_api", "std"];

/// Through these every Rust program gets its memory, whatever its allocator is.
const ALLOCATING: &[&str] = &["__rust_alloc", "__rust_alloc_zeroed", "__rust_realloc"];

/// In the place of a system call's name.
pub(crate) const PAGE_FAULT: &str = "page fault";

/// One function on the stack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// Demangled name without the hash; `0x…` if the name is unknown.
    pub function: String,
    /// Source file as the compiler wrote it down.
    pub file: Option<String>,
    /// Line in `file`, from 1.
    pub line: Option<u32>,
    /// True if the function was inlined into the next frame.
    pub inlined: bool,
    /// Path of the executable or library.
    pub module: Option<String>,
    /// Address in `module`'s own address space, as `addr2line -e module` takes it.
    pub address: u64,
}

impl Frame {
    /// The function without its path.
    fn name(&self) -> &str {
        self.function.rsplit("::").next().unwrap_or_default()
    }

    /// Where its path begins, or that of the type whose trait it implements.
    fn crate_name(&self) -> &str {
        let path = self.function.trim_start_matches('<');
        path.split("::").next().unwrap_or_default()
    }
}

/// Which moment of a stall a report describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The threshold was just passed; the thread is still stuck.
    Started,
    /// Still stuck, at 2, 4, 8, … times the threshold, with a new stack.
    Ongoing,
    /// Over; the durations are final.
    Ended,
}

/// How a stall was noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// One poll was watched from start to end.
    LongPoll,
    /// The worker did no maintenance for that long. Tokio does some at every park and after at most 61 polls, so this
    /// is one long poll, or rarely several that add up.
    WorkerBusy,
    /// Longer than [`crate::StallProbeBuilder::hang_after`]: it may never end.
    Hang,
}

/// What the thread did during the stall.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// It computed.
    Cpu,
    /// It slept in the kernel: a lock, a read, a page fault.
    Blocked,
    /// The system does not tell.
    Unknown,
}

/// How the stack was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capture {
    /// The way that worked.
    pub method: CaptureMethod,
    /// True if the stack was followed to the thread's first function.
    pub complete: bool,
}

/// The ways to take a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaptureMethod {
    /// Read from outside while the thread slept; the thread did not notice.
    Peek,
    /// Copied by the thread itself in a signal handler, while it ran.
    Signal,
    /// No stack.
    None,
}

macro_rules! label {
    ($type:ty { $($variant:ident => $text:literal),+ $(,)? }) => {
        impl $type {
            /// The name used in JSON and as a metric label.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

label!(Phase { Started => "started", Ongoing => "ongoing", Ended => "ended" });
label!(Kind { LongPoll => "long_poll", WorkerBusy => "worker_busy", Hang => "hang" });
label!(Class { Cpu => "cpu", Blocked => "blocked", Unknown => "unknown" });
label!(CaptureMethod { Peek => "peek", Signal => "signal", None => "none" });

/// A report to change in tests.
#[cfg(test)]
pub(crate) fn sample() -> StallReport {
    StallReport {
        id: 1,
        phase: Phase::Ended,
        at_unix_ms: 0,
        runtime: "test".into(),
        worker: None,
        thread: "test".into(),
        tid: 1,
        task: None,
        kind: Kind::WorkerBusy,
        class: Class::Cpu,
        wall_us: 20_000,
        net_us: 15_000,
        cpu_us: 15_000,
        run_queue_us: 5_000,
        syscall: None,
        fields: BTreeMap::new(),
        fingerprint: String::new(),
        count: 1,
        capture: Capture {
            method: CaptureMethod::None,
            complete: false,
        },
        user_frames: Vec::new(),
        frames: Vec::new(),
        build_id: None,
    }
}
