//! Records of other programs are left alone; records that cannot be read go to the dead letters.

use redis::cmd;
use shared::job::{JobId, State};
use shared::queue::{NewJob, QueueError};

use crate::bench::{Bench, job, job_of, key, priority};

async fn set(bench: &Bench, id: JobId, field: &str, value: &str) {
    let _: u32 = bench
        .raw(
            cmd("HSET")
                .arg(key(&format!("job:{id}")))
                .arg(field)
                .arg(value),
        )
        .await;
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn a_record_of_another_version_waits_for_its_own_program() {
    let bench = Bench::new().await;
    let other = bench
        .submit(&NewJob {
            priority: priority(0),
            ..job()
        })
        .await;
    let ours = bench.submit_one().await;
    set(&bench, other, "version", "2").await;

    assert_eq!(bench.claim().await.record.id, ours);
    assert!(bench.try_claim().await.is_none());
    for error in [
        bench.queue.get(other).await.unwrap_err(),
        bench.queue.cancel(other).await.unwrap_err(),
        bench.queue.retry(other).await.unwrap_err(),
        bench.queue.delete(other).await.unwrap_err(),
    ] {
        assert!(matches!(error, QueueError::Version { .. }), "{error:?}");
        assert!(!error.is_transient());
    }
    let state: String = bench
        .raw(cmd("HGET").arg(key(&format!("job:{other}"))).arg("state"))
        .await;
    assert_eq!(
        (state.as_str(), bench.queue.counts().await.unwrap().queued),
        ("queued", 1)
    );
    assert_eq!(
        (bench.card("version:2").await, bench.card("dead").await),
        (1, 0)
    );
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn a_record_without_a_checksum_is_claimed() {
    let bench = Bench::new().await;
    let id = bench.submit_one().await;
    let _: u32 = bench
        .raw(cmd("HDEL").arg(key(&format!("job:{id}"))).arg("checksum"))
        .await;
    let record = bench.claim().await.record;
    assert_eq!((record.id, record.checksum), (id, None));
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn what_another_program_set_aside_for_us_is_claimed() {
    let bench = Bench::new().await;
    let id = bench.submit_one().await;
    let _: u32 = bench.raw(cmd("DEL").arg(key("pending:alice"))).await;
    let _: u32 = bench
        .raw(cmd("ZADD").arg(key("version:1")).arg(1).arg(id.to_string()))
        .await;
    assert_eq!(bench.claim().await.record.id, id);
    assert_eq!(bench.card("version:1").await, 0);
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn leases_and_delays_of_another_version_are_left_alone() {
    let bench = Bench::new().await;
    let running = bench.submit_one().await;
    bench.claim().await;
    let delay = std::time::Duration::from_secs(60);
    let scheduled = bench.submit(&NewJob { delay, ..job() }).await;
    for id in [running, scheduled] {
        set(&bench, id, "version", "2").await;
    }
    bench.expire_lease(running).await;
    bench.make_due(scheduled).await;
    assert!(bench.try_claim().await.is_none());
    bench.queue.sweep().await.unwrap();
    assert_eq!(
        (bench.card("running").await, bench.card("delayed").await),
        (1, 1)
    );
    let counts = bench.queue.counts().await.unwrap();
    assert_eq!((counts.running, counts.scheduled, counts.dead), (1, 1, 0));
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn a_record_that_cannot_be_read_goes_to_the_dead_letters_and_holds_nobody_up() {
    let bench = Bench::new().await;
    for (field, value) in [
        ("options", "{"),
        ("priority", "high"),
        ("max_attempts", "-"),
        ("created_at", ""),
    ] {
        let bad = bench
            .submit(&NewJob {
                priority: priority(0),
                ..job()
            })
            .await;
        let good = bench.submit_one().await;
        set(&bench, bad, field, value).await;
        assert!(matches!(
            bench.queue.get(bad).await,
            Err(QueueError::Corrupt { .. })
        ));
        assert_eq!(bench.claim().await.record.id, good, "{field}");
        let hash = key(&format!("job:{bad}"));
        let told: (String, String) = bench
            .raw(cmd("HMGET").arg(hash).arg("state").arg("error_code"))
            .await;
        assert_eq!(
            told,
            ("dead".to_owned(), "poison-job".to_owned()),
            "{field}"
        );
    }
    let counts = bench.queue.counts().await.unwrap();
    assert_eq!((counts.dead, counts.queued, counts.running), (4, 0, 4));
}

#[stall::test(options = tests::GUARDED_THREAD)]
async fn a_record_that_is_gone_or_something_else_holds_nobody_up() {
    let bench = Bench::new().await;
    let gone = bench.submit(&job_of("alice")).await;
    let other = bench.submit(&job_of("alice")).await;
    let good = bench.submit(&job_of("alice")).await;
    let _: u32 = bench.raw(cmd("DEL").arg(key(&format!("job:{gone}")))).await;
    let _: String = bench
        .raw(cmd("SET").arg(key(&format!("job:{other}"))).arg("x"))
        .await;
    assert_eq!(bench.claim().await.record.id, good);
    assert!(bench.try_claim().await.is_none());
    let counts = bench.queue.counts().await.unwrap();
    assert_eq!((counts.queued, counts.running), (0, 1));
    assert_eq!(bench.state(good).await, State::Running);
}
