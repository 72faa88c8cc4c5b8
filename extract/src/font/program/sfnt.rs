//! TrueType and OpenType fonts: `cmap`, `post`, `hmtx` (OpenType specification).

mod cmap; // character code → glyph
mod post; // glyph → name

use std::collections::HashMap;

use cmap::Subtable;
use post::Post;

use super::Cff;
use super::table::{size_at, u16_at, u32_at};

/// Tables and `cmap` subtables looked at; real fonts have some thirty and ten.
const MAX_TABLES: usize = 200;
const MAX_SUBTABLES: usize = 64;

/// A font of the sfnt family.
pub(in crate::font) struct Sfnt<'a> {
    bytes: &'a [u8],
    /// Where the table directory begins; not 0 in a collection.
    directory: usize,
    /// Platform 3, encoding 1 or 10, or platform 0: codes are Unicode.
    unicode: Option<Subtable<'a>>,
    /// Platform 3, encoding 0: codes are those of the font itself, often from 0xF000 on.
    symbol: Option<Subtable<'a>>,
    /// Platform 1, encoding 0: codes are Mac Roman.
    mac_roman: Option<Subtable<'a>>,
    post: Post<'a>,
    metrics: &'a [u8],
    metrics_count: usize,
    units_per_em: f32,
    glyphs: u16,
}

impl<'a> Sfnt<'a> {
    /// `None` where there is no table directory.
    pub(in crate::font) fn read(bytes: &'a [u8]) -> Option<Self> {
        let directory = match bytes.get(..4)? {
            b"ttcf" => size_at(bytes, 12)?,
            _ => 0,
        };
        u16_at(bytes, directory.checked_add(4)?)?;
        let mut font = Self {
            bytes,
            directory,
            unicode: None,
            symbol: None,
            mac_roman: None,
            post: Post::default(),
            metrics: &[],
            metrics_count: 0,
            units_per_em: 1000.0,
            glyphs: 0,
        };
        font.glyphs = font
            .table(b"maxp")
            .and_then(|maxp| u16_at(maxp, 4))
            .unwrap_or(u16::MAX);
        font.post = Post::read(font.table(b"post").unwrap_or_default());
        font.read_metrics();
        font.read_cmap();
        Some(font)
    }

    /// The `CFF` table.
    pub(in crate::font) fn cff(&self) -> Option<Cff<'a>> {
        Cff::read(self.table(b"CFF ")?)
    }

    /// Whether character codes can be looked up at all.
    pub(in crate::font) fn has_cmap(&self) -> bool {
        self.unicode.is_some() || self.symbol.is_some() || self.mac_roman.is_some()
    }

    /// The glyph of a code of a simple font without a usable encoding; 0 where there is none
    /// (ISO 32000-1, 9.6.6.4).
    pub(in crate::font) fn glyph_of_code(&self, code: u8, symbolic: bool) -> u16 {
        let code = u32::from(code);
        let symbol = || {
            let table = self.symbol.as_ref()?;
            [0, 0xf000, 0xf100, 0xf200]
                .into_iter()
                .map(|base| table.glyph(base + code))
                .find(|glyph| *glyph != 0)
        };
        let mac_roman = || self.mac_roman.as_ref().map(|table| table.glyph(code));
        let unicode = || {
            let table = self.unicode.as_ref()?;
            [0, 0xf000]
                .into_iter()
                .map(|base| table.glyph(base + code))
                .find(|glyph| *glyph != 0)
        };
        let glyph = if symbolic {
            symbol().or_else(mac_roman).or_else(unicode)
        } else {
            unicode().or_else(mac_roman).or_else(symbol)
        };
        glyph.unwrap_or(0)
    }

    /// The glyph of a character; 0 where there is none.
    pub(in crate::font) fn glyph_of_char(&self, character: char) -> u16 {
        self.unicode
            .as_ref()
            .map_or(0, |table| table.glyph(u32::from(character)))
    }

    /// The name that the `post` table gives to a glyph.
    pub(in crate::font) fn glyph_name(&self, glyph: u16) -> Option<&'a [u8]> {
        if glyph == 0 {
            return None;
        }
        self.post.name(glyph)
    }

    /// One more than the last glyph that may have a name.
    pub(in crate::font) fn named_glyphs(&self) -> u16 {
        self.glyphs.min(self.post.len())
    }

    /// The glyph with this name.
    pub(in crate::font) fn glyph_of_name(&self, name: &[u8]) -> Option<u16> {
        (1..self.named_glyphs()).find(|glyph| self.post.name(*glyph) == Some(name))
    }

    /// Glyph → character, from the Unicode `cmap` read backwards. Of several characters with one
    /// glyph the first is taken.
    pub(in crate::font) fn unicode_of_glyphs(&self) -> HashMap<u16, char> {
        let mut characters = HashMap::new();
        if let Some(table) = &self.unicode {
            table.for_each(|code, glyph| {
                if let Some(character) = char::from_u32(code).filter(|_| glyph != 0) {
                    characters.entry(glyph).or_insert(character);
                }
            });
        }
        characters
    }

    /// The advance of a glyph in text space (1 is one em).
    pub(in crate::font) fn width(&self, glyph: u16) -> Option<f32> {
        let last = self.metrics_count.checked_sub(1)?;
        let advance = u16_at(self.metrics, 4 * usize::from(glyph).min(last))?;
        Some(f32::from(advance) / self.units_per_em)
    }

    fn table(&self, tag: &[u8; 4]) -> Option<&'a [u8]> {
        let count = usize::from(u16_at(self.bytes, self.directory + 4)?).min(MAX_TABLES);
        let record = (0..count)
            .map(|index| self.directory + 12 + 16 * index)
            .find(|record| self.bytes.get(*record..record + 4) == Some(tag))?;
        let start = size_at(self.bytes, record + 8)?;
        let end = start.saturating_add(size_at(self.bytes, record + 12)?);
        self.bytes.get(start..end.min(self.bytes.len()))
    }

    fn read_metrics(&mut self) {
        let units = self.table(b"head").and_then(|head| u16_at(head, 18));
        if let Some(units) = units.filter(|units| *units > 0) {
            self.units_per_em = f32::from(units);
        }
        self.metrics = self.table(b"hmtx").unwrap_or_default();
        self.metrics_count = self
            .table(b"hhea")
            .and_then(|hhea| u16_at(hhea, 34))
            .map_or(0, usize::from);
    }

    fn read_cmap(&mut self) -> Option<()> {
        let table = self.table(b"cmap")?;
        let count = usize::from(u16_at(table, 2)?).min(MAX_SUBTABLES);
        let mut best = 0;
        for record in (0..count).map(|index| 4 + 8 * index) {
            let platform = (u16_at(table, record)?, u16_at(table, record + 2)?);
            let offset = usize::try_from(u32_at(table, record + 4)?).ok()?;
            let Some(subtable) = table.get(offset..).and_then(Subtable::read) else {
                continue;
            };
            let rank = match platform {
                (3, 10) => 4,
                (3, 1) => 3,
                (0, _) => 2,
                _ => 0,
            };
            match platform {
                (3, 0) => self.symbol = Some(subtable),
                (1, 0) => self.mac_roman = Some(subtable),
                _ if rank > best => {
                    best = rank;
                    self.unicode = Some(subtable);
                }
                _ => {}
            }
        }
        Some(())
    }
}

#[cfg(test)]
pub(in crate::font) mod tests;
