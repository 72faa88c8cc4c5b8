//! What a reader should know before trusting a document. Nothing of it is ever run.

use std::collections::HashSet;

use super::{action, annotation};
use crate::budget::Budget;
use crate::objects::{Dictionary, Object, Objects, as_dict};
use crate::page::Pages;
use crate::{ExtractError, Flags};

/// Form fields looked at per document.
const MAX_FIELDS: usize = 20_000;

/// Looks at the catalog, the form fields, the pages and their annotations.
pub(super) fn read(
    objects: &Objects<'_>,
    pages: &Pages<'_>,
    budget: &Budget<'_>,
) -> Result<Flags, ExtractError> {
    let mut flags = Flags {
        encrypted: objects.is_encrypted(),
        ..Flags::default()
    };
    let Some(catalog) = objects.catalog() else {
        return Ok(flags);
    };
    let mark_info = objects.dict(catalog, b"MarkInfo");
    flags.tagged = mark_info.and_then(|info| objects.boolean(info, b"Marked")) == Some(true);
    let names = objects.dict(catalog, b"Names");
    flags.javascript = names.is_some_and(|names| objects.dict(names, b"JavaScript").is_some());
    let mut actions = Actions {
        objects,
        flags: &mut flags,
    };
    actions.look(catalog, b"OpenAction");
    actions.look_at_additional(catalog);
    for node in pages.nodes() {
        budget.check()?;
        actions.look_at_additional(node.dict);
        for (annotation, _) in annotation::on_page(node, objects) {
            actions.look(annotation, b"A");
            actions.look_at_additional(annotation);
        }
    }
    if let Some(form) = objects.dict(catalog, b"AcroForm") {
        actions.flags.xfa = objects.lookup(form, b"XFA").is_some();
        look_at_fields(form, &mut actions, budget)?;
    }
    Ok(flags)
}

struct Actions<'f, 'o> {
    objects: &'f Objects<'o>,
    flags: &'f mut Flags,
}

impl Actions<'_, '_> {
    /// The action in an entry of `holder`, where it is one and not a destination.
    fn look(&mut self, holder: &Dictionary, key: &[u8]) {
        if let Some(action) = holder.get(key) {
            self.look_at(action);
        }
    }

    /// Additional actions (ISO 32000-1, 12.6.3): one for each trigger event.
    fn look_at_additional(&mut self, holder: &Dictionary) {
        if let Some(additional) = self.objects.dict(holder, b"AA") {
            additional
                .iter()
                .for_each(|(_, action)| self.look_at(action));
        }
    }

    fn look_at(&mut self, action: &Object) {
        action::each_type(action, self.objects, &mut |kind| match kind {
            b"JavaScript" => self.flags.javascript = true,
            b"Launch" => self.flags.launch = true,
            _ => {}
        });
    }
}

/// Signatures with a value, and the actions of fields that are no annotations themselves.
fn look_at_fields(
    form: &Dictionary,
    actions: &mut Actions<'_, '_>,
    budget: &Budget<'_>,
) -> Result<(), ExtractError> {
    let objects = actions.objects;
    let mut visited: HashSet<*const Dictionary> = HashSet::new();
    let fields = objects.array(form, b"Fields").unwrap_or_default();
    let mut pending: Vec<(&Object, bool)> = fields
        .iter()
        .take(MAX_FIELDS)
        .map(|field| (field, false))
        .collect();
    while let Some((field, in_signature)) = pending.pop() {
        budget.check()?;
        let Some(dict) = as_dict(objects.resolve(field)) else {
            continue;
        };
        if visited.len() >= MAX_FIELDS || !visited.insert(std::ptr::from_ref(dict)) {
            continue;
        }
        // The type of a field is inherited, and so is its value.
        let kind = objects.name(dict, b"FT");
        let is_signature = kind.map_or(in_signature, |kind| kind == b"Sig");
        if is_signature && objects.dict(dict, b"V").is_some() {
            actions.flags.signed = true;
        }
        actions.look_at_additional(dict);
        let kids = objects.array(dict, b"Kids").unwrap_or_default();
        pending.extend(kids.iter().take(MAX_FIELDS).map(|kid| (kid, is_signature)));
    }
    Ok(())
}
