//! A job for a free slot.

use std::time::Duration;

use redis::{FromRedisValue, Value};
use tracing::warn;
use uuid::Uuid;

use crate::job::{JobId, JobRecord};

use super::record::{Fields, decode};
use super::{Lease, Queue, QueueError, WorkerId, millis};

/// Unreadable jobs that one claim sends to the dead letters before it answers that there is none.
const UNREADABLE_PER_CLAIM: usize = 16;

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

enum Answer {
    Job {
        id: String,
        attempt: u32,
        more: bool,
        fields: Fields,
    },
    None {
        due: Option<Duration>,
    },
}

impl Queue {
    /// Leases the next job to `worker`, if there is one. The same `request` answers the same job for as long as its
    /// lease holds, so a call whose reply was lost is made again with the same one.
    ///
    /// A job whose record cannot be read goes to the dead letters, and the next one is taken.
    ///
    /// # Errors
    /// [`QueueError`]; a job may have been leased.
    pub async fn claim(
        &self,
        worker: &WorkerId,
        request: Uuid,
    ) -> Result<Option<Claim>, QueueError> {
        for _ in 0..UNREADABLE_PER_CLAIM {
            match self.take(worker, request).await? {
                Answer::None { due } => {
                    self.0.signals.expect_work(due);
                    return Ok(None);
                }
                Answer::Job {
                    id,
                    attempt,
                    more,
                    fields,
                } => {
                    if more {
                        self.0.signals.work_arrived();
                    }
                    match read(&id, &fields) {
                        Ok(record) => {
                            return Ok(Some(Claim {
                                record,
                                lease: self.0.args.lease,
                            }));
                        }
                        Err(error) => {
                            warn!(job.id = id, %error, "a record cannot be read; its job goes to the dead letters");
                            self.bury_unreadable(&id, attempt, &error.to_string())
                                .await?;
                        }
                    }
                }
            }
        }
        Ok(None)
    }

    async fn take(&self, worker: &WorkerId, request: Uuid) -> Result<Answer, QueueError> {
        let queue = &self.0;
        let mut call = queue.prepare(&queue.scripts.claim);
        call.arg(worker.as_str())
            .arg(request.to_string())
            .arg(millis(queue.args.lease))
            .arg(queue.args.max_crashes);
        let answer: Value = queue.run(&call).await?;
        parse(answer).ok_or_else(|| {
            QueueError::corrupt("the answer of claim", "it is neither a job nor none")
        })
    }
}

fn parse(answer: Value) -> Option<Answer> {
    let Value::Array(parts) = answer else {
        return None;
    };
    let mut parts = parts.into_iter();
    let kind: String = next(&mut parts)?;
    match kind.as_str() {
        "job" => Some(Answer::Job {
            id: next(&mut parts)?,
            attempt: next(&mut parts)?,
            more: next(&mut parts)?,
            fields: next(&mut parts)?,
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

fn next<T: FromRedisValue>(parts: &mut impl Iterator<Item = Value>) -> Option<T> {
    T::from_redis_value(parts.next()?).ok()
}

fn read(id: &str, fields: &Fields) -> Result<JobRecord, QueueError> {
    let id: JobId = id
        .parse()
        .map_err(|_| QueueError::corrupt("a job's id", "it is no UUID"))?;
    decode(id, fields)
}
