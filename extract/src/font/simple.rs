//! Simple fonts: one byte per code, 256 widths and texts (ISO 32000-1, 9.6).

mod built_in; // what the embedded font program says about a code
mod encoding; // code → glyph name, by the font dictionary
mod widths; // code → width, by the font dictionary

pub(super) use encoding::Encoding;

use std::cell::OnceCell;

use super::cmap::{Mapped, ToUnicode};
use super::descriptor::Descriptor;
use super::encoding::BaseEncoding;
use super::glyph_names;
use super::glyph_text::GlyphText;
use super::program::Program;
use super::standard14::StandardFont;
use super::{Glyph, Source, each_of_rest, meaningful, stand_in};
use crate::WarningCode;
use crate::budget::Budget;
use crate::filter;
use crate::objects::{Object, ObjectId, Objects, Stream};
use widths::Widths;

/// The glyph of each of the 256 codes.
#[derive(Debug)]
pub(super) struct SimpleTable {
    /// The text is empty where the dictionary does not tell.
    entries: Box<[Glyph; 256]>,
    /// What did not fit into the entry of its code.
    rests: Vec<(u8, Box<str>)>,
    /// The program that may know the codes without a text.
    unread: Option<UnreadProgram>,
    /// The same table, completed by that program.
    completed: OnceCell<Box<SimpleTable>>,
}

/// An embedded program that is read when a code is shown that the dictionary says nothing about:
/// few fonts have one, and reading a program takes longer than all the rest.
#[derive(Debug)]
struct UnreadProgram {
    stream: ObjectId,
    encoding: Encoding<'static>,
    symbolic: bool,
}

impl SimpleTable {
    fn new() -> Self {
        Self {
            entries: Box::new(std::array::from_fn(|code| Glyph {
                code: code as u32,
                len: 1,
                width: 0.0,
                vertical: None,
                text: GlyphText::EMPTY,
                is_space: code == usize::from(b' '),
            })),
            rests: Vec::new(),
            unread: None,
            completed: OnceCell::new(),
        }
    }

    /// Reads the embedded program if `codes` need it.
    pub(super) fn prepare(&self, codes: &[u8], objects: &Objects<'_>, budget: &Budget<'_>) {
        let Some(unread) = &self.unread else { return };
        if self.completed.get().is_none() && codes.iter().any(|code| !self.has_text(*code)) {
            self.completed.get_or_init(|| {
                let mut table = self.copy();
                if let Object::Stream(stream) = objects.resolve(&Object::Reference(unread.stream)) {
                    read_program(stream, objects, budget, |program| {
                        let encoding = &unread.encoding;
                        built_in::complete(&mut table, program, encoding, unread.symbolic, false);
                    });
                }
                Box::new(table)
            });
        }
    }

    /// Hands over the glyph of each code; see [`SimpleTable::prepare`].
    #[inline]
    pub(super) fn each_glyph(&self, codes: &[u8], mut take: impl FnMut(&Glyph)) {
        for code in codes {
            let glyph = &self.entries[usize::from(*code)];
            if glyph.text.is_empty() || !self.rests.is_empty() {
                self.unusual_glyph(*code, &mut take);
            } else {
                take(glyph);
            }
        }
    }

    /// A glyph of which the dictionary says nothing, or one with a long text.
    fn unusual_glyph(&self, code: u8, take: &mut impl FnMut(&Glyph)) {
        let index = usize::from(code);
        let table = match self.completed.get() {
            Some(completed) if self.entries[index].text.is_empty() => completed,
            _ => self,
        };
        let mut glyph = table.entries[index];
        if glyph.text.is_empty() {
            glyph.text = stand_in(u32::from(code));
        }
        take(&glyph);
        if let Some((_, rest)) = table.rests.iter().find(|(of, _)| *of == code) {
            each_of_rest(&glyph, rest, take);
        }
    }

    fn copy(&self) -> Self {
        Self {
            entries: self.entries.clone(),
            rests: self.rests.clone(),
            ..Self::new()
        }
    }

    fn set_text(&mut self, code: u8, text: &str) {
        let (head, rest) = GlyphText::split(text);
        self.entries[usize::from(code)].text = head;
        if !rest.is_empty() {
            self.rests.push((code, Box::from(rest)));
        }
    }

    pub(super) fn has_text(&self, code: u8) -> bool {
        !self.entries[usize::from(code)].text.is_empty()
    }
}

/// Reads a Type 1, MMType1 or TrueType font; any other simple font is taken for Type 1.
pub(super) fn load(
    source: Source<'_>,
    descriptor: &Descriptor<'_>,
    true_type: bool,
) -> SimpleTable {
    let Source {
        objects,
        dict,
        budget,
    } = source;
    let mut encoding = Encoding::read(objects, dict);
    if encoding.base.is_none() && descriptor.program.is_none() {
        encoding.base = Some(match descriptor.standard {
            Some(font) => font.built_in_encoding(),
            None => BaseEncoding::Standard,
        });
    }
    if encoding.base.is_none() && true_type && !descriptor.symbolic && encoding.given {
        encoding.base = Some(BaseEncoding::Standard);
    }
    let mut table = SimpleTable::new();
    let to_unicode = source.to_unicode();
    for code in 0..=255 {
        set_text_by_dictionary(&mut table, code, &encoding, to_unicode.as_ref());
    }
    if let Some(widths) = Widths::read(objects, dict, descriptor) {
        for (entry, code) in table.entries.iter_mut().zip(0..=255) {
            entry.width = widths.get(code);
        }
        table.unread = descriptor.program_id.map(|stream| UnreadProgram {
            stream,
            encoding: encoding.detached(|code| !table.has_text(code)),
            symbolic: descriptor.symbolic,
        });
        return table;
    }
    let read = descriptor.program.is_some_and(|stream| {
        read_program(stream, objects, budget, |program| {
            built_in::complete(&mut table, program, &encoding, descriptor.symbolic, true);
        })
    });
    if !read {
        set_standard_widths(&mut table, &encoding, descriptor.stand_in());
    }
    table
}

/// Reads a Type 3 font's table; `scale` takes glyph space to text space (9.6.5).
pub(super) fn load_type3(
    source: Source<'_>,
    descriptor: &Descriptor<'_>,
    scale: f32,
) -> SimpleTable {
    let Source { objects, dict, .. } = source;
    let encoding = Encoding::read(objects, dict);
    let widths = Widths::read(objects, dict, descriptor);
    let to_unicode = source.to_unicode();
    let mut table = SimpleTable::new();
    for code in 0..=255 {
        let width = widths.as_ref().map_or(0.0, |widths| widths.raw(code));
        table.entries[usize::from(code)].width = width * scale;
        set_text_by_dictionary(&mut table, code, &encoding, to_unicode.as_ref());
    }
    table
}

/// Calls `found` with the embedded program; false, and a warning, where it cannot be read.
fn read_program(
    stream: &Stream,
    objects: &Objects<'_>,
    budget: &Budget<'_>,
    found: impl FnOnce(&Program<'_>),
) -> bool {
    let Ok(filtered) = filter::decode_stream(stream, objects, budget) else {
        return false;
    };
    match Program::read(&filtered.bytes) {
        Some(program) => {
            found(&program);
            true
        }
        None => {
            budget.warn(WarningCode::DamagedFont, "an unreadable font program");
            false
        }
    }
}

/// `ToUnicode` first, then the glyph name (9.10.2).
fn set_text_by_dictionary(
    table: &mut SimpleTable,
    code: u8,
    encoding: &Encoding<'_>,
    to_unicode: Option<&ToUnicode>,
) {
    let mapped = to_unicode.and_then(|map| map.get(u32::from(code)));
    match mapped.and_then(meaningful) {
        Some(Mapped::Char(character)) => {
            table.entries[usize::from(code)].text = GlyphText::from_char(character);
        }
        Some(Mapped::Text(text)) => table.set_text(code, text),
        None => match encoding.difference(code) {
            Some(name) => {
                let mut text = String::new();
                glyph_names::append_unicode(name, encoding.is_dingbats(), &mut text);
                table.set_text(code, &text);
            }
            None => {
                if let Some(base) = encoding.base {
                    table.entries[usize::from(code)].text = base.text(code);
                }
            }
        },
    }
}

/// Widths of a font that has none of its own, by glyph name (9.6.2.2).
fn set_standard_widths(table: &mut SimpleTable, encoding: &Encoding<'_>, font: StandardFont) {
    for code in 0..=255 {
        let width = encoding.glyph_name(code).and_then(|name| font.width(name));
        if let Some(width) = width {
            table.entries[usize::from(code)].width = width / 1000.0;
        }
    }
}
