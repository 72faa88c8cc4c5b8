//! HTTP in, 202 out: accepts PDFs, stores them and enqueues jobs.
//!
//! A request passes `serve` (connection) → `router` (which handler) → `observe` (id, log, metrics) →
//! a handler in `routes`. An upload passes `submit` (order of the steps) and `upload` (its bytes).

mod admin; // /metrics and /debug/stalls, on a listener of their own
mod args; // flags and environment
mod auth; // API keys → owner
mod command; // the process: arguments, signals, exit status
mod download; // objects of the store → response: ranges, digests, file names
mod index; // looking up pages and images in a manifest
mod linger; // the rest of a refused body
mod observe; // request id, span, log line, metrics; problems get their body here
mod openapi; // the description that the handlers add up to
mod problem; // ApiError: everything that can go wrong, as problem+json
mod request; // what handlers take out of a request
mod router; // paths → handlers, and the layers around them
mod routes; // one file per group of paths
mod serve; // connections: accept, bounds, drain
mod state; // what every handler may use
mod store_watch; // does the object store answer?
mod submit; // from an upload to a queued job, and back when it fails
mod upload; // the bytes of an upload: form, size, signature, digest, pace
mod upload_threads; // where uploads run, behind everything else
mod wire; // the bodies of /v1

pub use admin::serve_admin;
pub use args::{ApiArgs, HttpArgs};
pub use auth::{ApiKeys, InvalidApiKeys};
pub use command::main;
pub use serve::{ServeError, listen, serve};
pub use state::{AppState, ConnectError, connect};
