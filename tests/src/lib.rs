//! The integration tests' harness: real servers on free ports, one set per test.

pub mod app; // the API and its workers
pub mod chaos; // everything dies while jobs run; then nothing is missing
pub mod passage; // jobs that pass through a queue unread
pub mod pdf; // small documents, written object by object
pub mod processes; // the processes in which documents are read
pub mod redis; // a private Redis
pub mod s3; // a private S3 server
pub mod store; // an object store

use std::time::Duration;

use stall::TestOptions;

/// The guard of tests on the whole system, `#[stall::test(options = GUARDED)]`: one poll of our own code that holds a
/// runtime thread for 10 ms fails the test, with its stack. On a busy machine too: time without a CPU is subtracted.
/// Unoptimised code takes several times as long and gets 50 ms.
pub const GUARDED: TestOptions = TestOptions {
    threshold: Duration::from_millis(if cfg!(debug_assertions) { 50 } else { 10 }),
    worker_threads: 2,
    // Not all of `shared`: its allocator is below everything, the tests included.
    within: &[
        "api/src/",
        "extract/src/",
        "shared/src/queue",
        "shared/src/store",
        "worker/src/",
    ],
    certain: true,
    computing: true,
};

/// The guard of tests that make their calls, many at once, in one future: nothing may block in it.
pub const GUARDED_CALLS: TestOptions = TestOptions {
    computing: false,
    ..GUARDED
};

/// The same on one thread.
pub const GUARDED_THREAD: TestOptions = TestOptions {
    worker_threads: 0,
    ..GUARDED_CALLS
};
