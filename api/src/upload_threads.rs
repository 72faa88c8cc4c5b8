//! Threads that hash and store uploads when there are many, and stand back for those that answer: a poll does not wait
//! for 500 uploads.

use std::fmt;
use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread::available_parallelism;

use stall::StallProbe;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;
use tracing::warn;

/// How far they stand back (sched(7)).
const NICE: i32 = 10;
/// Uploads for each core that stay on the threads that answer: on their way between threads they take longer, and a poll
/// hardly waits for so few, each of which is hashed in short turns.
const STAYING: usize = 2;

/// A runtime for uploads, or none: then they run where everything else does.
pub(crate) struct UploadThreads {
    runtime: Option<Runtime>,
    staying: Arc<Semaphore>,
}

impl UploadThreads {
    /// So many threads; with 0 uploads run on the threads that answer.
    pub(crate) fn start(threads: usize) -> io::Result<Self> {
        let cores = available_parallelism().map_or(1, NonZeroUsize::get);
        Self::beside(cores * STAYING, threads)
    }

    /// So many threads, for uploads beyond those that stay.
    fn beside(staying: usize, threads: usize) -> io::Result<Self> {
        Ok(Self {
            runtime: (threads > 0).then(|| runtime(threads)).transpose()?,
            staying: Arc::new(Semaphore::new(staying)),
        })
    }

    /// Runs an upload; `tracker` waits for its end.
    pub(crate) fn spawn<F>(&self, tracker: &TaskTracker, upload: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        let Some(runtime) = &self.runtime else {
            return tracker.spawn(upload);
        };
        match Arc::clone(&self.staying).try_acquire_owned() {
            Ok(stays) => tracker.spawn(async move {
                let _stays = stays;
                upload.await
            }),
            Err(_) => tracker.spawn_on(upload, runtime.handle()),
        }
    }
}

fn runtime(threads: usize) -> io::Result<Runtime> {
    let mut builder = Builder::new_multi_thread();
    builder
        .worker_threads(threads)
        .thread_name("uploads")
        .on_thread_start(stand_back)
        .enable_all();
    if let Some(probe) = StallProbe::installed() {
        probe.instrument(&mut builder, "uploads");
    }
    builder.build()
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
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl fmt::Debug for UploadThreads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UploadThreads")
    }
}

#[cfg(test)]
mod tests {
    use std::thread::current;

    use tokio::sync::oneshot;

    use super::*;

    fn is_upload_thread() -> bool {
        current().name() == Some("uploads")
    }

    #[tokio::test]
    async fn few_uploads_stay_and_more_go_to_their_own_threads() {
        let threads = UploadThreads::beside(1, 1).unwrap();
        let tracker = TaskTracker::new();
        let (end, ended) = oneshot::channel();
        let stays = threads.spawn(&tracker, async {
            ended.await.unwrap();
            is_upload_thread()
        });
        let second = threads.spawn(&tracker, async { is_upload_thread() });
        assert!(second.await.unwrap(), "one stays, and there is one");
        end.send(()).unwrap();
        assert!(!stays.await.unwrap());
        let third = threads.spawn(&tracker, async { is_upload_thread() });
        assert!(!third.await.unwrap(), "the first one has made room");
    }
}
