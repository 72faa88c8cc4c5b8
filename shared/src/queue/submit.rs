//! A new job, and the idempotency keys that keep it from being made twice.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;
use uuid::Uuid;

use crate::checksum::Checksum;
use crate::config::QueueArgs;
use crate::job::{JobId, JobOptions, Priority};
use crate::owner::Owner;
use crate::password::SealedPassword;
use crate::timestamp::Timestamp;

use super::{Queue, QueueError, millis};

/// What is known of a job when it is submitted; its source is in the store already.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// Its id.
    pub id: JobId,
    /// Who makes it.
    pub owner: Owner,
    /// The name that the client gave the file; for display only.
    pub filename: Option<String>,
    /// Size of the source in bytes.
    pub bytes: u64,
    /// SHA-256 of the source, 64 lowercase hexadecimal digits.
    pub sha256: String,
    /// Checksum of the source.
    pub checksum: Checksum,
    /// What the client asked for.
    pub options: JobOptions,
    /// 0 first, 9 last, among its owner's jobs.
    pub priority: Priority,
    /// How long it waits before it may be claimed; zero for not at all.
    pub delay: Duration,
    /// Makes a second submit with the same key answer the first one's job.
    pub idempotency: Option<IdempotencyKey>,
    /// The trace that submits it (W3C Trace Context).
    pub traceparent: Option<String>,
    /// What opens the PDF, if it is encrypted.
    pub password: Option<SealedPassword>,
}

/// What became of a submit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Submitted {
    /// The job is in the queue since then.
    Accepted(Timestamp),
    /// The idempotency key made this job before.
    Existing(JobId),
    /// Too many wait already.
    Full(Full),
    /// Its source waited longer than `ORPHAN_AFTER` since it was announced, and is gone or about to be.
    Late,
}

/// As many jobs wait as may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full {
    /// Whose jobs.
    pub whose: Whose,
    /// Jobs that wait: queued, scheduled and retrying.
    pub waiting: u64,
    /// How many may.
    pub limit: u64,
    /// How long it takes until one more may wait, at the pace of the last minute; `None` when no job ended in it.
    pub room_in: Option<Duration>,
}

/// Whose jobs were counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Everybody's, against `QUEUE_DEPTH`.
    Everybody,
    /// The owner's, against `OWNER_QUEUED`.
    Owner,
}

/// What an idempotency key stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reservation {
    /// The caller may go on; the key is its own until it submits, gives it back or the reservation ends.
    Reserved,
    /// Another request with this key is still being accepted.
    InProgress,
    /// The key made this job.
    Job(JobId),
}

/// What becomes of an upload that is about to be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Announced {
    /// It may be stored.
    Noted,
    /// A submit would be refused, so it need not be.
    Full(Full),
}

/// A client's `Idempotency-Key`: 1 to 255 visible ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

/// A text that is no [`IdempotencyKey`].
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("an idempotency key is 1 to 255 visible ASCII characters")]
pub struct InvalidIdempotencyKey;

impl FromStr for IdempotencyKey {
    type Err = InvalidIdempotencyKey;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if (1..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidIdempotencyKey)
        }
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Queue {
    /// Says that a source of `owner` is about to be stored, before it is: the objects of `id` are removed after
    /// `ORPHAN_AFTER` unless a job with this id was submitted by then, whatever becomes of the caller.
    /// [`Queue::purged`] takes it back.
    ///
    /// # Errors
    /// [`QueueError`]; nothing should be stored then.
    pub async fn announce(&self, id: JobId, owner: &Owner) -> Result<Announced, QueueError> {
        let queue = &self.0;
        let mut call = queue.prepare(&queue.scripts.announce);
        call.arg(id.to_string())
            .arg(owner.as_str())
            .arg(queue.args.queue_depth)
            .arg(queue.args.owner_queued(owner))
            .arg(millis(queue.args.orphan_after));
        let answer: Vec<String> = queue.run(&call).await?;
        match answer.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["announced"] => Ok(Announced::Noted),
            _ => match full(&answer, &queue.args) {
                Some(full) => Ok(Announced::Full(full)),
                None => Err(unreadable("announce", &answer)),
            },
        }
    }

    /// Puts a job into the queue. Made again with the same job, it changes nothing and answers the same.
    ///
    /// # Errors
    /// [`QueueError`]; after an [`QueueError::Unavailable`] the job may have been accepted.
    pub async fn submit(&self, job: &NewJob) -> Result<Submitted, QueueError> {
        let queue = &self.0;
        let mut call = queue.prepare(&queue.scripts.submit);
        call.arg(job.id.to_string())
            .arg(job.owner.as_str())
            .arg(millis(job.delay))
            .arg(queue.args.queue_depth)
            .arg(queue.args.owner_queued(&job.owner))
            .arg(
                job.idempotency
                    .as_ref()
                    .map(ToString::to_string)
                    .unwrap_or_default(),
            )
            .arg(millis(queue.args.idempotency_ttl))
            .arg(u8::from(job.priority));
        for (name, value) in fields(job, queue.args.max_attempts) {
            call.arg(name).arg(value);
        }
        let answer: Vec<String> = queue.run(&call).await?;
        match answer.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["accepted", since] => match since.parse() {
                Ok(millis) => Ok(Submitted::Accepted(Timestamp::from_millis(millis))),
                Err(_) => Err(unreadable("submit", &answer)),
            },
            ["existing", id] => Ok(Submitted::Existing(made_job(id)?)),
            ["late"] => Ok(Submitted::Late),
            _ => match full(&answer, &queue.args) {
                Some(full) => Ok(Submitted::Full(full)),
                None => Err(unreadable("submit", &answer)),
            },
        }
    }

    /// Takes an idempotency key before the upload is read, so that two requests do not make two jobs.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn reserve(
        &self,
        owner: &Owner,
        key: &IdempotencyKey,
    ) -> Result<Reservation, QueueError> {
        let queue = &self.0;
        let mut call = queue.prepare(&queue.scripts.reserve);
        call.arg(owner.as_str())
            .arg(&key.0)
            .arg(millis(queue.args.idempotency_reservation))
            .arg(Uuid::now_v7().to_string());
        let answer: String = queue.run(&call).await?;
        match answer.as_str() {
            "reserved" => Ok(Reservation::Reserved),
            "in-progress" => Ok(Reservation::InProgress),
            id => Ok(Reservation::Job(made_job(id)?)),
        }
    }

    /// Gives a reserved key back when its request fails; a key that made a job stays.
    ///
    /// # Errors
    /// [`QueueError`]; the reservation ends by itself then.
    pub async fn unreserve(&self, owner: &Owner, key: &IdempotencyKey) -> Result<(), QueueError> {
        let queue = &self.0;
        let mut call = queue.prepare(&queue.scripts.unreserve);
        call.arg(owner.as_str()).arg(&key.0);
        queue.run(&call).await
    }
}

/// What `refusal` of `room.lua` answers.
fn full(answer: &[String], args: &QueueArgs) -> Option<Full> {
    let [kind, waiting, room_in] = answer else {
        return None;
    };
    let (whose, limit) = match kind.as_str() {
        "full" => (Whose::Everybody, args.queue_depth),
        "quota" => (Whose::Owner, args.owner_queued),
        _ => return None,
    };
    Some(Full {
        whose,
        waiting: waiting.parse().ok()?,
        limit,
        room_in: room_in.parse().ok().map(Duration::from_millis), // -1 is none
    })
}

fn unreadable(script: &str, answer: &[String]) -> QueueError {
    QueueError::corrupt(format!("the answer of {script}"), format!("{answer:?}"))
}

fn made_job(id: &str) -> Result<JobId, QueueError> {
    id.parse()
        .map_err(|_| QueueError::corrupt("an idempotency key", "it stands for no job id"))
}

fn fields(job: &NewJob, max_attempts: u32) -> Vec<(&'static str, String)> {
    let options = serde_json::to_string(&job.options).expect("options are plain data");
    let mut fields = vec![
        ("bytes", job.bytes.to_string()),
        ("sha256", job.sha256.clone()),
        ("checksum", job.checksum.to_string()),
        ("options", options),
        ("max_attempts", max_attempts.to_string()),
    ];
    fields.extend(job.filename.clone().map(|name| ("filename", name)));
    fields.extend(job.traceparent.clone().map(|trace| ("traceparent", trace)));
    let password = job.password.as_ref();
    fields.extend(password.map(|sealed| ("password", sealed.as_str().to_owned())));
    fields
}
