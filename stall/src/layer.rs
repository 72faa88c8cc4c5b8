//! A tower layer: every request's future is watched, and so is the synchronous part of the call.

use std::task::{Context, Poll};

use tower_layer::Layer;
use tower_service::Service;

use crate::slot;
use crate::watch::{PollBracket, Watched};

/// Watches the services it wraps. Made by [`crate::StallProbe::layer`].
#[derive(Clone, Copy, Debug, Default)]
pub struct StallLayer(());

impl StallLayer {
    pub(crate) fn new() -> Self {
        Self(())
    }
}

impl<S> Layer<S> for StallLayer {
    type Service = StallService<S>;

    fn layer(&self, inner: S) -> StallService<S> {
        StallService { inner }
    }
}

/// A service whose calls are watched, see [`StallLayer`].
#[derive(Clone, Debug)]
pub struct StallService<S> {
    inner: S,
}

impl<S: Service<R>, R> Service<R> for StallService<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = Watched<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        let _poll = watch_this_poll();
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let _poll = watch_this_poll();
        Watched::new(self.inner.call(request))
    }
}

fn watch_this_poll() -> Option<PollBracket> {
    slot::current().map(|slot| PollBracket::begin(slot, 0))
}
