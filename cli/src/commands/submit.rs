//! `submit`: uploads files, several at once, and follows their jobs when asked to.

use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::Args;
use futures::StreamExt as _;
use indicatif::{MultiProgress, ProgressBar};

use super::{exit_of, summary};
use crate::client::{Client, Job, ServerArgs, Upload, UploadOptions};
use crate::failure::{Exit, Failure};
use crate::password::PasswordArgs;
use crate::{follow, progress, terminal};

/// Upload PDFs and queue a job for each.
#[derive(Args, Debug)]
pub(crate) struct SubmitArgs {
    /// PDFs to upload
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Stay until every job has ended; exit with 1 when one ended without a result
    #[arg(long)]
    wait: bool,

    /// Files on their way at the same time
    #[arg(long, default_value = "4", value_name = "N")]
    concurrency: NonZeroUsize,

    #[command(flatten)]
    options: UploadOptions,

    #[command(flatten)]
    password: PasswordArgs,

    #[command(flatten)]
    pub(crate) server: ServerArgs,
}

impl SubmitArgs {
    pub(crate) async fn run(self) -> Result<Exit, Failure> {
        let client = self.server.client()?;
        let password = self.password.read();
        let password = password.map_err(|error| Failure::Usage(error.to_string()))?;
        let bars = MultiProgress::new();
        let outcomes = self.files.iter().map(|path| {
            let bar = bars.add(progress::transfer(path, 0));
            let upload = Upload::of(path, password.clone());
            let submitted = submit(&client, upload, &self.options, self.wait, bar);
            async move { (path, submitted.await) }
        });
        let mut outcomes = futures::stream::iter(outcomes).buffer_unordered(self.concurrency.get());
        let mut worst = Exit::Success;
        while let Some((path, outcome)) = outcomes.next().await {
            let exit = bars.suspend(|| show(path, &outcome, self.server.json))?;
            worst = worst.max(exit);
        }
        Ok(worst)
    }
}

async fn submit(
    client: &Client,
    upload: impl Future<Output = Result<Upload, Failure>>,
    options: &UploadOptions,
    wait: bool,
    bar: ProgressBar,
) -> Result<Job, Failure> {
    let upload = upload.await?;
    bar.set_length(upload.bytes);
    let sent = {
        let bar = bar.clone();
        move |bytes| bar.set_position(bytes)
    };
    let job = client.submit(&upload, options, sent).await?;
    let job = if wait {
        follow::until_ended(client, job.id, |job| progress::show_pages(&bar, job)).await?
    } else {
        job
    };
    bar.finish_and_clear();
    Ok(job)
}

fn show(path: &Path, outcome: &Result<Job, Failure>, as_json: bool) -> io::Result<Exit> {
    match outcome {
        Ok(job) if as_json => terminal::line(job.raw.get()).map(|()| exit_of(job)),
        Ok(job) => terminal::line(summary(job)).map(|()| exit_of(job)),
        Err(failure) => {
            failure.report(Some(&path.display().to_string()), as_json);
            Ok(failure.exit())
        }
    }
}
