//! The one door through which the file store blocks: threads of its own, in a bounded number, and a time limit.
//!
//! The runtime's blocking threads are for those who compute. Were they shared, every one of many threads would at times
//! allocate what others free, and keep heaps that it is too seldom awake to tidy up.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::store::StoreError;

/// Threads are never too many to keep, so they stay: about a century.
const KEEP_THREADS: Duration = Duration::from_secs(u32::MAX as u64);

/// Runs file operations.
#[derive(Clone, Debug)]
pub(super) struct Disk {
    threads: Arc<Threads>,
    permits: Arc<Semaphore>,
    timeout: Duration,
}

/// A runtime without a task, of which only the blocking threads are used.
struct Threads(Option<Runtime>);

impl Disk {
    pub(super) fn new(threads: usize, timeout: Duration) -> io::Result<Self> {
        let runtime = Builder::new_current_thread()
            .max_blocking_threads(threads)
            .thread_name("file-store")
            .thread_keep_alive(KEEP_THREADS)
            .build()?;
        let runtime = Threads(Some(runtime));
        runtime.start(threads);
        Ok(Self {
            threads: Arc::new(runtime),
            permits: Arc::new(Semaphore::new(threads)),
            timeout,
        })
    }

    /// Runs `work` when a thread is free. A caller that goes away, or for whom it takes too long, does not stop it.
    pub(super) async fn run<T, F>(&self, operation: &'static str, work: F) -> Result<T, StoreError>
    where
        F: FnOnce() -> io::Result<T> + Send + 'static,
        T: Send + 'static,
    {
        let done = async {
            let permit = Arc::clone(&self.permits)
                .acquire_owned()
                .await
                .expect("the semaphore is never closed");
            self.threads
                .spawn(move || {
                    let outcome = work();
                    drop(permit);
                    outcome
                })
                .await
        };
        match tokio::time::timeout(self.timeout, done).await {
            Ok(Ok(outcome)) => outcome.map_err(|error| store_error(operation, &error)),
            Ok(Err(crash)) => Err(StoreError::Unexpected {
                operation,
                reason: crash.to_string(),
            }),
            Err(_) => Err(StoreError::timed_out(operation)),
        }
    }

    /// Drops what blocks when it is dropped, without waiting for it.
    pub(super) fn discard<T: Send + 'static>(&self, value: T) {
        drop(self.threads.spawn(move || drop(value)));
    }
}

impl Threads {
    /// Starts all of them: later, each would have the memory map of the process to itself while its stack is made
    /// (mmap(2), mprotect(2)), and an event loop that touches new memory would wait for it.
    fn start(&self, threads: usize) {
        let gate = Arc::new(Mutex::new(()));
        let closed = gate.lock();
        for _ in 0..threads {
            let gate = Arc::clone(&gate);
            drop(self.spawn(move || drop(gate.lock())));
        }
        drop(closed);
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the file store's door to blocking work; callers hold a permit, or drop one file"
    )]
    fn spawn<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
        let runtime = self.0.as_ref().expect("it is there until it is dropped");
        runtime.spawn_blocking(work)
    }
}

/// Where a runtime is dropped that another one polls, it must not wait for its threads.
impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl fmt::Debug for Threads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Threads")
    }
}

fn store_error(operation: &'static str, error: &io::Error) -> StoreError {
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => StoreError::Denied {
            operation,
            reason: error.to_string(),
        },
        _ => StoreError::Unavailable {
            operation,
            reason: error.to_string(),
        },
    }
}
