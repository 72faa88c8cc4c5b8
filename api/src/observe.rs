//! Around every request: its id, span, log line and metrics; and the bodies of problems.

use std::fmt;
use std::time::Instant;

use axum::Json;
use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use metrics::{gauge, histogram};
use shared::telemetry::names::{HTTP_REQUEST_SECONDS, HTTP_REQUESTS_IN_FLIGHT};
use tracing::{Instrument, Span, debug, error, field, info, info_span, warn};
use uuid::Uuid;

use crate::problem::ApiError;
use crate::request::TraceParent;

/// Longest request id that is taken over from a client.
const MAX_REQUEST_ID: usize = 128;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The outermost layer.
pub(crate) async fn observe(request: Request, next: Next) -> Response {
    let id = RequestId::of(request.headers());
    let method = method_label(request.method());
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "unmatched".to_owned(), |path| path.as_str().to_owned());
    let span = request_span(&id, method, &route, request.headers());
    let started = Instant::now();
    let in_flight = InFlight::enter();

    let response = next.run(request).instrument(span.clone()).await;

    drop(in_flight);
    let seconds = started.elapsed().as_secs_f64();
    let class = class_label(response.status());
    histogram!(HTTP_REQUEST_SECONDS, "route" => route.clone(), "method" => method, "status" => class)
        .record(seconds);
    span.in_scope(|| log_line(&response, &route, seconds));
    finish(response, &id)
}

fn request_span(id: &RequestId, method: &str, route: &str, headers: &HeaderMap) -> Span {
    let trace = TraceParent::of(headers);
    info_span!(
        "request",
        request.id = %id,
        http.method = method,
        http.route = route,
        trace.id = trace.as_ref().map(TraceParent::trace_id),
        owner = field::Empty,
        job.id = field::Empty,
    )
}

/// One line per request; a failure is logged here and nowhere else.
fn log_line(response: &Response, route: &str, seconds: f64) {
    let status = response.status().as_u16();
    let problem = response.extensions().get::<ApiError>();
    let code = problem.map(|problem| problem.code().as_str());
    let cause = problem.and_then(ApiError::cause).map(chain);
    if response.status() == StatusCode::INTERNAL_SERVER_ERROR {
        error!(http.status = status, seconds, code, cause, "request failed");
    } else if response.status().is_server_error() {
        warn!(
            http.status = status,
            seconds, code, cause, "request could not be served"
        );
    } else if !route.starts_with("/v1/") {
        debug!(http.status = status, seconds, code, cause, "request served");
    } else {
        info!(http.status = status, seconds, code, cause, "request served");
    }
}

fn chain(error: &(dyn std::error::Error + Send + Sync)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

fn finish(response: Response, id: &RequestId) -> Response {
    let mut response = match response.extensions().get::<ApiError>() {
        Some(problem) => with_problem_body(&response, problem, id),
        None => response,
    };
    let headers = response.headers_mut();
    headers.insert(X_REQUEST_ID, id.header());
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

fn with_problem_body(response: &Response, problem: &ApiError, id: &RequestId) -> Response {
    let mut rendered = (response.status(), Json(problem.body(id.as_str()))).into_response();
    let mut headers = response.headers().clone();
    headers.remove(CONTENT_LENGTH);
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    rendered.headers_mut().extend(headers);
    rendered
}

/// Names one request in logs, in `X-Request-Id` and in problems.
#[derive(Clone, Debug, PartialEq, Eq)]
struct RequestId(String);

impl RequestId {
    /// The client's own id when it is short and plain; a new one otherwise.
    fn of(headers: &HeaderMap) -> Self {
        let plain = |id: &&str| {
            (1..=MAX_REQUEST_ID).contains(&id.len())
                && id
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        };
        headers
            .get(X_REQUEST_ID)
            .and_then(|value| value.to_str().ok())
            .filter(plain)
            .map_or_else(
                || Self(Uuid::now_v7().to_string()),
                |id| Self(id.to_owned()),
            )
    }

    fn as_str(&self) -> &str {
        &self.0
    }

    fn header(&self) -> HeaderValue {
        HeaderValue::from_str(&self.0).expect("a request id is plain ASCII")
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Counts a request until it is dropped, also when the client goes away.
struct InFlight;

impl InFlight {
    fn enter() -> Self {
        gauge!(HTTP_REQUESTS_IN_FLIGHT).increment(1.0);
        Self
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        gauge!(HTTP_REQUESTS_IN_FLIGHT).decrement(1.0);
    }
}

fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}

fn class_label(status: StatusCode) -> &'static str {
    match status.as_u16() {
        100..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_request_ids_are_taken_over() {
        let of = |value| RequestId::of(&HeaderMap::from_iter([(X_REQUEST_ID, value)]));
        assert_eq!(of(HeaderValue::from_static("a-1_b.C")).as_str(), "a-1_b.C");
        for odd in ["", "a b", "a\tb", &"x".repeat(129)] {
            let id = of(HeaderValue::from_str(odd).unwrap());
            assert!(Uuid::try_parse(id.as_str()).is_ok(), "{odd:?} became {id}");
        }
    }
}
