//! Finds the code that holds a tokio runtime thread: how long, doing what, and on which line, while it still does.
#![doc = include_str!("../README.md")]
// How a program uses it: configure, install, instrument runtimes, read what was found.
mod guard; // tests: no stall, or fail with its stack
mod hooks; // the program's own runtime hooks, kept
mod layer; // a tower service whose requests are watched
mod leaks; // tests: no task left behind
mod probe;
mod scope; // fields that name what a poll is about
mod testing; // what `#[stall::test]` takes and expands to
mod watch; // futures whose polls are watched exactly

// What it tells.
mod export; // metrics
mod folded; // many stalls, for other tools
mod report; // one stall
mod snapshot; // the newest stalls, for a debug endpoint

// How it finds out.
mod capture; // stacks: from outside, or by a signal
mod engine; // once per process: the two threads and their lists
mod frames; // whose frame is it
mod reporter; // thread two: names frames, limits, tells
mod runtime; // what each runtime is doing
mod slot; // what each thread is doing
mod watchdog; // thread one: looks at everything each tick

// What it asks the system.
mod clock; // one monotonic clock
mod os; // threads and their CPU clocks
mod procfs; // threads as the scheduler sees them

pub use capture::CaptureMode;
#[cfg(feature = "json")]
pub use folded::to_json;
pub use folded::{StallGroup, folded, group};
pub use guard::{Action, deny_stalls, deny_stalls_with};
pub use hooks::ThreadHooks;
pub use layer::{StallLayer, StallService};
pub use leaks::{deny_task_leaks, deny_task_leaks_with};
pub use probe::{InstallError, StallProbe, StallProbeBuilder};
pub use report::{Capture, CaptureMethod, Class, Frame, Kind, Phase, StallReport};
pub use scope::{Scoped, scope};
pub use snapshot::StallSnapshot;
pub use stall_macros::test;
pub use testing::TestOptions;
pub use watch::{Watched, watch};

#[doc(hidden)]
pub use testing::run as run_test;
