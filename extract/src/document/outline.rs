//! Bookmarks (ISO 32000-1, 12.3.3), in display order.

use std::collections::HashSet;

use super::action;
use crate::budget::Budget;
use crate::objects::{Dictionary, Object, Objects, as_dict, text_string};
use crate::page::Pages;
use crate::{ExtractError, LinkTarget, OutlineItem, WarningCode};

/// Bookmarks listed per document.
const MAX_ITEMS: usize = 20_000;

/// The outline as a list in which each item's children follow it.
pub(super) fn read(
    objects: &Objects<'_>,
    pages: &Pages<'_>,
    budget: &Budget<'_>,
) -> Result<Vec<OutlineItem>, ExtractError> {
    let mut items = Vec::new();
    let root = objects
        .catalog()
        .and_then(|catalog| objects.dict(catalog, b"Outlines"));
    let Some(root) = root else { return Ok(items) };
    let mut visited: HashSet<*const Dictionary> = HashSet::from([std::ptr::from_ref(root)]);
    let mut pending: Vec<(&Object, u32)> = Vec::new();
    pending.extend(root.get(b"First").map(|first| (first, 1)));
    while let Some((item, level)) = pending.pop() {
        budget.check()?;
        let Some(dict) = as_dict(objects.resolve(item)) else {
            continue;
        };
        if !visited.insert(std::ptr::from_ref(dict)) {
            budget.warn(
                WarningCode::DamagedObject,
                "the outline leads back to itself",
            );
            continue;
        }
        if items.len() >= MAX_ITEMS {
            budget.warn(
                WarningCode::Limit,
                format!("only {MAX_ITEMS} bookmarks are listed"),
            );
            break;
        }
        items.push(OutlineItem {
            level,
            title: objects
                .string(dict, b"Title")
                .map(text_string)
                .unwrap_or_default(),
            page: match action::target(dict, objects, pages) {
                Some(LinkTarget::Page(number)) => Some(number),
                _ => None,
            },
        });
        pending.extend(dict.get(b"Next").map(|next| (next, level)));
        if level < budget.limits.max_depth {
            pending.extend(dict.get(b"First").map(|first| (first, level + 1)));
        }
    }
    Ok(items)
}
