//! `status`: one job as it is now.

use clap::Args;
use shared::job::JobId;

use crate::client::{Job, ServerArgs};
use crate::failure::{Exit, Failure};
use crate::terminal;

/// Show a job as it is now.
#[derive(Args, Debug)]
pub(crate) struct StatusArgs {
    /// Id of the job
    id: JobId,

    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

impl StatusArgs {
    pub(crate) async fn run(self) -> Result<Exit, Failure> {
        let job = self.server.client()?.job(self.id).await?;
        if self.server.json {
            terminal::line(job.raw.get())?;
        } else {
            terminal::rows(&rows(&job))?;
        }
        Ok(Exit::Success)
    }
}

fn rows(job: &Job) -> Vec<(&'static str, String)> {
    let attempt = match job.attempt {
        0 => String::new(),
        attempt => format!(", attempt {attempt} of {}", job.max_attempts),
    };
    let mut rows = vec![
        ("job", job.id.to_string()),
        ("state", format!("{}{attempt}", terminal::state(job.state))),
        (
            "file",
            format!("{}, {}", job.name(), terminal::bytes(job.bytes)),
        ),
    ];
    if let Some(position) = job.queue_position {
        rows.push((
            "queue",
            format!("{} before it", terminal::count(position, "job")),
        ));
    }
    if let Some(stage) = job.progress.stage.filter(|_| !job.state.is_terminal()) {
        let total = job
            .progress
            .pages_total
            .map_or("?".to_owned(), terminal::grouped);
        let done = terminal::grouped(job.progress.pages_done);
        rows.push(("progress", format!("{stage}, {done} of {total} pages")));
    }
    if let Some(result) = job.result {
        let pages = terminal::count(result.pages, "page");
        let images = terminal::count(result.images, "image");
        let warnings = terminal::count(result.warnings, "warning");
        rows.push(("result", format!("{pages}, {images}, {warnings}")));
    }
    if let Some(error) = &job.error {
        rows.push((
            "error",
            format!("{}: {} ({})", error.title, error.detail, error.code),
        ));
    }
    rows.push(("created", job.created_at.clone()));
    rows.extend(job.started_at.clone().map(|time| ("started", time)));
    rows.extend(job.finished_at.clone().map(|time| ("finished", time)));
    rows
}
