//! `/livez` `/readyz` `/metrics` `/debug/stalls` of a worker.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use metrics_exporter_prometheus::PrometheusHandle;
use shared::queue::Queue;
use shared::store::ObjectStore;
use stall::StallProbe;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// How long Redis and the store may take to say that they are there.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a client may take to send its request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// Connections served at once; more wait in the listener's backlog.
const CONNECTIONS: usize = 64;

/// What the endpoints look at.
#[derive(Debug)]
pub(crate) struct Admin {
    pub(crate) queue: Queue,
    pub(crate) store: ObjectStore,
    pub(crate) metrics: PrometheusHandle,
    pub(crate) draining: AtomicBool,
}

/// Answers until it is dropped.
pub(crate) async fn serve(listener: TcpListener, admin: Arc<Admin>) -> Infallible {
    let connections = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let permit = Arc::clone(&connections).acquire_owned().await;
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let admin = Arc::clone(&admin);
        tokio::spawn(async move {
            let service = service_fn(|request| answer(Arc::clone(&admin), request));
            let served = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIMEOUT)
                .serve_connection(TokioIo::new(stream), service)
                .await;
            if let Err(error) = served {
                tracing::debug!(%error, "admin connection ended");
            }
            drop(permit);
        });
    }
}

async fn answer(
    admin: Arc<Admin>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (status, body) = match (request.method(), request.uri().path()) {
        (&Method::GET, "/livez") => (StatusCode::OK, "ok\n".to_owned()),
        (&Method::GET, "/readyz") => admin.readiness().await,
        (&Method::GET, "/metrics") => (StatusCode::OK, admin.metrics.render()),
        (&Method::GET, "/debug/stalls") => return Ok(stalls().await),
        (&Method::GET, _) => (StatusCode::NOT_FOUND, "not found\n".to_owned()),
        _ => (StatusCode::METHOD_NOT_ALLOWED, "GET only\n".to_owned()),
    };
    Ok(response(status, "text/plain; charset=utf-8", body))
}

/// The newest stalls of this process, with their stacks.
async fn stalls() -> Response<Full<Bytes>> {
    match StallProbe::installed() {
        Some(probe) => {
            let json = probe.snapshot_json().await;
            response(StatusCode::OK, "application/json", json)
        }
        None => response(
            StatusCode::SERVICE_UNAVAILABLE,
            "text/plain; charset=utf-8",
            "there is no stall probe in this process\n".to_owned(),
        ),
    }
}

fn response(status: StatusCode, media_type: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    let media_type = HeaderValue::from_static(media_type);
    response.headers_mut().insert(CONTENT_TYPE, media_type);
    response
}

impl Admin {
    /// Whether this worker can take a job now, and what is missing if not.
    async fn readiness(&self) -> (StatusCode, String) {
        let (queue, store) = tokio::join!(
            tokio::time::timeout(CHECK_TIMEOUT, self.queue.ping()),
            tokio::time::timeout(CHECK_TIMEOUT, self.store.check()),
        );
        let missing: Vec<_> = [
            (self.draining.load(Ordering::Relaxed), "draining"),
            (!matches!(queue, Ok(Ok(()))), "redis is away"),
            (!matches!(store, Ok(Ok(()))), "the object store is away"),
        ]
        .into_iter()
        .filter_map(|(is_missing, what)| is_missing.then_some(what))
        .collect();
        if missing.is_empty() {
            (StatusCode::OK, "ok\n".to_owned())
        } else {
            (StatusCode::SERVICE_UNAVAILABLE, missing.join("\n") + "\n")
        }
    }
}
