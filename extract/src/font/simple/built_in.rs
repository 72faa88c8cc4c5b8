//! Codes that the font dictionary leaves open, answered by the embedded font program.

use std::collections::HashMap;

use super::{Encoding, SimpleTable};
use crate::font::encoding::BaseEncoding;
use crate::font::glyph_names;
use crate::font::glyph_text::GlyphText;
use crate::font::program::{Cff, Program, Sfnt, Type1};

/// Fills in the texts that are missing, and all widths where `with_widths`.
pub(super) fn complete(
    table: &mut SimpleTable,
    program: &Program<'_>,
    encoding: &Encoding<'_>,
    symbolic: bool,
    with_widths: bool,
) {
    let reader = Reader { encoding, symbolic };
    let characters = match program {
        Program::Sfnt(font) => font.unicode_of_glyphs(),
        _ => HashMap::new(),
    };
    for code in 0..=255 {
        let (text, width) = match program {
            Program::Type1(font) => reader.type1(font, code),
            Program::Cff(font) => reader.cff(font, code),
            Program::Sfnt(font) => reader.sfnt(font, &characters, code),
        };
        if with_widths && let Some(width) = width {
            table.entries[usize::from(code)].width = width;
        }
        if !table.has_text(code) {
            table.set_text(code, &text);
        }
    }
}

struct Reader<'r> {
    encoding: &'r Encoding<'r>,
    symbolic: bool,
}

impl Reader<'_> {
    fn type1(&self, font: &Type1, code: u8) -> (String, Option<f32>) {
        let Some(name) = self
            .encoding
            .glyph_name(code)
            .or_else(|| font.glyph_name(code))
        else {
            return (String::new(), None);
        };
        let text = self.text_of_name(name, code, font.has_glyph(name));
        (text, font.width(name))
    }

    fn cff(&self, font: &Cff<'_>, code: u8) -> (String, Option<f32>) {
        let named = self.encoding.glyph_name(code);
        let glyph = named
            .and_then(|name| font.glyph_of_name(name))
            .unwrap_or_else(|| font.glyph_of_code(code));
        let text = named
            .or_else(|| font.glyph_name(glyph))
            .map(|name| self.text_of_name(name, code, glyph != 0));
        (text.unwrap_or_default(), font.width(glyph))
    }

    /// In symbolic fonts names that are no names of characters are common; their codes are then
    /// mostly those of the standard encoding.
    fn text_of_name(&self, name: &[u8], code: u8, has_glyph: bool) -> String {
        let mut text = String::new();
        let known = glyph_names::append_unicode(name, self.encoding.is_dingbats(), &mut text);
        if !known && self.symbolic && has_glyph {
            text.push_str(BaseEncoding::Standard.text(code).as_str());
        }
        text
    }

    fn sfnt(
        &self,
        font: &Sfnt<'_>,
        characters: &HashMap<u16, char>,
        code: u8,
    ) -> (String, Option<f32>) {
        let glyph = self.glyph_in_sfnt(font, code);
        let width = font.width(glyph);
        if glyph == 0 {
            return (String::new(), width);
        }
        let mut text = String::new();
        let named = font
            .glyph_name(glyph)
            .is_some_and(|name| glyph_names::append_unicode(name, false, &mut text));
        if !named {
            let text = characters.get(&glyph).map_or_else(
                || BaseEncoding::WinAnsi.text(code),
                |c| GlyphText::from_char(*c),
            );
            return (text.as_str().to_owned(), width);
        }
        (text, width)
    }

    /// By name where the encoding has one, else by code (9.6.6.4).
    fn glyph_in_sfnt(&self, font: &Sfnt<'_>, code: u8) -> u16 {
        let by_name = self.encoding.glyph_name(code).and_then(|name| {
            glyph_names::first_char(name)
                .map(|character| font.glyph_of_char(character))
                .filter(|glyph| *glyph != 0)
                .or_else(|| font.glyph_of_name(name))
        });
        by_name.unwrap_or_else(|| font.glyph_of_code(code, self.symbolic))
    }
}
