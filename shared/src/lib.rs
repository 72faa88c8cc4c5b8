//! What api and worker must agree on: the job model, the queue, the object store, config, telemetry.

pub mod allocator; // memory without locks between threads
pub mod checksum; // whether bytes are still what they were
pub mod config; // flags and environment, grouped; checked all at once
pub mod descriptors; // files and connections that may be open
pub mod error_code; // the stable names of everything that can go wrong with a job
pub mod health; // is the process on this machine ready?
pub mod job; // ids, states, options, the record that HTTP polls
pub mod manifest; // result.json: what a finished job left in the store
pub mod owner; // whose job it is
pub mod password; // passwords of PDFs, sealed while they wait in Redis
pub mod queue; // jobs in Redis, leased to workers
pub mod store; // objects: S3 or a local folder
pub mod telemetry; // logs and metrics
pub mod timestamp; // milliseconds on Redis' clock
