//! Paths → handlers, and the layers around them.

use std::any::Any;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::Method;
use shared::error_code::ErrorCode;
use stall::StallLayer;
use tokio::time::timeout;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::linger::linger;
use crate::observe::observe;
use crate::openapi::Description;
use crate::problem::ApiError;
use crate::routes;
use crate::state::AppState;

/// What a client is told that got no answer in time.
const LATE_RETRY_AFTER: Duration = Duration::from_secs(5);

/// The whole service. The layer that is added last is the outermost.
pub(crate) fn router(state: AppState) -> Router {
    let (described, description) = OpenApiRouter::with_openapi(Description::openapi())
        .merge(routes::described())
        .split_for_parts();
    let description = serde_json::to_vec(&description).expect("the description is plain data");
    described
        .merge(routes::reference(Bytes::from(description)))
        .fallback(no_such_path)
        .method_not_allowed_fallback(no_such_method)
        .layer(from_fn_with_state(state.clone(), deadline))
        .layer(CatchPanicLayer::custom(|panic: Box<dyn Any + Send>| {
            panicked(&*panic)
        }))
        .layer(from_fn_with_state(state.clone(), linger))
        .layer(from_fn(observe))
        .layer(StallLayer::default())
        .with_state(state)
}

/// Bounds every answer but that of an upload, which has a bound of its own: its pace.
async fn deadline(State(state): State<AppState>, request: Request, next: Next) -> Response {
    if request.method() == Method::POST && request.uri().path() == "/v1/jobs" {
        return next.run(request).await;
    }
    let limit = state.http.request_timeout + state.http.max_wait;
    match timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => ApiError::new(ErrorCode::Overloaded, "there was no answer in time")
            .with_retry_after(LATE_RETRY_AFTER)
            .into_response(),
    }
}

async fn no_such_path() -> ApiError {
    ApiError::new(ErrorCode::NotFound, "there is nothing at this path")
}

async fn no_such_method() -> ApiError {
    ApiError::new(
        ErrorCode::MethodNotAllowed,
        "see the `Allow` header for what this path takes",
    )
}

fn panicked(panic: &(dyn Any + Send)) -> Response {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "without a message".to_owned());
    ApiError::internal(std::io::Error::other(format!("a handler panicked: {text}"))).into_response()
}
