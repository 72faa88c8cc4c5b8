//! The widths that a simple font's dictionary gives (ISO 32000-1, 9.6.2 and 9.8.1).

use crate::font::descriptor::Descriptor;
use crate::objects::{Dictionary, Object, Objects, as_number};

/// `Widths`, `FirstChar` and `MissingWidth`.
pub(super) struct Widths<'o> {
    objects: &'o Objects<'o>,
    first: i64,
    widths: &'o [Object],
    missing: f32,
}

impl<'o> Widths<'o> {
    pub(super) fn read(
        objects: &'o Objects<'o>,
        font: &'o Dictionary,
        descriptor: &Descriptor<'_>,
    ) -> Option<Self> {
        Some(Self {
            objects,
            first: objects.integer(font, b"FirstChar").unwrap_or(0),
            widths: objects.array(font, b"Widths")?,
            missing: descriptor.missing_width.unwrap_or(0.0),
        })
    }

    /// In em.
    pub(super) fn get(&self, code: u8) -> f32 {
        self.raw(code) / 1000.0
    }

    /// In glyph space.
    pub(super) fn raw(&self, code: u8) -> f32 {
        let index = i64::from(code).checked_sub(self.first);
        index
            .and_then(|index| usize::try_from(index).ok())
            .and_then(|index| self.widths.get(index))
            .and_then(|width| as_number(self.objects.resolve(width)))
            .unwrap_or(self.missing)
    }
}
