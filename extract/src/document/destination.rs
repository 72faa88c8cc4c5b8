//! Destinations (ISO 32000-1, 12.3.2): explicit and named, to page numbers.

use super::name_tree;
use crate::objects::{Object, Objects};
use crate::page::Pages;

/// Names that stand for names.
const MAX_INDIRECTIONS: usize = 4;

/// The page that `destination` leads to, from 1.
pub(super) fn page(destination: &Object, objects: &Objects<'_>, pages: &Pages<'_>) -> Option<u64> {
    let mut destination = objects.resolve(destination);
    for _ in 0..MAX_INDIRECTIONS {
        destination = match destination {
            Object::Array(items) => return explicit(items.first()?, pages),
            Object::Dictionary(dict) => objects.lookup(dict, b"D")?,
            Object::Name(name) => named(name, objects)?,
            Object::String(name) => named(name, objects)?,
            _ => return None,
        };
    }
    None
}

/// The first item of an explicit destination: the page object, or in remote ones its index.
fn explicit(page: &Object, pages: &Pages<'_>) -> Option<u64> {
    match page {
        Object::Reference(id) => pages.number_of(*id),
        Object::Integer(index) => {
            let number = u64::try_from(*index).ok()?.checked_add(1)?;
            (number <= pages.count()).then_some(number)
        }
        _ => None,
    }
}

/// Names are in the catalog's dictionary, strings in its name tree; files mix them up.
fn named<'o>(name: &[u8], objects: &'o Objects<'_>) -> Option<&'o Object> {
    let catalog = objects.catalog()?;
    let in_tree = || {
        let names = objects.dict(catalog, b"Names")?;
        name_tree::find(objects.dict(names, b"Dests")?, name, objects)
    };
    let in_dict = || objects.lookup(objects.dict(catalog, b"Dests")?, name);
    in_tree().or_else(in_dict)
}
