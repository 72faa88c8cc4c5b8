//! Clients that submit, and submit again until there is an answer, as a script with `curl --retry` would.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Result, bail};
use reqwest::StatusCode;
use serde_json::Value;
use shared::job::JobId;
use tokio::task::JoinHandle;

use super::Plan;
use super::cluster::{Client, Cluster};
use super::documents::Documents;
use crate::app::text;

const CLIENTS: usize = 4;
/// A client gives an answer up after this, and asks again.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(50);
/// So many times nothing but errors means that the service does not come back.
const MOST_TRIES: usize = 1000;

/// A job that was answered with 202, or 200 the second time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Accepted {
    pub(super) number: usize,
    pub(super) id: JobId,
    pub(super) retries: usize,
}

/// Submits all jobs of the plan, in order; counts them in `submitted`.
pub(super) fn start(
    plan: &Plan,
    cluster: &Cluster,
    documents: &Arc<Documents>,
    submitted: &Arc<AtomicUsize>,
) -> JoinHandle<Result<Vec<Accepted>>> {
    let (jobs, next) = (plan.jobs, Arc::new(AtomicUsize::new(0)));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (client, documents) = (cluster.client(), Arc::clone(documents));
            let (next, submitted) = (Arc::clone(&next), Arc::clone(submitted));
            tokio::spawn(async move {
                let mut accepted = Vec::new();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= jobs {
                        return anyhow::Ok(accepted);
                    }
                    let key = format!("job-{number}");
                    let pdf = documents.pdf(number);
                    let (id, retries) = submit_until_accepted(client.clone(), &key, pdf).await?;
                    submitted.fetch_add(1, Ordering::Relaxed);
                    accepted.push(Accepted {
                        number,
                        id,
                        retries,
                    });
                }
            })
        })
        .collect();
    tokio::spawn(async move {
        let mut all = Vec::new();
        for client in clients {
            all.extend(client.await??);
        }
        Ok(all)
    })
}

/// The job's id, and how often the submit had to be made again.
pub(super) async fn submit_until_accepted(
    client: Client,
    key: &str,
    pdf: &[u8],
) -> Result<(JobId, usize)> {
    for tries in 0..MOST_TRIES {
        if let Some(id) = submit(&client, key, pdf).await? {
            return Ok((id, tries));
        }
        tokio::time::sleep(PAUSE).await;
    }
    bail!("{key} was not accepted after {MOST_TRIES} tries")
}

/// `None` when it should be made again.
async fn submit(client: &Client, key: &str, pdf: &[u8]) -> Result<Option<JobId>> {
    let request = client.http.post(format!("{}/v1/jobs", client.url));
    let request = request
        .header("content-type", "application/pdf")
        .header("idempotency-key", key)
        .timeout(PATIENCE)
        .body(pdf.to_vec());
    let Ok(response) = request.send().await else {
        return Ok(None);
    };
    let status = response.status();
    let Ok(body) = response.json::<Value>().await else {
        return Ok(None);
    };
    match status {
        StatusCode::OK | StatusCode::ACCEPTED => match text(&body, "/id").parse() {
            Ok(id) => Ok(Some(id)),
            Err(_) => bail!("accepted without an id: {body}"),
        },
        // The first try may still be read, or its API may have died while it was.
        StatusCode::CONFLICT | StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => {
            Ok(None)
        }
        status if status.is_server_error() => Ok(None),
        status => bail!("{key} was refused: {status}: {body}"),
    }
}
