//! `Backend`: what a folder and a bucket have in common.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use thiserror::Error;

use super::file::FileStore;
use super::s3::S3Store;
use super::{ByteRange, Object, ObjectInfo, ObjectKey, PutError, StoreError};
use crate::config::StoreArgs;
use crate::job::JobId;

/// The calls of [`ObjectStore`](super::ObjectStore), which documents them.
///
/// Boxed futures also let the SDK's calls be compiled once, here, and not in every crate that waits for one.
#[async_trait]
pub(super) trait Backend: fmt::Debug + Send + Sync {
    async fn put(&self, key: &ObjectKey, bytes: Bytes) -> Result<(), StoreError>;

    async fn put_stream(
        &self,
        key: &ObjectKey,
        body: Body<'_>,
        size: Option<u64>,
    ) -> Result<u64, PutError<BrokeOff>>;

    async fn get(&self, key: &ObjectKey, range: Option<ByteRange>) -> Result<Object, StoreError>;

    async fn head(&self, key: &ObjectKey) -> Result<Option<ObjectInfo>, StoreError>;

    async fn delete(&self, key: &ObjectKey) -> Result<(), StoreError>;

    async fn delete_job(&self, job: JobId) -> Result<u64, StoreError>;

    async fn list_job(&self, job: JobId) -> Result<Vec<String>, StoreError>;

    async fn check(&self) -> Result<(), StoreError>;

    fn display_url(&self) -> String;
}

/// The bytes of an object on their way in.
pub(super) type Body<'a> = BoxStream<'a, Result<Bytes, BrokeOff>>;

/// A body ended with an error, which whoever made the body has.
#[derive(Clone, Copy, Debug, Error)]
#[error("the body broke off")]
pub(super) struct BrokeOff;

/// By the scheme of `STORE_URL`.
pub(super) fn open(args: &StoreArgs) -> BoxFuture<'_, Result<Arc<dyn Backend>, StoreError>> {
    Box::pin(async move {
        Ok(match args.store_url.scheme() {
            "file" => Arc::new(FileStore::open(args).await?) as Arc<dyn Backend>,
            "s3" => Arc::new(S3Store::connect(args).await?),
            _ => {
                return Err(StoreError::Misconfigured(
                    "STORE_URL must start with s3:// or file://".to_owned(),
                ));
            }
        })
    })
}
