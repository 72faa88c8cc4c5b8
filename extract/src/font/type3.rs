//! Type 3 fonts: their glyphs are content streams, which are not run; codes have widths and texts as
//! in other simple fonts (ISO 32000-1, 9.6.5).

use super::descriptor::Descriptor;
use super::{Font, Kind, Source, simple};

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
    let mut font = Font::new(descriptor, Kind::Simple(table));
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
