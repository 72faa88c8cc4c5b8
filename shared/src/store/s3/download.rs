//! `Download`: the body of an object, taken up where it broke off.

use std::ops::Range;
use std::time::Duration;

use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use futures::{StreamExt, stream};

use super::S3Store;
use super::error::{length, root_cause, store_error};
use crate::store::{ByteRange, Object, ObjectKey, StoreError};

/// Wait before a body is taken up for the first time; doubles with each further one.
const FIRST_BACKOFF: Duration = Duration::from_millis(100);

/// What is still to come of a body.
pub(super) struct Download {
    store: S3Store,
    key: ObjectKey,
    left: Range<u64>,
    /// The object's version, so that one body never mixes two.
    etag: Option<String>,
    failures: u32,
    body: ByteStream,
}

impl Download {
    /// Nothing when the object has no byte in `range`.
    pub(super) async fn open(
        store: &S3Store,
        key: &ObjectKey,
        range: Option<ByteRange>,
    ) -> Result<Option<Object>, StoreError> {
        let Some(answer) = request(store, key, range, None).await? else {
            return Ok(None);
        };
        let len = length("get", answer.content_length())?;
        let (start, total) = match (range, answer.content_range()) {
            (None, _) => (0, len),
            (Some(_), Some(text)) => content_range(text)?,
            (Some(_), None) => return Err(unexpected("no Content-Range")),
        };
        let left = start
            ..start
                .checked_add(len)
                .ok_or_else(|| unexpected("no valid Content-Range"))?;
        let download = Self {
            store: store.clone(),
            key: key.clone(),
            left,
            etag: answer.e_tag,
            failures: 0,
            body: answer.body,
        };
        let body = stream::try_unfold(download, |mut download| async move {
            let chunk = download.next().await?;
            Ok(chunk.map(|chunk| (chunk, download)))
        });
        Ok(Some(Object {
            start,
            len,
            total,
            body: body.boxed(),
        }))
    }

    async fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        loop {
            let reason = match self.body.next().await {
                Some(Ok(chunk)) => {
                    self.left.start += chunk.len() as u64;
                    return Ok(Some(chunk));
                }
                None if self.left.start == self.left.end => return Ok(None),
                None => "the body ended early".to_owned(),
                Some(Err(error)) => root_cause(&error),
            };
            self.failures += 1;
            if self.failures >= self.store.attempts {
                return Err(StoreError::Unavailable {
                    operation: "get",
                    reason,
                });
            }
            tokio::time::sleep(FIRST_BACKOFF * 2_u32.saturating_pow(self.failures - 1)).await;
            self.resume().await?;
        }
    }

    async fn resume(&mut self) -> Result<(), StoreError> {
        let range = ByteRange::at(self.left.start, self.left.end - self.left.start);
        let answer = request(&self.store, &self.key, range, self.etag.clone()).await?;
        self.body = answer.ok_or_else(|| unexpected("a shorter object"))?.body;
        Ok(())
    }
}

/// Nothing for a range that the object does not have.
async fn request(
    store: &S3Store,
    key: &ObjectKey,
    range: Option<ByteRange>,
    etag: Option<String>,
) -> Result<Option<GetObjectOutput>, StoreError> {
    let answer = store
        .client
        .get_object()
        .bucket(&*store.bucket)
        .key(store.full_key(key))
        .set_range(range.map(ByteRange::to_header))
        .set_if_match(etag)
        .send()
        .await;
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(SdkError::ServiceError(answer)) if answer.raw().status().as_u16() == 416 => Ok(None),
        Err(error) => Err(store_error("get", &error)),
    }
}

/// First offset and total of `bytes 0-9/100` (RFC 9110, 14.4).
fn content_range(text: &str) -> Result<(u64, u64), StoreError> {
    let parse = || {
        let (range, total) = text.strip_prefix("bytes ")?.split_once('/')?;
        let (first, _) = range.split_once('-')?;
        Some((first.parse().ok()?, total.parse().ok()?))
    };
    parse().ok_or_else(|| unexpected("no valid Content-Range"))
}

fn unexpected(reason: &str) -> StoreError {
    StoreError::Unexpected {
        operation: "get",
        reason: reason.to_owned(),
    }
}
