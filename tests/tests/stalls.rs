//! The probe finds extraction on the event loop, with its line, and nothing on the real path.

use anyhow::Result;
use shared::config::TelemetryArgs;
use shared::telemetry;
use stall::StallReport;
use tests::app::{Flags, TestApp, parse, text};
use tests::pdf::Pdf;
use tokio::runtime::Builder;

/// A document of this length takes longer than the probe's threshold, in a release build too.
const PAGES: usize = 400;
/// A stack shows one moment; of several stalls not all end between two pages.
const DOCUMENTS: usize = 6;

/// Runs long documents through API and worker on a runtime called `name`; answers its stalls.
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
        for _ in 0..DOCUMENTS {
            let id = app.submit(Pdf::with_pages(PAGES).build()).await?;
            assert_eq!(text(&app.ended(&id).await?, "/state"), "succeeded");
        }
        worker.stop().await?;
        app.finish().await
    })?;
    runtime.block_on(probe.flush());
    let recent = probe.recent().into_iter();
    Ok(recent.filter(|stall| stall.runtime == name).collect())
}

/// Whether the stack of a stall passes through the extraction, on a known line.
fn is_extracting(stall: &StallReport) -> bool {
    stall.frames.iter().any(|frame| {
        let file = frame.file.as_deref().unwrap_or_default();
        file.contains("extract/src/") && frame.line.is_some()
    })
}

fn show(stalls: &[StallReport]) -> String {
    stalls.iter().map(|stall| format!("{stall}\n")).collect()
}

#[test]
fn extraction_on_the_event_loop_is_caught_in_the_act() -> Result<()> {
    let stalls = stalls_of("event-loop", "event-loop")?;
    assert!(stalls.iter().any(is_extracting), "{}", show(&stalls));
    Ok(())
}

#[test]
fn extraction_on_the_blocking_pool_stalls_nothing() -> Result<()> {
    let stalls = stalls_of("blocking-pool", "blocking-pool")?;
    assert!(!stalls.iter().any(is_extracting), "{}", show(&stalls));
    Ok(())
}
