//! One JSON object per line: `{"document": …}`, then `{"page": …}` for each page.

use std::io::{self, Write};
use std::mem;

use ::extract::{Document, ExtractError, Image, Page, PlacedImage, Sink, SinkClosed, Summary};
use serde::Serialize;

use super::failure::Failure;
use super::folder::{ImageFolder, file_name};

/// Writes lines as they come, and images as files.
pub(super) struct Ndjson<'w> {
    out: &'w mut dyn Write,
    images: ImageFolder,
    failure: Option<io::Error>,
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
            failure: None,
        }
    }

    /// The summary of the extraction, or why the output is not complete.
    pub(super) fn finish(self, result: Result<Summary, ExtractError>) -> Result<Summary, Failure> {
        match self.failure {
            Some(error) => Err(Failure::Output(error)),
            None => Ok(result?),
        }
    }

    fn line(&mut self, line: &Line<'_>) -> Result<(), SinkClosed> {
        let written = serde_json::to_writer(&mut *self.out, line)
            .map_err(io::Error::from)
            .and_then(|()| self.out.write_all(b"\n"));
        self.keep(written)
    }

    fn keep(&mut self, written: io::Result<()>) -> Result<(), SinkClosed> {
        written.map_err(|error| {
            self.failure = Some(error);
            SinkClosed
        })
    }
}

impl Sink for Ndjson<'_> {
    fn document(&mut self, document: Document) -> Result<(), SinkClosed> {
        self.line(&Line::Document(&document))
    }

    fn image(&mut self, image: Image) -> Result<(), SinkClosed> {
        let written = self.images.write(&image);
        self.keep(written)
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
