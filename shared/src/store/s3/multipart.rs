//! `Multipart`: a large object in parts, several of them on their way at once.

use std::mem;

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use bytes::{Bytes, BytesMut};
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use super::S3Store;
use super::error::store_error;
use crate::config::ByteSize;
use crate::store::backend::Backend;
use crate::store::{ObjectKey, StoreError};

/// S3 user guide, "Multipart upload limits".
const MAX_PARTS: i32 = 10_000;

/// An upload that leaves nothing behind unless it is completed.
pub(super) struct Multipart {
    open: Option<Open>,
    parts: JoinSet<Result<CompletedPart, StoreError>>,
    done: Vec<CompletedPart>,
    next_number: i32,
}

/// What names an upload at the server.
#[derive(Clone)]
struct Open {
    store: S3Store,
    key: ObjectKey,
    upload_id: String,
}

impl Multipart {
    pub(super) async fn begin(store: &S3Store, key: &ObjectKey) -> Result<Self, StoreError> {
        let answer = store
            .client
            .create_multipart_upload()
            .bucket(&*store.bucket)
            .key(store.full_key(key))
            .content_type(key.media_type())
            .send()
            .await
            .map_err(|error| store_error("put", &error))?;
        let upload_id = answer.upload_id.ok_or_else(|| StoreError::Unexpected {
            operation: "put",
            reason: "no upload id".to_owned(),
        })?;
        Ok(Self {
            open: Some(Open {
                store: store.clone(),
                key: key.clone(),
                upload_id,
            }),
            parts: JoinSet::new(),
            done: Vec::new(),
            next_number: 1,
        })
    }

    /// Sends a part, once fewer than the allowed number are on their way.
    pub(super) async fn add(&mut self, bytes: Bytes) -> Result<(), StoreError> {
        let open = self.open.clone().expect("an open upload");
        if self.next_number > MAX_PARTS {
            return Err(StoreError::TooLarge {
                limit: ByteSize::bytes(
                    open.store.part_bytes as u64 * u64::from(MAX_PARTS.unsigned_abs()),
                ),
            });
        }
        while self.parts.len() >= open.store.parts_in_flight {
            self.wait_for_one().await?;
        }
        self.parts.spawn(open.send(self.next_number, bytes));
        self.next_number += 1;
        Ok(())
    }

    /// Sends the last part and makes the object, of `total` bytes, visible.
    pub(super) async fn complete(mut self, last: Bytes, total: u64) -> Result<(), StoreError> {
        let outcome = self.finish(last, total).await;
        match outcome {
            Ok(()) => self.open = None,
            Err(_) => self.abort().await,
        }
        outcome
    }

    async fn finish(&mut self, last: Bytes, total: u64) -> Result<(), StoreError> {
        self.add(last).await?;
        while !self.parts.is_empty() {
            self.wait_for_one().await?;
        }
        self.done.sort_by_key(CompletedPart::part_number);
        let parts = CompletedMultipartUpload::builder()
            .set_parts(Some(mem::take(&mut self.done)))
            .build();
        let open = self.open.as_ref().expect("an open upload");
        open.complete(parts, total).await
    }

    async fn wait_for_one(&mut self) -> Result<(), StoreError> {
        match self.parts.join_next().await {
            Some(Ok(part)) => self.done.push(part?),
            Some(Err(crash)) => {
                return Err(StoreError::Unexpected {
                    operation: "put",
                    reason: crash.to_string(),
                });
            }
            None => {}
        }
        Ok(())
    }

    /// Removes what arrived.
    pub(super) async fn abort(mut self) {
        if let Some(open) = self.open.take() {
            open.abort(mem::take(&mut self.parts)).await;
        }
    }
}

/// Whoever drops an upload half-way went away: a client, or a shutdown.
impl Drop for Multipart {
    fn drop(&mut self) {
        if let (Some(open), Ok(runtime)) = (self.open.take(), Handle::try_current()) {
            runtime.spawn(open.abort(mem::take(&mut self.parts)));
        }
    }
}

impl Open {
    async fn send(self, number: i32, bytes: Bytes) -> Result<CompletedPart, StoreError> {
        let answer = self
            .store
            .client
            .upload_part()
            .bucket(&*self.store.bucket)
            .key(self.store.full_key(&self.key))
            .upload_id(self.upload_id)
            .part_number(number)
            .body(ByteStream::from(bytes))
            .customize()
            .disable_payload_signing()
            .send()
            .await
            .map_err(|error| store_error("put", &error))?;
        Ok(CompletedPart::builder()
            .part_number(number)
            .set_e_tag(answer.e_tag)
            .build())
    }

    /// When the answer to a first attempt is lost, the second one finds no such upload: then the object tells.
    async fn complete(
        &self,
        parts: CompletedMultipartUpload,
        total: u64,
    ) -> Result<(), StoreError> {
        let answer = self
            .store
            .client
            .complete_multipart_upload()
            .bucket(&*self.store.bucket)
            .key(self.store.full_key(&self.key))
            .upload_id(&self.upload_id)
            .multipart_upload(parts)
            .send()
            .await;
        let Err(error) = answer else {
            return Ok(());
        };
        match self.store.head(&self.key).await {
            Ok(Some(object)) if object.bytes == total => Ok(()),
            _ => Err(store_error("put", &error)),
        }
    }

    /// Parts on their way may arrive although nobody waits for them, and then stay (S3 API reference,
    /// `AbortMultipartUpload`): they are waited for, at most as long as a call may take.
    async fn abort(self, mut parts: JoinSet<Result<CompletedPart, StoreError>>) {
        while parts.join_next().await.is_some() {}
        let answer = self
            .store
            .client
            .abort_multipart_upload()
            .bucket(&*self.store.bucket)
            .key(self.store.full_key(&self.key))
            .upload_id(self.upload_id)
            .send()
            .await;
        if let Err(error) = answer {
            let error = store_error("abort", &error);
            tracing::warn!(%error, key = self.key.path(), "an unfinished upload stays in the bucket");
        }
    }
}

/// Cuts a stream of chunks into parts of one size, the last of which is left for the end.
pub(super) struct Cutter {
    part_bytes: usize,
    filled: BytesMut,
}

impl Cutter {
    /// `size` is the expected size of the object: a small one needs no buffer for a whole part.
    pub(super) fn new(part_bytes: usize, size: Option<u64>) -> Self {
        let expected = size.and_then(|hint| usize::try_from(hint).ok());
        Self {
            part_bytes,
            filled: BytesMut::with_capacity(expected.unwrap_or(part_bytes).min(part_bytes)),
        }
    }

    /// Takes from `chunk`, all of it when nothing is returned; a part only when more bytes follow it.
    pub(super) fn cut(&mut self, chunk: &mut Bytes) -> Option<Bytes> {
        if self.filled.is_empty() && chunk.len() > self.part_bytes {
            return Some(chunk.split_to(self.part_bytes));
        }
        let taken = chunk.len().min(self.part_bytes - self.filled.len());
        self.filled.extend_from_slice(&chunk.split_to(taken));
        if chunk.is_empty() {
            return None;
        }
        let next = BytesMut::with_capacity(self.part_bytes);
        Some(mem::replace(&mut self.filled, next).freeze())
    }

    /// The last part; empty for an empty stream.
    pub(super) fn rest(self) -> Bytes {
        self.filled.freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(part_bytes: usize, chunks: &[&'static [u8]]) -> Vec<Vec<u8>> {
        let mut cutter = Cutter::new(part_bytes, None);
        let mut parts = Vec::new();
        for chunk in chunks {
            let mut chunk = Bytes::from_static(chunk);
            while let Some(part) = cutter.cut(&mut chunk) {
                parts.push(part.to_vec());
            }
        }
        parts.push(cutter.rest().to_vec());
        parts
    }

    #[test]
    fn every_part_but_the_last_has_the_part_size() {
        assert_eq!(cut(4, &[]), [b""]);
        assert_eq!(cut(4, &[b"abcd"]), [b"abcd"]);
        assert_eq!(cut(4, &[b"ab", b"", b"cd"]), [b"abcd"]);
        assert_eq!(cut(4, &[b"abcde"]), [&b"abcd"[..], b"e"]);
        assert_eq!(
            cut(4, &[b"abc", b"defghij"]),
            [&b"abcd"[..], b"efgh", b"ij"]
        );
        assert_eq!(cut(4, &[b"abcdefgh"]), [b"abcd", b"efgh"]);
    }
}
