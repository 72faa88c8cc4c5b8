//! Takes a job from the queue and leaves a result in the object store.
//!
//! [`Worker::run`] is the whole process but for its `main`: it owns no port and no signal, so that the
//! command line and the tests start the same code that production does.

mod admin; // /livez /readyz /metrics /debug/stalls
mod backend; // apalis' view of the queue: claim when a slot is free, finish when the job ends
mod command; // the process: arguments, signals, exit status
mod config; // flags and environment
mod cpu; // the one door to blocking work
mod extraction; // one document through `extract`, here or in a confined process
mod failure; // why an attempt ended without a result, and whether another one may help
mod identity; // under which name it holds leases
mod janitor; // what expired leaves the queue and the store
mod job; // one attempt: source in, images, pages and manifest out
mod lease; // keeps the leases alive from a thread of its own
mod run; // puts the parts together, drains them in order
mod stop; // ends one attempt from outside

pub use command::main;
pub use config::{ExtractOn, Isolation, WorkerArgs};
#[cfg(target_os = "linux")]
pub use extraction::sandbox::serve_if_extraction_process;
pub use run::{Worker, WorkerError};
