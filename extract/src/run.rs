//! One document from its bytes to the sink: open, describe, then page by page.

use crate::budget::Budget;
use crate::content::{self, ImageStore, Shared};
use crate::objects::Objects;
use crate::page::{PageNode, Pages};
use crate::text::Collector;
use crate::{Cancel, ExtractError, Limits, Options, Page, Sink, Summary, WarningCode, document};

/// Reads `bytes` and hands everything to `sink`: the document, then for each page its new images
/// and the page.
///
/// What is damaged is skipped with a [`crate::Warning`] in the summary. The same bytes, options and
/// limits give the same output.
///
/// # Errors
/// [`ExtractError`] says why nothing, or not everything, could be read; what the sink has got by
/// then is right as far as it goes.
pub fn extract(
    bytes: &[u8],
    options: &Options,
    limits: &Limits,
    cancel: &Cancel,
    sink: &mut dyn Sink,
) -> Result<Summary, ExtractError> {
    let budget = Budget::new(limits, cancel);
    budget.check()?;
    let objects = Objects::open(bytes, options, &budget)?;
    let pages = Pages::find(&objects, &budget)?;
    let described = document::describe(&objects, &pages, &budget)?;
    sink.document(described)
        .map_err(|_| ExtractError::SinkClosed)?;
    let mut shared = Shared::new(&objects, &budget, ImageStore::new(sink, options.images));
    let mut collector = Collector::new(limits.max_text_bytes);
    for (node, number) in pages.nodes().iter().zip(1..) {
        budget.set_page(Some(number));
        budget.check()?;
        let page = read_page(&mut shared, &mut collector, &pages, (node, number), options)?;
        shared
            .images
            .sink()
            .page(page)
            .map_err(|_| ExtractError::SinkClosed)?;
    }
    Ok(Summary {
        pages: pages.count(),
        images: shared.images.count(),
        warnings: budget.take_warnings(),
    })
}

fn read_page<'o>(
    shared: &mut Shared<'_, 'o>,
    collector: &mut Collector,
    pages: &Pages<'o>,
    (node, number): (&PageNode<'o>, u64),
    options: &Options,
) -> Result<Page, ExtractError> {
    let (objects, budget) = (shared.objects, shared.budget);
    let geometry = &node.geometry;
    collector.begin_page(geometry.bounds());
    let images = content::run_page(shared, node, collector)?;
    collector.finish();
    if collector.is_cut() {
        budget.warn(WarningCode::Limit, "the page has too much text");
    }
    let links = document::links(objects, pages, node, budget)?;
    Ok(Page {
        number,
        width: geometry.width,
        height: geometry.height,
        rotation: geometry.rotation,
        text: collector.text(),
        blocks: if options.boxes {
            collector.blocks()
        } else {
            Vec::new()
        },
        markdown: options.markdown.then(|| collector.markdown(&links)),
        images,
        links,
        needs_ocr: collector.needs_ocr(),
    })
}
