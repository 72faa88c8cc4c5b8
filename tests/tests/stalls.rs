//! The probe finds extraction on the event loop, with its line and its job, and nothing on the real path.

use anyhow::{Context as _, Result};
use shared::telemetry;
use stall::{Kind, StallReport, StallSnapshot};
use tests::app::{Flags, TestApp, parse, text};
use tests::pdf::Pdf;
use tokio::runtime::Builder;

/// A document of this length takes longer than the probe's threshold, in a release build too.
const PAGES: usize = 400;
/// A stack shows one moment; of several stalls not all end between two pages.
const DOCUMENTS: usize = 6;

/// Runs long documents through API and worker; answers the ids of the jobs, and what the worker says of its stalls when
/// there is a probe.
async fn ingest(extract_on: &str) -> Result<(Vec<String>, Option<StallSnapshot>)> {
    let flags = Flags {
        worker: &["--extract-on", extract_on],
        ..Flags::default()
    };
    let app = TestApp::start(flags).await?;
    let worker = app.worker().await?;
    let mut ids = Vec::new();
    for _ in 0..DOCUMENTS {
        ids.push(app.submit(Pdf::with_pages(PAGES).build()).await?);
    }
    for id in &ids {
        assert_eq!(text(&app.ended(id).await?, "/state"), "succeeded");
    }
    let url = format!("http://{}/debug/stalls", worker.address);
    let stalls = app.http.get(url).send().await?.json().await.ok();
    worker.stop().await?;
    app.finish().await?;
    Ok((ids, stalls))
}

/// The same on a runtime called `name`; the ids and the stalls of that runtime.
fn stalls_of(name: &str, extract_on: &str) -> Result<(Vec<String>, Vec<StallReport>)> {
    let probe = telemetry::probe(&parse(&[])?)?;
    let mut builder = Builder::new_multi_thread();
    let runtime = probe
        .instrument(builder.worker_threads(2).enable_all(), name)
        .build()?;
    let (ids, snapshot) = runtime.block_on(ingest(extract_on))?;
    let snapshot = snapshot.context("there is a probe")?;
    let of_runtime = |stall: &StallReport| stall.runtime == name;
    Ok((
        ids,
        snapshot.stalls.into_iter().filter(of_runtime).collect(),
    ))
}

/// Whether the stack of a stall passes through the extraction, on a known line.
fn is_extracting(stall: &StallReport) -> bool {
    stall.user_frames.iter().any(|frame| {
        let file = frame.file.as_deref().unwrap_or_default();
        file.contains("extract/src/") && frame.line.is_some()
    })
}

fn show(stalls: &[StallReport]) -> String {
    stalls.iter().map(|stall| format!("{stall}\n")).collect()
}

#[test]
fn extraction_on_the_event_loop_is_caught_in_the_act() -> Result<()> {
    let (ids, stalls) = stalls_of("event-loop", "event-loop")?;
    let caught: Vec<_> = stalls.iter().filter(|stall| is_extracting(stall)).collect();
    assert!(!caught.is_empty(), "{}", show(&stalls));
    for stall in caught {
        assert_eq!(stall.kind, Kind::LongPoll, "{stall}");
        assert!(ids.contains(&stall.fields["job.id"]), "{stall}");
        assert_eq!(stall.fields["stage"], "extract", "{stall}");
        assert_eq!(stall.fields["attempt"], "1", "{stall}");
    }
    Ok(())
}

#[stall::test(options = tests::GUARDED)]
async fn extraction_on_the_blocking_pool_stalls_nothing() -> Result<()> {
    ingest("blocking-pool").await?;
    Ok(())
}

/// What every other test of this crate relies on.
#[stall::test(options = tests::GUARDED)]
#[should_panic(expected = "extract/src/")]
async fn a_guarded_test_fails_when_extraction_is_on_the_event_loop() {
    drop(ingest("event-loop").await);
}
