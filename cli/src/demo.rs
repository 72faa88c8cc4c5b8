//! `demo`: starts everything in a temporary folder, ingests one PDF, shows what came out, stops.

mod report; // how it is told

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use indicatif::ProgressBar;
use shared::config::TelemetryArgs;
use stall::StallProbe;
use tempfile::TempDir;
use tokio::time::Instant;

use crate::client::{Client, Job, Upload, UploadOptions};
use crate::exposition::Exposition;
use crate::failure::{Exit, Failure};
use crate::up::{Interrupts, Plan, Stack};
use crate::{follow, progress, terminal, up};

use report::Report;

const SAMPLE: &[u8] = include_bytes!("../assets/sample.pdf");

/// Start everything on free ports, ingest a PDF, show what came out, stop.
#[derive(Args, Debug)]
pub(crate) struct DemoArgs {
    /// PDF to ingest instead of the built-in sample
    file: Option<PathBuf>,

    /// What the services may log, in the syntax of tracing's `EnvFilter`
    #[arg(long, env = "LOG", default_value = "off")]
    log: String,
}

impl DemoArgs {
    /// Quiet unless asked: what the services log would drown the report.
    pub(crate) fn telemetry(&self) -> Result<TelemetryArgs, Failure> {
        up::telemetry(&self.log)
    }

    pub(crate) async fn run(self) -> Result<Exit, Failure> {
        let mut interrupts = Interrupts::listen()?;
        tokio::select! {
            outcome = demonstrate(self.file) => outcome,
            () = interrupts.next() => {
                terminal::note("interrupted");
                Ok(Exit::Success)
            }
        }
    }
}

async fn demonstrate(file: Option<PathBuf>) -> Result<Exit, Failure> {
    let report = Report::begin()?;
    let folder = tempfile::Builder::new()
        .prefix("pdf-ingest-demo-")
        .tempdir()?;
    let path = match file {
        Some(path) => path,
        None => sample_in(&folder)?,
    };
    let upload = Upload::of(&path, None).await?;

    let began = Instant::now();
    let plan = Plan {
        listen: ([127, 0, 0, 1], 0).into(),
        data: folder.path().join("data"),
        redis_url: None,
        store_url: None,
        api_flags: &["--api-keys="], // keys of the environment are for its services, not for this one
    };
    let stack = Box::pin(Stack::start(plan)).await?;
    report.started(&stack, began.elapsed())?;

    let outcome = ingest(&report, &stack, &path, &upload).await;

    let began = Instant::now();
    stack.drain().await?;
    remove(folder).await?;
    let exit = outcome?;
    report.stopped(began.elapsed())?;
    Ok(exit)
}

/// On another thread: it waits for the disk.
async fn remove(folder: TempDir) -> Result<(), Failure> {
    #[expect(clippy::disallowed_methods, reason = "once, at the end")]
    let removed = tokio::task::spawn_blocking(|| folder.close()).await;
    removed.map_err(std::io::Error::other)??;
    Ok(())
}

fn sample_in(folder: &TempDir) -> Result<PathBuf, Failure> {
    let path = folder.path().join("sample.pdf");
    std::fs::write(&path, SAMPLE)?;
    Ok(path)
}

async fn ingest(
    report: &Report,
    stack: &Stack,
    path: &Path,
    upload: &Upload,
) -> Result<Exit, Failure> {
    let client = Client::of_this_process(stack.url.clone())?;
    let bar = progress::transfer(path, upload.bytes);
    let began = Instant::now();
    let sent = {
        let bar = bar.clone();
        move |bytes| bar.set_position(bytes)
    };
    let accepted = client
        .submit(upload, &UploadOptions::default(), sent)
        .await?;
    let upload_time = began.elapsed();
    bar.suspend(|| report.accepted(&accepted, upload_time))?;

    let ended = worked_on(&client, &accepted, &bar).await?;
    let probe = StallProbe::builder().install(); // the one that watches this process
    let probe = probe.map_err(|error| Failure::Config(error.to_string()))?;
    probe.flush().await; // its own thread counts, and may be behind
    let admin = Client::of_this_process(stack.admin_url.clone())?;
    let metrics = Exposition::new(admin.metrics().await?);
    report.ended(&ended)?;
    if ended.state.has_result() {
        let manifest = client.manifest(ended.id).await?;
        let excerpt = excerpt(&client, &ended, &manifest).await?;
        report.found(&manifest, &excerpt)?;
    }
    report.measured(upload_time, &metrics)?;
    report.in_redis(stack, &ended).await?;
    Ok(if ended.state.has_result() {
        Exit::Success
    } else {
        Exit::JobFailed
    })
}

async fn worked_on(client: &Client, job: &Job, bar: &ProgressBar) -> Result<Job, Failure> {
    progress::show_pages(bar, job);
    bar.enable_steady_tick(Duration::from_millis(100));
    let ended = follow::until_ended(client, job.id, |job| progress::show_pages(bar, job)).await?;
    bar.finish_and_clear();
    Ok(ended)
}

/// The text of the first page that has any.
async fn excerpt(
    client: &Client,
    job: &Job,
    manifest: &shared::manifest::Manifest,
) -> Result<String, Failure> {
    let Some(page) = manifest.pages.iter().find(|page| page.characters > 0) else {
        return Ok(String::new());
    };
    let page = client.page(job.id, page.number).await?;
    let page: serde_json::Value = serde_json::from_str(page.get())
        .map_err(|error| Failure::Unavailable(format!("a page that is no JSON: {error}")))?;
    Ok(page["text"].as_str().unwrap_or_default().to_owned())
}
