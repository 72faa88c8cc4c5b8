//! The record of a job that was accepted just now.

use shared::job::{JobRecord, Progress, State};
use shared::queue::NewJob;
use shared::timestamp::Timestamp;

/// As Redis has it since `at`: to ask would be one more call, and an accepted job is never answered with an outage.
pub(super) fn as_submitted(new: NewJob, at: Timestamp, max_attempts: u32) -> JobRecord {
    JobRecord {
        id: new.id,
        owner: new.owner,
        state: match new.delay.is_zero() {
            true => State::Queued,
            false => State::Scheduled,
        },
        revision: 1,
        filename: new.filename,
        bytes: new.bytes,
        sha256: new.sha256,
        checksum: Some(new.checksum),
        options: new.options,
        priority: new.priority,
        attempt: 0,
        max_attempts,
        crashes: 0,
        created_at: at,
        run_at: at.after(new.delay),
        started_at: None,
        finished_at: None,
        worker: None,
        progress: Progress::default(),
        tally: None,
        error: None,
        traceparent: new.traceparent,
        password: new.password,
    }
}
