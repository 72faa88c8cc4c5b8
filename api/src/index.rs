//! Looking up pages and images in a job's manifest.

use bytes::Bytes;
use serde::Deserialize;
use shared::config::ByteSize;
use shared::error_code::ErrorCode;
use shared::job::JobId;
use shared::manifest::{ImageEntry, MANIFEST_VERSION, PageEntry};
use shared::store::ObjectKey;
use thiserror::Error;
use tokio::task::spawn_blocking;

use crate::problem::ApiError;
use crate::state::AppState;

/// Largest manifest that is read; one of 3,000 pages and 5,000 images has about 3 MB.
const MAX_MANIFEST: ByteSize = ByteSize::bytes(256 << 20);
/// What is parsed between two awaits: well below a millisecond.
const INLINE: usize = 64 << 10;

/// Where the pages and images of a job are.
#[derive(Debug, Deserialize)]
pub(crate) struct Index {
    version: u32,
    pages: Vec<PageEntry>,
    images: Vec<ImageEntry>,
}

/// Stored JSON that cannot be read.
#[derive(Debug, Error)]
pub(crate) enum ParseError {
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    #[error("the parser panicked")]
    Panicked,
    #[error("the manifest has version {0}, and {MANIFEST_VERSION} is the newest that is known")]
    Version(u32),
}

impl Index {
    /// Reads the manifest of a job that has one.
    pub(crate) async fn load(state: &AppState, job: JobId) -> Result<Self, ApiError> {
        let key = ObjectKey::Manifest(job);
        let bytes = state.store.get_bytes(&key, MAX_MANIFEST).await?;
        let index: Self = parse_off_loop(state, bytes, |json| serde_json::from_slice(json))
            .await
            .map_err(ApiError::internal)?;
        if index.version > MANIFEST_VERSION {
            return Err(ApiError::internal(ParseError::Version(index.version)));
        }
        Ok(index)
    }

    /// The page `number`, from 1.
    pub(crate) fn page(&self, number: u64) -> Result<&PageEntry, ApiError> {
        nth(&self.pages, number).ok_or_else(|| none_such("page", self.pages.len()))
    }

    /// The image `number`, from 1.
    pub(crate) fn image(&self, number: u64) -> Result<&ImageEntry, ApiError> {
        nth(&self.images, number).ok_or_else(|| none_such("image", self.images.len()))
    }
}

/// Parses small JSON at once and large JSON on the blocking pool, a few at a time.
pub(crate) async fn parse_off_loop<T: Send + 'static>(
    state: &AppState,
    json: Bytes,
    parse: impl FnOnce(&[u8]) -> serde_json::Result<T> + Send + 'static,
) -> Result<T, ParseError> {
    if json.len() <= INLINE {
        return Ok(parse(&json)?);
    }
    let permit = state.parsers.clone().acquire_owned().await;
    #[expect(
        clippy::disallowed_methods,
        reason = "the API's one door to blocking work, bounded by the permit"
    )]
    let task = spawn_blocking(move || {
        let _permit = permit;
        parse(&json)
    });
    Ok(task.await.map_err(|_| ParseError::Panicked)??)
}

fn nth<T>(entries: &[T], number: u64) -> Option<&T> {
    let place = usize::try_from(number.checked_sub(1)?).ok()?;
    entries.get(place)
}

fn none_such(what: &str, count: usize) -> ApiError {
    ApiError::new(
        ErrorCode::NotFound,
        format!("there is no such {what}: the document has {count}"),
    )
}
