//! Stacks of stuck threads: taken from outside, unwound and named on the probe's own threads.
//!
//! Nothing is unwound in a signal handler. A sleeping thread is not even signalled: its stack is read from outside.

#[cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
mod linux;
#[cfg(not(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
)))]
mod unsupported;

#[cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
pub(crate) use linux::{Capturer, SignalCell, Symbols};
#[cfg(not(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
)))]
pub(crate) use unsupported::{Capturer, SignalCell, Symbols};

use serde::{Deserialize, Serialize};

use crate::report::CaptureMethod;

/// Which stacks the system lets the probe take; tried out when it is installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaptureMode {
    /// Of sleeping threads from outside, of running ones by a signal.
    PeekAndSignal,
    /// Of sleeping threads only: signals cannot be queued (a seccomp filter).
    PeekOnly,
    /// Of running threads only: `/proc/self/task/*/syscall` or `process_vm_readv` is missing or forbidden. A sleeping
    /// thread is not signalled in its place, as that could make the program's own system call fail with EINTR.
    SignalOnly,
    /// None: stalls are detected and measured, but without a line.
    NoStacks,
}

impl CaptureMode {
    /// True if the stacks of sleeping threads can be taken.
    pub fn can_peek(self) -> bool {
        matches!(self, Self::PeekAndSignal | Self::PeekOnly)
    }

    /// True if the stacks of running threads can be taken.
    pub fn can_signal(self) -> bool {
        matches!(self, Self::PeekAndSignal | Self::SignalOnly)
    }
}

/// What the watchdog knows of a thread whose stack it wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Activity {
    /// On a CPU or waiting for one, and has not slept since the watchdog first looked.
    Computing,
    /// Sleeps now and then, but computes most of the time.
    Mixed,
    /// Sleeps most of the time.
    Sleeping,
}

/// A stack as addresses, innermost first, each inside of the instruction that was executing.
#[derive(Clone, Debug)]
pub(crate) struct RawStack {
    pub(crate) addresses: Vec<u64>,
    pub(crate) method: CaptureMethod,
    pub(crate) complete: bool,
    /// See [`crate::StallReport::syscall`].
    pub(crate) syscall: Option<String>,
}
