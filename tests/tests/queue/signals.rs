//! Waiting for work and for changes: woken at once, and never for ever.

use std::time::Duration;

use shared::config::QueueArgs;
use shared::job::{JobId, State};
use shared::queue::{Change, Submitted};
use tokio::time::{Instant, timeout};

use crate::bench::{Bench, args, job, key};

/// Longer than any test may take, so that a wait that ends was ended by somebody.
const LONG: Duration = Duration::from_secs(600);
const SOON: Duration = Duration::from_secs(30);

/// Waits until the subscription stands: it wakes a waiter once when it does.
async fn subscribed(bench: &Bench) {
    timeout(SOON, bench.queue.wait_for_work(LONG))
        .await
        .unwrap();
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn a_submit_wakes_an_idle_worker() {
    let bench = Bench::new().await;
    subscribed(&bench).await;
    let submitter = bench.another(&args()).await;
    let (_, answer) = tokio::join!(
        async {
            timeout(SOON, bench.queue.wait_for_work(LONG))
                .await
                .expect("woken");
        },
        async { submitter.submit(&job()).await.unwrap() },
    );
    assert!(matches!(answer, Submitted::Accepted(_)));
    bench.claim().await;
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn a_process_hears_only_what_it_waits_for() {
    let bench = Bench::new().await;
    let heard = async || -> Vec<u32> {
        let mut ask = redis::cmd("PUBSUB");
        ask.arg("NUMSUB");
        ask.arg(["wake", "changed", "cancel"].map(key).as_slice());
        let answer: Vec<(String, u32)> = bench.raw(&ask).await;
        answer
            .into_iter()
            .map(|(_, subscribers)| subscribers)
            .collect()
    };
    let id = bench.submit_one().await;
    bench.claim().await;
    assert_eq!(heard().await, [0, 0, 0]);
    subscribed(&bench).await;
    assert_eq!(heard().await, [1, 0, 0]);
    let cancelled = bench.queue.cancel_requested(id);
    let asked = async {
        while heard().await != [1, 0, 1] {}
        bench.queue.cancel(id).await.unwrap();
    };
    tokio::join!(cancelled, asked);
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn work_that_came_between_a_claim_and_the_wait_is_not_missed() {
    let bench = Bench::new().await;
    subscribed(&bench).await;
    for _ in 0..20 {
        assert!(bench.try_claim().await.is_none());
        bench.submit_one().await;
        timeout(SOON, bench.queue.wait_for_work(LONG))
            .await
            .expect("woken");
        bench.claim().await;
    }
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn every_idle_slot_of_a_process_is_woken_while_there_is_work() {
    let bench = Bench::new().await;
    subscribed(&bench).await;
    for _ in 0..3 {
        bench.submit_one().await;
    }
    let slot = || async {
        loop {
            if let Some(claim) = bench.try_claim().await {
                return claim.record.id;
            }
            bench.queue.wait_for_work(LONG).await;
        }
    };
    let (a, b, c) = timeout(SOON, async { tokio::join!(slot(), slot(), slot()) })
        .await
        .unwrap();
    assert!(a != b && b != c && a != c);
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn a_delayed_job_wakes_the_worker_when_it_is_due() {
    let bench = Bench::new().await;
    subscribed(&bench).await;
    let delay = Duration::from_millis(50);
    bench
        .submit(&shared::queue::NewJob { delay, ..job() })
        .await;
    let claim = timeout(SOON, async {
        loop {
            if let Some(claim) = bench.try_claim().await {
                break claim;
            }
            bench.queue.wait_for_work(LONG).await;
        }
    });
    let record = claim.await.expect("woken").record;
    assert!(record.started_at.unwrap().since(record.created_at) >= delay);
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn a_silent_workers_job_is_taken_back_without_a_signal() {
    let lease = Duration::from_millis(100);
    let bench = Bench::with(QueueArgs { lease, ..args() }).await;
    subscribed(&bench).await;
    bench.submit_one().await;
    bench.claim().await;
    let second = timeout(SOON, async {
        loop {
            if let Some(claim) = bench.try_claim().await {
                break claim;
            }
            bench.queue.wait_for_work(LONG).await;
        }
    });
    assert_eq!(second.await.expect("woken").record.attempt, 2);
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn a_long_poll_answers_a_change_at_once_and_the_same_when_there_is_none() {
    let bench = Bench::new().await;
    subscribed(&bench).await;
    let id = bench.submit_one().await;
    let beyond = |revision| move |change: Change| change.revision > revision;
    let now = bench.queue.wait_for(id, LONG, beyond(0)).await;
    assert_eq!(now.unwrap().unwrap().revision, 1);

    let (changed, _) = tokio::join!(bench.queue.wait_for(id, LONG, beyond(1)), bench.claim());
    assert_eq!(changed.unwrap().unwrap().state, State::Running);

    let begun = Instant::now();
    let same = bench
        .queue
        .wait_for(id, Duration::from_millis(50), beyond(2))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((same.revision, same.state), (2, State::Running));
    assert!(begun.elapsed() >= Duration::from_millis(50));
    assert_eq!(
        bench
            .queue
            .wait_for(JobId::generate(), LONG, beyond(0))
            .await
            .unwrap(),
        None
    );
}

fn is_running(newest: Change) -> bool {
    newest.state == State::Running
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn a_long_poll_lives_through_a_lost_subscription() {
    let bench = Bench::new().await;
    subscribed(&bench).await;
    let id = bench.submit_one().await;
    let _: u32 = bench
        .raw(redis::cmd("CLIENT").arg("KILL").arg("TYPE").arg("pubsub"))
        .await;
    let (changed, _) = tokio::join!(
        timeout(SOON, bench.queue.wait_for(id, LONG, is_running)),
        bench.claim()
    );
    assert_eq!(
        changed.expect("answered").unwrap().unwrap().state,
        State::Running
    );
}
