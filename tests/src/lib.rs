//! The integration tests and their harness.

pub mod redis; // a private Redis
