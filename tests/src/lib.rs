//! The integration tests' harness: real servers on free ports, one set per test.

pub mod app; // the API and its workers
pub mod pdf; // small documents, written object by object
pub mod redis; // a private Redis
pub mod s3; // a private S3 server
pub mod store; // an object store
