//! A sink that keeps everything, and the ways to fill it.

use std::thread;

use extract::{
    Cancel, Document, ExtractError, Image, Limits, Options, Page, Sink, SinkClosed, Summary,
    Warning, WarningCode,
};

/// What the tests promise about the stack of whoever calls the crate.
const STACK_BYTES: usize = 2 << 20;

/// Everything that left an extraction.
#[derive(Default)]
pub(crate) struct Received {
    pub(crate) document: Option<Document>,
    pub(crate) pages: Vec<Page>,
    pub(crate) images: Vec<Image<'static>>,
    pub(crate) warnings: Vec<Warning>,
}

impl Sink for Received {
    fn document(&mut self, document: Document) -> Result<(), SinkClosed> {
        assert!(self.document.is_none() && self.pages.is_empty());
        self.document = Some(document);
        Ok(())
    }

    fn image(&mut self, image: Image<'_>) -> Result<(), SinkClosed> {
        assert!(self.images.iter().all(|known| known.sha256 != image.sha256));
        self.images.push(image.into_owned());
        Ok(())
    }

    fn page(&mut self, page: Page) -> Result<(), SinkClosed> {
        for placed in &page.images {
            assert!(
                self.images
                    .iter()
                    .any(|known| known.sha256 == placed.sha256)
            );
        }
        self.pages.push(page);
        Ok(())
    }
}

impl Received {
    /// The text of all pages.
    pub(crate) fn text(&self) -> String {
        self.pages.iter().map(|page| page.text.as_str()).collect()
    }

    pub(crate) fn warned(&self, code: WarningCode) -> bool {
        self.warnings.iter().any(|warning| warning.code == code)
    }
}

/// Extracts on a thread with a 2 MiB stack.
pub(crate) fn extract_with(
    file: Vec<u8>,
    options: Options,
    limits: Limits,
) -> Result<Received, ExtractError> {
    thread::Builder::new()
        .stack_size(STACK_BYTES)
        .spawn(move || {
            let mut received = Received::default();
            let Summary {
                pages,
                images,
                warnings,
            } = extract::extract(&file, &options, &limits, &Cancel::new(), &mut received)?;
            assert_eq!(pages, received.pages.len() as u64);
            assert_eq!(images, received.images.len() as u64);
            received.warnings = warnings;
            Ok(received)
        })
        .unwrap()
        .join()
        .expect("an extraction never panics")
}

/// With default options and limits.
pub(crate) fn extract(file: Vec<u8>) -> Result<Received, ExtractError> {
    extract_with(file, Options::default(), Limits::default())
}

/// The text of a document of one page with this content.
pub(crate) fn text_of(content: &str) -> String {
    extract(crate::pdf::Pdf::of_page(content)).unwrap().text()
}
