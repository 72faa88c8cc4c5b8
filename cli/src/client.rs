//! The HTTP client: the calls of `/v1` that the commands make.

mod job; // the bodies that the service answers with
mod problem; // its refusals (RFC 9457)
mod transport; // requests, and what becomes of them
mod upload; // a file on its way, and when to send it again

use std::time::Duration;

use clap::Args;
use reqwest::header::IF_NONE_MATCH;
use reqwest::{Certificate, Method, Response, StatusCode};
use serde_json::value::RawValue;
use shared::config::Secret;
use shared::job::{JobId, State};
use shared::manifest::Manifest;
use stall::StallSnapshot;
use url::Url;

use crate::failure::Failure;

pub(crate) use job::{Job, JobPage};
pub(crate) use problem::Problem;
pub(crate) use upload::{Upload, UploadOptions};

/// Which service, and as whom.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Service")]
pub(crate) struct ServerArgs {
    /// Where the API is
    #[arg(
        long,
        env = "PDF_INGEST_URL",
        default_value = "http://127.0.0.1:8080",
        value_name = "URL"
    )]
    url: Url,

    /// The API key, when the service asks for one
    #[arg(
        long,
        env = "PDF_INGEST_API_KEY",
        hide_env_values = true,
        value_name = "KEY"
    )]
    api_key: Option<Secret>,

    /// Print what the service answers as JSON, one object per line; errors too
    #[arg(long)]
    pub(crate) json: bool,
}

impl ServerArgs {
    pub(crate) fn client(&self) -> Result<Client, Failure> {
        Client::new(self.url.clone(), self.api_key.clone())
    }
}

/// A client of one service; a clone shares its connections.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: Url,
    api_key: Option<Secret>,
}

/// A part of a finished job.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part {
    Result,
    Text,
    Markdown,
    Page(u64),
    Image(u64),
}

impl Part {
    fn path(self) -> String {
        match self {
            Self::Result => "result".to_owned(),
            Self::Text => "text".to_owned(),
            Self::Markdown => "markdown".to_owned(),
            Self::Page(number) => format!("pages/{number}"),
            Self::Image(number) => format!("images/{number}"),
        }
    }
}

impl Client {
    /// A client of any service; connects to nothing yet.
    pub(crate) fn new(base: Url, api_key: Option<Secret>) -> Result<Self, Failure> {
        if !matches!(base.scheme(), "http" | "https") {
            return Err(Failure::Config(format!("{base} is no http or https URL")));
        }
        let builder = if transport::is_loopback(&base) {
            reqwest::Client::builder().no_proxy()
        } else {
            reqwest::Client::builder()
        };
        Self::build(builder, base, api_key)
    }

    /// A client of a service in this very process: without the certificates of the system, whose
    /// reading would hold the event loop that the service runs on.
    pub(crate) fn of_this_process(base: Url) -> Result<Self, Failure> {
        let no_certificates = std::iter::empty::<Certificate>();
        let builder = reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only(no_certificates);
        Self::build(builder, base, None)
    }

    /// The state of a job as it is now.
    pub(crate) async fn job(&self, id: JobId) -> Result<Job, Failure> {
        let request = self.request(Method::GET, &job_path(id, ""));
        Job::parse(self.read(request).await?)
    }

    /// The state of a job as soon as it differs from `known`, or `None` when `within` is over.
    pub(crate) async fn job_after(
        &self,
        id: JobId,
        known: Option<&Job>,
        within: Duration,
    ) -> Result<Option<Job>, Failure> {
        let mut request = self.request(Method::GET, &job_path(id, ""));
        if let Some(known) = known {
            request = request
                .query(&[("wait", within.as_secs())])
                .header(IF_NONE_MATCH, format!("W/\"{}\"", known.revision));
        }
        let response = self.send(request).await?;
        if response.status() == StatusCode::NOT_MODIFIED {
            return Ok(None);
        }
        Job::parse(self.body(response).await?).map(Some)
    }

    /// The state of a job when it has ended, or when `within` is over.
    pub(crate) async fn job_ended(&self, id: JobId, within: Duration) -> Result<Job, Failure> {
        let request = self
            .request(Method::GET, &job_path(id, ""))
            .query(&[("wait", within.as_secs())]);
        Job::parse(self.read(request).await?)
    }

    /// One page of the list, newest first.
    pub(crate) async fn jobs(
        &self,
        state: Option<State>,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<JobPage, Failure> {
        let mut request = self
            .request(Method::GET, "v1/jobs")
            .query(&[("limit", limit)]);
        if let Some(state) = state {
            request = request.query(&[("state", state.as_str())]);
        }
        if let Some(cursor) = cursor {
            request = request.query(&[("cursor", cursor)]);
        }
        self.read(request).await
    }

    /// Asks for the job to be stopped.
    pub(crate) async fn cancel(&self, id: JobId) -> Result<Job, Failure> {
        let request = self.request(Method::POST, &job_path(id, "/cancel"));
        Job::parse(self.read(request).await?)
    }

    /// Queues a job again that ended without a result.
    pub(crate) async fn retry(&self, id: JobId) -> Result<Job, Failure> {
        let request = self.request(Method::POST, &job_path(id, "/retry"));
        Job::parse(self.read(request).await?)
    }

    /// Removes a job and everything it left behind.
    pub(crate) async fn delete(&self, id: JobId) -> Result<Box<RawValue>, Failure> {
        self.read(self.request(Method::DELETE, &job_path(id, "")))
            .await
    }

    /// One part of a finished job, as a body to be read.
    pub(crate) async fn part(&self, id: JobId, part: Part) -> Result<Response, Failure> {
        let path = job_path(id, &format!("/{}", part.path()));
        self.send(self.request(Method::GET, &path)).await
    }

    /// One page of a finished job, as it is stored.
    pub(crate) async fn page(&self, id: JobId, number: u64) -> Result<Box<RawValue>, Failure> {
        let response = self.part(id, Part::Page(number)).await?;
        self.body(response).await
    }

    /// What a finished job found.
    pub(crate) async fn manifest(&self, id: JobId) -> Result<Manifest, Failure> {
        let response = self.part(id, Part::Result).await?;
        self.body(response).await
    }

    /// Whether the service can do its work now.
    pub(crate) async fn ready(&self) -> Result<(), Failure> {
        self.send(self.request(Method::GET, "readyz"))
            .await
            .map(drop)
    }

    /// What held the event loop of the process whose admin address this is.
    pub(crate) async fn stalls(&self) -> Result<StallSnapshot, Failure> {
        self.read(self.request(Method::GET, "debug/stalls")).await
    }

    /// The metrics of the process whose admin address this is, in the text format of Prometheus.
    pub(crate) async fn metrics(&self) -> Result<String, Failure> {
        let response = self.send(self.request(Method::GET, "metrics")).await?;
        response.text().await.map_err(|error| self.away(&error))
    }
}

fn job_path(id: JobId, rest: &str) -> String {
    format!("v1/jobs/{id}{rest}")
}
