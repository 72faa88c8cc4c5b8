//! Text or Markdown for people: pages one after the other.

use std::io::Write;

use ::extract::{Document, Image, Page, Sink, SinkClosed};

use super::folder::ImageFolder;
use super::written::Written;

/// Writes each page's Markdown, or its text where there is none; a form feed between pages.
pub(super) struct Readable<'w> {
    out: &'w mut dyn Write,
    images: ImageFolder,
    written: Written,
}

impl<'w> Readable<'w> {
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
}

impl Sink for Readable<'_> {
    fn document(&mut self, _: Document) -> Result<(), SinkClosed> {
        Ok(())
    }

    fn image(&mut self, image: Image<'_>) -> Result<(), SinkClosed> {
        let written = self.images.write(&image);
        self.written.keep(written)
    }

    fn page(&mut self, page: Page) -> Result<(), SinkClosed> {
        let separator = if page.number > 1 { "\u{c}" } else { "" };
        let text = page.markdown.as_deref().unwrap_or(&page.text);
        let end = if text.is_empty() || text.ends_with('\n') {
            ""
        } else {
            "\n"
        };
        let written = write!(self.out, "{separator}{text}{end}");
        self.written.keep(written)
    }
}

/// Hands everything to two sinks.
pub(super) struct Both<'s>(pub(super) &'s mut dyn Sink, pub(super) &'s mut dyn Sink);

impl Sink for Both<'_> {
    fn document(&mut self, document: Document) -> Result<(), SinkClosed> {
        self.0.document(document.clone())?;
        self.1.document(document)
    }

    fn image(&mut self, image: Image<'_>) -> Result<(), SinkClosed> {
        self.0.image(image.clone())?;
        self.1.image(image)
    }

    fn page(&mut self, page: Page) -> Result<(), SinkClosed> {
        self.0.page(page.clone())?;
        self.1.page(page)
    }
}
