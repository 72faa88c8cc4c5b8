//! Threads that hash and store uploads when there are many, and stand back for those that answer: a poll does not wait
//! for 500 uploads.

use std::fmt;
use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread::available_parallelism;

use stall::StallProbe;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;
use tracing::warn;

/// How far they stand back (sched(7)).
const NICE: i32 = 10;
/// Uploads for each core that count as few and stay on the threads that answer: to pass between threads takes them longer,
/// and a poll hardly waits for so few, which are hashed in short turns. When there are more, new ones do not stay: the
/// threads that answer would wait for locks held by threads that stand back.
const FEW: usize = 2;

/// A runtime for uploads, or none: then they run where everything else does.
pub(crate) struct UploadThreads {
    runtime: Option<Runtime>,
    few: usize,
    /// A clone for each upload.
    under_way: Arc<()>,
}

impl UploadThreads {
    /// So many threads; with 0 uploads run on the threads that answer.
    pub(crate) fn start(threads: usize) -> io::Result<Self> {
        let cores = available_parallelism().map_or(1, NonZeroUsize::get);
        Self::beyond(cores * FEW, threads)
    }

    /// So many threads, for when there are more than `few` uploads.
    fn beyond(few: usize, threads: usize) -> io::Result<Self> {
        Ok(Self {
            runtime: (threads > 0).then(|| runtime(threads)).transpose()?,
            few,
            under_way: Arc::default(),
        })
    }

    /// Runs an upload; `tracker` waits for its end.
    pub(crate) fn spawn<F>(&self, tracker: &TaskTracker, upload: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        let this_one = Arc::clone(&self.under_way);
        let upload = async move {
            let _until_it_ends = this_one;
            upload.await
        };
        match &self.runtime {
            Some(runtime) if self.under_way() > self.few => {
                tracker.spawn_on(upload, runtime.handle())
            }
            _ => tracker.spawn(upload),
        }
    }

    fn under_way(&self) -> usize {
        Arc::strong_count(&self.under_way) - 1
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
    async fn few_uploads_stay_and_none_that_comes_to_many() {
        let threads = UploadThreads::beyond(1, 1).unwrap();
        let tracker = TaskTracker::new();
        let upload = |until: oneshot::Receiver<()>| {
            threads.spawn(&tracker, async {
                until.await.unwrap();
                is_upload_thread()
            })
        };
        let [
            (end_first, first),
            (end_second, second),
            (end_third, third),
            (end_last, last),
        ] = std::array::from_fn(|_| oneshot::channel());
        let (first, second) = (upload(first), upload(second));
        end_first.send(()).unwrap();
        assert!(!first.await.unwrap(), "alone");
        let third = upload(third);
        end_second.send(()).unwrap();
        assert!(second.await.unwrap(), "beside the first");
        end_third.send(()).unwrap();
        assert!(
            third.await.unwrap(),
            "beside the second, which is elsewhere"
        );
        let last = upload(last);
        end_last.send(()).unwrap();
        assert!(!last.await.unwrap(), "alone again");
    }
}
