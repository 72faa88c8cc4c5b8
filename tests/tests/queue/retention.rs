//! Sweeping: retention, tombstones, bounded steps.

use std::time::Duration;

use shared::config::QueueArgs;
use shared::job::{JobId, State};
use shared::queue::{Announced, Full, Submitted, Whose};
use tests::passage::{pass, sweep_all, used_memory};

use crate::bench::{Bench, args, job, key, owner};

#[stall::test(options = tests::GUARDED_THREAD)]
async fn ended_jobs_expire_in_bounded_steps_and_their_objects_are_purged() {
    let bench = Bench::new().await;
    let mut ids = Vec::new();
    for _ in 0..120 {
        let id = bench.submit_one().await;
        bench.queue.cancel(id).await.unwrap();
        bench.rescore("done", id).await;
        ids.push(id);
    }
    let kept = bench.submit_one().await;
    bench.queue.cancel(kept).await.unwrap();

    let mut purged = Vec::new();
    let mut steps = 0;
    loop {
        let step = bench.queue.sweep().await.unwrap();
        assert!(step.len() <= 100);
        if step.is_empty() {
            break;
        }
        steps += 1;
        for id in &step {
            assert_eq!(bench.state(*id).await, State::Expired);
            bench.queue.purged(*id).await.unwrap();
        }
        purged.extend(step);
    }
    purged.sort_unstable();
    assert_eq!(purged, ids);
    assert!(steps > 1);
    assert_eq!(bench.state(kept).await, State::Cancelled);
    let counts = bench.queue.counts().await.unwrap();
    assert_eq!(
        (
            counts.cancelled,
            bench.card("done").await,
            bench.card("purge").await
        ),
        (1, 1, 0)
    );
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn a_tombstone_ends() {
    let short = Duration::from_millis(20);
    let bench = Bench::with(QueueArgs {
        tombstone: short,
        ..args()
    })
    .await;
    let id = bench.submit_one().await;
    bench.queue.cancel(id).await.unwrap();
    bench.queue.delete(id).await.unwrap();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    while bench.queue.get(id).await.unwrap().is_some() {
        assert!(tokio::time::Instant::now() < deadline, "it never ended");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(
        bench.queue.sweep().await.unwrap(),
        [id],
        "the objects are purged nevertheless"
    );
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn nothing_is_left_of_a_job_that_is_gone() {
    let bench = Bench::with(QueueArgs {
        tombstone: Duration::ZERO,
        ..args()
    })
    .await;
    for _ in 0..10 {
        let id = bench.submit_one().await;
        bench.claim().await;
        bench.queue.cancel(id).await.unwrap();
        bench.expire_lease(id).await;
        bench.queue.sweep().await.unwrap();
        bench.queue.delete(id).await.unwrap();
        bench.queue.purged(id).await.unwrap();
    }
    let mut keys: Vec<String> = bench.raw(redis::cmd("KEYS").arg("*")).await;
    keys.retain(|name| !name.starts_with(&key("claim:"))); // kept for the time of a lease
    keys.sort_unstable();
    assert_eq!(keys, ["clock", "counts", "events", "idle"].map(key));
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn the_memory_of_jobs_that_are_gone_is_free_again() {
    const JOBS: u64 = 1_000;
    let bench = Bench::with(QueueArgs {
        lease: Duration::from_secs(3),
        retention: Duration::ZERO,
        tombstone: Duration::from_millis(1),
        events_kept: 100,
        ..args()
    })
    .await;
    let mut raw = bench.redis.connection().await.unwrap();
    let mut after = Vec::new();
    for _ in 0..3 {
        let before = used_memory(&mut raw).await.unwrap();
        pass(&bench.queue, JOBS).await.unwrap();
        let taken = used_memory(&mut raw).await.unwrap() - before;
        assert!(taken > JOBS * 200, "{taken} bytes for {JOBS} jobs");
        sweep_all(&bench.queue).await.unwrap();
        let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
        // What a claim answered expires with its lease.
        while bench.raw::<u64>(&redis::cmd("DBSIZE")).await > 10 {
            assert!(tokio::time::Instant::now() < deadline, "keys stay");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        after.push((used_memory(&mut raw).await.unwrap(), taken));
    }
    let [(_, _), (first, taken), (second, _)] = after[..] else {
        unreachable!("three rounds")
    };
    // The connections' buffers come and go.
    assert!(second < first + taken / 10, "{after:?}");
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn the_event_stream_is_bounded() {
    let bench = Bench::with(QueueArgs {
        events_kept: 100,
        ..args()
    })
    .await;
    for _ in 0..400 {
        bench.submit_one().await;
    }
    let events: u64 = bench.raw(redis::cmd("XLEN").arg(key("events"))).await;
    assert!((100..=300).contains(&events), "{events} events");
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn a_source_whose_job_never_came_is_purged_and_that_of_a_job_is_not() {
    let bench = Bench::new().await;
    let (orphan, submitted) = (JobId::generate(), job());
    for id in [orphan, submitted.id] {
        let announced = bench.queue.announce(id, &submitted.owner).await.unwrap();
        assert_eq!(announced, Announced::Noted);
    }
    bench.queue.submit(&submitted).await.unwrap();
    assert_eq!(bench.queue.sweep().await.unwrap(), []);
    // Also when a job was announced once more after all.
    let again = bench.queue.announce(submitted.id, &submitted.owner);
    assert_eq!(again.await.unwrap(), Announced::Noted);
    for id in [orphan, submitted.id] {
        bench.rescore("purge", id).await;
    }
    assert_eq!(bench.queue.sweep().await.unwrap(), [orphan]);
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn a_source_announced_before_the_clock_went_back_is_purged_as_soon_as_any_other() {
    let bench = Bench::new().await;
    let orphan = JobId::generate();
    bench.queue.announce(orphan, &owner("ada")).await.unwrap();
    let purged_at = async || -> f64 {
        let mut score = redis::cmd("ZSCORE");
        score.arg(key("purge")).arg(orphan.to_string());
        bench.raw(&score).await
    };
    let announced = purged_at().await;
    let mut back = redis::cmd("ZINCRBY");
    back.arg(key("purge"))
        .arg(365 * 86_400_000_u64)
        .arg(orphan.to_string());
    let _: f64 = bench.raw(&back).await;
    assert_eq!(bench.queue.sweep().await.unwrap(), []);
    let cut = purged_at().await;
    assert!((announced..announced + 60_000.0).contains(&cut), "{cut}");
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn nothing_is_announced_to_a_full_queue() {
    let full = QueueArgs {
        queue_depth: 1,
        ..args()
    };
    let bench = Bench::with(full).await;
    bench.submit_one().await;
    let bob = owner("bob");
    let answer = bench.queue.announce(JobId::generate(), &bob).await;
    let full = Full {
        whose: Whose::Everybody,
        waiting: 1,
        limit: 1,
        room_in: None,
    };
    assert_eq!(answer.unwrap(), Announced::Full(full));
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn no_job_is_made_of_a_source_that_was_removed() {
    let bench = Bench::new().await;
    let late = job();
    bench.queue.announce(late.id, &late.owner).await.unwrap();
    bench.rescore("purge", late.id).await;
    assert_eq!(bench.queue.sweep().await.unwrap(), [late.id]);
    assert_eq!(bench.queue.submit(&late).await.unwrap(), Submitted::Late);
    bench.queue.purged(late.id).await.unwrap();
    assert_eq!(bench.queue.submit(&late).await.unwrap(), Submitted::Late);
    assert_eq!(bench.queue.get(late.id).await.unwrap(), None);
    bench.submit_one().await;
}
