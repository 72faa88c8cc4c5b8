//! Link annotations (ISO 32000-1, 12.5.6.5) of one page.

use super::{action, annotation};
use crate::budget::Budget;
use crate::objects::Objects;
use crate::page::boxes::rectangle;
use crate::page::{PageNode, Pages};
use crate::{ExtractError, Link};

/// The links of a page that lead somewhere, in drawing order.
///
/// # Errors
/// Only what ends the whole extraction: cancellation.
pub(crate) fn links(
    objects: &Objects<'_>,
    pages: &Pages<'_>,
    node: &PageNode<'_>,
    budget: &Budget<'_>,
) -> Result<Vec<Link>, ExtractError> {
    let mut links = Vec::new();
    for (annotation, subtype) in annotation::on_page(node, objects) {
        budget.check()?;
        if subtype != b"Link" {
            continue;
        }
        let rect = objects
            .numbers(annotation, b"Rect")
            .and_then(|numbers| rectangle(&numbers));
        let target = action::target(annotation, objects, pages);
        if let (Some(rect), Some(target)) = (rect, target) {
            let bbox = node.geometry.to_display.bounds(rect);
            links.push(Link { bbox, target });
        }
    }
    Ok(links)
}
