//! Whatever a failed submit left behind. The direction to err in is keeping: an accepted job never loses its source.

use std::time::Duration;

use shared::job::JobId;
use shared::owner::Owner;
use shared::queue::IdempotencyKey;
use tokio::time::{sleep, timeout};
use tracing::{Instrument, Span, debug, warn};

use crate::state::AppState;

/// How long the client waits for the clean-up; after that it goes on without the client.
const PATIENCE: Duration = Duration::from_secs(2);
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// About ten minutes with the pauses above.
const ATTEMPTS: u32 = 16;
/// Answers without the job before it counts as never accepted: the first may overtake a submit on its way.
const ABSENCES: u32 = 3;

/// Removes the objects of a job that no queue knows. Done when it returns, unless the store is slow.
pub(super) async fn discard(state: &AppState, job: JobId) {
    let owned = state.clone();
    let work = async move {
        if delete_stubbornly(&owned, job).await {
            forget(&owned, job).await;
        }
    };
    in_background(state, work).await;
}

/// Removes what may be there of a job that no queue knows. The job stays announced: a store that carries out later what
/// it did not answer is cleaned by the sweep.
pub(super) async fn discard_for_now(state: &AppState, job: JobId) {
    let owned = state.clone();
    let work = async move {
        delete_stubbornly(&owned, job).await;
    };
    in_background(state, work).await;
}

/// Waits a little for `work`, which goes on in any case.
async fn in_background(state: &AppState, work: impl Future<Output = ()> + Send + 'static) {
    let work = work.instrument(Span::current());
    let task = state.background.spawn(stall::watch(work));
    // A timeout only ends the waiting: the task goes on.
    let _ = timeout(PATIENCE, task).await;
}

/// Finds out whether a submit without an answer made its job, and removes the source if not.
pub(super) fn when_known(state: &AppState, job: JobId) {
    let tracker = state.background.clone();
    let state = state.clone();
    let work = async move {
        let mut absences = 0;
        for pause in pauses() {
            sleep(pause).await;
            match state.queue.get(job).await {
                Ok(Some(_)) => return,
                Ok(None) => absences += 1,
                Err(_) => absences = 0,
            }
            if absences == ABSENCES {
                if delete_stubbornly(&state, job).await {
                    forget(&state, job).await;
                }
                return;
            }
        }
        warn!(job.id = %job, "left the source of a submit whose outcome stayed unknown to the sweep");
    };
    tracker.spawn(stall::watch(work.instrument(Span::current())));
}

/// Takes back that a source was about to be stored; the queue's sweep finds nothing to remove when that fails.
pub(super) async fn forget(state: &AppState, job: JobId) {
    if let Err(error) = state.queue.purged(job).await {
        debug!(job.id = %job, error = %error, "an upload that came to nothing stays announced");
    }
}

/// Gives the reservation of an idempotency key back; it ends by itself when that fails.
pub(super) async fn give_back(state: &AppState, owner: &Owner, key: &IdempotencyKey) {
    if let Err(error) = state.queue.unreserve(owner, key).await {
        warn!(
            error = %error,
            "an idempotency key stays reserved until its reservation ends"
        );
    }
}

/// True once there is nothing left of the job.
async fn delete_stubbornly(state: &AppState, job: JobId) -> bool {
    for pause in pauses() {
        match state.store.delete_job(job).await {
            Ok(_) => return true,
            Err(error) => {
                warn!(job.id = %job, error = %error, "could not remove a refused upload yet");
            }
        }
        sleep(pause).await;
    }
    warn!(job.id = %job, "a refused upload is left to the sweep");
    false
}

/// Doubling, up to the longest.
fn pauses() -> impl Iterator<Item = Duration> {
    (0..ATTEMPTS).map(|attempt| {
        FIRST_PAUSE
            .saturating_mul(2_u32.saturating_pow(attempt))
            .min(LONGEST_PAUSE)
    })
}
