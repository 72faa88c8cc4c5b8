//! `wait`: stays until jobs have ended.

use clap::Args;
use futures::StreamExt as _;
use shared::job::JobId;

use super::{exit_of, summary};
use crate::client::ServerArgs;
use crate::failure::{Exit, Failure};
use crate::{follow, terminal};

/// Jobs followed at the same time; the others are looked at as soon as one of these has ended.
const MAX_FOLLOWED: usize = 64;

/// Stay until jobs have ended; exit with 1 when one ended without a result.
#[derive(Args, Debug)]
pub(crate) struct WaitArgs {
    /// Ids of the jobs
    #[arg(required = true, value_name = "ID")]
    ids: Vec<JobId>,

    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

impl WaitArgs {
    pub(crate) async fn run(self) -> Result<Exit, Failure> {
        let client = &self.server.client()?;
        let ends = self
            .ids
            .iter()
            .map(|&id| async move { (id, follow::until_ended(client, id, |_| ()).await) });
        let mut ends = futures::stream::iter(ends).buffer_unordered(MAX_FOLLOWED);
        let mut worst = Exit::Success;
        while let Some((id, end)) = ends.next().await {
            let exit = match end {
                Ok(job) if self.server.json => {
                    terminal::line(job.raw.get())?;
                    exit_of(&job)
                }
                Ok(job) => {
                    terminal::line(summary(&job))?;
                    exit_of(&job)
                }
                Err(failure) => {
                    failure.report(Some(&id.to_string()), self.server.json);
                    failure.exit()
                }
            };
            worst = worst.max(exit);
        }
        Ok(worst)
    }
}
