//! Uploads: a file is streamed, never held, and sent again when the service asks for patience.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ::extract::Password;
use bytes::Bytes;
use clap::Args;
use futures::{TryStreamExt as _, stream};
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use reqwest::{Body, Method};
use serde::{Serialize, Serializer};
use shared::config::duration;
use shared::job::Priority;
use tokio::fs::File;
use tokio_util::io::ReaderStream;
use uuid::Uuid;

use super::{Client, Job};
use crate::failure::Failure;

/// How often one file is sent before its refusal is final.
const MAX_SENDS: u32 = 5;
/// Longest wait between two of them, whatever `Retry-After` says.
const MAX_WAIT: Duration = Duration::from_secs(30);

/// What the job should yield, and when.
#[derive(Args, Clone, Debug, Serialize)]
#[command(next_help_heading = "Job")]
pub(crate) struct UploadOptions {
    /// Leave images out
    #[arg(long = "no-images", action = clap::ArgAction::SetFalse)]
    images: bool,

    /// Add lines and words with their boxes to every page
    #[arg(long)]
    boxes: bool,

    /// Add Markdown to every page
    #[arg(long)]
    markdown: bool,

    /// 0 is claimed first, 9 last
    #[arg(long, value_parser = priority)]
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<Priority>,

    /// Not before this time has passed: `90s`, `10m`, `2h`
    #[arg(long, value_parser = duration, value_name = "TIME")]
    #[serde(
        serialize_with = "whole_seconds",
        skip_serializing_if = "Option::is_none"
    )]
    delay: Option<Duration>,
}

impl Default for UploadOptions {
    fn default() -> Self {
        Self {
            images: true,
            boxes: false,
            markdown: false,
            priority: None,
            delay: None,
        }
    }
}

fn whole_seconds<S: Serializer>(
    delay: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    delay.map(|delay| delay.as_secs()).serialize(serializer)
}

fn priority(text: &str) -> Result<Priority, String> {
    let number: u8 = text
        .parse()
        .map_err(|_| "a priority is a number from 0 to 9".to_owned())?;
    Priority::try_from(number).map_err(|error| error.to_string())
}

/// One file to be uploaded.
pub(crate) struct Upload {
    path: PathBuf,
    /// Of an encrypted file, as a header.
    password: Option<HeaderValue>,
    /// Names this upload for the service, so that sending it twice makes one job.
    idempotency_key: Uuid,
    /// Size in bytes.
    pub(crate) bytes: u64,
}

impl Upload {
    /// Looks at the file; a folder or a missing file is refused here.
    pub(crate) async fn of(path: &Path, password: Option<Password>) -> Result<Self, Failure> {
        let unreadable = |error: std::io::Error| Failure::Usage(format!("cannot read: {error}"));
        let metadata = tokio::fs::metadata(path).await.map_err(unreadable)?;
        if !metadata.is_file() {
            return Err(Failure::Usage("cannot read: not a regular file".to_owned()));
        }
        Ok(Self {
            path: path.to_owned(),
            password: password.as_ref().map(password_header).transpose()?,
            idempotency_key: Uuid::now_v7(),
            bytes: metadata.len(),
        })
    }

    fn filename(&self) -> Option<&str> {
        self.path.file_name()?.to_str()
    }
}

fn password_header(password: &Password) -> Result<HeaderValue, Failure> {
    let mut value = HeaderValue::from_bytes(password.expose().as_bytes())
        .map_err(|_| Failure::Usage("the password has characters that none may have".to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}

impl Client {
    /// Uploads a file and answers with its job. `sent` hears how many bytes have left, from zero again
    /// when the service was busy or away and the file is sent once more.
    pub(crate) async fn submit(
        &self,
        upload: &Upload,
        options: &UploadOptions,
        sent: impl Fn(u64) + Clone + Send + Sync + 'static,
    ) -> Result<Job, Failure> {
        let mut sends = 1;
        loop {
            let failure = match self.send_once(upload, options, sent.clone()).await {
                Ok(job) => return Ok(job),
                Err(failure) => failure,
            };
            match wait_before_resend(&failure, sends) {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return Err(failure),
            }
            sends += 1;
        }
    }

    /// Uploads bytes that are in memory, once; an answer that is lost leaves open whether there is a job.
    pub(crate) async fn submit_parts<const N: usize>(
        &self,
        parts: &[Bytes; N],
        bytes: u64,
    ) -> Result<Job, Failure> {
        let parts = parts.clone().map(Ok::<_, Infallible>);
        let request = self
            .request(Method::POST, "v1/jobs")
            .header(CONTENT_TYPE, "application/pdf")
            .header(CONTENT_LENGTH, bytes)
            .body(Body::wrap_stream(stream::iter(parts)));
        Job::parse(self.read(request).await?)
    }

    async fn send_once(
        &self,
        upload: &Upload,
        options: &UploadOptions,
        sent: impl Fn(u64) + Send + Sync + 'static,
    ) -> Result<Job, Failure> {
        let file = File::open(&upload.path)
            .await
            .map_err(|error| Failure::Usage(format!("cannot read: {error}")))?;
        let mut total = 0;
        sent(0);
        let chunks = ReaderStream::with_capacity(file, 64 << 10).inspect_ok(move |chunk| {
            total += chunk.len() as u64;
            sent(total);
        });
        let mut request = self
            .request(Method::POST, "v1/jobs")
            .query(options)
            .header(CONTENT_TYPE, "application/pdf")
            .header(CONTENT_LENGTH, upload.bytes)
            .header("idempotency-key", upload.idempotency_key.to_string());
        if let Some(password) = &upload.password {
            request = request.header("pdf-password", password.clone());
        }
        if let Some(filename) = upload.filename() {
            request = request.query(&[("filename", filename)]);
        }
        Job::parse(self.read(request.body(Body::wrap_stream(chunks))).await?)
    }
}

/// How long to wait before the same upload is sent again; `None` when that would not help.
fn wait_before_resend(failure: &Failure, sends: u32) -> Option<Duration> {
    if sends >= MAX_SENDS {
        return None;
    }
    let backoff = Duration::from_millis(250 << sends);
    match failure {
        Failure::Unavailable(_) => Some(backoff),
        Failure::Problem(problem) => {
            let may_help = matches!(problem.status, 429 | 502..=504)
                || problem.code() == Some("idempotency-conflict");
            let wait = problem.retry_after.unwrap_or(backoff).min(MAX_WAIT);
            may_help.then_some(wait)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::client::Problem;

    fn refusal(status: u16, code: &str, retry_after: Option<u64>) -> Failure {
        let retry_after = retry_after.map(Duration::from_secs);
        Failure::Problem(Box::new(Problem::new(
            status,
            retry_after,
            json!({ "code": code }),
        )))
    }

    #[test]
    fn sends_again_when_the_service_asks_for_patience_and_not_for_ever() {
        let full = refusal(429, "queue-full", Some(2));
        assert_eq!(wait_before_resend(&full, 1), Some(Duration::from_secs(2)));
        assert_eq!(wait_before_resend(&full, MAX_SENDS), None);
        let far = refusal(503, "queue-unavailable", Some(3600));
        assert_eq!(wait_before_resend(&far, 1), Some(MAX_WAIT));
        assert!(wait_before_resend(&refusal(409, "idempotency-conflict", None), 1).is_some());
        assert!(wait_before_resend(&Failure::Unavailable(String::new()), 1).is_some());
    }

    #[test]
    fn a_bad_file_is_sent_once() {
        assert_eq!(
            wait_before_resend(&refusal(415, "not-a-pdf", None), 1),
            None
        );
        assert_eq!(
            wait_before_resend(&refusal(422, "idempotency-mismatch", None), 1),
            None
        );
    }
}
