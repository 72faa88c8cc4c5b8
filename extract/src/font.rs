//! Font dictionaries → the width and the text of each character code (ISO 32000-1, 9.5 to 9.10).

mod cmap; // code → CID, code → text
mod composite; // Type 0 fonts
mod descriptor; // style, metrics and the embedded font program
mod encoding; // the base encodings of simple fonts
mod glyph_names; // glyph name → text
mod glyph_text; // the text of one glyph
mod name_table; // facts by glyph name
mod program; // embedded Type 1, CFF and TrueType programs
mod range_map; // code ranges → values
mod simple; // Type 1, TrueType and Type 3 fonts
mod standard14; // metrics of the standard fonts
mod type3; // glyphs that are content streams
mod widths; // widths by CID

pub(crate) use glyph_text::GlyphText;

use std::borrow::Cow;

use crate::budget::Budget;
use crate::filter;
use crate::geometry::Matrix;
use crate::objects::{Dictionary, Objects, Stream};
use composite::Composite;
use descriptor::Descriptor;
use simple::SimpleTable;

/// A font as text is shown with it.
#[derive(Debug)]
pub(crate) struct Font {
    ascent: f32,
    descent: f32,
    bold: bool,
    italic: bool,
    kind: Kind,
    /// Of a Type 3 font: its glyphs of which nothing tells the text.
    glyph_streams: Option<type3::GlyphStreams>,
}

#[derive(Debug)]
enum Kind {
    Simple(SimpleTable),
    Composite(Box<Composite>),
}

/// One character code of a string.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Glyph {
    /// The character code.
    pub(crate) code: u32,
    /// Bytes that the code takes; 0 for the rest of a text too long for one glyph, which has no
    /// width and moves nothing.
    pub(crate) len: u8,
    /// Horizontal displacement in text space, before the font size: 1 is one em.
    pub(crate) width: f32,
    /// For vertical writing, in the same unit: the vertical displacement `w1y` and the position
    /// vector `(vx, vy)` from the horizontal to the vertical origin (9.7.4.3).
    pub(crate) vertical: Option<(f32, f32, f32)>,
    /// What it says; never empty where the code itself can stand in for an unknown text.
    pub(crate) text: GlyphText,
    /// A single-byte code 32, to which word spacing applies (9.3.3).
    pub(crate) is_space: bool,
}

impl Font {
    /// Reads a font dictionary. What is missing or damaged is replaced by what other readers take.
    pub(crate) fn load(objects: &Objects<'_>, dict: &Dictionary, budget: &Budget<'_>) -> Self {
        let source = Source {
            objects,
            dict,
            budget,
        };
        let subtype = objects.name(dict, b"Subtype").unwrap_or_default();
        if subtype == b"Type0" || objects.array(dict, b"DescendantFonts").is_some() {
            return composite::load(source);
        }
        let descriptor = Descriptor::read(objects, dict);
        if subtype == b"Type3" {
            return type3::load(source, &descriptor);
        }
        if let Some(font) = composite::load_code_page_936(source, &descriptor) {
            return font;
        }
        let table = simple::load(source, &descriptor, subtype == b"TrueType");
        Self::new(&descriptor, Kind::Simple(table))
    }

    fn new(descriptor: &Descriptor<'_>, kind: Kind) -> Self {
        Self {
            ascent: descriptor.ascent,
            descent: descriptor.descent,
            bold: descriptor.bold,
            italic: descriptor.italic,
            kind,
            glyph_streams: None,
        }
    }

    /// Splits a shown string into its glyphs and hands each to `take`. The embedded font program is
    /// read when a code first needs it; that is what `objects` and `budget` are for.
    #[inline]
    pub(crate) fn each_glyph(
        &self,
        bytes: &[u8],
        objects: &Objects<'_>,
        budget: &Budget<'_>,
        take: impl FnMut(&Glyph),
    ) {
        match &self.kind {
            Kind::Simple(table) => {
                table.prepare(bytes, objects, budget);
                table.each_glyph(bytes, take);
            }
            Kind::Composite(font) => font.each_glyph(bytes, take),
        }
    }

    /// Whether [`Font::glyph_stream`] can find anything.
    pub(crate) fn has_glyph_streams(&self) -> bool {
        self.glyph_streams.is_some()
    }

    /// The content stream of a glyph that shows text of another font, and the matrix from its space
    /// to text space; only in Type 3 fonts, and only where nothing else tells the text of the code.
    pub(crate) fn glyph_stream<'o>(
        &self,
        code: u32,
        objects: &'o Objects<'o>,
        budget: &Budget<'_>,
    ) -> Option<(&'o Stream, Matrix)> {
        let streams = self.glyph_streams.as_ref()?;
        streams.showing_text(code, objects, budget)
    }

    /// Height above the baseline in text space, before the font size; above 0.
    pub(crate) fn ascent(&self) -> f32 {
        self.ascent
    }

    /// Depth below the baseline in text space, before the font size; not above 0.
    pub(crate) fn descent(&self) -> f32 {
        self.descent
    }

    pub(crate) fn bold(&self) -> bool {
        self.bold
    }

    pub(crate) fn italic(&self) -> bool {
        self.italic
    }

    /// Writing mode 1.
    pub(crate) fn vertical(&self) -> bool {
        match &self.kind {
            Kind::Composite(font) => font.is_vertical(),
            _ => false,
        }
    }
}

/// What of a text did not fit into `glyph`, as glyphs that have no width.
fn each_of_rest(glyph: &Glyph, mut rest: &str, take: &mut impl FnMut(&Glyph)) {
    while !rest.is_empty() {
        let (text, left) = GlyphText::split(rest);
        take(&Glyph {
            code: glyph.code,
            len: 0,
            width: 0.0,
            vertical: None,
            text,
            is_space: false,
        });
        rest = left;
    }
}

/// A font dictionary and what is needed to read on from it.
#[derive(Clone, Copy)]
struct Source<'o> {
    objects: &'o Objects<'o>,
    dict: &'o Dictionary,
    budget: &'o Budget<'o>,
}

impl<'o> Source<'o> {
    /// The decoded bytes of a stream; `None` where the budget is spent, which the interpreter
    /// notices at its next check.
    fn bytes(self, stream: &'o Stream) -> Option<Cow<'o, [u8]>> {
        let filtered = filter::decode_stream(stream, self.objects, self.budget).ok()?;
        Some(filtered.bytes)
    }

    /// The `ToUnicode` CMap, if it has any mapping.
    fn to_unicode(self) -> Option<cmap::ToUnicode> {
        let stream = self.objects.stream(self.dict, b"ToUnicode")?;
        let base = self
            .objects
            .stream(&stream.dict, b"UseCMap")
            .and_then(|base| self.bytes(base))
            .map(|base| cmap::ToUnicode::parse(&base, None));
        let map = cmap::ToUnicode::parse(&self.bytes(stream)?, base);
        (!map.is_empty()).then_some(map)
    }
}

/// A text that a `ToUnicode` CMap gives is taken unless it says nothing: control characters and the
/// replacement character stand for codes that the producer could not name. A glyph cannot end a
/// line, so what separates lines or paragraphs is a space.
fn meaningful(mapped: cmap::Mapped<'_>) -> Option<cmap::Mapped<'_>> {
    match mapped {
        cmap::Mapped::Char('\u{8}'..='\u{d}' | '\u{2028}' | '\u{2029}') => {
            Some(cmap::Mapped::Char(' '))
        }
        cmap::Mapped::Char(character) if character.is_control() || character == '\u{fffd}' => None,
        cmap::Mapped::Text("") => None,
        mapped => Some(mapped),
    }
}

/// What stands for a code of which nothing is known: the character with its number, as it is in all
/// the encodings that fonts had in common before they had any.
fn stand_in(code: u32) -> GlyphText {
    let character = char::from_u32(code).filter(|character| !character.is_control());
    GlyphText::stand_in(character.unwrap_or('\u{fffd}'))
}

#[cfg(test)]
mod tests;
