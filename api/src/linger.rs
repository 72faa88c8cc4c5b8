//! A request that is refused before its body was read: the rest is read and dropped for a moment.
//!
//! Without that, closing a connection on which data is still coming in resets it, and many clients then never see the
//! answer.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use http::header::EXPECT;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt;
use tokio::runtime::Handle;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use crate::state::AppState;

/// How long the rest of a body is read for.
const LINGER: Duration = Duration::from_secs(5);

/// Wraps the body of every request.
pub(crate) async fn linger(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    // Who expects `100 Continue` sends nothing until somebody reads.
    let waits = request.headers().contains_key(EXPECT);
    let request = request.map(|body| {
        Body::new(Lingering {
            body,
            silent: waits,
            over: false,
            tracker: state.background.clone(),
        })
    });
    next.run(request).await
}

struct Lingering {
    body: Body,
    /// Nothing comes in, as nobody asked for it yet.
    silent: bool,
    /// Read to its end, or broken.
    over: bool,
    tracker: TaskTracker,
}

impl HttpBody for Lingering {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.silent = false;
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if matches!(frame, Poll::Ready(None | Some(Err(_)))) {
            self.over = true;
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        let rest = std::mem::take(&mut self.body);
        let nothing_comes = self.silent || self.over || rest.is_end_stream();
        if nothing_comes || Handle::try_current().is_err() {
            return;
        }
        self.tracker.spawn(timeout(LINGER, drain(rest)));
    }
}

async fn drain(mut rest: Body) {
    while let Some(Ok(_)) = rest.frame().await {}
}
