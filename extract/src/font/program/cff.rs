//! Compact Font Format: encoding, charset and widths (Adobe Technical Note 5176).

mod char_string; // the width of a glyph
mod charset; // glyph → name or CID
mod dict; // operators and operands of a DICT
mod index; // INDEX structures

use std::sync::OnceLock;

use dict::Dict;
use index::Index;

use super::table::{u8_at, u16_at};
use crate::font::cmap::Collection;
use crate::font::encoding::BaseEncoding;

/// Operators of the top, private and font DICTs (appendix H).
mod operator {
    pub(super) const CHARSET: u16 = 15;
    pub(super) const ENCODING: u16 = 16;
    pub(super) const CHAR_STRINGS: u16 = 17;
    pub(super) const PRIVATE: u16 = 18;
    pub(super) const DEFAULT_WIDTH_X: u16 = 20;
    pub(super) const NOMINAL_WIDTH_X: u16 = 21;
    pub(super) const FONT_MATRIX: u16 = 0x0c07;
    pub(super) const ROS: u16 = 0x0c1e;
    pub(super) const FD_ARRAY: u16 = 0x0c24;
    pub(super) const FD_SELECT: u16 = 0x0c25;
}

/// The first font of a CFF font set.
pub(in crate::font) struct Cff<'a> {
    bytes: &'a [u8],
    strings: Index<'a>,
    char_strings: Index<'a>,
    /// Glyph → SID, or CID in a CID-keyed font.
    charset: Vec<u16>,
    /// Code → glyph; 0 where there is none.
    encoding: Box<[u16; 256]>,
    collection: Option<Collection>,
    cid_keyed: bool,
    fonts: Vec<Widths>,
    fd_select: usize,
    scale: f32,
}

/// What a charstring's width is relative to.
#[derive(Clone, Copy, Default)]
struct Widths {
    default: f32,
    nominal: f32,
}

impl<'a> Cff<'a> {
    /// `None` where the header or the glyphs cannot be read.
    pub(in crate::font) fn read(bytes: &'a [u8]) -> Option<Self> {
        let header = usize::from(u8_at(bytes, 2)?);
        let names = Index::read(bytes, header)?;
        let tops = Index::read(bytes, names.end)?;
        let strings = Index::read(bytes, tops.end)?;
        let top = Dict::new(tops.get(0)?);
        let char_strings = Index::read(bytes, top.offset(operator::CHAR_STRINGS)?)?;
        let ros = top.numbers(operator::ROS);
        let cid_keyed = !ros.is_empty();
        let charset = charset::read(
            bytes,
            top.offset(operator::CHARSET).unwrap_or(0),
            char_strings.len(),
            cid_keyed,
        );
        let mut font = Self {
            bytes,
            strings,
            char_strings,
            charset,
            encoding: Box::new([0; 256]),
            collection: None,
            cid_keyed,
            fonts: read_fonts(bytes, &top),
            fd_select: top.offset(operator::FD_SELECT).unwrap_or(0),
            scale: match top.numbers(operator::FONT_MATRIX).first() {
                Some(scale) if *scale > 0.0 => *scale as f32,
                _ => 0.001,
            },
        };
        font.collection = ros
            .get(1)
            .and_then(|ordering| font.string(*ordering as u16))
            .and_then(Collection::from_ordering);
        font.read_encoding(top.offset(operator::ENCODING).unwrap_or(0));
        Some(font)
    }

    /// Whether glyphs are named by CIDs.
    pub(in crate::font) fn is_cid_keyed(&self) -> bool {
        self.cid_keyed
    }

    /// The character collection of a CID-keyed font, where it is one of Adobe's.
    pub(in crate::font) fn collection(&self) -> Option<Collection> {
        self.collection
    }

    /// The glyph that the font's own encoding gives to `code`.
    pub(in crate::font) fn glyph_of_code(&self, code: u8) -> u16 {
        self.encoding[usize::from(code)]
    }

    /// Glyph → CID, for all glyphs.
    pub(in crate::font) fn cids(&self) -> &[u16] {
        &self.charset
    }

    /// The name of a glyph; none in a CID-keyed font.
    pub(in crate::font) fn glyph_name(&self, glyph: u16) -> Option<&'a [u8]> {
        if self.cid_keyed || glyph == 0 {
            return None;
        }
        self.string(*self.charset.get(usize::from(glyph))?)
    }

    /// The glyph with this name.
    pub(in crate::font) fn glyph_of_name(&self, name: &[u8]) -> Option<u16> {
        (1..self.charset.len())
            .filter_map(|glyph| u16::try_from(glyph).ok())
            .find(|glyph| self.glyph_name(*glyph) == Some(name))
    }

    /// The advance of a glyph in text space (1 is one em).
    pub(in crate::font) fn width(&self, glyph: u16) -> Option<f32> {
        let char_string = self.char_strings.get(usize::from(glyph))?;
        let font = usize::from(self.font_of_glyph(glyph).unwrap_or(0));
        let widths = self.fonts.get(font).copied().unwrap_or_default();
        let width = match char_string::width(char_string) {
            Some(difference) => widths.nominal + difference,
            None => widths.default,
        };
        Some(width * self.scale)
    }

    fn string(&self, sid: u16) -> Option<&'a [u8]> {
        let standard = standard_strings();
        match usize::from(sid).checked_sub(standard.len()) {
            Some(index) => self.strings.get(index),
            None => standard.get(usize::from(sid)).map(|name| name.as_bytes()),
        }
    }

    /// The font DICT that a glyph belongs to (section 19).
    fn font_of_glyph(&self, glyph: u16) -> Option<u8> {
        let at = self.fd_select;
        if at == 0 {
            return None;
        }
        if u8_at(self.bytes, at)? == 0 {
            return u8_at(self.bytes, at + 1 + usize::from(glyph));
        }
        let ranges = usize::from(u16_at(self.bytes, at + 1)?);
        (0..ranges)
            .map(|range| at + 3 + 3 * range)
            .take_while(|range| u16_at(self.bytes, *range).is_some_and(|first| first <= glyph))
            .last()
            .and_then(|range| u8_at(self.bytes, range + 2))
    }

    /// Section 12; offsets 0 and 1 name the predefined encodings.
    fn read_encoding(&mut self, offset: usize) {
        if self.cid_keyed {
            return;
        }
        match offset {
            0 => self.use_encoding(BaseEncoding::Standard),
            1 => self.use_encoding(BaseEncoding::CffExpert),
            _ => {
                self.read_own_encoding(offset);
            }
        }
    }

    fn use_encoding(&mut self, encoding: BaseEncoding) {
        for glyph in 1..self.charset.len().min(usize::from(u16::MAX)) {
            let glyph = glyph as u16;
            let Some(name) = self.glyph_name(glyph) else {
                continue;
            };
            for code in 0..=255_u8 {
                if encoding.glyph_name(code).map(str::as_bytes) == Some(name) {
                    self.encoding[usize::from(code)] = glyph;
                }
            }
        }
    }

    fn read_own_encoding(&mut self, offset: usize) -> Option<()> {
        let format = u8_at(self.bytes, offset)?;
        let count = usize::from(u8_at(self.bytes, offset + 1)?);
        let mut at = offset + 2;
        if format & 0x7f == 0 {
            for glyph in 1..=count {
                let code = u8_at(self.bytes, at)?;
                self.encoding[usize::from(code)] = glyph as u16;
                at += 1;
            }
        } else {
            let mut glyph = 1_u16;
            for _ in 0..count {
                let first = usize::from(u8_at(self.bytes, at)?);
                let left = usize::from(u8_at(self.bytes, at + 1)?);
                for code in first..=first + left {
                    if let Some(slot) = self.encoding.get_mut(code) {
                        *slot = glyph;
                    }
                    glyph = glyph.saturating_add(1);
                }
                at += 2;
            }
        }
        if format & 0x80 != 0 {
            let supplements = usize::from(u8_at(self.bytes, at)?);
            for supplement in 0..supplements {
                let code = u8_at(self.bytes, at + 1 + 3 * supplement)?;
                let sid = u16_at(self.bytes, at + 2 + 3 * supplement)?;
                let glyph = self.charset.iter().position(|entry| *entry == sid)?;
                self.encoding[usize::from(code)] = glyph as u16;
            }
        }
        Some(())
    }
}

/// The private DICTs: one, or one per font DICT of a CID-keyed font.
fn read_fonts(bytes: &[u8], top: &Dict<'_>) -> Vec<Widths> {
    let Some(fonts) = top
        .offset(operator::FD_ARRAY)
        .and_then(|offset| Index::read(bytes, offset))
    else {
        return vec![read_widths(bytes, top)];
    };
    (0..fonts.len().min(256))
        .filter_map(|index| fonts.get(index))
        .map(|dict| read_widths(bytes, &Dict::new(dict)))
        .collect()
}

fn read_widths(bytes: &[u8], font: &Dict<'_>) -> Widths {
    let private = match font.numbers(operator::PRIVATE)[..] {
        [size, offset] if size >= 0.0 && offset >= 0.0 => {
            let start = offset as usize;
            bytes.get(start..start.saturating_add(size as usize))
        }
        _ => None,
    };
    let private = Dict::new(private.unwrap_or_default());
    let number = |operator| {
        private
            .numbers(operator)
            .first()
            .map_or(0.0, |value| *value as f32)
    };
    Widths {
        default: number(operator::DEFAULT_WIDTH_X),
        nominal: number(operator::NOMINAL_WIDTH_X),
    }
}

fn standard_strings() -> &'static [&'static str] {
    static STRINGS: OnceLock<Vec<&'static str>> = OnceLock::new();
    STRINGS.get_or_init(|| {
        include_str!("../data/cff-standard-strings.txt")
            .split_ascii_whitespace()
            .collect()
    })
}

#[cfg(test)]
pub(in crate::font) mod tests;
