//! `#[stall::test]`: what it takes, and what it expands to, a runtime of its own, instrumented and guarded.

use std::fs::File;
use std::future::Future;
use std::io;
use std::sync::Once;
use std::time::Duration;

use tokio::runtime::Builder;

use crate::guard::{Action, Guard, Guarded, act};
use crate::hooks::ThreadHooks;
use crate::report::{Class, Kind, StallReport};
use crate::runtime;
use crate::watch::Watched;

/// How `#[stall::test(options = …)]` runs a test, and which stalls fail it.
///
/// ```
/// use stall::TestOptions;
/// use std::time::Duration;
///
/// /// For all tests of a suite: `#[stall::test(options = GUARDED)]`.
/// const GUARDED: TestOptions = TestOptions {
///     // Unoptimised code takes several times as long.
///     threshold: Duration::from_millis(if cfg!(debug_assertions) { 50 } else { 10 }),
///     worker_threads: 2,
///     within: &["server/src/"],
///     certain: true,
///     ..TestOptions::DEFAULT
/// };
/// ```
#[derive(Clone, Copy, Debug)]
pub struct TestOptions {
    /// Stalls of this length fail the test.
    pub threshold: Duration,
    /// Worker threads of a multi-thread runtime, 0 for a current-thread runtime.
    pub worker_threads: usize,
    /// If not empty: stalls count only if one of the program's frames is of a source file whose path contains one of
    /// these. What the test itself does, and what a dependency does on its own, does not count then.
    pub within: &'static [&'static str],
    /// Only stalls whose blame is certain count: one poll of a watched future was stuck, not a worker that may have had
    /// many short polls, and not for what a busy machine was slow to give: a page from the disk, memory, or a lock of
    /// tokio's own, whose holder had no CPU.
    pub certain: bool,
    /// Whether a thread that computed counts, or only one that slept. False is for tests whose own future drives
    /// hundreds of calls at once, so that the length of its polls says nothing about any of them.
    pub computing: bool,
}

impl TestOptions {
    /// 10 ms, current-thread, all stalls.
    pub const DEFAULT: Self = Self {
        threshold: Duration::from_millis(10),
        worker_threads: 0,
        within: &[],
        certain: false,
        computing: true,
    };

    /// True if `stall` fails a test.
    fn count(&self, stall: &StallReport) -> bool {
        let is_of = |file: &str| self.within.iter().any(|part| file.contains(part));
        let is_within = self.within.is_empty()
            || stall
                .user_frames
                .iter()
                .any(|frame| frame.file.as_deref().is_some_and(is_of));
        let is_certain = stall.kind != Kind::WorkerBusy
            && !stall.waits_for_memory()
            && !stall.waits_for_runtime();
        let slept = stall.class == Class::Blocked;
        is_within && (is_certain || !self.certain) && (slept || self.computing)
    }
}

/// Runs a test's body on a new runtime and panics if any of its tasks stalled a thread.
///
/// # Panics
///
/// If there was a stall that counts, or the runtime or the probe cannot be started.
pub fn run<F: Future>(options: TestOptions, body: F) -> F::Output {
    bring_program_into_memory();
    let guard = Guard::start(options.threshold);
    let mut builder = if options.worker_threads == 0 {
        Builder::new_current_thread()
    } else {
        Builder::new_multi_thread()
    };
    if options.worker_threads > 0 {
        builder.worker_threads(options.worker_threads);
    }
    runtime::instrument(&mut builder, "test", &ThreadHooks::default());
    let runtime = builder
        .enable_all()
        .build()
        .unwrap_or_else(|error| panic!("the test's runtime cannot start: {error}"));
    guard.cover(runtime.handle());
    runtime.block_on(async {
        let output = Guarded::new(&guard, Watched::new(body)).await;
        let mut stalls = guard.finish().await;
        stalls.retain(|stall| options.count(stall));
        act(Action::Panic, options.threshold, &stalls);
        output
    })
}

/// Reads the program's file once. A thread that waits until the disk has brought a page of it, or for another thread that
/// does, says nothing about the code under test.
fn bring_program_into_memory() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let program = std::env::current_exe().and_then(File::open);
        // Without it the pages come one by one.
        let _read = program.and_then(|mut file| io::copy(&mut file, &mut io::sink()));
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Frame, PAGE_FAULT, sample};

    const STRICT: TestOptions = TestOptions {
        within: &["server/src/"],
        certain: true,
        computing: false,
        ..TestOptions::DEFAULT
    };

    fn stall_in(file: &str) -> StallReport {
        let frame = Frame {
            function: "serve".into(),
            file: Some(file.into()),
            line: Some(7),
            inlined: false,
            module: None,
            address: 0,
        };
        StallReport {
            kind: Kind::LongPoll,
            class: Class::Blocked,
            user_frames: vec![frame],
            ..sample()
        }
    }

    #[test]
    fn by_default_every_stall_counts() {
        assert!(TestOptions::DEFAULT.count(&sample()));
    }

    #[test]
    fn only_what_was_asked_for_counts() {
        let stall = stall_in("/build/server/src/main.rs");
        assert!(STRICT.count(&stall));
        assert!(!STRICT.count(&stall_in("/build/server/tests/main.rs")));
        assert!(!STRICT.count(&StallReport {
            kind: Kind::WorkerBusy,
            ..stall.clone()
        }));
        assert!(!STRICT.count(&StallReport {
            syscall: Some(PAGE_FAULT.to_owned()),
            ..stall.clone()
        }));
        let mut allocating = stall.clone();
        allocating.frames = stall_in("").user_frames;
        allocating.frames[0].function = "__rustc::__rust_realloc".to_owned();
        assert!(!STRICT.count(&allocating));
        assert!(!STRICT.count(&StallReport {
            class: Class::Cpu,
            ..stall
        }));
    }

    #[test]
    fn a_lock_of_the_runtime_is_not_certain_and_one_of_the_program_is() {
        let locked_by = |function: &str| {
            let stall = stall_in("/build/server/src/main.rs");
            let names = [
                "sched_yield",
                "parking_lot::raw_mutex::RawMutex::lock_slow",
                "<parking_lot::raw_mutex::RawMutex as lock_api::mutex::RawMutex>::lock",
                "lock_api::mutex::Mutex<R,T>::lock",
                function,
                "tokio::runtime::task::raw::poll",
            ];
            let frame = |name: &str| Frame {
                function: name.to_owned(),
                ..stall.user_frames[0].clone()
            };
            StallReport {
                frames: names.map(frame).to_vec(),
                ..stall
            }
        };
        let of_tokio = "tokio::runtime::scheduler::multi_thread::park::Inner::unpark_condvar";
        assert!(!STRICT.count(&locked_by(of_tokio)));
        assert!(STRICT.count(&locked_by("server::serve")));
    }
}
