//! Content streams → glyphs with their places, and images (ISO 32000-1, 7.8 and 8 to 9).

mod annotation; // appearance streams of annotations and form fields
mod fonts; // each font dictionary loaded once
mod frame; // a stream being run, and its resources
mod images; // each image decoded once, each distinct one handed out once
mod inline; // where an inline image ends
mod interpreter; // the operator loop, graphics state operators
mod made_appearance; // appearances made from the text of annotations
mod marked; // marked content: what hides, what replaces text
mod operands; // operands of one operator
mod optional; // which optional content is visible
mod path; // clipping paths
mod pen; // glyphs of a string, with their places
mod show; // text operators
mod state; // what q saves and Q restores
mod stream; // decoded stream bytes, kept while they are small
mod structure; // ActualText of structure elements
mod xobject; // Do: forms and images

use crate::budget::Budget;
use crate::image::Profiles;
use crate::objects::Objects;
use crate::page::PageNode;
use crate::text::Collector;
use crate::{ExtractError, PlacedImage};

pub(crate) use images::ImageStore;

/// What the content streams of one document share.
pub(crate) struct Shared<'r, 'o> {
    pub(crate) objects: &'o Objects<'o>,
    pub(crate) budget: &'r Budget<'r>,
    pub(crate) images: ImageStore<'r>,
    profiles: Profiles,
    fonts: fonts::FontCache<'o>,
    streams: stream::StreamCache,
    optional: optional::OptionalContent,
    structure: structure::Structure<'o>,
}

impl<'r, 'o> Shared<'r, 'o> {
    pub(crate) fn new(
        objects: &'o Objects<'o>,
        budget: &'r Budget<'r>,
        images: ImageStore<'r>,
    ) -> Self {
        Self {
            objects,
            budget,
            images,
            profiles: Profiles::default(),
            fonts: fonts::FontCache::default(),
            streams: stream::StreamCache::default(),
            optional: optional::OptionalContent::read(objects),
            structure: structure::Structure::read(objects),
        }
    }
}

/// Runs the content of one page, then its annotations; text goes to `collector`.
pub(crate) fn run_page<'o>(
    shared: &mut Shared<'_, 'o>,
    page: &PageNode<'o>,
    collector: &mut Collector,
) -> Result<Vec<PlacedImage>, ExtractError> {
    let contents = shared
        .streams
        .page_contents(shared.objects, shared.budget, page.dict)?;
    let mut interpreter = interpreter::Interpreter::new(shared, page, collector);
    interpreter.run(contents, page)?;
    interpreter.run_annotations(page.dict)?;
    Ok(interpreter.into_placed_images())
}
