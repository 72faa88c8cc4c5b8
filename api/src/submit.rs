//! From an upload to a queued job: object first, then the job, and back when something fails.

mod options; // images, boxes, …: from the query or from form fields
mod receive; // the body → the store
mod record; // the record of a job that was accepted just now
mod settle; // whatever a failed submit left behind
mod ticket; // what is known before the body is read

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::body::Body;
use futures::FutureExt;
use shared::config::Secret;
use shared::error_code::ErrorCode;
use shared::job::{JobId, JobRecord, State};
use shared::owner::Owner;
use shared::password::SealedPassword;
use shared::queue::{Announced, Full, NewJob, Reservation, Submitted, Whose};
use shared::store::StoreError;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;
use tracing::{Instrument, Span};

use crate::problem::ApiError;
use crate::state::AppState;
use crate::upload::Received;

pub(crate) use options::MAX_DELAY;
pub(crate) use ticket::Ticket;

use options::Chosen;
use receive::{Sink, Stored, receive};

/// What a client is told to wait when all uploads are taken.
const TURN_RETRY_AFTER: Duration = Duration::from_secs(5);
/// What a full queue tells its clients to wait when no job has ended of late, and the most that it tells them.
const FULL_RETRY_AFTER: Duration = Duration::from_secs(60);
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(600);
/// What a client is told to wait while its other request with the same key is being accepted.
const CONFLICT_RETRY_AFTER: Duration = Duration::from_secs(1);

/// A request that was answered with a job.
pub(crate) enum Acceptance {
    /// A new job.
    New(Box<JobRecord>),
    /// The job that the same request made before.
    Replayed(Box<JobRecord>),
}

/// Why a job was not accepted, and what there is to clean up.
enum Failure {
    /// Nothing reached the store.
    Clean(ApiError),
    /// The source is stored, and no job needs it.
    Stored(ApiError),
    /// The store did not answer: it may still store a source that no job needs.
    MaybeStored(ApiError),
    /// The queue did not answer: the job may be there.
    Unknown(ApiError),
}

/// Takes the body in and queues a job for it. Goes on to its end when the client goes away, so that every way out
/// passes the clean-up.
pub(crate) async fn submit(
    state: &AppState,
    ticket: Ticket,
    body: Body,
) -> Result<Acceptance, ApiError> {
    ticket.check_length(state.limits.max_upload)?;
    let work = take_in(state.clone(), ticket, body).instrument(Span::current());
    let task = state
        .upload_threads
        .spawn(&state.background, stall::watch(work));
    task.await
        .unwrap_or_else(|panic| Err(ApiError::internal(panic)))
}

/// Refuses before the body is read what the queue would refuse after it (a replay is no new job and passes), and sees to
/// it that a source does not outlive this process without a job.
async fn announce(state: &AppState, job: JobId, owner: &Owner) -> Result<(), ApiError> {
    match state.queue.announce(job, owner).await? {
        Announced::Noted => Ok(()),
        Announced::Full(full) => Err(refused(full)),
    }
}

/// Refuses before the body is read what the store would not take.
fn check_store(state: &AppState) -> Result<(), StoreError> {
    match state.store_watch.away() {
        None => Ok(()),
        Some(reason) => Err(StoreError::Unavailable {
            operation: "check",
            reason,
        }),
    }
}

async fn take_in(state: AppState, ticket: Ticket, body: Body) -> Result<Acceptance, ApiError> {
    check_store(&state)?;
    let _turn = turn(&state).await?;
    if let Some(key) = &ticket.idempotency {
        match state.queue.reserve(&ticket.owner, key).await? {
            Reservation::Reserved => {}
            Reservation::InProgress => return Err(still_in_progress()),
            Reservation::Job(made) => return replay(&state, ticket, body, made).await,
        }
    }
    let job = JobId::generate();
    let owner = ticket.owner.clone();
    let key = ticket.idempotency.clone();
    let outcome = AssertUnwindSafe(accept(&state, job, ticket, body))
        .catch_unwind()
        .await
        .unwrap_or_else(|_| Err(Failure::Stored(panicked())));
    let failure = match outcome {
        Ok(acceptance) => return Ok(acceptance),
        Err(failure) => failure,
    };
    let error = match failure {
        Failure::Clean(error) => {
            settle::forget(&state, job).await;
            error
        }
        Failure::Stored(error) => {
            settle::discard(&state, job).await;
            error
        }
        Failure::MaybeStored(error) => {
            settle::discard_for_now(&state, job).await;
            error
        }
        Failure::Unknown(error) => {
            settle::when_known(&state, job);
            return Err(error);
        }
    };
    if let Some(key) = &key {
        settle::give_back(&state, &owner, key).await;
    }
    Err(error)
}

/// Waits for one of the uploads that may be read at the same time.
async fn turn(state: &AppState) -> Result<OwnedSemaphorePermit, ApiError> {
    let permit = state.uploads.clone().acquire_owned();
    match timeout(state.http.upload_turn, permit).await {
        Ok(permit) => Ok(permit.expect("the semaphore is never closed")),
        Err(_) => Err(
            ApiError::new(ErrorCode::Overloaded, "too many uploads at the same time")
                .with_retry_after(TURN_RETRY_AFTER),
        ),
    }
}

async fn accept(
    state: &AppState,
    job: JobId,
    mut ticket: Ticket,
    body: Body,
) -> Result<Acceptance, Failure> {
    announce(state, job, &ticket.owner)
        .await
        .map_err(Failure::Clean)?;
    let mut sink = Sink::store(job);
    let received = match receive(state, &mut ticket, body, &mut sink).await {
        Ok(received) => received,
        Err(error) => {
            return Err(match sink.stored() {
                Stored::No => Failure::Clean(error),
                Stored::Maybe => Failure::MaybeStored(error),
                Stored::Yes => Failure::Stored(error),
            });
        }
    };
    let chosen = ticket.options.chosen();
    let new = NewJob {
        id: job,
        owner: ticket.owner,
        filename: chosen.filename.clone(),
        bytes: received.bytes,
        sha256: received.sha256.clone(),
        checksum: received.checksum,
        options: chosen.options.clone(),
        priority: chosen.priority,
        delay: chosen.delay,
        idempotency: ticket.idempotency,
        traceparent: ticket.traceparent,
        password: sealed(state, job, ticket.password).map_err(Failure::Stored)?,
    };
    match submit_surely(state, &new).await? {
        Submitted::Accepted(at) => {
            let max_attempts = state.queue.args().max_attempts;
            let record = record::as_submitted(new, at, max_attempts);
            Ok(Acceptance::New(Box::new(record)))
        }
        Submitted::Full(full) => Err(Failure::Stored(refused(full))),
        Submitted::Late => Err(Failure::Stored(late())),
        Submitted::Existing(made) => {
            settle::discard(state, job).await;
            compare(state, made, &received, &chosen)
                .await
                .map_err(Failure::Clean)
        }
    }
}

/// What stands in Redis is of no use to whoever reads it there.
fn sealed(
    state: &AppState,
    job: JobId,
    password: Option<Secret>,
) -> Result<Option<SealedPassword>, ApiError> {
    let Some(password) = password else {
        return Ok(None);
    };
    let Some(key) = &state.password_key else {
        let detail = "this service takes no passwords: it has no PASSWORD_KEY";
        return Err(ApiError::new(ErrorCode::InvalidOption, detail));
    };
    Ok(Some(key.seal(job, &password)))
}

/// A submit whose answer was lost may have been carried out: the record tells.
async fn submit_surely(state: &AppState, new: &NewJob) -> Result<Submitted, Failure> {
    let error = match state.queue.submit(new).await {
        Ok(answer) => return Ok(answer),
        Err(error) => error,
    };
    match state.queue.get(new.id).await {
        Ok(Some(record)) => Ok(Submitted::Accepted(record.created_at)),
        Ok(None) if !error.is_transient() => Err(Failure::Stored(error.into())),
        Ok(None) | Err(_) => Err(Failure::Unknown(error.into())),
    }
}

/// The key made a job before: the same request is answered with it, another one is refused.
async fn replay(
    state: &AppState,
    mut ticket: Ticket,
    body: Body,
    made: JobId,
) -> Result<Acceptance, ApiError> {
    let received = receive(state, &mut ticket, body, &mut Sink::Discard).await?;
    compare(state, made, &received, &ticket.options.chosen()).await
}

async fn compare(
    state: &AppState,
    made: JobId,
    received: &Received,
    chosen: &Chosen,
) -> Result<Acceptance, ApiError> {
    let record = state.queue.get(made).await?;
    let Some(record) = record.filter(|record| record.state != State::Expired) else {
        let detail = format!("this Idempotency-Key made job {made}, which is gone");
        return Err(ApiError::new(ErrorCode::Expired, detail));
    };
    let same = record.sha256 == received.sha256
        && record.options == chosen.options
        && record.priority == chosen.priority;
    if same {
        Ok(Acceptance::Replayed(Box::new(record)))
    } else {
        let detail = format!("this Idempotency-Key made job {made} from other bytes or options");
        Err(ApiError::new(ErrorCode::IdempotencyMismatch, detail))
    }
}

fn still_in_progress() -> ApiError {
    ApiError::new(
        ErrorCode::IdempotencyConflict,
        "another request with this Idempotency-Key is still being accepted",
    )
    .with_retry_after(CONFLICT_RETRY_AFTER)
}

/// With the time in which there is room, at the pace at which jobs end.
fn refused(full: Full) -> ApiError {
    let Full { waiting, limit, .. } = full;
    let (code, whose) = match full.whose {
        Whose::Everybody => (ErrorCode::QueueFull, "jobs"),
        Whose::Owner => (ErrorCode::QuotaExceeded, "jobs of this API key"),
    };
    let room_in = full.room_in.unwrap_or(FULL_RETRY_AFTER);
    ApiError::new(
        code,
        format!("{waiting} {whose} are waiting, and {limit} may"),
    )
    .with_retry_after(room_in.min(LONGEST_RETRY_AFTER))
}

/// The process stood still, or the clock leapt, between the upload and its submit.
fn late() -> ApiError {
    ApiError::new(
        ErrorCode::Overloaded,
        "the upload waited too long for its job; send it again",
    )
    .with_retry_after(CONFLICT_RETRY_AFTER)
}

fn panicked() -> ApiError {
    ApiError::internal(std::io::Error::other("taking in an upload panicked"))
}
