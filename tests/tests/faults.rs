//! Faults: workers that die, a Redis that restarts, a store that hangs. Nothing is lost, nobody exits.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use futures::SinkExt as _;
use futures::channel::mpsc;
use redis::aio::MultiplexedConnection;
use reqwest::header::RETRY_AFTER;
use reqwest::{Body, StatusCode};
use serde_json::Value;
use shared::job::State;
use tests::app::{Flags, HANG, TestApp, text};
use tests::pdf::Pdf;

const WORKER: &str = env!("CARGO_BIN_EXE_worker");

/// Asks again until `condition` holds.
async fn until<F: AsyncFnMut() -> Result<bool>>(what: &str, mut condition: F) -> Result<()> {
    let holds = async {
        while !condition().await? {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    };
    tokio::time::timeout(HANG, holds)
        .await
        .with_context(|| format!("never: {what}"))?
}

async fn state_of(app: &TestApp, id: &str) -> Result<State> {
    let job = app.json(&format!("/v1/jobs/{id}")).await?;
    text(&job, "/state").parse().ok().context("state")
}

#[stall::test(options = tests::GUARDED)]
async fn the_job_of_a_killed_worker_is_done_by_another_as_attempt_two() -> Result<()> {
    let lease = Duration::from_secs(3);
    let flags = Flags {
        both: &["--lease", "3s", "--lease-renew", "1s"],
        ..Flags::default()
    };
    let app = TestApp::start(flags).await?;
    // With the store on hold the job cannot end before its worker is killed.
    let id = app.submit(Pdf::with_pages(2).build()).await?;
    app.s3.pause();
    let mut doomed = app.worker_process(WORKER)?;
    until("the job runs", async || {
        Ok(state_of(&app, &id).await? == State::Running)
    })
    .await?;
    doomed.kill().await?;
    let killed = Instant::now();
    app.s3.resume();

    let worker = app.worker().await?;
    let job = app.ended(&id).await?;
    assert_eq!(text(&job, "/state"), "succeeded", "{job}");
    assert_eq!(job["attempt"], 2);
    let took = killed.elapsed();
    assert!(
        took < lease + Duration::from_secs(2),
        "{took:?} after the kill"
    );
    worker.stop().await?;
    app.finish().await
}

#[stall::test(options = tests::GUARDED)]
async fn a_job_that_kills_two_workers_is_dead() -> Result<()> {
    let flags = Flags {
        both: &["--lease", "400ms", "--lease-renew", "100ms"],
        ..Flags::default()
    };
    let app = TestApp::start(flags).await?;
    let id = app.submit(Pdf::with_pages(1).build()).await?;
    app.s3.pause();
    for attempt in 1..=2 {
        let mut doomed = app.worker_process(WORKER)?;
        until("the attempt begins", async || {
            let job = app.json(&format!("/v1/jobs/{id}")).await?;
            Ok(job["attempt"] == attempt && text(&job, "/state") == "running")
        })
        .await?;
        doomed.kill().await?;
    }
    app.s3.resume();
    let worker = app.worker().await?;
    let job = app.ended(&id).await?;
    assert_eq!(text(&job, "/state"), "dead", "{job}");
    assert_eq!(text(&job, "/error/code"), "poison-job");
    worker.stop().await?;
    app.finish().await
}

#[stall::test(options = tests::GUARDED)]
async fn workers_share_a_queue_and_one_joins_and_leaves_under_load() -> Result<()> {
    let app = TestApp::start(Flags {
        worker: &["--slots", "2"],
        ..Flags::default()
    })
    .await?;
    let (one, two) = (app.worker().await?, app.worker().await?);
    let mut ids = Vec::new();
    for number in 0..60 {
        ids.push(app.submit(Pdf::with_pages(1 + number % 4).build()).await?);
        if number == 20 {
            app.worker().await?.stop().await?;
        }
    }
    let mut workers = HashMap::<String, u32>::new();
    for id in &ids {
        let job = app.ended(id).await?;
        assert_eq!(text(&job, "/state"), "succeeded", "{job}");
        assert_eq!(job["attempt"], 1, "{job}");
        let record = app.queue.get(id.parse()?).await?.context("record")?;
        *workers.entry(record.worker.context("worker")?).or_default() += 1;
    }
    assert!(workers.len() >= 2, "{workers:?}");
    one.stop().await?;
    two.stop().await?;
    app.finish().await
}

#[stall::test(options = tests::GUARDED)]
async fn a_worker_that_drains_finishes_its_job_or_gives_it_back() -> Result<()> {
    let flags = Flags {
        worker: &["--worker-drain", "200ms"],
        ..Flags::default()
    };
    let app = TestApp::start(flags).await?;
    let id = app.submit(Pdf::with_pages(2).build()).await?;
    app.s3.pause();
    let worker = app.worker().await?;
    until("the job runs", async || {
        Ok(state_of(&app, &id).await? == State::Running)
    })
    .await?;
    worker.stop().await?;
    assert_eq!(state_of(&app, &id).await?, State::Queued);
    app.s3.resume();

    let worker = app.worker().await?;
    let job = app.ended(&id).await?;
    assert_eq!(text(&job, "/state"), "succeeded", "{job}");
    let record = app.queue.get(id.parse()?).await?.context("record")?;
    assert_eq!(record.crashes, 0);
    worker.stop().await?;
    app.finish().await
}

#[stall::test(options = tests::GUARDED)]
async fn a_restart_of_redis_loses_no_accepted_job() -> Result<()> {
    let mut app = TestApp::start(Flags::default()).await?;
    let worker = app.worker().await?;
    let mut ids = Vec::new();
    for _ in 0..20 {
        ids.push(app.submit(Pdf::with_pages(3).build()).await?);
    }
    app.redis.kill()?;
    let refused = app.post("/v1/jobs", Pdf::with_pages(1).build()).await?;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(refused.headers().contains_key("retry-after"));
    let problem: Value = refused.json().await?;
    assert!(
        text(&problem, "/type").ends_with("queue-unavailable"),
        "{problem}"
    );
    assert_eq!(
        app.get("/readyz").await?.status(),
        StatusCode::SERVICE_UNAVAILABLE
    );
    let of_worker = format!("http://{}/readyz", worker.address);
    assert_eq!(
        app.http.get(&of_worker).send().await?.status(),
        StatusCode::SERVICE_UNAVAILABLE
    );

    app.redis.restart().await?;
    for id in &ids {
        let job = tokio::time::timeout(HANG, async {
            loop {
                if let Ok(job) = app.ended(id).await {
                    return job;
                }
            }
        })
        .await?;
        assert_eq!(text(&job, "/state"), "succeeded", "{job}");
    }
    until("ready again", async || {
        Ok(app.get("/readyz").await?.status() == StatusCode::OK)
    })
    .await?;
    worker.stop().await?;
    app.finish().await
}

#[stall::test(options = tests::GUARDED)]
async fn a_store_that_hangs_for_three_seconds_costs_no_job() -> Result<()> {
    let app = TestApp::start(Flags {
        worker: &["--slots", "2"],
        ..Flags::default()
    })
    .await?;
    let mut ids = Vec::new();
    for _ in 0..10 {
        ids.push(app.submit(Pdf::with_pages(3).build()).await?);
    }
    app.s3.pause();
    let worker = app.worker().await?;
    until("two jobs wait for the store", async || {
        Ok(app.queue.counts().await?.running == 2)
    })
    .await?;
    let paused = Instant::now();
    until("it says that it is not ready", async || {
        Ok(app.get("/readyz").await?.status() == StatusCode::SERVICE_UNAVAILABLE)
    })
    .await?;
    let refused = app.post("/v1/jobs", Pdf::with_pages(1).build()).await?;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(refused.headers().contains_key(RETRY_AFTER));
    tokio::time::sleep(Duration::from_secs(3).saturating_sub(paused.elapsed())).await;
    app.s3.resume();
    until("it is ready again", async || {
        Ok(app.get("/readyz").await?.status() == StatusCode::OK)
    })
    .await?;
    for id in &ids {
        let job = app.ended(id).await?;
        assert_eq!(text(&job, "/state"), "succeeded", "{job}");
    }
    worker.stop().await?;
    app.finish().await
}

#[stall::test(options = tests::GUARDED)]
async fn a_source_that_the_store_may_have_taken_is_removed_once_more_later() -> Result<()> {
    let app = TestApp::start(Flags::default()).await?;
    let mut redis = app.redis.connection().await?;
    let (mut parts, body) = mpsc::channel::<Result<Vec<u8>>>(1);
    let pdf = Pdf::with_pages(1).build();
    let (head, rest) = pdf.split_at(100);
    parts.send(Ok(head.to_vec())).await?;
    let submit = app.post("/v1/jobs", Body::wrap_stream(body));
    let upload = async {
        until("the upload is announced", async || {
            Ok(to_be_purged(&mut redis).await? == 1)
        })
        .await?;
        app.s3.fail();
        parts.send(Ok(rest.to_vec())).await?;
        drop(parts);
        anyhow::Ok(())
    };
    let (refused, uploaded) = tokio::join!(submit, upload);
    uploaded?;
    assert_eq!(refused?.status(), StatusCode::SERVICE_UNAVAILABLE);
    app.s3.resume();
    let _redis = app.stop_api().await?;
    assert_eq!(to_be_purged(&mut redis).await?, 1);
    Ok(())
}

/// Jobs whose objects are to be removed, now or later.
async fn to_be_purged(redis: &mut MultiplexedConnection) -> Result<u64> {
    Ok(redis::cmd("ZCARD")
        .arg("{ingest}:purge")
        .query_async(redis)
        .await?)
}
