//! What `#[stall::test]` expands to: a runtime of its own, instrumented and guarded.

use std::future::Future;
use std::time::Duration;

use tokio::runtime::Builder;

use crate::guard::{Action, Guard, Guarded, act};
use crate::hooks::ThreadHooks;
use crate::runtime;
use crate::watch::Watched;

/// What the attribute's arguments say.
#[derive(Clone, Copy, Debug)]
pub struct TestOptions {
    /// Stalls of this length fail the test.
    pub threshold: Duration,
    /// Worker threads of a multi-thread runtime, 0 for a current-thread runtime.
    pub worker_threads: usize,
}

/// Runs a test's body on a new runtime and panics if any of its tasks stalled a thread.
///
/// # Panics
///
/// If there was a stall, or the runtime or the probe cannot be started.
pub fn run<F: Future>(options: TestOptions, body: F) -> F::Output {
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
        act(Action::Panic, options.threshold, &guard.finish().await);
        output
    })
}
