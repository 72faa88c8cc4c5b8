//! Threads that hash and store uploads, and stand back for those that answer: a poll does not wait for 500 uploads.

use std::fmt;
use std::io;

use stall::StallProbe;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;
use tracing::warn;

/// How far they stand back (sched(7)).
const NICE: i32 = 10;

/// A runtime for uploads, or none: then they run where everything else does.
pub(crate) struct UploadThreads(Option<Runtime>);

impl UploadThreads {
    /// So many threads; with 0 uploads run on the threads that answer.
    pub(crate) fn start(threads: usize) -> io::Result<Self> {
        if threads == 0 {
            return Ok(Self(None));
        }
        let mut builder = Builder::new_multi_thread();
        builder
            .worker_threads(threads)
            .thread_name("uploads")
            .on_thread_start(stand_back)
            .enable_all();
        if let Some(probe) = StallProbe::installed() {
            probe.instrument(&mut builder, "uploads");
        }
        Ok(Self(Some(builder.build()?)))
    }

    /// Runs an upload; `tracker` waits for its end.
    pub(crate) fn spawn<F>(&self, tracker: &TaskTracker, upload: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        match &self.0 {
            Some(runtime) => tracker.spawn_on(upload, runtime.handle()),
            None => tracker.spawn(upload),
        }
    }
}

/// On Linux a nice value belongs to a thread.
fn stand_back() {
    if cfg!(target_os = "linux")
        && let Err(error) = rustix::process::setpriority_process(None, NICE)
    {
        warn!(%error, "uploads do not stand back");
    }
}

/// Where it is dropped, another runtime may be polling: it must not wait for its threads.
impl Drop for UploadThreads {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl fmt::Debug for UploadThreads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UploadThreads")
    }
}
