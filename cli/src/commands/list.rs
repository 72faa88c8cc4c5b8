//! `list`: jobs, newest first.

use clap::Args;
use shared::job::State;

use crate::client::{Job, ServerArgs};
use crate::failure::{Exit, Failure};
use crate::terminal;

/// Jobs asked for in one request.
const PAGE: u32 = 100;

/// List jobs, newest first.
#[derive(Args, Debug)]
pub(crate) struct ListArgs {
    /// Only jobs in this state: queued, scheduled, running, retrying, cancelling, succeeded,
    /// partial, failed, dead, cancelled
    #[arg(long, value_parser = state)]
    state: Option<State>,

    /// How many
    #[arg(long, default_value_t = 20)]
    limit: u32,

    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

fn state(text: &str) -> Result<State, String> {
    text.parse().map_err(|()| "no such state".to_owned())
}

impl ListArgs {
    pub(crate) async fn run(self) -> Result<Exit, Failure> {
        let client = self.server.client()?;
        let mut left = self.limit;
        let mut cursor = None;
        while left > 0 {
            let page = client
                .jobs(self.state, cursor.as_deref(), left.min(PAGE))
                .await?;
            for raw in page.jobs {
                left = left.saturating_sub(1);
                if self.server.json {
                    terminal::line(raw.get())?;
                } else {
                    terminal::line(row(&Job::parse(raw)?))?;
                }
            }
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        Ok(Exit::Success)
    }
}

fn row(job: &Job) -> String {
    let pages = job
        .result
        .map(|result| result.pages)
        .or(job.progress.pages_total);
    let pages = pages.map_or("-".to_owned(), terminal::grouped);
    let state = terminal::padded_state(job.state);
    format!(
        "{}  {state}  {}  {pages:>6}  {}",
        job.id,
        job.created_at,
        job.name()
    )
}
