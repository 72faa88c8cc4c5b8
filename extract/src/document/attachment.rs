//! Embedded files (ISO 32000-1, 7.11.4): of the document and of file attachment annotations.

use std::collections::HashSet;

use super::{action, annotation, name_tree};
use crate::budget::Budget;
use crate::objects::{Dictionary, Object, Objects, as_dict, text_string};
use crate::page::Pages;
use crate::{Attachment, ExtractError};

/// Attachments listed per document.
const MAX_ATTACHMENTS: usize = 1_000;

/// Every file once, those of the document first.
pub(super) fn list(
    objects: &Objects<'_>,
    pages: &Pages<'_>,
    budget: &Budget<'_>,
) -> Result<Vec<Attachment>, ExtractError> {
    let mut attachments = Vec::new();
    // A file specification is one and the same where its dictionary is.
    let mut seen: HashSet<*const Dictionary> = HashSet::new();
    let mut add = |specification: &Object, key: Option<&[u8]>| {
        let specification = objects.resolve(specification);
        let is_new =
            as_dict(specification).is_some_and(|dict| seen.insert(std::ptr::from_ref(dict)));
        if is_new && attachments.len() < MAX_ATTACHMENTS {
            attachments.extend(attachment(specification, key, objects));
        }
    };
    let names = objects
        .catalog()
        .and_then(|catalog| objects.dict(catalog, b"Names"));
    if let Some(root) = names.and_then(|names| objects.dict(names, b"EmbeddedFiles")) {
        name_tree::each(root, objects, budget, &mut |key, value| {
            add(value, Some(key));
        })?;
    }
    for node in pages.nodes() {
        budget.check()?;
        for (dict, subtype) in annotation::on_page(node, objects) {
            if let (b"FileAttachment", Some(specification)) = (subtype, dict.get(b"FS")) {
                add(specification, None);
            }
        }
    }
    Ok(attachments)
}

/// `None` where the specification embeds nothing.
fn attachment(
    specification: &Object,
    key: Option<&[u8]>,
    objects: &Objects<'_>,
) -> Option<Attachment> {
    let embedded = objects.dict(as_dict(specification)?, b"EF")?;
    let stream = [&b"UF"[..], b"F", b"Unix", b"DOS", b"Mac"]
        .iter()
        .find_map(|key| objects.stream(embedded, key))?;
    let size = objects
        .dict(&stream.dict, b"Params")
        .and_then(|params| objects.integer(params, b"Size"))
        .and_then(|size| u64::try_from(size).ok());
    Some(Attachment {
        name: action::file_name(specification, objects)
            .or_else(|| key.map(text_string))
            .unwrap_or_default(),
        media_type: objects
            .name(&stream.dict, b"Subtype")
            .map(|name| String::from_utf8_lossy(name).into_owned()),
        bytes: size,
    })
}
