//! One JSON object per line: `{"document": …}`, then `{"page": …}` for each page.

use std::io::{self, Write};
use std::mem;

use ::extract::{Document, Image, Page, PlacedImage, Sink, SinkClosed};
use serde::Serialize;

use super::folder::{ImageFolder, file_name};
use super::written::Written;

/// Writes lines as they come, and images as files.
pub(super) struct Ndjson<'w> {
    out: &'w mut dyn Write,
    images: ImageFolder,
    written: Written,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Line<'a> {
    Document(&'a Document),
    Page(PageLine<'a>),
}

/// A page whose images name their files.
#[derive(Serialize)]
struct PageLine<'a> {
    /// Without its images, which an empty list leaves out.
    #[serde(flatten)]
    page: &'a Page,
    images: Vec<ImageLine<'a>>,
}

#[derive(Serialize)]
struct ImageLine<'a> {
    #[serde(flatten)]
    placed: &'a PlacedImage,
    file: String,
}

impl<'w> Ndjson<'w> {
    pub(super) fn new(out: &'w mut dyn Write, images: ImageFolder) -> Self {
        Self {
            out,
            images,
            written: Written::default(),
        }
    }

    /// What became of the writes.
    pub(super) fn written(self) -> Written {
        self.written
    }

    fn line(&mut self, line: &Line<'_>) -> Result<(), SinkClosed> {
        let written = serde_json::to_writer(&mut *self.out, line)
            .map_err(io::Error::from)
            .and_then(|()| self.out.write_all(b"\n"));
        self.written.keep(written)
    }
}

impl Sink for Ndjson<'_> {
    fn document(&mut self, document: Document) -> Result<(), SinkClosed> {
        self.line(&Line::Document(&document))
    }

    fn image(&mut self, image: Image) -> Result<(), SinkClosed> {
        let written = self.images.write(&image);
        self.written.keep(written)
    }

    fn page(&mut self, mut page: Page) -> Result<(), SinkClosed> {
        let placed = mem::take(&mut page.images);
        let images = placed
            .iter()
            .map(|placed| ImageLine {
                placed,
                file: file_name(placed.sha256, placed.format),
            })
            .collect();
        self.line(&Line::Page(PageLine {
            page: &page,
            images,
        }))
    }
}
