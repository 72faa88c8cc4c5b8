//! HTTP in, 202 out: accepts PDFs, stores them and enqueues jobs.
//!
//! A request passes `serve` (connection) → `router` (which handler) → `observe` (id, log, metrics) →
//! a handler in `routes`. An upload passes `submit` (order of the steps) and `upload` (its bytes).

mod args; // flags and environment
mod state; // what every handler may use
mod serve; // connections: accept, bounds, drain
mod router; // paths → handlers, and the layers around them
mod linger; // the rest of a refused body
mod observe; // request id, span, log line, metrics; problems get their body here
mod auth; // API keys → owner
mod request; // what handlers take out of a request
mod routes; // one file per group of paths
mod submit; // from an upload to a queued job, and back when it fails
mod upload; // the bytes of an upload: form, size, signature, digest, pace
mod download; // objects of the store → response: ranges, digests, file names
mod index; // looking up pages and images in a manifest
mod problem; // ApiError: everything that can go wrong, as problem+json
mod wire; // the bodies of /v1
mod openapi; // the description that the handlers add up to

pub use args::{ApiArgs, HttpArgs};
pub use auth::{ApiKeys, InvalidApiKeys};
pub use serve::{ServeError, serve};
pub use state::{AppState, ConnectError, connect};
