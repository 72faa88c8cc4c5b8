//! Documents are read in processes that can do nothing else: what kills one of them harms nobody.
#![cfg(target_os = "linux")]

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result};
use rustix::process::{Pid, Signal, kill_process};
use shared::job::State;
use tests::app::{Flags, HANG, TestApp, text};
use tests::pdf::Pdf;
use tests::processes::{extraction_processes, is_alive};
use tokio::process::Child;

const WORKER: &str = env!("CARGO_BIN_EXE_worker");
/// How long a process may live on after it was told to end.
const AT_ONCE: Duration = Duration::from_secs(1);

/// Asks again until `condition` holds.
async fn until<F: AsyncFnMut() -> Result<bool>>(
    within: Duration,
    what: &str,
    mut condition: F,
) -> Result<()> {
    let holds = async {
        while !condition().await? {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    };
    tokio::time::timeout(within, holds)
        .await
        .with_context(|| format!("not within {within:?}: {what}"))?
}

/// An API, and a worker process of one slot with `more` flags.
async fn app_with_worker(more: &[&str]) -> Result<(TestApp, Child)> {
    let ours = ["--slots=1", "--uploads=1", "--upload-buffer=1MiB"];
    let flags: Vec<&str> = ours.iter().chain(more).copied().collect();
    let app = TestApp::start(Flags {
        both: &["--retry-base=10ms", "--retry-cap=20ms"],
        worker: &flags,
        ..Flags::default()
    })
    .await?;
    let worker = app.worker_process(WORKER)?;
    Ok((app, worker))
}

/// The same, with the process that has read its first document.
async fn app_and_worker(more: &[&str]) -> Result<(TestApp, Child, Pid)> {
    let (app, worker) = app_with_worker(more).await?;
    let id = worker.id().context("the worker has ended")?;
    // A process that has read a document waits for the next one.
    let first = app.submit(Pdf::with_pages(1).build()).await?;
    assert_eq!(text(&app.ended(&first).await?, "/state"), "succeeded");
    let process = extraction_processes(id)?.first().copied();
    Ok((app, worker, process.context("there is no process")?))
}

async fn state_of(app: &TestApp, id: &str) -> Result<State> {
    let job = app.json(&format!("/v1/jobs/{id}")).await?;
    text(&job, "/state").parse().ok().context("state")
}

/// Submits a document to an app whose only process is stopped; answers when the process has it.
async fn stuck(app: &TestApp, process: Pid) -> Result<String> {
    kill_process(process, Signal::STOP)?;
    let id = app.submit(Pdf::with_pages(3).build()).await?;
    until(HANG, "the job is being extracted", async || {
        let job = app.json(&format!("/v1/jobs/{id}")).await?;
        Ok(text(&job, "/progress/stage") == "extract")
    })
    .await?;
    Ok(id)
}

fn pid_of(child: &Child) -> Result<Pid> {
    let id = child.id().and_then(|id| i32::try_from(id).ok());
    id.and_then(Pid::from_raw).context("the worker has ended")
}

async fn gone_at_once(process: Pid) -> Result<()> {
    until(AT_ONCE, "the process is gone", async || {
        Ok(!is_alive(process))
    })
    .await
}

#[stall::test(options = tests::GUARDED)]
async fn a_process_can_do_nothing_but_read_and_ends_with_its_worker() -> Result<()> {
    let (app, mut worker, process) = app_and_worker(&[]).await?;
    let read = |file| fs::read_to_string(format!("/proc/{}/{file}", process.as_raw_nonzero()));
    let status = read("status")?;
    for line in ["NoNewPrivs:\t1\n", "Seccomp:\t2\n", "Threads:\t1\n"] {
        assert!(status.contains(line), "no {line:?} in {status}");
    }
    let limits = read("limits")?;
    let limit = |name: &str| {
        let line = limits.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|line| line.split_whitespace().next().map(str::to_owned))
    };
    assert_eq!(limit("Max open files").as_deref(), Some("0"));
    assert_eq!(limit("Max core file size").as_deref(), Some("0"));
    assert_ne!(limit("Max address space").as_deref(), Some("unlimited"));
    assert_ne!(limit("Max cpu time").as_deref(), Some("unlimited"));

    // Stopped, it cannot end by itself when its socket closes.
    kill_process(process, Signal::STOP)?;
    worker.kill().await?;
    gone_at_once(process).await?;
    app.finish().await
}

#[stall::test(options = tests::GUARDED)]
async fn a_document_whose_process_dies_is_read_again_by_another() -> Result<()> {
    let (app, _worker, process) = app_and_worker(&[]).await?;
    let id = stuck(&app, process).await?;
    kill_process(process, Signal::ABORT)?;
    kill_process(process, Signal::CONT)?;
    let job = app.ended(&id).await?;
    assert_eq!(text(&job, "/state"), "succeeded", "{job}");
    assert_eq!(job["attempt"], 2);
    app.finish().await
}

#[stall::test(options = tests::GUARDED)]
async fn a_document_that_crashes_too_often_is_dead_and_its_worker_goes_on() -> Result<()> {
    let (app, _worker, process) = app_and_worker(&["--max-crashes=1"]).await?;
    let poison = stuck(&app, process).await?;
    kill_process(process, Signal::KILL)?;
    let job = app.ended(&poison).await?;
    assert_eq!(text(&job, "/state"), "dead", "{job}");
    assert_eq!(text(&job, "/error/code"), "parser-crashed");

    let next = app.submit(Pdf::with_pages(1).build()).await?;
    let job = app.ended(&next).await?;
    assert_eq!(text(&job, "/state"), "succeeded", "{job}");
    assert_eq!(job["attempt"], 1);
    app.finish().await
}

#[stall::test(options = tests::GUARDED)]
async fn a_stuck_process_is_gone_as_soon_as_its_job_is_cancelled() -> Result<()> {
    let (app, _worker, process) = app_and_worker(&[]).await?;
    let id = stuck(&app, process).await?;
    let cancelled = app.post(&format!("/v1/jobs/{id}/cancel"), "").await?;
    assert!(cancelled.status().is_success(), "{}", cancelled.status());
    gone_at_once(process).await?;
    until(HANG, "the job is cancelled", async || {
        Ok(state_of(&app, &id).await? == State::Cancelled)
    })
    .await?;
    app.finish().await
}

#[stall::test(options = tests::GUARDED)]
async fn a_stuck_process_is_gone_at_the_deadline_of_its_job() -> Result<()> {
    let (app, _worker, process) = app_and_worker(&["--job-timeout=3s"]).await?;
    let id = stuck(&app, process).await?;
    let job = app.ended(&id).await?;
    assert_eq!(text(&job, "/state"), "failed", "{job}");
    assert_eq!(text(&job, "/error/code"), "time-limit");
    gone_at_once(process).await?;
    app.finish().await
}

#[stall::test(options = tests::GUARDED)]
async fn a_document_that_needs_too_much_memory_says_so() -> Result<()> {
    let (app, _worker, _) = app_and_worker(&["--max-memory=64MiB"]).await?;
    let mut pdf = Pdf::new();
    let huge = pdf.plain_picture(9_000);
    let id = app.submit(pdf.page("", &[huge]).build()).await?;
    let job = app.ended(&id).await?;
    assert_eq!(text(&job, "/state"), "dead", "{job}");
    assert_eq!(text(&job, "/error/code"), "memory-limit");
    assert_eq!(job["attempt"], 2);
    app.finish().await
}

/// The processes that a worker has after each of `documents`.
async fn processes_after(documents: usize, more: &[&str]) -> Result<Vec<Vec<Pid>>> {
    let (app, worker) = app_with_worker(more).await?;
    let worker = worker.id().context("the worker has ended")?;
    let mut seen = Vec::new();
    for _ in 0..documents {
        let id = app.submit(Pdf::with_pages(1).build()).await?;
        let job = app.ended(&id).await?;
        assert_eq!(text(&job, "/state"), "succeeded", "{job}");
        assert_eq!(job["attempt"], 1);
        seen.push(extraction_processes(worker)?);
    }
    app.finish().await?;
    Ok(seen)
}

#[stall::test(options = tests::GUARDED)]
async fn a_process_is_kept_for_its_documents_and_then_replaced() -> Result<()> {
    let kept = processes_after(3, &[]).await?;
    assert_eq!(kept, [&*kept[0]; 3]);
    assert_eq!(kept[0].len(), 1);

    let seen = processes_after(5, &["--process-documents=2"]).await?;
    let (first, third, fifth) = (&seen[0], &seen[2], &seen[4]);
    assert!(seen[1].is_empty() && seen[3].is_empty(), "{seen:?}");
    assert!(first != third && third != fifth, "{seen:?}");
    Ok(())
}

#[stall::test(options = tests::GUARDED)]
async fn a_process_that_has_grown_is_not_kept() -> Result<()> {
    let seen = processes_after(2, &["--process-resident=1MiB"]).await?;
    assert!(seen.iter().all(Vec::is_empty), "{seen:?}");
    Ok(())
}

#[stall::test(options = tests::GUARDED)]
async fn a_worker_leaves_when_told_to_though_its_process_is_stuck() -> Result<()> {
    let (app, mut worker, process) = app_and_worker(&["--worker-drain=100ms"]).await?;
    let id = stuck(&app, process).await?;
    kill_process(pid_of(&worker)?, Signal::TERM)?;
    let left = tokio::time::timeout(HANG, worker.wait()).await??;
    assert!(left.success(), "{left}");
    assert_eq!(state_of(&app, &id).await?, State::Queued);
    gone_at_once(process).await?;
    app.post(&format!("/v1/jobs/{id}/cancel"), "").await?;
    app.finish().await
}
