//! The page tree, walked without recursion, each inner node once.

use std::collections::HashSet;

use super::PageNode;
use super::boxes::{Attributes, Geometry, rectangle};
use crate::budget::Budget;
use crate::objects::{Dictionary, Object, ObjectId, Objects, as_dict, as_number};
use crate::{ExtractError, WarningCode};

/// What a node hands down to its kids.
#[derive(Clone, Copy)]
struct Inherited<'o> {
    resources: Option<&'o Dictionary>,
    attributes: Attributes,
}

/// A node that is still to be visited.
struct Pending<'o> {
    object: &'o Object,
    inherited: Inherited<'o>,
    depth: u32,
}

pub(super) fn walk<'o>(
    objects: &'o Objects<'_>,
    budget: &Budget<'_>,
) -> Result<Vec<PageNode<'o>>, ExtractError> {
    let root = objects.catalog().and_then(|catalog| catalog.get(b"Pages"));
    let mut walk = Walk {
        objects,
        budget,
        visited: HashSet::new(),
        pages: Vec::new(),
    };
    if let Some(root) = root {
        walk.from(root)?;
    }
    if walk.pages.is_empty() {
        walk.every_page_object()?;
    }
    if walk.pages.is_empty() {
        return Err(ExtractError::Damaged("no page was found".to_owned()));
    }
    Ok(walk.pages)
}

struct Walk<'w, 'o, 'f> {
    objects: &'o Objects<'f>,
    budget: &'w Budget<'w>,
    visited: HashSet<ObjectId>,
    pages: Vec<PageNode<'o>>,
}

impl<'o> Walk<'_, 'o, '_> {
    fn from(&mut self, root: &'o Object) -> Result<(), ExtractError> {
        let inherited = Inherited {
            resources: None,
            attributes: Attributes::default(),
        };
        let mut pending = vec![Pending {
            object: root,
            inherited,
            depth: 0,
        }];
        while let Some(node) = pending.pop() {
            self.budget.check()?;
            self.visit(&node, &mut pending)?;
        }
        Ok(())
    }

    fn visit(
        &mut self,
        node: &Pending<'o>,
        pending: &mut Vec<Pending<'o>>,
    ) -> Result<(), ExtractError> {
        let id = match node.object {
            Object::Reference(id) => Some(*id),
            _ => None,
        };
        let Some(dict) = as_dict(self.objects.resolve(node.object)) else {
            self.damaged("a page-tree node is missing");
            return Ok(());
        };
        let inherited = self.inherit(node.inherited, dict);
        let Some(kids) = self.kids(dict) else {
            return self.page(id, dict, &inherited);
        };
        if id.is_some_and(|id| !self.visited.insert(id)) {
            self.damaged("an inner node of the page tree is reached twice");
            return Ok(());
        }
        if node.depth >= self.budget.limits.max_depth {
            self.damaged("the page tree is nested too deeply");
            return Ok(());
        }
        pending.extend(kids.iter().rev().map(|kid| Pending {
            object: kid,
            inherited,
            depth: node.depth + 1,
        }));
        Ok(())
    }

    /// The kids of an inner node; `None` for a page. Nodes without `Type` are told by `Kids`.
    fn kids(&self, dict: &'o Dictionary) -> Option<&'o [Object]> {
        let kids = self.objects.array(dict, b"Kids");
        match self.objects.name(dict, b"Type") {
            Some(b"Page") if !(kids.is_some() && dict.has(b"Count")) => None,
            Some(b"Pages") => Some(kids.unwrap_or_default()),
            _ => kids,
        }
    }

    fn page(
        &mut self,
        id: Option<ObjectId>,
        dict: &'o Dictionary,
        inherited: &Inherited<'o>,
    ) -> Result<(), ExtractError> {
        let (pages, limit) = (self.pages.len() as u64 + 1, self.budget.limits.max_pages);
        if pages > limit {
            return Err(ExtractError::TooManyPages { pages, limit });
        }
        self.pages.push(PageNode {
            id,
            dict,
            resources: inherited.resources,
            geometry: Geometry::new(&inherited.attributes),
        });
        Ok(())
    }

    fn inherit(&self, above: Inherited<'o>, dict: &'o Dictionary) -> Inherited<'o> {
        let objects = self.objects;
        let rect = |key: &[u8]| {
            let items = objects.array(dict, key)?;
            let numbers: Vec<f32> = items
                .iter()
                .filter_map(|item| as_number(objects.resolve(item)))
                .collect();
            rectangle(&numbers)
        };
        let attributes = above.attributes;
        Inherited {
            resources: objects.dict(dict, b"Resources").or(above.resources),
            attributes: Attributes {
                media_box: rect(b"MediaBox").or(attributes.media_box),
                crop_box: rect(b"CropBox").or(attributes.crop_box),
                rotate: objects
                    .integer(dict, b"Rotate")
                    .unwrap_or(attributes.rotate),
                user_unit: objects.number(dict, b"UserUnit").unwrap_or(1.0),
            },
        }
    }

    /// The fallback for a file without a usable page tree.
    fn every_page_object(&mut self) -> Result<(), ExtractError> {
        self.damaged("the page tree leads to no page; page objects are taken in order");
        for id in self.objects.ids() {
            self.budget.check()?;
            let Some(dict) = self.objects.get(id).and_then(as_dict) else {
                continue;
            };
            if self.objects.name(dict, b"Type") == Some(b"Page") {
                let above = self.ancestors(dict);
                let inherited = self.inherit(above, dict);
                self.page(Some(id), dict, &inherited)?;
            }
        }
        Ok(())
    }

    /// What the chain of `Parent` entries hands down, nearest first, bounded against loops.
    fn ancestors(&self, page: &'o Dictionary) -> Inherited<'o> {
        let mut chain = Vec::new();
        let mut current = page;
        while let Some(parent) = self.objects.dict(current, b"Parent") {
            if chain.len() >= self.budget.limits.max_depth as usize {
                break;
            }
            chain.push(parent);
            current = parent;
        }
        let top = Inherited {
            resources: None,
            attributes: Attributes::default(),
        };
        chain
            .into_iter()
            .rev()
            .fold(top, |above, dict| self.inherit(above, dict))
    }

    fn damaged(&self, detail: &str) {
        self.budget.warn(WarningCode::DamagedObject, detail);
    }
}
