//! `Object`: bytes on their way out of the store.

use std::fmt;

use bytes::{Bytes, BytesMut};
use futures::TryStreamExt;
use futures::stream::BoxStream;

use super::StoreError;
use crate::config::ByteSize;

/// An object, or the part of it that was asked for.
pub struct Object {
    /// Offset of the first byte in the whole object.
    pub start: u64,
    /// Bytes that `body` yields.
    pub len: u64,
    /// Bytes of the whole object.
    pub total: u64,
    /// The bytes, read as they are asked for.
    pub body: BoxStream<'static, Result<Bytes, StoreError>>,
}

/// What is known of an object without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ObjectInfo {
    /// Size in bytes.
    pub bytes: u64,
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Object")
            .field("start", &self.start)
            .field("len", &self.len)
            .field("total", &self.total)
            .finish_non_exhaustive()
    }
}

impl Object {
    /// All bytes in memory.
    ///
    /// # Errors
    /// `TooLarge` when they are more than `max`; whatever reading them fails with.
    pub async fn collect(mut self, max: ByteSize) -> Result<Bytes, StoreError> {
        let too_large = || StoreError::TooLarge { limit: max };
        if self.len > max.as_u64() {
            return Err(too_large());
        }
        let capacity = usize::try_from(self.len).map_err(|_| too_large())?;
        let mut bytes = BytesMut::with_capacity(capacity);
        while let Some(chunk) = self.body.try_next().await? {
            if bytes.len() + chunk.len() > capacity {
                return Err(StoreError::Unexpected {
                    operation: "get",
                    reason: "more bytes than announced".to_owned(),
                });
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes.freeze())
    }
}
