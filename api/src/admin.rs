//! `/debug/stalls`, on a listener of its own: stacks are for who runs the service, not for its clients.

use std::io;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use stall::StallProbe;
use tokio::net::TcpListener;

/// Answers until it is dropped.
///
/// # Errors
/// When the listener fails for good.
pub async fn serve_admin(listener: TcpListener) -> io::Result<()> {
    let router = Router::new().route("/debug/stalls", get(stalls));
    axum::serve(listener, router).await
}

/// The newest stalls of this process, with their stacks.
async fn stalls() -> Response {
    match StallProbe::installed() {
        Some(probe) => {
            let json = probe.snapshot_json().await;
            ([(CONTENT_TYPE, "application/json")], json).into_response()
        }
        None => (
            StatusCode::SERVICE_UNAVAILABLE,
            "there is no stall probe in this process\n",
        )
            .into_response(),
    }
}
