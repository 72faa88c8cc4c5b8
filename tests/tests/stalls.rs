//! The probe finds extraction on the event loop, with its line, and nothing on the real path.

use anyhow::Result;
use shared::config::TelemetryArgs;
use shared::telemetry;
use stall::StallReport;
use tests::app::{Flags, TestApp, parse, text};
use tests::pdf::Pdf;
use tokio::runtime::Builder;

/// Runs one long document through API and worker on a runtime called `name`; answers its stalls.
fn stalls_of(name: &str, extract_on: &str) -> Result<Vec<StallReport>> {
    let args: TelemetryArgs = parse(&[])?;
    let probe = telemetry::probe(&args)?;
    let mut builder = Builder::new_multi_thread();
    let runtime = probe
        .instrument(builder.worker_threads(2).enable_all(), name)
        .build()?;
    runtime.block_on(async {
        let flags = Flags {
            worker: &["--extract-on", extract_on],
            ..Flags::default()
        };
        let app = TestApp::start(flags).await?;
        let worker = app.worker().await?;
        let id = app.submit(Pdf::with_pages(1_500).build()).await?;
        assert_eq!(text(&app.ended(&id).await?, "/state"), "succeeded");
        worker.stop().await?;
        app.finish().await
    })?;
    runtime.block_on(probe.flush());
    let recent = probe.recent().into_iter();
    Ok(recent.filter(|stall| stall.runtime == name).collect())
}

#[test]
fn extraction_on_the_event_loop_is_caught_in_the_act() -> Result<()> {
    let stalls = stalls_of("event-loop", "event-loop")?;
    let extracting = stalls.iter().find(|stall| {
        let file = |file: &Option<String>| {
            file.as_ref()
                .is_some_and(|file| file.contains("extract/src/"))
        };
        stall
            .frames
            .iter()
            .any(|frame| file(&frame.file) && frame.line.is_some())
    });
    assert!(extracting.is_some(), "{stalls:#?}");
    Ok(())
}

#[test]
fn extraction_on_the_blocking_pool_stalls_nothing() -> Result<()> {
    let stalls = stalls_of("blocking-pool", "blocking-pool")?;
    assert!(stalls.is_empty(), "{stalls:#?}");
    Ok(())
}
