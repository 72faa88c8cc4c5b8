//! The `Encoding` of a simple font: code → glyph name (ISO 32000-1, 9.6.6).

use std::borrow::Cow;

use crate::font::encoding::BaseEncoding;
use crate::objects::{Dictionary, Object, Objects, as_number};

/// Code → glyph name as the font dictionary has it (9.6.6).
#[derive(Debug)]
pub(in crate::font) struct Encoding<'o> {
    pub(super) base: Option<BaseEncoding>,
    /// Sorted by code.
    differences: Vec<(u8, Cow<'o, [u8]>)>,
    /// There is an `Encoding` entry.
    pub(super) given: bool,
}

impl<'o> Encoding<'o> {
    pub(in crate::font) fn read(objects: &'o Objects<'_>, font: &'o Dictionary) -> Self {
        let mut encoding = Self {
            base: None,
            differences: Vec::new(),
            given: false,
        };
        match objects.lookup(font, b"Encoding") {
            Some(Object::Name(name)) => {
                encoding.base = BaseEncoding::from_name(name);
                encoding.given = true;
            }
            Some(Object::Dictionary(dict)) => {
                encoding.base = objects
                    .name(dict, b"BaseEncoding")
                    .and_then(BaseEncoding::from_name);
                encoding.given = true;
                encoding.read_differences(objects, dict);
            }
            _ => {}
        }
        encoding
    }

    /// Codes and names; each name belongs to one more than the code before it.
    fn read_differences(&mut self, objects: &'o Objects<'_>, dict: &'o Dictionary) {
        let items = objects.array(dict, b"Differences").unwrap_or_default();
        let mut names: [Option<&[u8]>; 256] = [None; 256];
        let mut code = 0_usize;
        for item in items {
            match objects.resolve(item) {
                Object::Name(name) => {
                    if let Some(slot) = names.get_mut(code) {
                        *slot = Some(name);
                    }
                    code = code.saturating_add(1);
                }
                number => {
                    if let Some(number) = as_number(number) {
                        code = number as usize;
                    }
                }
            }
        }
        self.differences = (0..=255)
            .zip(names)
            .filter_map(|(code, name)| Some((code, Cow::Borrowed(name?))))
            .collect();
    }

    /// A copy that outlives the document, with the differences of the `wanted` codes alone.
    pub(super) fn detached(&self, wanted: impl Fn(u8) -> bool) -> Encoding<'static> {
        let differences = self.differences.iter().filter(|(code, _)| wanted(*code));
        Encoding {
            base: self.base,
            differences: differences
                .map(|(code, name)| (*code, Cow::Owned(name.to_vec())))
                .collect(),
            given: self.given,
        }
    }

    pub(super) fn difference(&self, code: u8) -> Option<&[u8]> {
        let index = self
            .differences
            .binary_search_by_key(&code, |(code, _)| *code);
        Some(&self.differences[index.ok()?].1)
    }

    pub(in crate::font) fn glyph_name(&self, code: u8) -> Option<&[u8]> {
        self.difference(code)
            .or_else(|| Some(self.base?.glyph_name(code)?.as_bytes()))
    }

    pub(super) fn is_dingbats(&self) -> bool {
        self.base == Some(BaseEncoding::ZapfDingbats)
    }
}
