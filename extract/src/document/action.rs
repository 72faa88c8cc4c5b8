//! Actions (ISO 32000-1, 12.6): what an outline item, link or script leads to.

use super::destination;
use crate::LinkTarget;
use crate::objects::{Dictionary, Object, Objects, as_dict, text_string};
use crate::page::Pages;

/// Actions that follow one another through `Next`.
const MAX_CHAIN: usize = 64;

/// Where the `Dest` or `A` entry of an outline item or link leads.
pub(super) fn target(
    holder: &Dictionary,
    objects: &Objects<'_>,
    pages: &Pages<'_>,
) -> Option<LinkTarget> {
    let page = |object: &Object| destination::page(object, objects, pages).map(LinkTarget::Page);
    if let Some(dest) = holder.get(b"Dest") {
        return page(dest);
    }
    let action = objects.dict(holder, b"A")?;
    match objects.name(action, b"S")? {
        b"GoTo" => page(action.get(b"D")?),
        b"URI" => objects
            .string(action, b"URI")
            .map(|uri| LinkTarget::Uri(text_string(uri))),
        b"GoToR" | b"Launch" => {
            file_name(objects.lookup(action, b"F")?, objects).map(LinkTarget::Uri)
        }
        _ => None,
    }
}

/// The name in a file specification (ISO 32000-1, 7.11).
pub(super) fn file_name(specification: &Object, objects: &Objects<'_>) -> Option<String> {
    match specification {
        Object::String(name) => Some(text_string(name)),
        Object::Dictionary(dict) => [&b"UF"[..], b"F", b"Unix", b"DOS", b"Mac"]
            .iter()
            .find_map(|key| objects.string(dict, key))
            .map(text_string),
        _ => None,
    }
}

/// Calls `look` with the type of `action` and of those that follow it.
pub(super) fn each_type(action: &Object, objects: &Objects<'_>, look: &mut dyn FnMut(&[u8])) {
    let mut pending = vec![action];
    for _ in 0..MAX_CHAIN {
        let Some(action) = pending
            .pop()
            .and_then(|action| as_dict(objects.resolve(action)))
        else {
            return;
        };
        if let Some(kind) = objects.name(action, b"S") {
            look(kind);
        }
        match action.get(b"Next").map(|next| objects.resolve(next)) {
            Some(Object::Array(next)) => pending.extend(next.iter().take(MAX_CHAIN)),
            Some(next) => pending.push(next),
            None => {}
        }
    }
}
