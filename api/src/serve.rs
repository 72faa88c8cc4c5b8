//! Connections: accept, bounds, drain. HTTP/1.1; TLS and HTTP/2 are a proxy's.

use std::io;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use futures::future::BoxFuture;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use metrics::gauge;
use shared::telemetry::names::HTTP_CONNECTIONS;
use thiserror::Error;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::select;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{spawn_blocking, yield_now};
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::{debug, info, warn};

use crate::args::HttpArgs;
use crate::router::router;
use crate::state::AppState;

/// Longest request head, and most that is read of a body at once: a connection's share of `BUFFERS`, within this.
/// Every piece of a body wakes two threads, so a few large ones cost less than many small ones.
const BUFFER: RangeInclusive<usize> = 32 * 1024..=128 * 1024;
const BUFFERS: usize = 8 * 1024 * 1024;
const MAX_HEADERS: usize = 100;
/// Connections that may wait to be accepted, as far as the kernel lets them (`net.core.somaxconn`): those beyond it
/// are refused or lost, though their clients may take them for open (tcp(7), `tcp_syncookies`).
const BACKLOG: u32 = 4096;
/// Pause after an accept that failed for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// What clean-up gets after the drain has ended.
const CLEANUP: Duration = Duration::from_secs(5);

/// A drain that was cut short.
#[derive(Debug, Error)]
pub enum ServeError {
    /// Requests were still in flight at the deadline; their connections were closed.
    #[error("{connections} connections were cut at the end of the drain")]
    Cut {
        /// How many.
        connections: usize,
    },
}

/// Listens at `address` with room for a burst of connections, where the usual 128 are soon full.
///
/// # Errors
/// When the address cannot be had.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.set_reuseaddr(true)?; // connections of the process before this one may linger
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Serves requests until `shutdown`, then drains: `/readyz` says 503, the listener closes, requests in flight end or are
/// cut at the deadline, and what they left to clean up is cleaned up.
///
/// # Errors
/// [`ServeError::Cut`] when requests did not end in time.
pub fn serve(
    listener: TcpListener,
    state: AppState,
    shutdown: CancellationToken,
) -> BoxFuture<'static, Result<(), ServeError>> {
    Box::pin(serve_and_drain(listener, state, shutdown))
}

async fn serve_and_drain(
    listener: TcpListener,
    state: AppState,
    shutdown: CancellationToken,
) -> Result<(), ServeError> {
    let server = Server::new(&state, routed(&state).await);
    if let Ok(address) = listener.local_addr() {
        info!(%address, "listening");
    }
    let (store, watch) = (state.store.clone(), Arc::clone(&state.store_watch));
    let _watching = AbortOnDropHandle::new(tokio::spawn(async move { watch.run(&store).await }));
    server.accept_until(&listener, shutdown.cancelled()).await;
    info!("draining");
    state.draining.cancel();
    server
        .accept_until(&listener, sleep(state.http.drain_notice))
        .await;
    drop(listener);
    let outcome = server.drain(state.http.drain).await;
    state.background.close();
    if timeout(CLEANUP, state.background.wait()).await.is_err() {
        warn!(tasks = state.background.len(), "left clean-up undone");
    }
    outcome
}

/// The service, put together on the blocking pool: its description of itself takes milliseconds.
async fn routed(state: &AppState) -> Router {
    let state = state.clone();
    #[expect(
        clippy::disallowed_methods,
        reason = "once in the life of the process, before it has a request"
    )]
    let built = spawn_blocking(move || router(state)).await;
    built.expect("the router is put together from constants")
}

struct Server {
    service: TowerToHyperService<Router>,
    http: http1::Builder,
    limits: Arc<HttpArgs>,
    slots: Arc<Semaphore>,
    graceful: GracefulShutdown,
    cut: CancellationToken,
}

impl Server {
    fn new(state: &AppState, router: Router) -> Self {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(state.http.header_timeout)
            .max_headers(MAX_HEADERS);
        Self {
            service: TowerToHyperService::new(router),
            http,
            limits: state.http.clone(),
            slots: Arc::new(Semaphore::new(state.http.max_connections as usize)),
            graceful: GracefulShutdown::new(),
            cut: CancellationToken::new(),
        }
    }

    async fn accept_until(&self, listener: &TcpListener, end: impl Future<Output = ()>) {
        let mut end = pin!(end);
        loop {
            select! {
                accepted = self.accept(listener) => match accepted {
                    Ok((stream, slot)) => {
                        self.spawn(stream, slot);
                        yield_now().await; // a burst of connections is not one poll
                    }
                    Err(error) => pause_if_exhausted(&error).await,
                },
                () = &mut end => return,
            }
        }
    }

    /// A slot first: who finds none waits in the backlog.
    async fn accept(
        &self,
        listener: &TcpListener,
    ) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
        let slot = self.slots.clone().acquire_owned().await;
        let slot = slot.expect("the semaphore is never closed");
        let (stream, _) = listener.accept().await?;
        Ok((stream, slot))
    }

    fn spawn(&self, stream: TcpStream, slot: OwnedSemaphorePermit) {
        if let Err(error) = stream.set_nodelay(true) {
            debug!(%error, "a connection without TCP_NODELAY");
        }
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(self.limits.write_timeout));
        let io = TokioIo::new(Box::pin(stream));
        let mut http = self.http.clone();
        http.max_buf_size(buffer(taken(&self.slots, &self.limits)));
        let connection = http.serve_connection(io, self.service.clone());
        let connection = self.graceful.watch(connection);
        let cut = self.cut.clone();
        let open = OpenConnection::count(slot);
        tokio::spawn(stall::watch(async move {
            select! {
                outcome = connection => {
                    if let Err(error) = outcome {
                        debug!(%error, "a connection ended early");
                    }
                }
                () = cut.cancelled() => {}
            }
            drop(open);
        }));
    }

    async fn drain(self, patience: Duration) -> Result<(), ServeError> {
        let deadline = Instant::now() + patience;
        let ended = timeout_at(deadline, self.graceful.shutdown()).await;
        let connections = taken(&self.slots, &self.limits);
        self.cut.cancel();
        match ended {
            Ok(()) => Ok(()),
            Err(_) => Err(ServeError::Cut { connections }),
        }
    }
}

/// Slots that connections hold.
fn taken(slots: &Semaphore, limits: &HttpArgs) -> usize {
    let all = limits.max_connections as usize;
    all - slots.available_permits().min(all)
}

/// What each of so many connections may take.
fn buffer(connections: usize) -> usize {
    (BUFFERS / connections.max(1)).clamp(*BUFFER.start(), *BUFFER.end())
}

/// Counts a connection and holds its slot until it is dropped.
struct OpenConnection(#[expect(dead_code, reason = "held for its drop")] OwnedSemaphorePermit);

impl OpenConnection {
    fn count(slot: OwnedSemaphorePermit) -> Self {
        gauge!(HTTP_CONNECTIONS).increment(1.0);
        Self(slot)
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        gauge!(HTTP_CONNECTIONS).decrement(1.0);
    }
}

/// A client that was gone before it was accepted is no reason to pause; no file descriptors is one.
async fn pause_if_exhausted(error: &io::Error) {
    let clients_fault = matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
    );
    if !clients_fault {
        warn!(%error, "could not accept a connection");
        sleep(ACCEPT_PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_connections_read_more_at_once_than_many() {
        let sizes = [0, 1, 128, 800].map(|connections| buffer(connections) / 1024);
        assert_eq!(sizes, [128, 128, 64, 32]);
    }
}
