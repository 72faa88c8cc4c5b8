//! What a document says about itself: metadata, outline, attachments, flags; and a page's links.

mod action; // what an outline item, link or script leads to
mod annotation; // the annotations of a page
mod attachment; // embedded files
mod date; // dates of PDF and XMP to RFC 3339
mod destination; // pages that explicit and named destinations lead to
mod flags; // signed, JavaScript, launch actions, XFA, tagged
mod link; // link annotations
mod metadata; // the information dictionary, and XMP where that says nothing
mod name_tree; // name trees: looked up, or listed
mod outline; // bookmarks
mod xmp; // the metadata stream

pub(crate) use self::link::links;
use crate::budget::Budget;
use crate::objects::Objects;
use crate::page::Pages;
use crate::{Document, ExtractError};

/// Everything that is known of a document before its pages are read.
///
/// # Errors
/// Only what ends the whole extraction: cancellation and the document's budget.
pub(crate) fn describe(
    objects: &Objects<'_>,
    pages: &Pages<'_>,
    budget: &Budget<'_>,
) -> Result<Document, ExtractError> {
    Ok(Document {
        pages: pages.count(),
        version: version(objects),
        metadata: metadata::read(objects, budget)?,
        outline: outline::read(objects, pages, budget)?,
        attachments: attachment::list(objects, pages, budget)?,
        flags: flags::read(objects, pages, budget)?,
    })
}

/// The header's version or the catalog's, whichever is later (ISO 32000-1, 7.5.2).
fn version(objects: &Objects<'_>) -> String {
    let header = objects.header_version();
    let catalog = objects
        .catalog()
        .and_then(|catalog| objects.name(catalog, b"Version"))
        .and_then(|name| std::str::from_utf8(name).ok());
    match catalog {
        Some(catalog) if major_minor(catalog) > major_minor(header) => catalog.to_owned(),
        _ => header.to_owned(),
    }
}

/// `None`, which is less than any version, for something else.
fn major_minor(version: &str) -> Option<(u32, u32)> {
    let (major, minor) = version.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests;
