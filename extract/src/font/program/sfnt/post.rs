//! The `post` table: glyph names.

use crate::font::glyph_names::{MAC_GLYPHS, mac_glyph};
use crate::font::program::table::{u8_at, u16_at, u32_at};

/// The names of all glyphs, as far as the table has any (versions 1 and 2).
#[derive(Default)]
pub(super) struct Post<'a> {
    bytes: &'a [u8],
    /// Glyphs with a name.
    count: u16,
    /// Version 2: where each name of the font's own begins.
    names: Vec<usize>,
    standard_order: bool,
}

impl<'a> Post<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Self {
        match u32_at(bytes, 0) {
            Some(0x0001_0000) => Self {
                count: MAC_GLYPHS,
                standard_order: true,
                ..Self::default()
            },
            Some(0x0002_0000) => Self::read_version_2(bytes),
            _ => Self::default(),
        }
    }

    fn read_version_2(bytes: &'a [u8]) -> Self {
        let count = u16_at(bytes, 32).unwrap_or(0);
        let mut names = Vec::new();
        let mut at = 34 + 2 * usize::from(count);
        while let Some(len) = u8_at(bytes, at)
            && names.len() < usize::from(u16::MAX)
        {
            names.push(at);
            at += 1 + usize::from(len);
        }
        Self {
            bytes,
            count,
            names,
            standard_order: false,
        }
    }

    /// One more than the last glyph that may have a name.
    pub(super) fn len(&self) -> u16 {
        self.count
    }

    pub(super) fn name(&self, glyph: u16) -> Option<&'a [u8]> {
        if glyph >= self.count {
            return None;
        }
        if self.standard_order {
            return mac_glyph(glyph).map(str::as_bytes);
        }
        let index = u16_at(self.bytes, 34 + 2 * usize::from(glyph))?;
        let Some(own) = index.checked_sub(MAC_GLYPHS) else {
            return mac_glyph(index).map(str::as_bytes);
        };
        let at = *self.names.get(usize::from(own))?;
        let len = usize::from(u8_at(self.bytes, at)?);
        self.bytes.get(at + 1..at + 1 + len)
    }
}
