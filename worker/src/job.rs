//! One attempt: source in, images, pages and manifest out.
//!
//! Extraction runs on a blocking thread and hands over what it finds through a bounded channel, so
//! that uploads run while it goes on and a slow store slows it down instead of filling the memory.

mod manifest; // gathers result.json while objects are stored
mod progress; // tells the queue how far it is, at most four times a second
mod storing; // uploads what was found

use std::convert::Infallible;
use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use extract::{ExtractError, Options, Password};
use metrics::counter;
use shared::config::ByteSize;
use shared::job::{JobRecord, Stage, Tally};
use shared::manifest::Manifest;
use shared::password::{InvalidPasswordKey, PasswordKey};
use shared::queue::{Lease, Queue};
use shared::store::{ObjectKey, ObjectStore};
use shared::telemetry::names;
use thiserror::Error;

use crate::config::{ExtractOn, WorkerArgs};
use crate::cpu::Cpu;
use crate::extraction::found::FoundSink;
use crate::extraction::{Expected, Extraction, NoIsolation, Order};
use crate::failure::Failure;
use crate::stop::{Stop, StopReason};
use progress::Progress;

/// What every attempt of this worker uses.
#[derive(Clone, Debug)]
pub(crate) struct Workshop {
    pub(crate) queue: Queue,
    pub(crate) store: ObjectStore,
    pub(crate) cpu: Cpu,
    extraction: Extraction,
    limits: extract::Limits,
    password_key: Option<PasswordKey>,
    max_source: ByteSize,
    job_timeout: Duration,
    uploads: usize,
    upload_buffer: ByteSize,
    extract_on: ExtractOn,
}

/// Attempts cannot be made as the configuration asks.
#[derive(Debug, Error)]
pub(crate) enum CannotOpen {
    #[error(transparent)]
    Password(#[from] InvalidPasswordKey),
    #[error(transparent)]
    Isolation(#[from] NoIsolation),
}

impl Workshop {
    pub(crate) async fn open(
        args: &WorkerArgs,
        queue: Queue,
        store: ObjectStore,
    ) -> Result<Self, CannotOpen> {
        let cpu = Cpu::new(args.slots(), args.work.extract_on);
        let extraction = Extraction::start(args, &cpu).await?;
        Ok(Self {
            queue,
            store,
            cpu,
            extraction,
            limits: args.extract_limits(),
            max_source: args.limits.max_upload,
            job_timeout: args.limits.job_timeout,
            uploads: args.work.uploads.get(),
            upload_buffer: args.work.upload_buffer,
            extract_on: args.work.extract_on,
            password_key: args.password.key()?,
        })
    }

    /// Ends what it keeps between attempts.
    pub(crate) async fn close(&self) {
        self.extraction.close(&self.cpu).await;
    }

    /// Works on `job` until there is a result, a failure, or `stop` is triggered.
    pub(crate) async fn attempt(&self, job: &JobRecord, stop: &Stop) -> Result<Tally, Failure> {
        let lease = Lease {
            job: job.id,
            attempt: job.attempt,
        };
        let progress = Progress::new();
        let named = [
            ("job.id", job.id.to_string()),
            ("attempt", job.attempt.to_string()),
        ];
        let producing = stall::scope(named, self.produce(job, stop, &progress));
        let outcome = tokio::select! {
            outcome = producing => outcome,
            never = progress.report(&self.queue, lease, stop) => match never {},
            never = self.end_at_deadline(stop) => match never {},
            never = self.end_when_cancelled(job, stop) => match never {},
        };
        match stop.reason() {
            Some(reason) if outcome.is_err() => Err(Failure::Stopped(reason)),
            _ => outcome,
        }
    }

    /// The job, as the README tells it.
    async fn produce(
        &self,
        job: &JobRecord,
        stop: &Stop,
        progress: &Progress,
    ) -> Result<Tally, Failure> {
        let download = Box::pin(until_stopped(stop, self.download(job)));
        let source = staged(progress, Stage::Download, download).await?;

        let extract = Box::pin(self.extract_and_store(job, source, stop, progress));
        let manifest = staged(progress, Stage::Extract, extract).await?;

        let tally = manifest::tally(&manifest);
        let commit = Box::pin(self.commit(job, manifest, stop));
        staged(progress, Stage::Commit, commit).await?;
        progress.leave();
        Ok(tally)
    }

    async fn download(&self, job: &JobRecord) -> Result<Bytes, Failure> {
        let source = self
            .store
            .get_bytes(&ObjectKey::Source(job.id), self.max_source)
            .await?;
        counter!(names::SOURCE_BYTES_TOTAL).increment(source.len() as u64);
        Ok(source)
    }

    async fn extract_and_store(
        &self,
        job: &JobRecord,
        source: Bytes,
        stop: &Stop,
        progress: &Progress,
    ) -> Result<Manifest, Failure> {
        let (sink, found) = FoundSink::new(self.upload_buffer, self.extract_on);
        let order = Order {
            source,
            expected: Expected::of(job.checksum, &job.sha256),
            options: self.options(job)?,
            limits: self.limits.clone(),
        };
        let extraction = self.extraction.run(&self.cpu, stop, order, sink);
        let storing = until_stopped(stop, storing::store(self, job, found, progress));
        match tokio::join!(extraction, storing) {
            (Ok(()), Ok(manifest)) => Ok(manifest),
            (Ok(()) | Err(Failure::Extract(ExtractError::SinkClosed)), Err(failure)) => {
                Err(failure)
            }
            (Err(failure), _) => Err(failure),
        }
    }

    fn options(&self, job: &JobRecord) -> Result<Options, Failure> {
        let password = match (&job.password, &self.password_key) {
            (None, _) => None,
            (Some(sealed), Some(key)) => {
                let opened = key.open(job.id, sealed);
                let opened = opened.map_err(|error| Failure::Internal(error.to_string()))?;
                Some(Password::new(opened.expose()))
            }
            (Some(_), None) => {
                return Err(Failure::Internal("there is no PASSWORD_KEY".to_owned()));
            }
        };
        Ok(Options {
            images: job.options.images,
            boxes: job.options.boxes,
            markdown: job.options.markdown,
            password,
        })
    }

    /// Writes `result.json`: from here on the job has a result.
    async fn commit(
        &self,
        job: &JobRecord,
        manifest: Manifest,
        stop: &Stop,
    ) -> Result<(), Failure> {
        let json = self
            .cpu
            .run(stop, move |_| serde_json::to_vec(&manifest))
            .await?;
        let json = json.map_err(|error| Failure::Internal(format!("manifest: {error}")))?;
        counter!(names::STORED_BYTES_TOTAL).increment(json.len() as u64);
        let key = ObjectKey::Manifest(job.id);
        let put = async { Ok(self.store.put(&key, json.into()).await?) };
        until_stopped(stop, Box::pin(put)).await
    }

    /// What is stuck makes no progress whose report would tell, and the next renewal of the lease may be seconds away.
    async fn end_when_cancelled(&self, job: &JobRecord, stop: &Stop) -> Infallible {
        self.queue.cancel_requested(job.id).await;
        stop.trigger(StopReason::Cancelled);
        std::future::pending().await
    }

    async fn end_at_deadline(&self, stop: &Stop) -> Infallible {
        tokio::time::sleep(self.job_timeout).await;
        stop.trigger(StopReason::TimedOut);
        std::future::pending().await
    }
}

/// Does `work` as `stage` of an attempt; a stall of the event loop in it is reported with that name.
async fn staged<T>(progress: &Progress, stage: Stage, work: impl Future<Output = T>) -> T {
    progress.enter(stage);
    stall::scope([("stage", stage.as_str())], work).await
}

/// Drops `work` as soon as `stop` is triggered.
async fn until_stopped<T>(
    stop: &Stop,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::select! {
        outcome = work => outcome,
        reason = stop.triggered() => Err(Failure::Stopped(reason)),
    }
}
