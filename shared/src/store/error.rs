//! What can go wrong with an object, and whether trying again may help.

use thiserror::Error;

use crate::config::ByteSize;

/// A call to the object store that failed. Messages hold neither credentials nor URLs.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no object of that key.
    #[error("there is no such object")]
    NotFound,
    /// The range starts behind the object's end.
    #[error("the range lies outside of the object's {total} bytes")]
    RangeNotSatisfiable {
        /// Size of the whole object in bytes.
        total: u64,
    },
    /// The object has more bytes than the caller, or the store, takes.
    #[error("the object is larger than {limit}")]
    TooLarge {
        /// What is taken.
        limit: ByteSize,
    },
    /// The key cannot name an object of this store.
    #[error("the object key has no place in the store")]
    InvalidKey,
    /// Credentials are missing, wrong or expired, or do not allow the call.
    #[error("the object store denied {operation}: {reason}")]
    Denied {
        /// Which call.
        operation: &'static str,
        /// The store's code for it.
        reason: String,
    },
    /// The store did not answer, or answered that it cannot serve now.
    #[error("the object store is unavailable for {operation}: {reason}")]
    Unavailable {
        /// Which call.
        operation: &'static str,
        /// Timeout, refused connection, status, IO error.
        reason: String,
    },
    /// The store refused a call that should be right, or answered what cannot be right.
    #[error("the object store answered {operation} with {reason}")]
    Unexpected {
        /// Which call.
        operation: &'static str,
        /// The store's code, or what is wrong with the answer.
        reason: String,
    },
    /// The configuration names no store that could be used.
    #[error("{0}")]
    Misconfigured(String),
}

impl StoreError {
    /// Whether the same call may succeed later although nothing about the object changes.
    ///
    /// `Denied` counts: credentials expire and are rotated, and no job is to be failed for that.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Denied { .. } | Self::Unavailable { .. } => true,
            Self::NotFound
            | Self::RangeNotSatisfiable { .. }
            | Self::TooLarge { .. }
            | Self::InvalidKey
            | Self::Unexpected { .. }
            | Self::Misconfigured(_) => false,
        }
    }

    pub(super) fn timed_out(operation: &'static str) -> Self {
        Self::Unavailable {
            operation,
            reason: "no answer in time".to_owned(),
        }
    }
}

/// Why a streamed object was not stored; nothing of it is visible then.
#[derive(Debug, Error)]
pub enum PutError<E> {
    /// The body ended with an error of its own.
    #[error("the body broke off: {0}")]
    Body(E),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
