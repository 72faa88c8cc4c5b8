//! Leases: crashes, fencing, lost replies, heartbeats.

use shared::job::{Progress, State};
use shared::queue::{Finished, Outcome, ProgressAnswer, Renewal};
use uuid::Uuid;

use crate::bench::{Bench, damage, key, stale, tally, worker, worker_info};

#[stall::test(options = tests::GUARDED_THREAD)]
async fn a_job_whose_worker_fell_silent_is_attempt_2_of_another() {
    let bench = Bench::new().await;
    let id = bench.submit_one().await;
    bench.claim().await;
    bench.expire_lease(id).await;
    let claim = bench
        .queue
        .claim(&worker("w2"), Uuid::now_v7())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (claim.record.id, claim.record.attempt, claim.record.crashes),
        (id, 2, 1)
    );
    assert_eq!(claim.record.worker.as_deref(), Some("w2"));
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn a_job_that_kills_its_workers_ends_in_the_dead_letters() {
    let bench = Bench::new().await;
    let id = bench.submit_one().await;
    for _ in 0..2 {
        bench.claim().await;
        bench.expire_lease(id).await;
    }
    assert!(bench.try_claim().await.is_none());
    let record = bench.get(id).await;
    assert_eq!(
        (record.state, record.attempt, record.crashes),
        (State::Dead, 2, 2)
    );
    assert_eq!(
        record.error.map(|error| error.code.as_str()),
        Some("poison-job")
    );
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn a_lease_from_before_the_clock_went_back_holds_no_longer_than_any_other() {
    let bench = Bench::new().await;
    let id = bench.submit_one().await;
    bench.claim().await;
    let day = 86_400_000;
    let deadline = async || -> f64 {
        let mut score = redis::cmd("ZSCORE");
        score.arg(key("running")).arg(id.to_string());
        bench.raw(&score).await
    };
    let granted = deadline().await;
    let mut back = redis::cmd("ZINCRBY");
    back.arg(key("running")).arg(day).arg(id.to_string());
    let _: f64 = bench.raw(&back).await;
    bench.queue.sweep().await.unwrap();
    let cut = deadline().await;
    assert!((granted..granted + 60_000.0).contains(&cut), "{cut}");
    assert_eq!(bench.state(id).await, State::Running);
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn a_late_worker_changes_nothing() {
    let bench = Bench::new().await;
    let id = bench.submit_one().await;
    let late = bench.claim().await.lease();
    bench.expire_lease(id).await;
    bench.queue.sweep().await.unwrap();
    let queued = bench.get(id).await;
    assert_eq!(queued.state, State::Queued);
    for _ in 0..2 {
        let outcome = Outcome::Succeeded(tally(0));
        assert_eq!(
            bench.queue.finish(late, &outcome).await.unwrap(),
            Finished::Stale
        );
        let answer = bench
            .queue
            .progress(late, &Progress::default())
            .await
            .unwrap();
        assert_eq!(answer, ProgressAnswer::Stale);
        bench.try_claim().await;
    }
    let record = bench.get(id).await;
    assert_eq!((record.state, record.attempt), (State::Running, 2));
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn a_finish_whose_reply_was_lost_answers_the_same_again() {
    let bench = Bench::new().await;
    let id = bench.submit_one().await;
    let lease = bench.claim().await.lease();
    for outcome in [
        Outcome::Failed(damage()),
        Outcome::Failed(damage()),
        Outcome::Release,
    ] {
        let finished = bench.queue.finish(lease, &outcome).await.unwrap();
        assert_eq!(finished, Finished::Done(State::Failed));
    }
    let revision = bench.get(id).await.revision;
    bench.queue.retry(id).await.unwrap();
    assert_eq!(
        bench
            .queue
            .finish(lease, &Outcome::Failed(damage()))
            .await
            .unwrap(),
        Finished::Done(State::Failed)
    );
    assert_eq!(
        bench.get(id).await.revision,
        revision + 1,
        "only the retry changed it"
    );
    let claim = bench.claim().await;
    assert_eq!(
        claim.record.attempt, 2,
        "a retry never uses an attempt's number again"
    );
    assert_eq!(
        bench
            .queue
            .finish(stale(claim.lease()), &Outcome::Release)
            .await
            .unwrap(),
        Finished::Done(State::Failed)
    );
    assert_eq!(bench.state(id).await, State::Running);
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn a_claim_whose_reply_was_lost_answers_the_same_job_again() {
    let bench = Bench::new().await;
    let first = bench.submit_one().await;
    bench.submit_one().await;
    let request = Uuid::now_v7();
    let once = bench
        .queue
        .claim(&worker("w1"), request)
        .await
        .unwrap()
        .unwrap();
    let twice = bench
        .queue
        .claim(&worker("w1"), request)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(once, twice);
    assert_eq!(once.record.id, first);
    assert_eq!(bench.card("running").await, 1);

    bench
        .queue
        .finish(once.lease(), &Outcome::Succeeded(tally(0)))
        .await
        .unwrap();
    let next = bench
        .queue
        .claim(&worker("w1"), request)
        .await
        .unwrap()
        .unwrap();
    assert_ne!(next.record.id, first, "an ended job is not answered again");
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn a_renewal_keeps_leases_and_names_those_to_stop() {
    let bench = Bench::new().await;
    let mut held = Vec::new();
    for _ in 0..3 {
        bench.submit_one().await;
        held.push(bench.claim().await.lease());
    }
    let [kept, cancelled, lost] = held[..] else {
        unreachable!()
    };
    bench.queue.cancel(cancelled.job).await.unwrap();
    bench.expire_lease(lost.job).await;
    bench.queue.sweep().await.unwrap();
    bench.expire_lease(kept.job).await;
    bench.expire_lease(cancelled.job).await;

    let renewal = bench
        .queue
        .renew(&worker("w1"), &worker_info("w1"), &held)
        .await
        .unwrap();
    assert_eq!(
        renewal,
        Renewal {
            lost: vec![lost.job],
            cancelled: vec![cancelled.job]
        }
    );
    bench.queue.sweep().await.unwrap();
    assert_eq!(bench.state(kept.job).await, State::Running);
    assert_eq!(bench.state(cancelled.job).await, State::Cancelling);

    let workers = bench.queue.workers().await.unwrap();
    assert_eq!(workers.len(), 1);
    assert!(workers[0].seen_at > worker_info("w1").seen_at);
    assert_eq!(
        (workers[0].pid, workers[0].slots, workers[0].running),
        (42, 2, 1)
    );
    bench.queue.deregister(&worker("w1")).await.unwrap();
    assert_eq!(bench.queue.workers().await.unwrap(), []);
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn a_silent_worker_is_forgotten() {
    let bench = Bench::new().await;
    bench
        .queue
        .renew(&worker("w1"), &worker_info("w1"), &[])
        .await
        .unwrap();
    let _: u32 = bench
        .raw(redis::cmd("ZADD").arg("{ingest}:workers").arg(1).arg("w1"))
        .await;
    bench.queue.sweep().await.unwrap();
    assert_eq!(bench.queue.workers().await.unwrap(), []);
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn a_field_that_was_damaged_by_hand_holds_up_no_other_job() {
    let read_by_scripts = [
        "attempt_base",
        "crashes",
        "max_attempts",
        "priority",
        "revision",
        "run_at",
    ];
    for field in read_by_scripts {
        for silent in [true, false] {
            let bench = Bench::new().await;
            for _ in 0..2 {
                bench.submit_one().await;
            }
            let (damaged, other) = (bench.claim().await, bench.claim().await);
            let job = key(&format!("job:{}", damaged.record.id));
            let _: u64 = bench
                .raw(redis::cmd("HSET").arg(job).arg(field).arg("soon"))
                .await;
            if silent {
                bench.expire_lease(damaged.record.id).await;
                bench.expire_lease(other.record.id).await;
                bench.queue.sweep().await.unwrap();
            } else {
                let leases = [damaged.lease(), other.lease()];
                bench.queue.release_all(&leases).await.unwrap();
            }
            let claimed = [bench.try_claim().await, bench.try_claim().await];
            let mut claimed = claimed.iter().flatten();
            assert!(
                claimed.any(|claim| claim.record.id == other.record.id),
                "{field}, silent: {silent}"
            );
        }
    }
}
