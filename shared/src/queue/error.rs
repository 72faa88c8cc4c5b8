//! What can go wrong between us and Redis, and whether asking again may help.

use redis::{ErrorKind, RedisError, ServerErrorKind};
use thiserror::Error;

/// Why the queue did not do as asked. No message carries a user or a password.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum QueueError {
    /// Redis is away, slow, loading, or changing its roles. The call may or may not have happened; every call of
    /// the queue may be made again.
    #[error("redis is unavailable: {0}")]
    Unavailable(String),
    /// Redis answered, and refused: no permission, out of memory, a script that fails.
    #[error("redis refused the call: {0}")]
    Refused(String),
    /// A record or an answer is not what this program writes.
    #[error("{what} in redis cannot be read: {why}")]
    Corrupt {
        /// The key or the script.
        what: String,
        /// What is wrong with it.
        why: String,
    },
    /// The record was written by a program of another version, and is left alone.
    #[error("job {job} has a record of another version than {expected}")]
    Version {
        /// The job's id.
        job: String,
        /// The version that this program reads and writes.
        expected: u32,
    },
    /// The configuration or the server's own makes the queue impossible.
    #[error("{0}")]
    Setup(String),
}

impl QueueError {
    /// Whether the same call may succeed later without anybody changing anything.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unavailable(_) => true,
            Self::Refused(_) | Self::Corrupt { .. } | Self::Version { .. } | Self::Setup(_) => {
                false
            }
        }
    }

    pub(super) fn corrupt(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Corrupt {
            what: what.into(),
            why: why.into(),
        }
    }
}

impl From<RedisError> for QueueError {
    fn from(error: RedisError) -> Self {
        let text = describe(&error);
        if is_transient(&error) {
            Self::Unavailable(text)
        } else if matches!(
            error.kind(),
            ErrorKind::InvalidClientConfig | ErrorKind::EmptySentinelList
        ) {
            Self::Setup(format!("redis cannot be reached as configured: {text}"))
        } else if error.kind() == ErrorKind::UnexpectedReturnType {
            Self::corrupt("an answer", text)
        } else {
            Self::Refused(text)
        }
    }
}

/// The kind and, for what the server or the network said, its own words.
fn describe(error: &RedisError) -> String {
    match error.kind() {
        ErrorKind::Server(_) | ErrorKind::Extension => format!(
            "{} {}",
            error.code().unwrap_or("ERR"),
            error.detail().unwrap_or_default()
        ),
        _ if error.is_timeout() => "no answer in time".to_owned(),
        _ if error.is_connection_refusal() => "connection refused".to_owned(),
        _ if error.is_connection_dropped() => "connection lost".to_owned(),
        _ => match std::error::Error::source(error) {
            Some(cause) => format!("{}: {cause}", error.category()),
            None => error.category().to_owned(),
        },
    }
}

/// Whether the error is about the moment, not about the call.
pub(super) fn is_transient(error: &RedisError) -> bool {
    match error.kind() {
        // An answer that breaks off in the middle is one that did not arrive.
        ErrorKind::Io
        | ErrorKind::Parse
        | ErrorKind::ClusterConnectionNotFound
        | ErrorKind::MasterNameNotFoundBySentinel
        | ErrorKind::NoValidReplicasFoundBySentinel => true,
        ErrorKind::Server(kind) => matches!(
            kind,
            ServerErrorKind::BusyLoading
                | ServerErrorKind::ReadOnly
                | ServerErrorKind::MasterDown
                | ServerErrorKind::ClusterDown
                | ServerErrorKind::TryAgain
                | ServerErrorKind::Moved
                | ServerErrorKind::Ask
                | ServerErrorKind::NoScript
        ),
        ErrorKind::Extension => matches!(
            error.code(),
            Some("BUSY" | "NOREPLICAS" | "MISCONF" | "UNBLOCKED" | "FAILOVER")
        ),
        _ => false,
    }
}

/// Whether the call may have been carried out although its answer did not arrive, or not whole.
pub(super) fn reply_was_lost(error: &RedisError) -> bool {
    error.is_connection_dropped() || error.kind() == ErrorKind::Parse
}

/// Whether the connection that gave this error must not be used again.
pub(super) fn breaks_connection(error: &RedisError) -> bool {
    error.is_unrecoverable_error()
        || error.is_io_error()
        || error.kind() == ErrorKind::Parse
        || error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly)
}
