//! One JSON object per line: `{"document": …}`, then `{"page": …}` for each page.

use std::io::{self, Write};
use std::mem;

use ::extract::{Document, Image, Page, PlacedImage, Sink, SinkClosed};
use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

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

/// Escapes every line end of Unicode: JSON asks for it only of those of ASCII, but many readers of
/// lines take any.
struct OneLine;

const LINE_ENDS: [char; 3] = ['\u{85}', '\u{2028}', '\u{2029}'];

impl Formatter for OneLine {
    fn write_string_fragment<W>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()>
    where
        W: ?Sized + Write,
    {
        for part in fragment.split_inclusive(LINE_ENDS) {
            let text = part.trim_end_matches(LINE_ENDS);
            writer.write_all(text.as_bytes())?;
            for line_end in part[text.len()..].chars() {
                write!(writer, "\\u{:04x}", u32::from(line_end))?;
            }
        }
        Ok(())
    }
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
        let mut serializer = Serializer::with_formatter(&mut *self.out, OneLine);
        let written = line
            .serialize(&mut serializer)
            .map_err(io::Error::from)
            .and_then(|()| self.out.write_all(b"\n"));
        self.written.keep(written)
    }
}

impl Sink for Ndjson<'_> {
    fn document(&mut self, document: Document) -> Result<(), SinkClosed> {
        self.line(&Line::Document(&document))
    }

    fn image(&mut self, image: Image<'_>) -> Result<(), SinkClosed> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_object_is_one_line_for_every_reader() {
        let text = "a\u{2028}\u{85}b\n\u{2029}";
        let mut out = Vec::new();
        let mut serializer = Serializer::with_formatter(&mut out, OneLine);
        text.serialize(&mut serializer).unwrap();
        assert_eq!(out, br#""a\u2028\u0085b\n\u2029""#);
        assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
    }
}
