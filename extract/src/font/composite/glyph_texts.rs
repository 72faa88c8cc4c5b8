//! CID → text, from the names and the `cmap` of an embedded font program.

use std::collections::HashMap;

use crate::font::cmap::Collection;
use crate::font::glyph_names;
use crate::font::glyph_text::GlyphText;
use crate::font::program::{Cff, Program, Sfnt};

/// The texts of CIDs, as far as they are known.
#[derive(Debug)]
pub(super) struct GlyphTexts {
    texts: HashMap<u16, GlyphText>,
}

pub(super) enum Found {
    Texts(GlyphTexts),
    /// The program is CID-keyed by one of Adobe's collections.
    Collection(Collection),
}

impl GlyphTexts {
    pub(super) fn get(&self, cid: u32) -> Option<GlyphText> {
        self.texts.get(&u16::try_from(cid).ok()?).copied()
    }
}

/// `cid_to_gid` is the stream of `CIDToGIDMap`; without it a CID is the number of its glyph, or what
/// the charset of a CFF font says (ISO 32000-1, 9.7.4.2). `None` where the bytes are no font.
pub(super) fn read(program: &[u8], cid_to_gid: Option<&[u8]>) -> Option<Found> {
    let texts = match Program::read(program)? {
        Program::Cff(font) => {
            if let Some(collection) = font.collection() {
                return Some(Found::Collection(collection));
            }
            names(&font)
        }
        Program::Sfnt(font) => {
            let by_glyph = characters(&font);
            match (font.cff(), cid_to_gid) {
                (Some(cff), None) if cff.is_cid_keyed() => (0..=u16::MAX)
                    .zip(cff.cids())
                    .filter_map(|(glyph, cid)| Some((*cid, *by_glyph.get(&glyph)?)))
                    .collect(),
                (_, Some(map)) => (0..=u16::MAX)
                    .zip(map.as_chunks().0)
                    .filter_map(|(cid, glyph)| {
                        Some((cid, *by_glyph.get(&u16::from_be_bytes(*glyph))?))
                    })
                    .collect(),
                _ => by_glyph,
            }
        }
        Program::Type1(_) => HashMap::new(),
    };
    Some(Found::Texts(GlyphTexts { texts }))
}

fn names(font: &Cff<'_>) -> HashMap<u16, GlyphText> {
    (0..=u16::MAX)
        .take(font.cids().len())
        .filter_map(|glyph| Some((glyph, text_of_name(font.glyph_name(glyph)?)?)))
        .collect()
}

/// The character of the `cmap`, else the name in `post`.
fn characters(font: &Sfnt<'_>) -> HashMap<u16, GlyphText> {
    let mut texts: HashMap<u16, GlyphText> = font
        .unicode_of_glyphs()
        .into_iter()
        .map(|(glyph, character)| (glyph, GlyphText::from_char(character)))
        .collect();
    for glyph in 1..font.named_glyphs() {
        if let std::collections::hash_map::Entry::Vacant(entry) = texts.entry(glyph)
            && let Some(text) = font.glyph_name(glyph).and_then(text_of_name)
        {
            entry.insert(text);
        }
    }
    texts
}

fn text_of_name(name: &[u8]) -> Option<GlyphText> {
    let mut text = String::new();
    glyph_names::append_unicode(name, false, &mut text).then(|| GlyphText::split(&text).0)
}
