//! The annotations of a page (ISO 32000-1, 12.5).

use crate::objects::{Dictionary, Objects, as_dict};
use crate::page::PageNode;

/// Annotations looked at per page.
const MAX_PER_PAGE: usize = 10_000;

/// In drawing order, with their subtypes.
pub(super) fn on_page<'o>(
    node: &PageNode<'o>,
    objects: &'o Objects<'_>,
) -> impl Iterator<Item = (&'o Dictionary, &'o [u8])> {
    let annotations = objects.array(node.dict, b"Annots").unwrap_or_default();
    annotations
        .iter()
        .take(MAX_PER_PAGE)
        .filter_map(|annotation| {
            let dict = as_dict(objects.resolve(annotation))?;
            Some((dict, objects.name(dict, b"Subtype").unwrap_or_default()))
        })
}
