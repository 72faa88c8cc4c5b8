//! Flags and environment variables, in groups that a program flattens into its own arguments.

mod limits; // how much one document may cost
mod password; // the key that seals passwords of PDFs
mod queue; // leases, attempts, depth, retention
mod redis; // where Redis is
mod store; // where objects go
mod telemetry; // logs
mod value; // ByteSize, Secret, durations

pub use limits::LimitArgs;
pub use password::PasswordArgs;
pub use queue::QueueArgs;
pub use redis::RedisArgs;
pub(crate) use redis::{RedisUrl, SentinelUrl};
pub use store::StoreArgs;
pub use telemetry::{LogFormat, TelemetryArgs};
pub use value::{ByteSize, Secret, duration};

/// Everything that contradicts itself in a configuration, found in one pass.
#[derive(Debug, Default)]
pub struct Problems(Vec<String>);

impl Problems {
    /// Nothing found yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes `problem` unless `holds`.
    pub fn require(&mut self, holds: bool, problem: impl Into<String>) {
        if !holds {
            self.0.push(problem.into());
        }
    }

    /// One line for each problem, or nothing.
    ///
    /// # Errors
    /// The lines, when there are any.
    pub fn into_result(self) -> Result<(), String> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(self.0.join("\n"))
        }
    }
}
