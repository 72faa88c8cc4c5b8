//! Cancel, retry, delete, from every state.

use std::time::Duration;

use shared::job::{JobId, Progress, State};
use shared::queue::{
    CancelAnswer, DeleteAnswer, Finished, NewJob, Outcome, ProgressAnswer, RetryAnswer,
};

use crate::bench::{Bench, damage, job, outage, tally};

#[stall::test(options = tests::GUARDED_THREAD)]
async fn a_waiting_job_is_cancelled_at_once() {
    let bench = Bench::new().await;
    let scheduled = bench
        .submit(&NewJob {
            delay: Duration::from_secs(60),
            ..job()
        })
        .await;
    let retrying = bench.submit_one().await;
    let lease = bench.claim().await.lease();
    bench
        .queue
        .finish(lease, &Outcome::Retry { error: outage() })
        .await
        .unwrap();
    let queued = bench.submit_one().await;
    for id in [scheduled, retrying, queued] {
        for _ in 0..2 {
            assert_eq!(
                bench.queue.cancel(id).await.unwrap(),
                CancelAnswer::Cancelled
            );
        }
        assert_eq!(bench.state(id).await, State::Cancelled);
    }
    assert!(bench.try_claim().await.is_none());
    assert_eq!(
        (
            bench.card("delayed").await,
            bench.card("queued").await,
            bench.card("done").await
        ),
        (0, 0, 3)
    );
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn a_running_job_is_told_and_ends_cancelled_unless_it_succeeded() {
    let bench = Bench::new().await;
    let cases = [
        (Outcome::Cancelled, State::Cancelled),
        (Outcome::Release, State::Cancelled),
        (Outcome::Failed(damage()), State::Cancelled),
        (Outcome::Retry { error: outage() }, State::Cancelled),
        (Outcome::Succeeded(tally(0)), State::Succeeded),
        (Outcome::Succeeded(tally(2)), State::Partial),
    ];
    for (outcome, state) in cases {
        let id = bench.submit_one().await;
        let lease = bench.claim().await.lease();
        for _ in 0..2 {
            assert_eq!(
                bench.queue.cancel(id).await.unwrap(),
                CancelAnswer::Cancelling
            );
        }
        let answer = bench
            .queue
            .progress(lease, &Progress::default())
            .await
            .unwrap();
        assert_eq!(answer, ProgressAnswer::Cancelled);
        let finished = bench.queue.finish(lease, &outcome).await.unwrap();
        assert_eq!(finished, Finished::Done(state), "{outcome:?}");
        assert_eq!(bench.state(id).await, state);
    }
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn a_cancelled_job_whose_worker_dies_is_cancelled() {
    let bench = Bench::new().await;
    let id = bench.submit_one().await;
    bench.claim().await;
    bench.queue.cancel(id).await.unwrap();
    bench.expire_lease(id).await;
    assert!(bench.try_claim().await.is_none());
    assert_eq!(bench.state(id).await, State::Cancelled);
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn an_ended_job_is_not_cancelled() {
    let bench = Bench::new().await;
    let id = bench.submit_one().await;
    let lease = bench.claim().await.lease();
    bench
        .queue
        .finish(lease, &Outcome::Succeeded(tally(0)))
        .await
        .unwrap();
    let answer = bench.queue.cancel(id).await.unwrap();
    assert_eq!(answer, CancelAnswer::TooLate(State::Succeeded));
    assert_eq!(
        bench.queue.cancel(JobId::generate()).await.unwrap(),
        CancelAnswer::Unknown
    );
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn a_retry_grants_the_attempts_anew_and_keeps_counting_them() {
    let bench = Bench::new().await;
    let id = bench.submit_one().await;
    for attempt in 1..=2 {
        bench.claim().await;
        bench.expire_lease(id).await;
        assert_eq!(bench.get(id).await.attempt, attempt);
    }
    bench.queue.sweep().await.unwrap();
    assert_eq!(bench.state(id).await, State::Dead);

    assert_eq!(bench.queue.retry(id).await.unwrap(), RetryAnswer::Queued);
    assert_eq!(
        bench.queue.retry(id).await.unwrap(),
        RetryAnswer::NotTerminal(State::Queued)
    );
    let record = bench.get(id).await;
    assert_eq!(
        (record.attempt, record.max_attempts, record.crashes),
        (2, 6, 0)
    );
    assert_eq!((record.error, record.finished_at), (None, None));
    for attempt in 3..=6 {
        let claim = bench.claim().await;
        assert_eq!(claim.record.attempt, attempt);
        let finished = bench
            .queue
            .finish(claim.lease(), &Outcome::Retry { error: outage() })
            .await
            .unwrap();
        if attempt < 6 {
            assert_eq!(finished, Finished::Done(State::Retrying));
            bench.make_due(id).await;
        } else {
            assert_eq!(finished, Finished::Done(State::Dead));
        }
    }
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn only_what_failed_died_or_was_cancelled_is_retried() {
    let bench = Bench::new().await;
    let cases = [
        (Outcome::Failed(damage()), RetryAnswer::Queued),
        (Outcome::Dead(damage()), RetryAnswer::Queued),
        (Outcome::Cancelled, RetryAnswer::Queued),
        (
            Outcome::Succeeded(tally(0)),
            RetryAnswer::NotTerminal(State::Succeeded),
        ),
        (
            Outcome::Succeeded(tally(1)),
            RetryAnswer::NotTerminal(State::Partial),
        ),
    ];
    for (outcome, answer) in cases {
        let id = bench.submit_one().await;
        let lease = bench.claim().await.lease();
        assert_eq!(
            bench.queue.retry(id).await.unwrap(),
            RetryAnswer::NotTerminal(State::Running)
        );
        bench.queue.finish(lease, &outcome).await.unwrap();
        assert_eq!(bench.queue.retry(id).await.unwrap(), answer, "{outcome:?}");
        bench.queue.cancel(id).await.unwrap();
    }
    assert_eq!(
        bench.queue.retry(JobId::generate()).await.unwrap(),
        RetryAnswer::Unknown
    );
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn a_deleted_job_leaves_a_tombstone_and_its_objects_to_purge() {
    let bench = Bench::new().await;
    let id = bench.submit_one().await;
    let before = bench.get(id).await;
    assert_eq!(
        bench.queue.delete(id).await.unwrap(),
        DeleteAnswer::Live(State::Queued)
    );
    bench.queue.cancel(id).await.unwrap();
    for _ in 0..2 {
        assert_eq!(bench.queue.delete(id).await.unwrap(), DeleteAnswer::Deleted);
    }
    let tombstone = bench.get(id).await;
    assert_eq!(
        (tombstone.state, &tombstone.owner),
        (State::Expired, &before.owner)
    );
    assert_eq!(
        (tombstone.created_at, tombstone.filename),
        (before.created_at, None)
    );
    assert!(tombstone.revision > before.revision);
    assert_eq!(
        bench.queue.retry(id).await.unwrap(),
        RetryAnswer::NotTerminal(State::Expired)
    );
    assert_eq!(
        bench.queue.cancel(id).await.unwrap(),
        CancelAnswer::TooLate(State::Expired)
    );
    assert_eq!(
        bench.queue.delete(JobId::generate()).await.unwrap(),
        DeleteAnswer::Unknown
    );

    assert_eq!(bench.queue.sweep().await.unwrap(), [id]);
    assert_eq!(
        bench.queue.sweep().await.unwrap(),
        [],
        "somebody is deleting them"
    );
    bench.rescore("purge", id).await;
    assert_eq!(
        bench.queue.sweep().await.unwrap(),
        [id],
        "nobody said that they are gone"
    );
    bench.queue.purged(id).await.unwrap();
    assert_eq!(bench.card("purge").await, 0);
}
