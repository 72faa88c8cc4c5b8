//! The metadata stream (ISO 32000-1, 14.3.2; ISO 16684-1): the few properties that matter here.

use std::collections::HashMap;

use quick_xml::NsReader;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::ResolveResult;

use crate::budget::Budget;
use crate::objects::Objects;
use crate::{ExtractError, filter};

/// Bytes of a metadata stream that are read.
const MAX_BYTES: u64 = 1 << 20;

/// Bytes of one value.
const MAX_VALUE_BYTES: usize = 64 << 10;

/// Elements within elements; RDF needs seven.
const MAX_DEPTH: usize = 64;

const DC: &[u8] = b"http://purl.org/dc/elements/1.1/";
const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/";
const PDF: &[u8] = b"http://ns.adobe.com/pdf/1.3/";

/// The properties that are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Property {
    Title,
    Author,
    Subject,
    Keywords,
    Creator,
    Producer,
    Created,
    Modified,
}

impl Property {
    fn named(namespace: &[u8], name: &[u8]) -> Option<Self> {
        Some(match (namespace, name) {
            (DC, b"title") => Self::Title,
            (DC, b"creator") => Self::Author,
            (DC, b"description") => Self::Subject,
            (PDF, b"Keywords") => Self::Keywords,
            (XMP, b"CreatorTool") => Self::Creator,
            (PDF, b"Producer") => Self::Producer,
            (XMP, b"CreateDate") => Self::Created,
            (XMP, b"ModifyDate") => Self::Modified,
            _ => return None,
        })
    }
}

/// What the catalog's metadata stream says; damaged XML says what comes before the damage.
pub(super) fn read(
    objects: &Objects<'_>,
    budget: &Budget<'_>,
) -> Result<HashMap<Property, String>, ExtractError> {
    let stream = objects
        .catalog()
        .and_then(|catalog| objects.stream(catalog, b"Metadata"));
    let Some(stream) = stream else {
        return Ok(HashMap::new());
    };
    let bytes = objects.raw(stream);
    let filtered = filter::decode_at_most(MAX_BYTES, &stream.dict, bytes, objects, budget)?;
    let bytes = filtered.bytes;
    let bytes = &bytes[..bytes.len().min(MAX_BYTES as usize)];
    Ok(parse(&String::from_utf8_lossy(bytes)))
}

fn parse(xml: &str) -> HashMap<Property, String> {
    let mut reader = NsReader::from_str(xml);
    reader.config_mut().check_end_names = false;
    let mut found = Found::default();
    // Every event takes at least one byte of a bounded text, so this ends.
    loop {
        match reader.read_event() {
            Ok(Event::Start(element)) => {
                found.attributes(&reader, &element);
                found.open(property_of(&reader, &element));
            }
            Ok(Event::Empty(element)) => found.attributes(&reader, &element),
            Ok(Event::End(_)) => found.close(),
            Ok(Event::Text(text)) => found.text(&text.decode().unwrap_or_default()),
            Ok(Event::CData(text)) => found.text(&String::from_utf8_lossy(&text)),
            Ok(Event::GeneralRef(reference)) => found.text(&resolve(&reference)),
            Ok(Event::Eof) | Err(_) => return found.finish(),
            Ok(_) => {}
        }
        if found.depth > MAX_DEPTH {
            return found.finish();
        }
    }
}

/// The property whose element this is.
fn property_of(reader: &NsReader<&[u8]>, element: &BytesStart<'_>) -> Option<Property> {
    match reader.resolve_element(element.name()) {
        (ResolveResult::Bound(namespace), name) => {
            Property::named(namespace.as_ref(), name.as_ref())
        }
        _ => None,
    }
}

/// Character references and the five entities that need no declaration.
fn resolve(reference: &BytesRef<'_>) -> String {
    if let Ok(Some(character)) = reference.resolve_char_ref() {
        return character.to_string();
    }
    let name = reference.decode().unwrap_or_default();
    quick_xml::escape::resolve_predefined_entity(&name)
        .unwrap_or_default()
        .to_owned()
}

/// Values so far, and the property that is open.
#[derive(Default)]
struct Found {
    values: HashMap<Property, String>,
    depth: usize,
    /// The open property and the depth of its element.
    open: Option<(Property, usize)>,
    value: String,
}

impl Found {
    /// Simple properties may be written as attributes.
    fn attributes(&mut self, reader: &NsReader<&[u8]>, element: &BytesStart<'_>) {
        for attribute in element.attributes().flatten() {
            if let (ResolveResult::Bound(namespace), name) = reader.resolve_attribute(attribute.key)
                && let Some(property) = Property::named(namespace.as_ref(), name.as_ref())
                && let Ok(value) = attribute.unescape_value()
            {
                self.keep(property, &value);
            }
        }
    }

    fn open(&mut self, property: Option<Property>) {
        self.depth += 1;
        if let (None, Some(property)) = (self.open, property) {
            self.open = Some((property, self.depth));
            self.value.clear();
        } else if let Some((property, _)) = self.open
            && !self.value.trim().is_empty()
        {
            // Another item of the same list. Authors add up; of a text one language is enough.
            if property == Property::Author {
                self.value = format!("{}, ", self.value.trim());
            } else {
                self.close_value(property);
            }
        }
    }

    fn text(&mut self, text: &str) {
        if self.open.is_some() && self.value.len() + text.len() <= MAX_VALUE_BYTES {
            self.value.push_str(text);
        }
    }

    fn close(&mut self) {
        if let Some((property, depth)) = self.open
            && depth == self.depth
        {
            self.close_value(property);
        }
        self.depth = self.depth.saturating_sub(1);
    }

    fn close_value(&mut self, property: Property) {
        self.open = None;
        let value = std::mem::take(&mut self.value);
        self.keep(property, &value);
    }

    fn keep(&mut self, property: Property, value: &str) {
        let value = value.trim();
        if !value.is_empty() {
            self.values
                .entry(property)
                .or_insert_with(|| value.to_owned());
        }
    }

    fn finish(self) -> HashMap<Property, String> {
        self.values
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PACKET: &str = r#"<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
        <x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
        <rdf:Description xmlns:p="http://ns.adobe.com/pdf/1.3/" p:Producer="A &amp; B" p:Keywords=""/>
        <rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/">
        <dc:title><rdf:Alt><rdf:li xml:lang="x-default">Fish &amp; chips &#8212;</rdf:li>
        <rdf:li xml:lang="de">Fisch</rdf:li></rdf:Alt></dc:title>
        <dc:creator><rdf:Seq><rdf:li>Ann</rdf:li><rdf:li>Bob</rdf:li></rdf:Seq></dc:creator>
        <xmp:CreateDate>2020-10-14</xmp:CreateDate>
        </rdf:Description></rdf:RDF></x:xmpmeta>"#;

    #[test]
    fn properties_are_found_as_elements_lists_and_attributes() {
        let found = parse(PACKET);
        assert_eq!(found[&Property::Title], "Fish & chips —");
        assert_eq!(found[&Property::Author], "Ann, Bob");
        assert_eq!(found[&Property::Producer], "A & B");
        assert_eq!(found[&Property::Created], "2020-10-14");
        assert_eq!(found.len(), 4);
    }

    #[test]
    fn entity_bombs_and_deep_nesting_yield_nothing() {
        let bomb = r#"<!DOCTYPE x [<!ENTITY a "aaaa">]><dc:title xmlns:dc="http://purl.org/dc/elements/1.1/">&a;</dc:title>"#;
        assert_eq!(parse(bomb), HashMap::new());
        assert_eq!(parse(&"<a>".repeat(100_000)), HashMap::new());
    }

    proptest! {
        #[test]
        fn no_text_panics(start in 0..PACKET.len(), noise in "[<>/&;#a\"=: ]{0,20}") {
            let mut xml = PACKET.to_owned();
            xml.insert_str(start, &noise);
            parse(&xml);
        }
    }
}
