//! Objects in a bucket of S3, or of a server that speaks its protocol.

mod client; // endpoint, credentials, retries, timeouts
mod download; // a body that survives a broken connection
mod error; // the SDK's errors as ours
mod multipart; // large objects in parts
mod passage; // objects that are passed on as they come

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task;

use super::backend::{Backend, Body, BrokeOff};
use super::{ByteRange, Object, ObjectInfo, ObjectKey, PutError, StoreError};
use crate::config::StoreArgs;
use crate::job::JobId;
use download::Download;
use error::store_error;
use multipart::{Cutter, Multipart};

/// The largest object of one call (S3 user guide, "Uploading objects").
const MAX_PUT: u64 = 5 << 30;
/// A readiness probe waits no longer than this.
const CHECK_WITHIN: Duration = Duration::from_secs(3);

/// A bucket, and the prefix in it, as an object store.
#[derive(Clone, Debug)]
pub(super) struct S3Store {
    client: Client,
    bucket: Arc<str>,
    /// Empty, or ends with a slash.
    prefix: Arc<str>,
    part_bytes: usize,
    parts_in_flight: usize,
    /// KiB that uploads may hold.
    buffer: Arc<Semaphore>,
    attempts: u32,
    timeout: Duration,
}

impl S3Store {
    pub(super) async fn connect(args: &StoreArgs) -> Result<Self, StoreError> {
        let misconfigured = |text: &str| StoreError::Misconfigured(text.to_owned());
        let url = &args.store_url;
        let bucket = url
            .host_str()
            .ok_or_else(|| misconfigured("STORE_URL must be s3://bucket or s3://bucket/prefix"))?;
        if !url.username().is_empty() || url.password().is_some() || url.port().is_some() {
            return Err(misconfigured(
                "STORE_URL takes no credentials and no port; see S3_ENDPOINT and S3_ACCESS_KEY_ID",
            ));
        }
        let prefix = match url.path().trim_matches('/') {
            "" => String::new(),
            path => format!("{path}/"),
        };
        Ok(Self {
            client: client::connect(args).await,
            bucket: bucket.into(),
            prefix: prefix.into(),
            part_bytes: usize::try_from(args.s3_part_size.as_u64())
                .map_err(|_| misconfigured("S3_PART_SIZE is too large for this machine"))?,
            parts_in_flight: args.s3_parts_in_flight,
            buffer: Arc::new(Semaphore::new(kib(args.s3_buffer.as_u64()) as usize)),
            attempts: args.store_attempts,
            timeout: args.store_timeout,
        })
    }

    /// The payload is left out of the signature: hashing it would hold a runtime thread for milliseconds. TLS protects
    /// it on the way, and who reads it back has its checksum.
    async fn put_whole(&self, key: &ObjectKey, bytes: Bytes) -> Result<(), StoreError> {
        self.client
            .put_object()
            .bucket(&*self.bucket)
            .key(self.full_key(key))
            .content_type(key.media_type())
            .body(ByteStream::from(bytes))
            .customize()
            .disable_payload_signing()
            .send()
            .await
            .map_err(|error| store_error("put", &error))?;
        Ok(())
    }

    /// Room for an object of `size` bytes on its way, as far as it is held at once: the part that is filled, and mostly
    /// one that is sent.
    fn room(&self, size: Option<u64>) -> Option<SemaphorePermit<'_>> {
        let held = 2 * self.part_bytes as u64;
        let held = size.map_or(held, |size| size.min(held));
        self.buffer.try_acquire_many(kib(held)).ok()
    }

    /// Sends all parts but the last one, and returns that with the number of all bytes. `upload` is begun with the first
    /// byte that does not fit into one part.
    async fn send_parts(
        &self,
        key: &ObjectKey,
        mut body: Body<'_>,
        size: Option<u64>,
        upload: &mut Option<Multipart>,
    ) -> Result<(u64, Bytes), PutError<BrokeOff>> {
        let mut cutter = Cutter::new(self.part_bytes, size);
        let mut total = 0;
        while let Some(chunk) = body.next().await {
            // A body that is always ready, such as one that is read from memory, would be copied in a single poll.
            task::consume_budget().await;
            let mut chunk = chunk.map_err(PutError::Body)?;
            total += chunk.len() as u64;
            while let Some(part) = cutter.cut(&mut chunk) {
                if upload.is_none() {
                    *upload = Some(Multipart::begin(self, key).await?);
                }
                if let Some(upload) = upload {
                    upload.add(part).await?;
                }
            }
        }
        Ok((total, cutter.rest()))
    }

    /// Deletes one page of a listing, which has 1,000 keys at most: as many as one call may name.
    async fn delete_batch(&self, keys: Vec<String>) -> Result<(), StoreError> {
        if keys.is_empty() {
            return Ok(());
        }
        let mut batch = Delete::builder().quiet(true);
        for key in keys {
            let object = ObjectIdentifier::builder().key(key).build();
            batch = batch.objects(object.expect("the key is given"));
        }
        let answer = self
            .client
            .delete_objects()
            .bucket(&*self.bucket)
            .delete(batch.build().expect("the objects are given"))
            .send()
            .await
            .map_err(|error| store_error("delete", &error))?;
        match answer.errors() {
            [] => Ok(()),
            [first, ..] => Err(error::classify("delete", None, first.code())),
        }
    }

    /// The full keys of a job's objects, page by page.
    fn list_pages(&self, job: JobId) -> impl Stream<Item = Result<Vec<String>, StoreError>> + Send {
        let pages = self
            .client
            .list_objects_v2()
            .bucket(&*self.bucket)
            .prefix(format!("{}{}", self.prefix, ObjectKey::prefix(job)))
            .into_paginator()
            .send();
        stream::unfold(pages, |mut pages| async move {
            let keys = match pages.next().await? {
                Ok(page) => Ok(page
                    .contents
                    .unwrap_or_default()
                    .into_iter()
                    .filter_map(|object| object.key)
                    .collect()),
                Err(error) => Err(store_error("list", &error)),
            };
            Some((keys, pages))
        })
    }

    fn full_key(&self, key: &ObjectKey) -> String {
        format!("{}{}", self.prefix, key.path())
    }
}

/// A semaphore counts no further than 2²⁹ on 32-bit machines.
fn kib(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(1024)).map_or(u32::MAX >> 4, |kib| kib.min(u32::MAX >> 4))
}

#[async_trait]
impl Backend for S3Store {
    async fn put(&self, key: &ObjectKey, bytes: Bytes) -> Result<(), StoreError> {
        if bytes.len() <= self.part_bytes {
            return self.put_whole(key, bytes).await;
        }
        let body = Box::pin(stream::iter([Ok(bytes)]));
        match self.put_stream(key, body, None).await {
            Ok(_) => Ok(()),
            Err(PutError::Store(error)) => Err(error),
            Err(PutError::Body(BrokeOff)) => unreachable!("bytes in memory do not break off"),
        }
    }

    async fn put_stream(
        &self,
        key: &ObjectKey,
        body: Body<'_>,
        size: Option<u64>,
    ) -> Result<u64, PutError<BrokeOff>> {
        let room = self.room(size);
        if let (None, Some(size @ 1..=MAX_PUT)) = (&room, size) {
            return passage::pass_on(self, key, body, size).await;
        }
        let mut upload = None;
        let sent = self.send_parts(key, body, size, &mut upload).await;
        match (sent, upload) {
            (Ok((total, rest)), None) => {
                self.put_whole(key, rest).await?;
                Ok(total)
            }
            (Ok((total, rest)), Some(upload)) => {
                upload.complete(rest, total).await?;
                Ok(total)
            }
            (Err(error), upload) => {
                if let Some(upload) = upload {
                    upload.abort().await;
                }
                Err(error)
            }
        }
    }

    async fn get(&self, key: &ObjectKey, range: Option<ByteRange>) -> Result<Object, StoreError> {
        match Download::open(self, key, range).await? {
            Some(object) => Ok(object),
            None => {
                let info = self.head(key).await?.ok_or(StoreError::NotFound)?;
                Err(StoreError::RangeNotSatisfiable { total: info.bytes })
            }
        }
    }

    async fn head(&self, key: &ObjectKey) -> Result<Option<ObjectInfo>, StoreError> {
        let answer = self
            .client
            .head_object()
            .bucket(&*self.bucket)
            .key(self.full_key(key))
            .send()
            .await
            .map_err(|error| store_error("head", &error));
        match answer {
            Ok(head) => Ok(Some(ObjectInfo {
                bytes: error::length("head", head.content_length())?,
            })),
            Err(StoreError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn delete(&self, key: &ObjectKey) -> Result<(), StoreError> {
        let answer = self
            .client
            .delete_object()
            .bucket(&*self.bucket)
            .key(self.full_key(key))
            .send()
            .await
            .map_err(|error| store_error("delete", &error));
        match answer {
            Ok(_) | Err(StoreError::NotFound) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn delete_job(&self, job: JobId) -> Result<u64, StoreError> {
        let mut deleted = 0;
        let mut pages = pin!(self.list_pages(job));
        while let Some(keys) = pages.next().await {
            let keys = keys?;
            deleted += keys.len() as u64;
            self.delete_batch(keys).await?;
        }
        Ok(deleted)
    }

    async fn list_job(&self, job: JobId) -> Result<Vec<String>, StoreError> {
        let mut paths = Vec::new();
        let mut pages = pin!(self.list_pages(job));
        while let Some(keys) = pages.next().await {
            paths.extend(
                keys?
                    .iter()
                    .filter_map(|key| key.strip_prefix(&*self.prefix))
                    .map(str::to_owned),
            );
        }
        paths.sort();
        Ok(paths)
    }

    async fn check(&self) -> Result<(), StoreError> {
        let answer = self.client.head_bucket().bucket(&*self.bucket).send();
        match tokio::time::timeout(CHECK_WITHIN.min(self.timeout), answer).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => match store_error("check", &error) {
                StoreError::NotFound => Err(error::no_bucket("check")),
                error => Err(error),
            },
            Err(_) => Err(StoreError::timed_out("check")),
        }
    }

    fn display_url(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.prefix)
            .trim_end_matches('/')
            .to_owned()
    }
}
