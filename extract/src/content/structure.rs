//! `ActualText` of structure elements: what the marked content that belongs to one reads as
//! (ISO 32000-1, 14.7.4 and 14.9.4).

use std::collections::HashSet;

use crate::objects::{Dictionary, Object};

use crate::objects::{Objects, as_dict, as_number, text_string};

/// Levels of the parent tree, and children of one of its nodes.
const MAX_TREE_DEPTH: u32 = 16;
const MAX_CHILDREN: usize = 100_000;

/// The structure of a tagged document, from its marked content upwards.
#[derive(Default)]
pub(super) struct Structure<'o> {
    parent_tree: Option<&'o Dictionary>,
    /// Elements whose text was given with the first of their marked content.
    given: HashSet<*const Dictionary>,
}

impl<'o> Structure<'o> {
    pub(super) fn read(objects: &'o Objects<'o>) -> Self {
        let root = objects
            .catalog()
            .and_then(|catalog| objects.dict(catalog, b"StructTreeRoot"));
        Self {
            parent_tree: root.and_then(|root| objects.dict(root, b"ParentTree")),
            given: HashSet::new(),
        }
    }

    /// The elements to which the marked content of a page or form belongs, by its identifier.
    pub(super) fn parents(
        &self,
        objects: &'o Objects<'o>,
        owner: &Dictionary,
    ) -> Option<&'o [Object]> {
        let key = objects.integer(owner, b"StructParents")?;
        match find(objects, self.parent_tree?, key, MAX_TREE_DEPTH)? {
            Object::Array(parents) => Some(parents),
            _ => None,
        }
    }

    /// What the element `parent` reads as, if it has an `ActualText`: the text the first time,
    /// nothing after that. Text of the elements around it is not looked at: where there is some,
    /// it sums up what the elements within say. An element that does not know of the marked content
    /// is not the one: producers mix them up.
    pub(super) fn actual_text(
        &mut self,
        objects: &'o Objects<'o>,
        parent: &'o Object,
        identifier: i64,
    ) -> Option<String> {
        // Most elements have none, and a page can have tens of thousands of them.
        objects.may_name(parent, b"ActualText").then_some(())?;
        let element = as_dict(objects.resolve(parent))?;
        let text = objects.string(element, b"ActualText")?;
        has_content(objects, element, identifier).then_some(())?;
        let first = self.given.insert(std::ptr::from_ref(element));
        Some(if first {
            text_string(text)
        } else {
            String::new()
        })
    }
}

/// Whether the marked content is among the kids of the element (ISO 32000-1, table 323).
fn has_content(objects: &Objects<'_>, element: &Dictionary, identifier: i64) -> bool {
    let kids = match objects.lookup(element, b"K") {
        Some(Object::Array(kids)) => &kids[..],
        Some(kid) => std::slice::from_ref(kid),
        None => &[],
    };
    kids.iter().any(|kid| match objects.resolve(kid) {
        Object::Integer(kid) => *kid == identifier,
        Object::Dictionary(kid) => objects.integer(kid, b"MCID") == Some(identifier),
        _ => false,
    })
}

/// The value of `key` in a number tree (ISO 32000-1, 7.9.7).
fn find<'o>(
    objects: &'o Objects<'o>,
    node: &'o Dictionary,
    key: i64,
    depth: u32,
) -> Option<&'o Object> {
    if let Some(pairs) = objects.array(node, b"Nums") {
        return pairs
            .chunks_exact(2)
            .find(|pair| integer(objects, &pair[0]) == Some(key))
            .map(|pair| objects.resolve(&pair[1]));
    }
    let depth = depth.checked_sub(1)?;
    let kids = objects.array(node, b"Kids")?;
    kids.iter()
        .take(MAX_CHILDREN)
        .filter_map(|kid| as_dict(objects.resolve(kid)))
        .filter(|kid| may_hold(objects, kid, key))
        .find_map(|kid| find(objects, kid, key, depth))
}

fn may_hold(objects: &Objects<'_>, node: &Dictionary, key: i64) -> bool {
    match objects.array(node, b"Limits") {
        Some([low, high, ..]) => {
            integer(objects, low).is_none_or(|low| low <= key)
                && integer(objects, high).is_none_or(|high| key <= high)
        }
        _ => true,
    }
}

fn integer(objects: &Objects<'_>, object: &Object) -> Option<i64> {
    as_number(objects.resolve(object)).map(|number| number as i64)
}
