//! Gathers `result.json` while objects are stored.

use std::collections::HashMap;

use extract::Sha256;
use serde_json::Value;
use shared::job::{JobRecord, Tally};
use shared::manifest::{ImageEntry, MANIFEST_VERSION, Manifest, PageEntry, Placement, Source};
use shared::store::ObjectKey;

use crate::extraction::found::{FoundImage, FoundPage};

/// Names the extraction in every manifest.
const ENGINE: &str = concat!("pdf-ingest/", env!("CARGO_PKG_VERSION"));

/// A manifest in the making.
#[derive(Debug)]
pub(super) struct ManifestBuilder {
    manifest: Manifest,
    next_offset: u64,
    image_index: HashMap<Sha256, usize>,
}

impl ManifestBuilder {
    pub(super) fn new(job: &JobRecord) -> Self {
        let manifest = Manifest {
            version: MANIFEST_VERSION,
            job: job.id,
            engine: ENGINE.to_owned(),
            source: Source {
                key: ObjectKey::Source(job.id).path(),
                bytes: job.bytes,
                sha256: job.sha256.clone(),
            },
            options: job.options.clone(),
            document: Value::Null,
            pages: Vec::new(),
            images: Vec::new(),
            warnings: Vec::new(),
        };
        Self {
            manifest,
            next_offset: 0,
            image_index: HashMap::new(),
        }
    }

    pub(super) fn document(&mut self, json: Value) {
        self.manifest.document = json;
    }

    /// Notes an image; answers where it is to be stored.
    pub(super) fn image(&mut self, image: &FoundImage) -> ObjectKey {
        let key = ObjectKey::Image {
            job: self.manifest.job,
            sha256: image.sha256.to_string(),
            extension: image.format.extension(),
        };
        self.image_index
            .insert(image.sha256, self.manifest.images.len());
        self.manifest.images.push(ImageEntry {
            number: self.manifest.images.len() as u64 + 1,
            key: key.path(),
            sha256: image.sha256.to_string(),
            media_type: image.format.media_type().to_owned(),
            bytes: image.bytes.len() as u64,
            width: image.width,
            height: image.height,
            placements: Vec::new(),
        });
        key
    }

    /// Notes a page and the places of its images.
    pub(super) fn page(&mut self, page: &FoundPage) {
        let length = page.line.len() as u64;
        self.manifest.pages.push(PageEntry {
            number: page.number,
            offset: self.next_offset,
            length: length - 1,
            characters: page.characters,
            images: page.images.len() as u64,
            needs_ocr: page.needs_ocr,
        });
        self.next_offset += length;
        for placed in &page.images {
            if let Some(index) = self.image_index.get(&placed.sha256) {
                let bbox = placed.bbox;
                self.manifest.images[*index].placements.push(Placement {
                    page: page.number,
                    bbox: [bbox.x0, bbox.y0, bbox.x1, bbox.y1],
                });
            }
        }
    }

    pub(super) fn finish(mut self, warnings: Vec<Value>) -> Manifest {
        self.manifest.warnings = warnings;
        self.manifest
    }
}

/// The manifest in numbers.
pub(super) fn tally(manifest: &Manifest) -> Tally {
    Tally {
        pages: manifest.pages.len() as u64,
        images: manifest.images.len() as u64,
        warnings: manifest.warnings.len() as u64,
    }
}
