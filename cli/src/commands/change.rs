//! `cancel`, `retry`, `delete`: what changes a job that exists.

use clap::Args;
use shared::job::JobId;

use super::summary;
use crate::client::ServerArgs;
use crate::failure::{Exit, Failure};
use crate::terminal;

/// A job and the service that has it.
#[derive(Args, Debug)]
pub(crate) struct ChangeArgs {
    /// Id of the job
    id: JobId,

    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

impl ChangeArgs {
    pub(crate) async fn cancel(self) -> Result<Exit, Failure> {
        let job = self.server.client()?.cancel(self.id).await?;
        self.show(job.raw.get(), &summary(&job))
    }

    pub(crate) async fn retry(self) -> Result<Exit, Failure> {
        let job = self.server.client()?.retry(self.id).await?;
        self.show(job.raw.get(), &summary(&job))
    }

    pub(crate) async fn delete(self) -> Result<Exit, Failure> {
        let answer = self.server.client()?.delete(self.id).await?;
        self.show(answer.get(), &format!("{}  deleted", self.id))
    }

    fn show(&self, json: &str, text: &str) -> Result<Exit, Failure> {
        terminal::line(if self.server.json { json } else { text })?;
        Ok(Exit::Success)
    }
}
