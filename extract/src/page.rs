//! The pages of a document: found, put in order, with what they inherit (ISO 32000-1, 7.7.3).

pub(crate) mod boxes; // media box, crop box, rotation → the displayed page
mod tree; // the page tree, walked without recursion

use std::collections::HashMap;

use crate::ExtractError;
use crate::budget::Budget;
use crate::objects::{Dictionary, ObjectId, Objects};

/// One page and the attributes it inherits (ISO 32000-1, table 30).
pub(crate) struct PageNode<'o> {
    /// `None` for a page written directly into its parent's `Kids`.
    pub(crate) id: Option<ObjectId>,
    pub(crate) dict: &'o Dictionary,
    pub(crate) resources: Option<&'o Dictionary>,
    pub(crate) geometry: boxes::Geometry,
}

/// Every page, in order.
pub(crate) struct Pages<'o> {
    nodes: Vec<PageNode<'o>>,
    numbers: HashMap<ObjectId, u64>,
}

impl<'o> Pages<'o> {
    /// Walks the page tree; where it is missing or leads to no page, every page object of the
    /// file counts, in the order of object numbers.
    pub(crate) fn find(
        objects: &'o Objects<'_>,
        budget: &Budget<'_>,
    ) -> Result<Self, ExtractError> {
        let nodes = tree::walk(objects, budget)?;
        let mut numbers = HashMap::with_capacity(nodes.len());
        for (node, number) in nodes.iter().zip(1..) {
            if let Some(id) = node.id {
                numbers.entry(id).or_insert(number);
            }
        }
        Ok(Self { nodes, numbers })
    }

    /// In display order.
    pub(crate) fn nodes(&self) -> &[PageNode<'o>] {
        &self.nodes
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        self.nodes.len() as u64
    }

    /// The number, from 1, of the page with this object id.
    pub(crate) fn number_of(&self, id: ObjectId) -> Option<u64> {
        self.numbers.get(&id).copied()
    }
}
