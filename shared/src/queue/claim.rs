//! Jobs for free slots.

use std::time::Duration;

use redis::{FromRedisValue, Value};
use tracing::warn;
use uuid::Uuid;

use crate::job::{JobId, JobRecord, State};

use super::record::{Fields, decode};
use super::{Lease, Queue, QueueError, WorkerId, millis};

/// Calls that a claim makes for the sake of unreadable jobs before it answers that there is none.
const UNREADABLE_PER_CLAIM: usize = 16;

/// Jobs that one call leases at most, which bounds how long it holds Redis.
pub const CLAIMED_AT_ONCE: usize = 64;

/// A job, leased.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// Its record; `attempt` is the fencing token.
    pub record: JobRecord,
    /// For how long, unless it is renewed.
    pub lease: Duration,
}

impl Claim {
    /// The right that it stands for.
    #[must_use]
    pub fn lease(&self) -> Lease {
        Lease {
            job: self.record.id,
            attempt: self.record.attempt,
        }
    }
}

/// The fields of a record that a claim leaves as they are, in the order in which they are asked for.
const KEPT: [&str; 13] = [
    "owner",
    "bytes",
    "sha256",
    "checksum",
    "options",
    "priority",
    "max_attempts",
    "crashes",
    "created_at",
    "run_at",
    "filename",
    "traceparent",
    "password",
];

enum Answer {
    Jobs { more: bool, jobs: Vec<Leased> },
    None { due: Option<Duration> },
}

/// A leased job as the script answers it.
struct Leased {
    id: String,
    attempt: u32,
    fields: Fields<&'static str>,
}

impl Queue {
    /// Leases the next job to `worker`, if there is one: [`Queue::claim_up_to`] for a single slot.
    ///
    /// # Errors
    /// [`QueueError`]; a job may have been leased.
    pub async fn claim(
        &self,
        worker: &WorkerId,
        request: Uuid,
    ) -> Result<Option<Claim>, QueueError> {
        let mut claims = self.claim_up_to(worker, request, 1).await?;
        Ok(claims.pop())
    }

    /// Leases the next jobs to `worker`, at most `slots` of them and at most [`CLAIMED_AT_ONCE`]. The same `request`
    /// answers the same jobs for as long as their leases hold, so a call whose reply was lost is made again with the
    /// same one.
    ///
    /// A job whose record cannot be read goes to the dead letters, and the next one is taken.
    ///
    /// # Errors
    /// [`QueueError`]; jobs may have been leased.
    pub async fn claim_up_to(
        &self,
        worker: &WorkerId,
        request: Uuid,
        slots: usize,
    ) -> Result<Vec<Claim>, QueueError> {
        for _ in 0..UNREADABLE_PER_CLAIM {
            match self.take(worker, request, slots).await? {
                Answer::None { due } => {
                    self.0.signals.expect_work(due);
                    break;
                }
                Answer::Jobs { more, jobs } => {
                    if more {
                        self.0.signals.work_arrived();
                    }
                    let claims = self.readable(jobs).await?;
                    if !claims.is_empty() {
                        return Ok(claims);
                    }
                }
            }
        }
        Ok(Vec::new())
    }

    async fn readable(&self, jobs: Vec<Leased>) -> Result<Vec<Claim>, QueueError> {
        let mut claims = Vec::with_capacity(jobs.len());
        for job in jobs {
            match read(&job) {
                Ok(record) => claims.push(Claim {
                    record,
                    lease: self.0.args.lease,
                }),
                Err(error) => {
                    warn!(job.id, %error, "a record cannot be read; its job goes to the dead letters");
                    self.bury_unreadable(&job.id, job.attempt, &error.to_string())
                        .await?;
                }
            }
        }
        Ok(claims)
    }

    async fn take(
        &self,
        worker: &WorkerId,
        request: Uuid,
        slots: usize,
    ) -> Result<Answer, QueueError> {
        let queue = &self.0;
        let mut call = queue.prepare(&queue.scripts.claim);
        call.arg(worker.as_str())
            .arg(request.to_string())
            .arg(millis(queue.args.lease))
            .arg(queue.args.max_crashes)
            .arg(slots.clamp(1, CLAIMED_AT_ONCE))
            .arg(&KEPT);
        let answer: Value = queue.run(&call).await?;
        parse(worker, answer).ok_or_else(|| {
            QueueError::corrupt("the answer of claim", "it is neither jobs nor none")
        })
    }
}

fn parse(worker: &WorkerId, answer: Value) -> Option<Answer> {
    let Value::Array(parts) = answer else {
        return None;
    };
    let mut parts = parts.into_iter();
    let kind: String = next(&mut parts)?;
    match kind.as_str() {
        "jobs" => Some(Answer::Jobs {
            more: next(&mut parts)?,
            jobs: parts
                .map(|job| leased(worker, job))
                .collect::<Option<_>>()?,
        }),
        "none" => {
            let due: i64 = next(&mut parts)?;
            Some(Answer::None {
                due: u64::try_from(due).ok().map(Duration::from_millis),
            })
        }
        _ => None,
    }
}

/// What the script says of a job and what it made of it are together the fields of its record.
fn leased(worker: &WorkerId, job: Value) -> Option<Leased> {
    let Value::Array(parts) = job else {
        return None;
    };
    let mut parts = parts.into_iter();
    let id = next(&mut parts)?;
    let attempt: u32 = next(&mut parts)?;
    let changed = [
        ("state", State::Running.to_string()),
        ("worker", worker.to_string()),
        ("attempt", attempt.to_string()),
        ("revision", next(&mut parts)?),
        ("started_at", next(&mut parts)?),
    ];
    let mut fields = Fields::with_capacity(changed.len() + KEPT.len());
    fields.extend(changed);
    for (name, value) in KEPT.into_iter().zip(parts) {
        // What is no text was put there by hand; it is for `decode` to refuse, and for this job alone.
        if let Some(value) = Option::<Vec<u8>>::from_redis_value(value).ok()? {
            let value = String::from_utf8(value)
                .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
            fields.insert(name, value);
        }
    }
    Some(Leased {
        id,
        attempt,
        fields,
    })
}

fn next<T: FromRedisValue>(parts: &mut impl Iterator<Item = Value>) -> Option<T> {
    T::from_redis_value(parts.next()?).ok()
}

fn read(job: &Leased) -> Result<JobRecord, QueueError> {
    let id: JobId = job
        .id
        .parse()
        .map_err(|_| QueueError::corrupt("a job's id", "it is no UUID"))?;
    decode(id, &job.fields)
}
