//! Sweeping: retention, tombstones, bounded steps.

use std::time::Duration;

use shared::config::QueueArgs;
use shared::job::{JobId, State};
use shared::queue::Announced;

use crate::bench::{Bench, args, job, key};

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
        assert_eq!(bench.queue.announce(id).await.unwrap(), Announced::Noted);
    }
    bench.queue.submit(&submitted).await.unwrap();
    assert_eq!(bench.queue.sweep().await.unwrap(), []);
    // Also when a job was announced once more after all.
    bench.queue.announce(submitted.id).await.unwrap();
    for id in [orphan, submitted.id] {
        bench.rescore("purge", id).await;
    }
    assert_eq!(bench.queue.sweep().await.unwrap(), [orphan]);
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn nothing_is_announced_to_a_full_queue() {
    let full = QueueArgs {
        queue_depth: 1,
        ..args()
    };
    let bench = Bench::with(full).await;
    bench.submit_one().await;
    let answer = bench.queue.announce(JobId::generate()).await.unwrap();
    assert_eq!(answer, Announced::Full { depth: 1, limit: 1 });
}
