//! Follows a job until it has ended.

use std::time::Duration;

use shared::job::JobId;
use tokio::time::{Instant, sleep};

use crate::client::{Client, Job};
use crate::failure::Failure;

/// How long one request waits for news.
const POLL: Duration = Duration::from_secs(30);
/// How long the service may be away before following it is given up.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until the job has ended and answers with its last state; `seen` hears of every change.
pub(crate) async fn until_ended(
    client: &Client,
    id: JobId,
    mut seen: impl FnMut(&Job),
) -> Result<Job, Failure> {
    let mut known: Option<Job> = None;
    let mut last_answer = Instant::now();
    loop {
        match client.job_after(id, known.as_ref(), POLL).await {
            Ok(news) => {
                last_answer = Instant::now();
                let Some(job) = news else { continue };
                seen(&job);
                if job.state.is_terminal() {
                    return Ok(job);
                }
                known = Some(job);
            }
            Err(failure) if is_passing(&failure) && last_answer.elapsed() < PATIENCE => {
                sleep(Duration::from_secs(1)).await;
            }
            Err(failure) => return Err(failure),
        }
    }
}

fn is_passing(failure: &Failure) -> bool {
    match failure {
        Failure::Unavailable(_) => true,
        Failure::Problem(problem) => matches!(problem.status, 429 | 502..=504),
        _ => false,
    }
}
