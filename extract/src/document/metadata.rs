//! The information dictionary (ISO 32000-1, 14.3.3), and XMP where that says nothing.

use super::date;
use super::xmp::{self, Property};
use crate::budget::Budget;
use crate::objects::{Objects, text_string};
use crate::{ExtractError, Metadata};

/// Reads both; the metadata stream only where the dictionary leaves something open.
pub(super) fn read(objects: &Objects<'_>, budget: &Budget<'_>) -> Result<Metadata, ExtractError> {
    let info = objects.dict(objects.trailer(), b"Info");
    let text = |key: &[u8]| {
        let text = text_string(objects.string(info?, key)?);
        Some(text).filter(|text| !text.is_empty())
    };
    let time = |key: &[u8]| date::from_pdf(&text(key)?);
    let mut metadata = Metadata {
        title: text(b"Title"),
        author: text(b"Author"),
        subject: text(b"Subject"),
        keywords: text(b"Keywords"),
        creator: text(b"Creator"),
        producer: text(b"Producer"),
        created: time(b"CreationDate"),
        modified: time(b"ModDate"),
    };
    let fields = fields(&mut metadata);
    if fields.iter().any(|(_, field)| field.is_none()) {
        let found = xmp::read(objects, budget)?;
        for (property, field) in fields {
            if field.is_none() {
                *field = found.get(&property).and_then(|text| match property {
                    Property::Created | Property::Modified => date::from_xmp(text),
                    _ => Some(text.clone()),
                });
            }
        }
    }
    Ok(metadata)
}

fn fields(metadata: &mut Metadata) -> [(Property, &mut Option<String>); 8] {
    [
        (Property::Title, &mut metadata.title),
        (Property::Author, &mut metadata.author),
        (Property::Subject, &mut metadata.subject),
        (Property::Keywords, &mut metadata.keywords),
        (Property::Creator, &mut metadata.creator),
        (Property::Producer, &mut metadata.producer),
        (Property::Created, &mut metadata.created),
        (Property::Modified, &mut metadata.modified),
    ]
}
