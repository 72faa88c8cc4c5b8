//! Type 3 fonts: glyphs that are content streams (ISO 32000-1, 9.6.5).

use lopdf::{Object, ObjectId};

use super::descriptor::Descriptor;
use super::{Font, Kind, Source, simple};

/// Glyph space to text space of a font that gives none.
const DEFAULT_MATRIX: [f32; 6] = [0.001, 0.0, 0.0, 0.001, 0.0, 0.0];

/// What the interpreter needs to run a glyph description.
#[derive(Debug)]
pub(crate) struct Type3 {
    matrix: [f32; 6],
    /// Sorted by code.
    char_procs: Vec<(u8, ObjectId)>,
}

impl Type3 {
    /// Glyph space → text space.
    pub(crate) fn matrix(&self) -> [f32; 6] {
        self.matrix
    }

    /// The content stream that draws a code.
    pub(crate) fn char_proc(&self, code: u32) -> Option<ObjectId> {
        let code = u8::try_from(code).ok()?;
        let index = self
            .char_procs
            .binary_search_by_key(&code, |(code, _)| *code);
        Some(self.char_procs[index.ok()?].1)
    }
}

pub(super) fn load(source: Source<'_>, descriptor: &Descriptor<'_>) -> Font {
    let Source { objects, dict, .. } = source;
    let matrix = objects
        .numbers(dict, b"FontMatrix")
        .and_then(|numbers| <[f32; 6]>::try_from(numbers).ok())
        .filter(|matrix| matrix.iter().all(|number| number.is_finite()))
        .unwrap_or(DEFAULT_MATRIX);
    let table = simple::load_type3(source, descriptor, matrix[0].abs());
    let type3 = Type3 {
        matrix,
        char_procs: char_procs(source),
    };
    let mut font = Font::new(descriptor, Kind::Type3(table, type3));
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

fn char_procs(source: Source<'_>) -> Vec<(u8, ObjectId)> {
    let Source { objects, dict, .. } = source;
    let Some(procs) = objects.dict(dict, b"CharProcs") else {
        return Vec::new();
    };
    let encoding = simple::Encoding::read(objects, dict);
    (0..=255)
        .filter_map(|code| match procs.get(encoding.glyph_name(code)?).ok()? {
            Object::Reference(id) => Some((code, *id)),
            _ => None,
        })
        .collect()
}
