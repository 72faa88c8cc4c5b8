//! The integration tests and their harness.

pub mod s3; // an S3 server
pub mod store; // an object store
