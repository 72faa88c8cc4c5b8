//! The one door through which the file store blocks: a bounded number of threads, and a time limit.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::store::StoreError;

/// Runs file operations on tokio's blocking pool.
#[derive(Clone, Debug)]
pub(super) struct Disk {
    permits: Arc<Semaphore>,
    timeout: Duration,
}

impl Disk {
    pub(super) fn new(threads: usize, timeout: Duration) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(threads)),
            timeout,
        }
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
            spawn(move || {
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
    pub(super) fn discard<T: Send + 'static>(value: T) {
        if Handle::try_current().is_ok() {
            drop(spawn(move || drop(value)));
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the file store's door to blocking work; callers hold a permit, or drop one file"
)]
fn spawn<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    tokio::task::spawn_blocking(work)
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
