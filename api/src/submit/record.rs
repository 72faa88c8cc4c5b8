//! The record of a job that was accepted just now.

use std::time::{SystemTime, UNIX_EPOCH};

use shared::job::{JobRecord, Progress, State};
use shared::queue::NewJob;
use shared::timestamp::Timestamp;

use crate::state::AppState;

/// As Redis has it; when Redis goes away between the submit and now, as it must be: an accepted job is never answered
/// with an outage.
pub(super) async fn of_new(state: &AppState, new: NewJob) -> JobRecord {
    match state.queue.get(new.id).await {
        Ok(Some(record)) => record,
        Ok(None) | Err(_) => as_submitted(new, state.queue.args().max_attempts),
    }
}

/// Its times are this machine's, which Redis' are close to.
fn as_submitted(new: NewJob, max_attempts: u32) -> JobRecord {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let millis = |since_epoch: std::time::Duration| {
        Timestamp::from_millis(u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX))
    };
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
        created_at: millis(now),
        run_at: millis(now + new.delay),
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
