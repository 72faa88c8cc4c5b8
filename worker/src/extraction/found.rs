//! What extraction hands over, and the sink that does it from a blocking thread.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use extract::{Document, Image, ImageFormat, Page, PlacedImage, Sha256, Sink, SinkClosed, Warning};
use serde::Serialize;
use serde_json::Value;
use shared::config::ByteSize;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::config::ExtractOn;

/// Items that may wait in the channel; their bytes are bounded by the buffer's permits.
const CHANNEL_ITEMS: usize = 64;
/// Bytes per permit: a semaphore counts no further than 2^29 on 32-bit machines.
const BYTES_PER_PERMIT: u64 = 1024;

/// One thing that extraction found, in the order of [`Sink`]'s calls.
#[derive(Debug)]
pub(crate) enum Found {
    /// Once, first.
    Document(FoundDocument),
    /// A distinct image, with its share of the buffer.
    Image(FoundImage, Share),
    /// A page: its line for `pages.ndjson` and what the manifest keeps of it.
    Page(FoundPage, Share),
    /// Once, last: without it the document was not read to its end.
    End(Vec<Value>),
}

/// What is known of a document before its pages are read.
#[derive(Debug)]
pub(crate) struct FoundDocument {
    pub(crate) pages: u64,
    pub(crate) json: Value,
}

/// A distinct image.
#[derive(Debug)]
pub(crate) struct FoundImage {
    pub(crate) sha256: Sha256,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) format: ImageFormat,
    /// Its file; where the source holds it as it is, a part of the source.
    pub(crate) bytes: Bytes,
}

/// A page, already serialised where it was read.
#[derive(Debug)]
pub(crate) struct FoundPage {
    pub(crate) number: u64,
    pub(crate) line: Bytes,
    pub(crate) characters: u64,
    pub(crate) needs_ocr: bool,
    pub(crate) images: Vec<PlacedImage>,
}

impl From<&Document> for FoundDocument {
    fn from(document: &Document) -> Self {
        Self {
            pages: document.pages,
            json: to_json(document),
        }
    }
}

impl FoundImage {
    /// An image that was found in `source`.
    fn new(image: Image<'_>, source: &Bytes) -> Self {
        let bytes = match place_in(source, &image.bytes) {
            Some(place) => source.slice(place),
            None => image.bytes.into_owned().into(),
        };
        Self {
            sha256: image.sha256,
            width: image.width,
            height: image.height,
            format: image.format,
            bytes,
        }
    }
}

/// Where `part` lies in `whole`, when it is borrowed from it.
pub(crate) fn place_in(whole: &[u8], part: &[u8]) -> Option<Range<usize>> {
    let start = part.as_ptr().addr().checked_sub(whole.as_ptr().addr())?;
    let end = start.checked_add(part.len())?;
    (end <= whole.len()).then_some(start..end)
}

impl From<Page> for FoundPage {
    fn from(page: Page) -> Self {
        let mut line = serde_json::to_vec(&page).unwrap_or_default();
        line.push(b'\n');
        Self {
            number: page.number,
            line: line.into(),
            characters: page.text.chars().count() as u64,
            needs_ocr: page.needs_ocr,
            images: page.images,
        }
    }
}

/// The types of `extract` have string keys only, so writing them as JSON cannot fail.
pub(crate) fn to_json<T: Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// Bytes of the buffer, given back when what they stand for is stored.
#[derive(Debug)]
pub(crate) struct Share(
    #[expect(dead_code, reason = "held for its drop")] Option<OwnedSemaphorePermit>,
);

/// Sends what is found; waits on its thread while the buffer is full.
#[derive(Debug)]
pub(crate) struct FoundSink {
    sender: mpsc::Sender<Found>,
    buffer: Arc<Semaphore>,
    buffer_permits: u32,
    waits: Option<Handle>,
}

impl FoundSink {
    /// A sink and what comes out of it. On the event loop it must not wait, so nothing bounds it
    /// there: one more reason for not extracting there.
    pub(crate) fn new(buffer: ByteSize, extract_on: ExtractOn) -> (Self, mpsc::Receiver<Found>) {
        let permits = u32::try_from(buffer.as_u64() / BYTES_PER_PERMIT).unwrap_or(u32::MAX >> 4);
        let (items, waits) = match extract_on {
            ExtractOn::BlockingPool => (CHANNEL_ITEMS, Some(Handle::current())),
            ExtractOn::EventLoop => (Semaphore::MAX_PERMITS, None),
        };
        let (sender, receiver) = mpsc::channel(items);
        let sink = Self {
            sender,
            buffer: Arc::new(Semaphore::new(permits as usize)),
            buffer_permits: permits,
            waits,
        };
        (sink, receiver)
    }

    pub(crate) fn found_document(&self, document: FoundDocument) -> Result<(), SinkClosed> {
        self.send(Found::Document(document))
    }

    pub(crate) fn found_image(&self, image: FoundImage) -> Result<(), SinkClosed> {
        let share = self.share(image.bytes.len())?;
        self.send(Found::Image(image, share))
    }

    pub(crate) fn found_page(&self, page: FoundPage) -> Result<(), SinkClosed> {
        let share = self.share(page.line.len())?;
        self.send(Found::Page(page, share))
    }

    /// Says that the document was read to its end.
    pub(crate) fn end(&self, warnings: &[Warning]) -> Result<(), SinkClosed> {
        self.send(Found::End(warnings.iter().map(to_json).collect()))
    }

    fn send(&self, found: Found) -> Result<(), SinkClosed> {
        if self.waits.is_some() {
            self.sender.blocking_send(found).map_err(|_| SinkClosed)
        } else {
            self.sender.try_send(found).map_err(|_| SinkClosed)
        }
    }

    /// Waits for room in the buffer; something larger than all of it takes all of it.
    fn share(&self, bytes: usize) -> Result<Share, SinkClosed> {
        let Some(runtime) = &self.waits else {
            return Ok(Share(None));
        };
        let wanted = (bytes as u64).div_ceil(BYTES_PER_PERMIT);
        let wanted = u32::try_from(wanted)
            .unwrap_or(u32::MAX)
            .min(self.buffer_permits);
        let room = Arc::clone(&self.buffer).acquire_many_owned(wanted);
        let permit = runtime.block_on(async {
            tokio::select! {
                permit = room => permit.ok(),
                () = self.sender.closed() => None,
            }
        });
        permit.map(|permit| Share(Some(permit))).ok_or(SinkClosed)
    }
}

/// Takes what is found in a document that is read on this thread.
pub(crate) struct SinkOf<'s> {
    pub(crate) found: &'s FoundSink,
    pub(crate) source: &'s Bytes,
}

impl Sink for SinkOf<'_> {
    fn document(&mut self, document: Document) -> Result<(), SinkClosed> {
        self.found.found_document(FoundDocument::from(&document))
    }

    fn image(&mut self, image: Image<'_>) -> Result<(), SinkClosed> {
        self.found.found_image(FoundImage::new(image, self.source))
    }

    fn page(&mut self, page: Page) -> Result<(), SinkClosed> {
        self.found.found_page(FoundPage::from(page))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_borrowed_from_the_source_has_a_place_in_it() {
        let around = b"before source after".to_vec();
        let source = &around[7..13];
        let place = |part| place_in(source, part);
        assert_eq!(place(&around[7..13]), Some(0..6));
        assert_eq!(place(&around[9..11]), Some(2..4));
        assert_eq!(place(&around[6..9]), None);
        assert_eq!(place(&around[12..14]), None);
        assert_eq!(place(b"source"), None);
    }
}
