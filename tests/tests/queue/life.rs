//! The life of a job: submit, claim, progress, finish.

use std::time::Duration;

use shared::job::{Progress, Stage, State};
use shared::queue::{Finished, Full, NewJob, Outcome, ProgressAnswer, Submitted, Whose};

use crate::bench::{Bench, args, damage, job, outage, priority, tally};

#[stall::test(options = tests::GUARDED_THREAD)]
async fn a_job_is_accepted_run_and_done() {
    let bench = Bench::new().await;
    let new = NewJob {
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
        ..job()
    };
    let id = bench.submit(&new).await;
    let queued = bench.get(id).await;
    assert_eq!(
        (queued.state, queued.revision, queued.attempt),
        (State::Queued, 1, 0)
    );
    assert_eq!(
        (
            &queued.owner,
            &queued.filename,
            queued.bytes,
            &queued.sha256,
            &queued.options
        ),
        (
            &new.owner,
            &new.filename,
            new.bytes,
            &new.sha256,
            &new.options
        )
    );
    assert_eq!(
        (queued.max_attempts, queued.traceparent),
        (4, new.traceparent)
    );

    let claim = bench.claim().await;
    assert_eq!(claim.record, bench.get(id).await);
    assert_eq!(
        (claim.record.state, claim.record.attempt),
        (State::Running, 1)
    );
    assert_eq!(claim.record.worker.as_deref(), Some("w1"));
    assert!(claim.record.started_at >= Some(claim.record.created_at));
    assert!(bench.try_claim().await.is_none());

    let progress = Progress {
        stage: Some(Stage::Extract),
        pages_done: 3,
        pages_total: Some(10),
        images: 2,
    };
    let answer = bench
        .queue
        .progress(claim.lease(), &progress)
        .await
        .unwrap();
    assert_eq!(answer, ProgressAnswer::Noted);
    let running = bench.get(id).await;
    assert_eq!(running.progress, progress);
    assert!(running.revision > claim.record.revision);

    let outcome = Outcome::Succeeded(tally(0));
    let finished = bench.queue.finish(claim.lease(), &outcome).await.unwrap();
    assert_eq!(finished, Finished::Done(State::Succeeded));
    let done = bench.get(id).await;
    assert_eq!((done.state, done.tally), (State::Succeeded, Some(tally(0))));
    let complete = Progress {
        stage: Some(Stage::Commit),
        pages_done: tally(0).pages,
        pages_total: Some(tally(0).pages),
        images: tally(0).images,
    };
    assert_eq!(done.progress, complete);
    assert!(done.finished_at >= done.started_at);
    assert!(done.revision > running.revision);
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn warnings_make_a_success_partial() {
    let bench = Bench::new().await;
    let id = bench.submit_one().await;
    let lease = bench.claim().await.lease();
    bench
        .queue
        .finish(lease, &Outcome::Succeeded(tally(1)))
        .await
        .unwrap();
    assert_eq!(bench.state(id).await, State::Partial);
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn jobs_are_claimed_by_priority_then_by_age() {
    let bench = Bench::new().await;
    let mut ids = Vec::new();
    for number in [5, 5, 9, 0] {
        ids.push(
            bench
                .submit(&NewJob {
                    priority: priority(number),
                    ..job()
                })
                .await,
        );
        tokio::time::sleep(Duration::from_millis(2)).await; // the order of one millisecond is that of the ids
    }
    let mut claimed = Vec::new();
    while let Some(claim) = bench.try_claim().await {
        claimed.push(claim.record.id);
    }
    assert_eq!(claimed, [ids[3], ids[0], ids[1], ids[2]]);
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn a_damaged_document_fails_at_once() {
    let bench = Bench::new().await;
    let id = bench.submit_one().await;
    let lease = bench.claim().await.lease();
    bench
        .queue
        .finish(lease, &Outcome::Failed(damage()))
        .await
        .unwrap();
    let record = bench.get(id).await;
    assert_eq!(
        (record.state, record.error),
        (State::Failed, Some(damage()))
    );
    assert!(bench.try_claim().await.is_none());
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn an_outage_is_retried_until_the_attempts_are_used_up() {
    let bench = Bench::new().await;
    let id = bench.submit_one().await;
    for attempt in 1..=4 {
        let claim = bench.claim().await;
        assert_eq!((claim.record.attempt, claim.record.error), (attempt, None));
        let lease = shared::queue::Lease { job: id, attempt };
        let finished = bench
            .queue
            .finish(lease, &Outcome::Retry { error: outage() })
            .await
            .unwrap();
        let record = bench.get(id).await;
        assert_eq!(record.error, Some(outage()));
        if attempt < 4 {
            assert_eq!(finished, Finished::Done(State::Retrying));
            assert!(record.run_at > record.created_at);
            assert!(bench.try_claim().await.is_none(), "it waits");
            bench.make_due(id).await;
        } else {
            assert_eq!(finished, Finished::Done(State::Dead));
        }
    }
    assert_eq!((bench.card("dead").await, bench.card("done").await), (1, 0));
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn a_release_counts_as_no_attempt() {
    let bench = Bench::new().await;
    let id = bench.submit_one().await;
    for attempt in 1..=10 {
        let claim = bench.claim().await;
        assert_eq!(claim.record.attempt, attempt, "the fencing token grows");
        bench.queue.release_all(&[claim.lease()]).await.unwrap();
        assert_eq!(bench.state(id).await, State::Queued);
    }
    let claim = bench.claim().await;
    assert_eq!((claim.record.max_attempts, claim.record.crashes), (14, 0));
    let outcome = Outcome::Retry { error: outage() };
    let finished = bench.queue.finish(claim.lease(), &outcome).await.unwrap();
    assert_eq!(finished, Finished::Done(State::Retrying));
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn a_scheduled_job_waits_for_its_time() {
    let bench = Bench::new().await;
    let new = NewJob {
        delay: Duration::from_secs(600),
        ..job()
    };
    let id = bench.submit(&new).await;
    let record = bench.get(id).await;
    assert_eq!(record.state, State::Scheduled);
    assert_eq!(record.run_at.since(record.created_at), new.delay);
    assert!(bench.try_claim().await.is_none());
    bench.make_due(id).await;
    assert_eq!(bench.claim().await.record.id, id);
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn a_full_queue_takes_no_more_and_waiting_jobs_of_every_kind_count() {
    let bench = Bench::with(shared::config::QueueArgs {
        queue_depth: 3,
        ..args()
    })
    .await;
    let first = bench.submit_one().await;
    let lease = bench.claim().await.lease();
    bench
        .queue
        .finish(lease, &Outcome::Retry { error: outage() })
        .await
        .unwrap();
    bench
        .submit(&NewJob {
            delay: Duration::from_secs(600),
            ..job()
        })
        .await;
    bench.submit_one().await;
    let states = bench.queue.counts().await.unwrap();
    assert_eq!(
        (states.retrying, states.scheduled, states.queued),
        (1, 1, 1)
    );

    let refused = job();
    let answer = bench.queue.submit(&refused).await.unwrap();
    let full = Full {
        whose: Whose::Everybody,
        waiting: 3,
        limit: 3,
        room_in: None,
    };
    assert_eq!(answer, Submitted::Full(full));
    assert_eq!(bench.queue.get(refused.id).await.unwrap(), None);
    bench.queue.cancel(first).await.unwrap();
    bench.submit(&refused).await;
}
