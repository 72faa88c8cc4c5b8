//! `/docs`, `/openapi.json`, and `/`, which leads to them. Everything is in the binary: it works offline.

use axum::Router;
use axum::response::{IntoResponse, Redirect};
use axum::routing::get;
use bytes::Bytes;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};

use crate::state::AppState;

const PAGE: &str = include_str!("reference/index.html");
const STYLE: &str = include_str!("reference/style.css");
const SCRIPT: &str = include_str!("reference/script.js");
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; connect-src 'self'; script-src 'self'; style-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// The paths that show `description`, an OpenAPI document in JSON.
pub(crate) fn reference(description: Bytes) -> Router<AppState> {
    let description = move || async move { file("application/json", description) };
    Router::new()
        .route("/", get(|| async { Redirect::temporary("/docs") }))
        .route("/openapi.json", get(description))
        .route(
            "/docs",
            get(|| async { file("text/html; charset=utf-8", PAGE) }),
        )
        .route(
            "/docs/style.css",
            get(|| async { file("text/css; charset=utf-8", STYLE) }),
        )
        .route(
            "/docs/script.js",
            get(|| async { file("text/javascript; charset=utf-8", SCRIPT) }),
        )
}

fn file(media_type: &'static str, content: impl Into<Bytes>) -> impl IntoResponse {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (CONTENT_SECURITY_POLICY, POLICY),
        (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    (headers, content.into())
}
