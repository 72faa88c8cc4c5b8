//! Name trees (ISO 32000-1, 7.9.6): looked up by their limits, or listed.

use std::collections::HashSet;

use crate::ExtractError;
use crate::budget::Budget;
use crate::objects::{Dictionary, Object, Objects, as_dict};

/// Nodes visited in one tree.
const MAX_NODES: usize = 10_000;

/// The value of `key`; `None` where the tree does not hold it.
pub(super) fn find<'o>(
    root: &'o Dictionary,
    key: &[u8],
    objects: &'o Objects<'_>,
) -> Option<&'o Object> {
    let mut pending = vec![root];
    for _ in 0..MAX_NODES {
        let node = pending.pop()?;
        for pair in objects
            .array(node, b"Names")
            .unwrap_or_default()
            .chunks_exact(2)
        {
            if matches!(objects.resolve(&pair[0]), Object::String(name) if **name == *key) {
                return Some(objects.resolve(&pair[1]));
            }
        }
        let kids = objects
            .array(node, b"Kids")
            .unwrap_or_default()
            .iter()
            .take(MAX_NODES);
        let kids = kids.filter_map(|kid| as_dict(objects.resolve(kid)));
        pending.extend(kids.filter(|kid| may_hold(kid, key, objects)));
    }
    None
}

/// Calls `look` with every key and value, in no particular order.
pub(super) fn each<'o>(
    root: &'o Dictionary,
    objects: &'o Objects<'_>,
    budget: &Budget<'_>,
    look: &mut dyn FnMut(&'o [u8], &'o Object),
) -> Result<(), ExtractError> {
    let mut visited: HashSet<*const Dictionary> = HashSet::new();
    let mut pending = vec![root];
    while let Some(node) = pending.pop() {
        budget.check()?;
        if visited.len() >= MAX_NODES || !visited.insert(std::ptr::from_ref(node)) {
            continue;
        }
        for pair in objects
            .array(node, b"Names")
            .unwrap_or_default()
            .chunks_exact(2)
        {
            if let Object::String(key) = objects.resolve(&pair[0]) {
                look(key, &pair[1]);
            }
        }
        let kids = objects
            .array(node, b"Kids")
            .unwrap_or_default()
            .iter()
            .rev()
            .take(MAX_NODES);
        pending.extend(kids.filter_map(|kid| as_dict(objects.resolve(kid))));
    }
    Ok(())
}

/// Whether `key` lies within the `Limits` of a node; a node without them may hold anything.
fn may_hold(node: &Dictionary, key: &[u8], objects: &Objects<'_>) -> bool {
    let Some([least, greatest, ..]) = objects.array(node, b"Limits") else {
        return true;
    };
    match (objects.resolve(least), objects.resolve(greatest)) {
        (Object::String(least), Object::String(greatest)) => {
            (&**least..=&**greatest).contains(&key)
        }
        _ => true,
    }
}
