//! Type 3 fonts: their codes have widths and texts as in other simple fonts, their glyphs are content
//! streams (ISO 32000-1, 9.6.5).

use std::cell::OnceCell;

use crate::objects::{Object, ObjectId, Stream};

use super::descriptor::Descriptor;
use super::{Font, Kind, Source, simple};
use crate::budget::Budget;
use crate::filter;
use crate::geometry::Matrix;
use crate::objects::Objects;

/// Glyph space to text space of a font that gives none.
const DEFAULT_MATRIX: [f32; 6] = [0.001, 0.0, 0.0, 0.001, 0.0, 0.0];

pub(super) fn load(source: Source<'_>, descriptor: &Descriptor<'_>) -> Font {
    let Source { objects, dict, .. } = source;
    let matrix = objects
        .numbers(dict, b"FontMatrix")
        .and_then(|numbers| <[f32; 6]>::try_from(numbers).ok())
        .filter(|matrix| matrix.iter().all(|number| number.is_finite()))
        .unwrap_or(DEFAULT_MATRIX);
    let table = simple::load_type3(source, descriptor, matrix[0].abs());
    let streams = GlyphStreams::read(source, &matrix, |code| !table.has_text(code));
    let mut font = Font::new(descriptor, Kind::Simple(table));
    font.glyph_streams = streams;
    if let Some(bbox) = objects.numbers(dict, b"FontBBox")
        && let [_, bottom, _, top] = bbox[..]
    {
        let (top, bottom) = (top * matrix[3], bottom * matrix[3]);
        let (top, bottom) = (top.max(bottom), top.min(bottom));
        if top > 0.0 && top <= 3.0 && bottom >= -2.0 {
            font.ascent = top;
            font.descent = bottom.min(0.0);
        }
    }
    font
}

/// The glyphs of which nothing but the glyph itself tells what it says.
#[derive(Debug)]
pub(super) struct GlyphStreams {
    matrix: Matrix,
    glyphs: Vec<UnknownGlyph>,
}

#[derive(Debug)]
struct UnknownGlyph {
    code: u8,
    stream: ObjectId,
    shows_text: OnceCell<bool>,
}

impl GlyphStreams {
    /// Of the codes that are `wanted`; `None` where there is none of them.
    fn read(source: Source<'_>, matrix: &[f32; 6], wanted: impl Fn(u8) -> bool) -> Option<Self> {
        let Source { objects, dict, .. } = source;
        let procedures = objects.dict(dict, b"CharProcs")?;
        let encoding = simple::Encoding::read(objects, dict);
        let glyphs: Vec<UnknownGlyph> = (0..=255)
            .filter(|code| wanted(*code))
            .filter_map(|code| {
                let stream = procedures.get(encoding.glyph_name(code)?)?;
                Some(UnknownGlyph {
                    code,
                    stream: stream.as_reference()?,
                    shows_text: OnceCell::new(),
                })
            })
            .collect();
        (!glyphs.is_empty()).then(|| Self {
            matrix: Matrix::from_numbers(matrix),
            glyphs,
        })
    }

    /// The stream of `code` if it shows text.
    pub(super) fn showing_text<'o>(
        &self,
        code: u32,
        objects: &'o Objects<'o>,
        budget: &Budget<'_>,
    ) -> Option<(&'o Stream, Matrix)> {
        let glyph = self
            .glyphs
            .iter()
            .find(|glyph| u32::from(glyph.code) == code)?;
        let Object::Stream(stream) = objects.get(glyph.stream)? else {
            return None;
        };
        let shows_text = *glyph.shows_text.get_or_init(|| {
            filter::decode_stream(stream, objects, budget)
                .is_ok_and(|decoded| sets_font(&decoded.bytes))
        });
        shows_text.then_some((stream, self.matrix))
    }
}

/// Text cannot be shown before a font is set.
fn sets_font(content: &[u8]) -> bool {
    content.windows(4).any(|four| {
        four[0].is_ascii_whitespace() && &four[1..3] == b"Tf" && four[3].is_ascii_whitespace()
    })
}
