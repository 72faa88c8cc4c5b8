//! Requests to the service, and what becomes of them: a body, a problem, or no answer.

use std::time::Duration;

use reqwest::header::RETRY_AFTER;
use reqwest::{ClientBuilder, Method, RequestBuilder, Response, StatusCode};
use serde::de::DeserializeOwned;
use shared::config::Secret;
use url::{Host, Url};

use super::{Client, Problem};
use crate::failure::Failure;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Shorter than the service keeps a connection without requests, so that none is sent into one that just closes.
const IDLE_TIMEOUT: Duration = Duration::from_secs(10);
/// Between two reads: longer than any wait that is asked for.
const READ_TIMEOUT: Duration = Duration::from_secs(90);

impl Client {
    pub(super) fn build(
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
            .pool_idle_timeout(IDLE_TIMEOUT)
            .read_timeout(READ_TIMEOUT)
            .build()
            .map_err(|error| Failure::Config(format!("HTTP client: {}", innermost(&error))))?;
        Ok(Self {
            http,
            base,
            api_key,
        })
    }

    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
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

    pub(super) async fn read<T: DeserializeOwned>(
        &self,
        request: RequestBuilder,
    ) -> Result<T, Failure> {
        let response = self.send(request).await?;
        self.body(response).await
    }

    /// The response when it is a success or a 304, else its problem.
    pub(super) async fn send(&self, request: RequestBuilder) -> Result<Response, Failure> {
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

    pub(super) async fn body<T: DeserializeOwned>(&self, response: Response) -> Result<T, Failure> {
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

/// A proxy of the environment cannot reach this machine's own ports.
pub(super) fn is_loopback(url: &Url) -> bool {
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
    use shared::job::JobId;

    use super::*;

    fn client(base: &str) -> Client {
        Client::new(base.parse().unwrap(), None).unwrap()
    }

    #[test]
    fn a_path_in_the_url_is_kept() {
        crate::install_tls_provider();
        let id: JobId = "019392ea-1c1e-7cc0-9ffd-0a8f7a1d3c57".parse().unwrap();
        for base in ["http://host/pdf", "http://host/pdf/"] {
            let request = client(base).request(Method::GET, &super::super::job_path(id, "/text"));
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
