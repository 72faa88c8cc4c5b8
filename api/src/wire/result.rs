//! `result.json` and the lines of `pages.ndjson`, as a reader sees them.
//!
//! They are stored by the worker and streamed as they are; these types describe them in the OpenAPI
//! document, and a test holds them to what is stored.

use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

/// What a finished job found: the document, its pages and images, and what was skipped.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "describes stored bytes, which are passed on as they are"
)]
pub(crate) struct Manifest {
    /// The version of this layout.
    #[schema(minimum = 1)]
    version: u32,
    #[schema(format = Uuid)]
    job: String,
    /// The extraction engine and its version.
    engine: String,
    source: Source,
    options: ManifestOptions,
    /// PDF version, metadata, outline, attachments, flags.
    #[schema(value_type = Object)]
    document: Value,
    pages: Vec<PageEntry>,
    images: Vec<ImageEntry>,
    /// What was skipped or repaired.
    #[schema(value_type = Vec<Object>)]
    warnings: Vec<Value>,
}

/// The uploaded PDF.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "describes stored bytes, which are passed on as they are"
)]
struct Source {
    /// Its key in the object store.
    key: String,
    #[schema(minimum = 0)]
    bytes: u64,
    #[schema(pattern = "^[0-9a-f]{64}$")]
    sha256: String,
}

/// What was asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "describes stored bytes, which are passed on as they are"
)]
struct ManifestOptions {
    images: bool,
    boxes: bool,
    markdown: bool,
}

/// One page, without its text.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "describes stored bytes, which are passed on as they are"
)]
struct PageEntry {
    /// From 1.
    #[schema(minimum = 1)]
    number: u64,
    /// Where its line begins in the stored `pages.ndjson`, in bytes.
    #[schema(minimum = 0)]
    offset: u64,
    /// Length of its line in bytes.
    #[schema(minimum = 0)]
    length: u64,
    /// Characters of text.
    #[schema(minimum = 0)]
    characters: u64,
    /// Images drawn on it.
    #[schema(minimum = 0)]
    images: u64,
    /// Only OCR would find words on it.
    needs_ocr: bool,
}

/// One distinct image and every place where it is drawn.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "describes stored bytes, which are passed on as they are"
)]
struct ImageEntry {
    /// From 1: the `n` of `/images/{n}`.
    #[schema(minimum = 1)]
    number: u64,
    /// Its key in the object store.
    key: String,
    #[schema(pattern = "^[0-9a-f]{64}$")]
    sha256: String,
    media_type: String,
    #[schema(minimum = 0)]
    bytes: u64,
    /// Pixels across.
    #[schema(minimum = 0)]
    width: u32,
    /// Pixels down.
    #[schema(minimum = 0)]
    height: u32,
    placements: Vec<Placement>,
}

/// One place where an image is drawn.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "describes stored bytes, which are passed on as they are"
)]
struct Placement {
    #[schema(minimum = 1)]
    page: u64,
    /// `[x0, y0, x1, y1]` in points, origin at the top left.
    #[schema(min_items = 4, max_items = 4)]
    bbox: Vec<f64>,
}

/// One page: its size, text, and what is drawn on it.
#[derive(Debug, Deserialize, ToSchema)]
#[expect(
    dead_code,
    reason = "describes stored bytes, which are passed on as they are"
)]
pub(crate) struct Page {
    /// From 1.
    #[schema(minimum = 1)]
    number: u64,
    /// Width in points, as displayed.
    width: f64,
    /// Height in points, as displayed.
    height: f64,
    /// The text in reading order.
    text: String,
    /// The page as Markdown, when the job asked for it.
    #[schema(nullable = false)]
    markdown: Option<String>,
    /// Lines and words with their boxes, when the job asked for them.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    blocks: Vec<Value>,
    /// Where images are drawn.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    images: Vec<Value>,
}

#[cfg(test)]
mod tests {
    use shared::job::{JobId, JobOptions};
    use shared::manifest;

    use super::*;

    #[test]
    fn the_description_fits_what_is_stored() {
        let job = JobId::generate();
        let stored = manifest::Manifest {
            version: manifest::MANIFEST_VERSION,
            job,
            engine: "pdf-ingest/0.1.0".to_owned(),
            source: manifest::Source {
                key: "k".to_owned(),
                bytes: 1,
                sha256: "ab".repeat(32),
            },
            options: JobOptions::default(),
            document: serde_json::json!({ "pages": 1 }),
            pages: vec![manifest::PageEntry {
                number: 1,
                offset: 0,
                length: 10,
                characters: 3,
                images: 1,
                needs_ocr: false,
            }],
            images: vec![manifest::ImageEntry {
                number: 1,
                key: "k".to_owned(),
                sha256: "cd".repeat(32),
                media_type: "image/png".to_owned(),
                bytes: 5,
                width: 1,
                height: 1,
                placements: vec![manifest::Placement {
                    page: 1,
                    bbox: [0.0, 0.0, 1.0, 1.0],
                }],
            }],
            warnings: vec![],
        };
        let bytes = serde_json::to_vec(&stored).unwrap();
        let described: Manifest = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(described.job, job.to_string());
    }
}
