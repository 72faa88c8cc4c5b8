//! The HTTP client: the calls of `/v1` that the commands make.

mod job; // the bodies that the service answers with
mod problem; // its refusals (RFC 9457)
mod upload; // a file on its way, and when to send it again

use std::time::Duration;

use clap::Args;
use reqwest::header::{IF_NONE_MATCH, RETRY_AFTER};
use reqwest::{Certificate, ClientBuilder, Method, RequestBuilder, Response, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use shared::config::Secret;
use shared::job::{JobId, State};
use shared::manifest::Manifest;
use url::{Host, Url};

use crate::failure::Failure;

pub(crate) use job::{Job, JobPage};
pub(crate) use problem::Problem;
pub(crate) use upload::{Upload, UploadOptions};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Between two reads: longer than any wait that is asked for.
const READ_TIMEOUT: Duration = Duration::from_secs(90);

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
        let builder = if is_loopback(&base) {
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

    fn build(
        builder: ClientBuilder,
        mut base: Url,
        api_key: Option<Secret>,
    ) -> Result<Self, Failure> {
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        let http = builder
            .user_agent(concat!("pdf-ingest/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(READ_TIMEOUT)
            .build()
            .map_err(|error| Failure::Config(format!("HTTP client: {}", innermost(&error))))?;
        Ok(Self {
            http,
            base,
            api_key,
        })
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

    /// The metrics of the service, in the text format of Prometheus.
    pub(crate) async fn metrics(&self) -> Result<String, Failure> {
        let response = self.send(self.request(Method::GET, "metrics")).await?;
        response.text().await.map_err(|error| self.away(&error))
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = self
            .base
            .join(path)
            .expect("paths of the API are relative URLs");
        let request = self.http.request(method, url);
        match &self.api_key {
            Some(key) => request.bearer_auth(key.expose()),
            None => request,
        }
    }

    async fn read<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, Failure> {
        let response = self.send(request).await?;
        self.body(response).await
    }

    /// The response when it is a success or a 304, else its problem.
    async fn send(&self, request: RequestBuilder) -> Result<Response, Failure> {
        let response = request.send().await.map_err(|error| self.away(&error))?;
        let status = response.status();
        if status.is_success() || status == StatusCode::NOT_MODIFIED {
            return Ok(response);
        }
        let retry_after = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.parse().ok())
            .map(Duration::from_secs);
        let body = response.text().await.unwrap_or_default();
        let problem = Problem::read(status.as_u16(), retry_after, &body);
        Err(Failure::Problem(Box::new(problem)))
    }

    async fn body<T: DeserializeOwned>(&self, response: Response) -> Result<T, Failure> {
        let bytes = response.bytes().await.map_err(|error| self.away(&error))?;
        serde_json::from_slice(&bytes).map_err(|error| {
            Failure::Unavailable(format!("{} answers something else: {error}", self.base))
        })
    }

    /// The service could not be reached, or the connection broke.
    pub(crate) fn away(&self, error: &reqwest::Error) -> Failure {
        Failure::Unavailable(format!(
            "no answer from {}: {}",
            self.base,
            innermost(error)
        ))
    }
}

fn job_path(id: JobId, rest: &str) -> String {
    format!("v1/jobs/{id}{rest}")
}

/// A proxy of the environment cannot reach this machine's own ports.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// The innermost cause says what happened; reqwest's own sentence says only which URL it was.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(base: &str) -> Client {
        Client::new(base.parse().unwrap(), None).unwrap()
    }

    #[test]
    fn a_path_in_the_url_is_kept() {
        crate::install_tls_provider();
        let id: JobId = "019392ea-1c1e-7cc0-9ffd-0a8f7a1d3c57".parse().unwrap();
        for base in ["http://host/pdf", "http://host/pdf/"] {
            let request = client(base).request(Method::GET, &job_path(id, "/text"));
            assert_eq!(
                request.build().unwrap().url().as_str(),
                format!("http://host/pdf/v1/jobs/{id}/text")
            );
        }
    }

    #[test]
    fn only_http_is_spoken() {
        let outcome = Client::new("ftp://host".parse().unwrap(), None);
        assert!(matches!(outcome, Err(Failure::Config(_))));
    }
}
