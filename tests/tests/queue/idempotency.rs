//! The same request twice: idempotency keys, and a submit whose reply was lost.

use std::time::Duration;

use shared::config::QueueArgs;
use shared::job::State;
use shared::queue::{IdempotencyKey, InvalidIdempotencyKey, NewJob, Reservation, Submitted};

use crate::bench::{Bench, args, job, key, owner};

fn idempotency(text: &str) -> IdempotencyKey {
    text.parse().unwrap()
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn a_submit_whose_reply_was_lost_makes_one_job() {
    let bench = Bench::new().await;
    let new = NewJob {
        idempotency: Some(idempotency("k1")),
        ..job()
    };
    for new in [job(), new] {
        let before = bench.queue.counts().await.unwrap().queued;
        for _ in 0..3 {
            bench.submit(&new).await;
        }
        assert_eq!(bench.queue.counts().await.unwrap().queued, before + 1);
        let claim = bench.claim().await;
        assert_eq!(
            bench.queue.submit(&new).await.unwrap(),
            Submitted::Accepted(claim.record.created_at)
        );
        assert_eq!(bench.state(claim.record.id).await, State::Running);
    }
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn one_key_makes_one_job_of_an_owner() {
    let bench = Bench::new().await;
    let first = NewJob {
        idempotency: Some(idempotency("k1")),
        ..job()
    };
    let second = NewJob {
        id: job().id,
        ..first.clone()
    };
    let other = NewJob {
        id: job().id,
        owner: owner("bob"),
        ..first.clone()
    };
    bench.submit(&first).await;
    assert_eq!(
        bench.queue.submit(&second).await.unwrap(),
        Submitted::Existing(first.id)
    );
    assert_eq!(bench.queue.get(second.id).await.unwrap(), None);
    bench.submit(&other).await;
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn a_reserved_key_keeps_the_second_request_waiting() {
    let bench = Bench::new().await;
    let (alice, k1) = (owner("alice"), idempotency("k1"));
    let reserve = || bench.queue.reserve(&alice, &k1);
    assert_eq!(reserve().await.unwrap(), Reservation::Reserved);
    assert_eq!(reserve().await.unwrap(), Reservation::InProgress);
    bench.queue.unreserve(&alice, &k1).await.unwrap();
    assert_eq!(reserve().await.unwrap(), Reservation::Reserved);

    let new = NewJob {
        idempotency: Some(k1.clone()),
        ..job()
    };
    bench.submit(&new).await;
    assert_eq!(reserve().await.unwrap(), Reservation::Job(new.id));
    bench.queue.unreserve(&alice, &k1).await.unwrap();
    assert_eq!(
        reserve().await.unwrap(),
        Reservation::Job(new.id),
        "a key that made a job stays"
    );

    let ttl: u64 = bench
        .raw(redis::cmd("PTTL").arg(key("idem:alice:k1")))
        .await;
    assert!(ttl > 23 * 3_600_000, "the job refreshed it");
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn a_reservation_ends_by_itself() {
    let short = Duration::from_millis(20);
    let bench = Bench::with(QueueArgs {
        idempotency_reservation: short,
        ..args()
    })
    .await;
    let (alice, k1) = (owner("alice"), idempotency("k1"));
    assert_eq!(
        bench.queue.reserve(&alice, &k1).await.unwrap(),
        Reservation::Reserved
    );
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    while bench.queue.reserve(&alice, &k1).await.unwrap() != Reservation::Reserved {
        assert!(tokio::time::Instant::now() < deadline, "it never ended");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[test]
fn a_key_is_visible_ascii_of_bounded_length() {
    for text in ["", "a b", "a\n", "schlüssel", &"x".repeat(256)] {
        assert_eq!(
            text.parse::<IdempotencyKey>(),
            Err(InvalidIdempotencyKey),
            "{text:?}"
        );
    }
    assert!("x".repeat(255).parse::<IdempotencyKey>().is_ok());
}
