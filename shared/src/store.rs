//! The object store: sources in, images, pages and manifests out.
//!
//! Objects are written once, and a second write of a key brings the same bytes: no call needs a precondition, and every
//! call may be repeated. An object is visible whole or not at all.

mod backend; // what a folder and a bucket have in common
mod error; // what can go wrong
mod file; // file:///folder
mod key; // how objects are named
mod object; // bytes on their way out
mod range; // parts of an object
mod s3; // s3://bucket/prefix

use std::sync::Arc;

use bytes::Bytes;
use futures::{Stream, TryStreamExt};

pub use error::{PutError, StoreError};
pub use key::ObjectKey;
pub use object::{Object, ObjectInfo};
pub use range::ByteRange;

use crate::config::{ByteSize, StoreArgs};
use crate::job::JobId;
use backend::{Backend, BrokeOff};

/// A folder or a bucket; clones share its connections.
#[derive(Clone, Debug)]
pub struct ObjectStore(Arc<dyn Backend>);

impl ObjectStore {
    /// Opens the store that `STORE_URL` names. A folder is made when it is missing; a bucket is not contacted, which is
    /// what [`check`](Self::check) is for.
    ///
    /// # Errors
    /// `Misconfigured` when the URL names no store, or whatever making the folder fails with.
    pub async fn connect(args: &StoreArgs) -> Result<Self, StoreError> {
        backend::open(args).await.map(Self)
    }

    /// Stores `bytes`, durably when it returns.
    ///
    /// # Errors
    /// See [`StoreError`]; the object is absent, or as it was before.
    pub async fn put(&self, key: &ObjectKey, bytes: Bytes) -> Result<(), StoreError> {
        self.0.put(key, bytes).await
    }

    /// Stores what `body` yields, while it yields it, and returns the number of bytes. `size` is its
    /// length, if that is known: an object of known size can be passed on without being held in memory. Else memory is
    /// bounded by the part size times the parts in flight. A body of another length may end in an error of the store.
    ///
    /// # Errors
    /// `Body` with the error that ended `body`, or `Store`; either way nothing is left behind.
    pub async fn put_stream<S, E>(
        &self,
        key: &ObjectKey,
        body: S,
        size: Option<u64>,
    ) -> Result<u64, PutError<E>>
    where
        S: Stream<Item = Result<Bytes, E>> + Send,
        E: Send,
    {
        let mut failure = None;
        let body = body.map_err(|error| {
            failure = Some(error);
            BrokeOff
        });
        let stored = self.0.put_stream(key, Box::pin(body), size).await;
        stored.map_err(|error| match (error, failure) {
            (PutError::Body(BrokeOff), Some(error)) => PutError::Body(error),
            (PutError::Store(error), _) => PutError::Store(error),
            (PutError::Body(BrokeOff), None) => unreachable!("a body breaks off with an error"),
        })
    }

    /// Opens an object, or a range of it, for reading.
    ///
    /// # Errors
    /// `NotFound`, `RangeNotSatisfiable`, or the store's failure; see [`StoreError`].
    pub async fn get(
        &self,
        key: &ObjectKey,
        range: Option<ByteRange>,
    ) -> Result<Object, StoreError> {
        self.0.get(key, range).await
    }

    /// Reads an object of at most `max` bytes into memory.
    ///
    /// # Errors
    /// `NotFound`, `TooLarge`, or the store's failure; see [`StoreError`].
    pub async fn get_bytes(&self, key: &ObjectKey, max: ByteSize) -> Result<Bytes, StoreError> {
        self.get(key, None).await?.collect(max).await
    }

    /// Asks for an object without reading it.
    ///
    /// # Errors
    /// The store's failure; see [`StoreError`].
    pub async fn head(&self, key: &ObjectKey) -> Result<Option<ObjectInfo>, StoreError> {
        self.0.head(key).await
    }

    /// Removes an object; one that is not there counts as removed.
    ///
    /// # Errors
    /// The store's failure; see [`StoreError`].
    pub async fn delete(&self, key: &ObjectKey) -> Result<(), StoreError> {
        self.0.delete(key).await
    }

    /// Removes every object of a job and returns how many there were.
    ///
    /// # Errors
    /// The store's failure; see [`StoreError`]. Some objects may be gone then: call it again.
    pub async fn delete_job(&self, job: JobId) -> Result<u64, StoreError> {
        self.0.delete_job(job).await
    }

    /// The paths of every object of a job, as [`ObjectKey::path`] gives them, sorted.
    ///
    /// # Errors
    /// The store's failure; see [`StoreError`].
    pub async fn list_job(&self, job: JobId) -> Result<Vec<String>, StoreError> {
        self.0.list_job(job).await
    }

    /// Whether the store can be used now, answered within seconds: for readiness.
    ///
    /// # Errors
    /// Why it cannot; see [`StoreError`].
    pub async fn check(&self) -> Result<(), StoreError> {
        self.0.check().await
    }

    /// The store's URL without a slash at its end, for logs; a key's path completes it to an object's URL.
    #[must_use]
    pub fn display_url(&self) -> String {
        self.0.display_url()
    }
}
