//! `result.json`: what a finished job left in the store; written last, so it is the commit.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::job::{JobId, JobOptions};

/// The version of this layout; a reader refuses a newer one.
pub const MANIFEST_VERSION: u32 = 1;

/// The manifest of one job. Bytes depend only on the job and its source: no clock, no worker.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Manifest {
    /// [`MANIFEST_VERSION`] of the writer.
    pub version: u32,
    /// The job it belongs to.
    pub job: JobId,
    /// The extraction engine: `pdf-ingest/0.1.0`.
    pub engine: String,
    /// What was read.
    pub source: Source,
    /// What was asked for.
    pub options: JobOptions,
    /// Version, metadata, outline, attachments, flags: as the extraction wrote them.
    pub document: Value,
    /// Where each page stands in `pages.ndjson`.
    pub pages: Vec<PageEntry>,
    /// Every distinct image.
    pub images: Vec<ImageEntry>,
    /// What was skipped or repaired, as the extraction wrote it.
    pub warnings: Vec<Value>,
}

/// The source of a job.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Source {
    /// Its object key.
    pub key: String,
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256, hexadecimal.
    pub sha256: String,
}

/// One page: its place in `pages.ndjson`, without the text.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct PageEntry {
    /// From 1.
    pub number: u64,
    /// Offset of its line in bytes.
    pub offset: u64,
    /// Length of its line in bytes, without the line feed.
    pub length: u64,
    /// Characters of text.
    pub characters: u64,
    /// Images drawn on it.
    pub images: u64,
    /// Only OCR would find words on it.
    pub needs_ocr: bool,
}

/// One distinct image and every place where it is drawn.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ImageEntry {
    /// From 1, in the order of first use: the `n` of `/images/{n}`.
    pub number: u64,
    /// Its object key.
    pub key: String,
    /// SHA-256 of the file, hexadecimal.
    pub sha256: String,
    /// Media type of the file.
    pub media_type: String,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Where it is drawn.
    pub placements: Vec<Placement>,
}

/// One place where an image is drawn.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Placement {
    /// Page number, from 1.
    pub page: u64,
    /// `[x0, y0, x1, y1]` in points, origin at the top left.
    pub bbox: [f32; 4],
}
