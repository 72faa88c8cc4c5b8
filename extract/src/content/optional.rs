//! Which optional content is visible in the default configuration (ISO 32000-1, 8.11).

use std::collections::HashSet;

use crate::objects::{Dictionary, Object, ObjectId, Objects};

/// Nesting of visibility expressions that is looked at.
const MAX_EXPRESSION_DEPTH: u32 = 16;

/// The groups that are off.
#[derive(Default)]
pub(super) struct OptionalContent {
    /// `None` without `OCProperties`: the document has no optional content (ISO 32000-1, table 28),
    /// whatever its membership dictionaries ask for.
    hidden: Option<HashSet<ObjectId>>,
}

impl OptionalContent {
    pub(super) fn read(objects: &Objects<'_>) -> Self {
        Self::read_catalog(objects).unwrap_or_default()
    }

    fn read_catalog(objects: &Objects<'_>) -> Option<Self> {
        let properties = objects.dict(objects.catalog()?, b"OCProperties")?;
        let config = objects.dict(properties, b"D");
        let groups = |dict: Option<&Dictionary>, key: &[u8]| -> Vec<ObjectId> {
            dict.and_then(|dict| objects.array(dict, key))
                .unwrap_or_default()
                .iter()
                .filter_map(|item| item.as_reference())
                .collect()
        };
        let mut hidden = HashSet::new();
        if config.and_then(|dict| objects.name(dict, b"BaseState")) == Some(b"OFF") {
            hidden.extend(groups(Some(properties), b"OCGs"));
        }
        for id in groups(config, b"ON") {
            hidden.remove(&id);
        }
        hidden.extend(groups(config, b"OFF"));
        Some(Self {
            hidden: Some(hidden),
        })
    }

    /// Whether content that names this group or membership dictionary is shown.
    pub(super) fn is_visible(&self, objects: &Objects<'_>, group: &Object) -> bool {
        self.hidden.is_none() || self.is_shown(objects, group, MAX_EXPRESSION_DEPTH)
    }

    fn is_shown(&self, objects: &Objects<'_>, group: &Object, depth: u32) -> bool {
        if let (Object::Reference(id), Some(hidden)) = (group, &self.hidden)
            && hidden.contains(id)
        {
            return false;
        }
        let Object::Dictionary(dict) = objects.resolve(group) else {
            return true;
        };
        if objects.name(dict, b"Type") != Some(b"OCMD") || depth == 0 {
            return true;
        }
        match objects.array(dict, b"VE") {
            Some(expression) => self.holds(objects, expression, depth - 1),
            None => self.membership(objects, dict, depth - 1),
        }
    }

    /// `OCGs` under the policy `P` (ISO 32000-1, table 99).
    fn membership(&self, objects: &Objects<'_>, dict: &Dictionary, depth: u32) -> bool {
        let Some(groups) = dict.get(b"OCGs") else {
            return true;
        };
        let groups = match objects.resolve(groups) {
            Object::Array(items) => items,
            Object::Null => return true,
            _ => std::slice::from_ref(groups),
        };
        if groups.is_empty() {
            return true;
        }
        let mut states = groups
            .iter()
            .map(|group| self.is_shown(objects, group, depth));
        match objects.name(dict, b"P") {
            Some(b"AllOn") => states.all(|on| on),
            Some(b"AnyOff") => states.any(|on| !on),
            Some(b"AllOff") => states.all(|on| !on),
            _ => states.any(|on| on),
        }
    }

    /// A visibility expression: `[/And …]`, `[/Or …]`, `[/Not x]`.
    fn holds(&self, objects: &Objects<'_>, expression: &[Object], depth: u32) -> bool {
        let Some((operator, operands)) = expression.split_first() else {
            return true;
        };
        if depth == 0 {
            return true;
        }
        let mut states = operands.iter().map(|item| match objects.resolve(item) {
            Object::Array(inner) => self.holds(objects, inner, depth - 1),
            _ => self.is_shown(objects, item, depth - 1),
        });
        match objects.resolve(operator) {
            Object::Name(name) if name == b"And" => states.all(|on| on),
            Object::Name(name) if name == b"Or" => states.any(|on| on),
            Object::Name(name) if name == b"Not" => !states.next().unwrap_or(false),
            _ => true,
        }
    }
}
