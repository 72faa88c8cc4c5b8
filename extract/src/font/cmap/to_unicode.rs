//! `ToUnicode` CMaps: character codes → text (ISO 32000-1, 9.10.3).

use super::parser::{self, Destination};
use crate::font::glyph_names;
use crate::font::range_map::RangeMap;

/// Code → text, as one stream gives it.
#[derive(Clone, Debug)]
pub(in crate::font) struct ToUnicode {
    targets: RangeMap<Target>,
    /// The texts of more than one character, one after the other.
    texts: String,
    base: Option<Box<ToUnicode>>,
}

/// The text of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::font) enum Mapped<'m> {
    Char(char),
    /// None, or more than one character.
    Text(&'m str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    /// The code counts on from this character.
    Char(char),
    Text {
        start: usize,
        end: usize,
    },
}

impl ToUnicode {
    /// Reads the stream; `base` is the CMap that it builds on (`UseCMap`).
    pub(in crate::font) fn parse(bytes: &[u8], base: Option<Self>) -> Self {
        let parsed = parser::parse(bytes);
        let mut texts = String::new();
        let mut ranges: Vec<(u32, u32, Target)> = parsed
            .cids
            .into_iter()
            .filter_map(|(first, last, value)| {
                Some((first, last, Target::Char(char::from_u32(value)?)))
            })
            .collect();
        for (first, last, destination) in parsed.texts {
            let start = texts.len();
            append(&destination, &mut texts);
            let text = texts.get(start..).unwrap_or_default();
            let mut characters = text.chars();
            let target = match (characters.next(), characters.next()) {
                (Some(character), None) => {
                    texts.truncate(start);
                    Target::Char(character)
                }
                _ => Target::Text {
                    start,
                    end: texts.len(),
                },
            };
            ranges.push((first, last, target));
        }
        Self {
            targets: RangeMap::collect(ranges),
            texts,
            base: base.map(Box::new),
        }
    }

    /// Codes that are Unicode themselves, as the name `Identity-H` in place of a stream says.
    pub(in crate::font) fn identity() -> Self {
        Self {
            targets: RangeMap::collect([(0, 0xffff, Target::Char('\0'))]),
            texts: String::new(),
            base: None,
        }
    }

    /// The text of `code`; `None` where the CMap does not say.
    pub(in crate::font) fn get(&self, code: u32) -> Option<Mapped<'_>> {
        match self.targets.get(code) {
            Some((Target::Char(first), offset)) => u32::from(first)
                .checked_add(offset)
                .and_then(char::from_u32)
                .map(Mapped::Char),
            Some((Target::Text { start, end }, _)) => self.texts.get(start..end).map(Mapped::Text),
            None => self.base.as_ref()?.get(code),
        }
    }

    /// Whether there is no mapping at all.
    pub(in crate::font) fn is_empty(&self) -> bool {
        self.targets.is_empty() && self.base.as_ref().is_none_or(|base| base.is_empty())
    }
}

fn append(destination: &Destination, text: &mut String) {
    match destination {
        Destination::Name(name) => {
            glyph_names::append_unicode(name, false, text);
        }
        Destination::Utf16(bytes) if bytes.len() == 1 => {
            text.extend(bytes.iter().map(|byte| char::from(*byte)));
        }
        Destination::Utf16(bytes) => {
            let units = bytes
                .as_chunks()
                .0
                .iter()
                .map(|unit| u16::from_be_bytes(*unit));
            let characters = char::decode_utf16(units).filter_map(Result::ok);
            text.extend(characters.filter_map(|character| match character {
                '\0' => None,
                '\u{8}'..='\u{d}' | '\u{2028}' | '\u{2029}' => Some(' '),
                character => Some(character),
            }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chars_ranges_arrays_and_surrogates() {
        let map = ToUnicode::parse(
            b"2 beginbfchar <01> <00660069> <02> /Euro <09> <41> endbfchar
              3 beginbfrange <0010> <0012> <0041> <20> <21> [<0061> <D83DDE00>]
              <30> <31> <D83DDE00> endbfrange
              1 beginbfrange <40> <41> <00660061> endbfrange",
            None,
        );
        for (code, expected) in [
            (0x01, Some(Mapped::Text("fi"))),
            (0x02, Some(Mapped::Char('\u{20ac}'))),
            (0x09, Some(Mapped::Char('A'))),
            (0x12, Some(Mapped::Char('C'))),
            (0x20, Some(Mapped::Char('a'))),
            (0x21, Some(Mapped::Char('\u{1f600}'))),
            (0x31, Some(Mapped::Char('\u{1f601}'))),
            (0x41, Some(Mapped::Text("fb"))),
            (0x42, None),
        ] {
            assert_eq!(map.get(code), expected, "{code:x}");
        }
    }

    #[test]
    fn the_base_answers_for_codes_that_are_not_mapped() {
        let base = ToUnicode::parse(b"1 beginbfchar <01> <0041> endbfchar", None);
        let map = ToUnicode::parse(b"1 beginbfchar <02> <0042> endbfchar", Some(base));
        assert_eq!(map.get(1), Some(Mapped::Char('A')));
        assert_eq!(map.get(2), Some(Mapped::Char('B')));
        assert!(!map.is_empty());
        assert!(ToUnicode::parse(b"%!PS", None).is_empty());
    }
}
