//! The pixels that a pixel is predicted from (T.88, 6.2.5.3 and 6.2.5.4).
//!
//! A context is a number whose bits are those pixels in reading order: first those of the row two
//! above, then those of the row above, and in the lowest bits those before the pixel itself.

use crate::image::jbig2::Result;
use crate::image::jbig2::adaptive::Moved;
use crate::image::jbig2::arithmetic::{Context, contexts};
use crate::image::jbig2::reader::Reader;

/// Where the pixels of a template are, adaptive ones at their nominal places.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    /// Bits of a context.
    pub(super) bits: u32,
    /// The bit of the last pixel of the row above, and its distance to the right.
    pub(super) shift_1: u32,
    pub(super) ahead_1: u32,
    /// The same of the row two above.
    pub(super) shift_2: u32,
    pub(super) ahead_2: u32,
    /// The bits that are left of another one of the same row.
    pub(super) kept: u32,
    /// The context of the flag that a row is like the one above it (figures 8 to 11).
    typical: usize,
}

/// Figures 3 to 6. Template 3 has nothing two rows above: its bits would be past its highest one.
pub(super) const SHAPES: [Shape; 4] = [
    Shape {
        bits: 16,
        shift_1: 4,
        ahead_1: 3,
        shift_2: 11,
        ahead_2: 2,
        kept: 0b11110 << 11 | 0b1111110 << 4 | 0b1110,
        typical: 0b10011 << 11 | 0b0110010 << 4 | 0b0101,
    },
    Shape {
        bits: 13,
        shift_1: 3,
        ahead_1: 3,
        shift_2: 9,
        ahead_2: 2,
        kept: 0b1110 << 9 | 0b111110 << 3 | 0b110,
        typical: 0b0011 << 9 | 0b110010 << 3 | 0b101,
    },
    Shape {
        bits: 10,
        shift_1: 2,
        ahead_1: 2,
        shift_2: 7,
        ahead_2: 1,
        kept: 0b110 << 7 | 0b11110 << 2 | 0b10,
        typical: 0b001 << 7 | 0b11001 << 2 | 0b01,
    },
    Shape {
        bits: 10,
        shift_1: 4,
        ahead_1: 2,
        shift_2: 10,
        ahead_2: 0,
        kept: 0b111110 << 4 | 0b1110,
        typical: 0b011001 << 4 | 0b0101,
    },
];

impl Shape {
    /// The context of the first pixel of a row, given the first eight of those above it.
    #[inline(always)]
    pub(super) const fn start(&self, above_2: u8, above_1: u8) -> u32 {
        let above_2 = (above_2 as u32) >> (7 - self.ahead_2);
        let above_1 = (above_1 as u32) >> (7 - self.ahead_1);
        (above_2 << self.shift_2 | above_1 << self.shift_1) & ((1 << self.bits) - 1)
    }

    /// The context of the pixel after one of value `pixel`; what comes into reach in the rows above
    /// is bit `bit` of `entering`.
    #[inline(always)]
    pub(super) const fn next(&self, context: u32, pixel: u32, entering: (u8, u8), bit: u32) -> u32 {
        let above_2 = (entering.0 as u32) >> bit & 1;
        let above_1 = (entering.1 as u32) >> bit & 1;
        let entered = above_2 << self.shift_2 | above_1 << self.shift_1 | pixel;
        context << 1 & self.kept | entered & ((1 << self.bits) - 1)
    }

    /// The bit of the pixel at this distance.
    const fn bit(&self, (dx, dy): (i8, i8)) -> u32 {
        let bit = match dy {
            0 => -1 - dx as i32,
            -1 => (self.shift_1 + self.ahead_1) as i32 - dx as i32,
            _ => (self.shift_2 + self.ahead_2) as i32 - dx as i32,
        };
        bit as u32
    }
}

/// Nominal places of adaptive pixels, by template.
const NOMINAL: [&[(i8, i8)]; 4] = [
    &[(3, -1), (-3, -1), (2, -2), (-2, -2)],
    &[(3, -1)],
    &[(2, -1)],
    &[(2, -1)],
];

/// Those of the extended template 0, `EXTTEMPLATE` (figure 3b).
const NOMINAL_EXTENDED: [(i8, i8); 12] = [
    (-2, 0),
    (0, -2),
    (-2, -1),
    (-1, -2),
    (1, -2),
    (2, -1),
    (-3, 0),
    (-4, 0),
    (2, -2),
    (3, -1),
    (-2, -2),
    (-3, -1),
];

/// A template with its adaptive pixels where a segment puts them.
#[derive(Clone, Debug)]
pub(in crate::image::jbig2) struct Template {
    pub(super) number: usize,
    /// Rows may be coded as being like the one above, `TPGDON`.
    pub(in crate::image::jbig2) is_typical: bool,
    /// Adaptive pixels that are not at their nominal places.
    pub(super) moved: Vec<Moved>,
    /// The bits of all others.
    pub(super) fixed: u32,
}

impl Template {
    /// Reads the places of the adaptive pixels of template `number`, 0 to 3.
    pub(in crate::image::jbig2) fn read(
        number: u8,
        is_extended: bool,
        reader: &mut Reader<'_>,
    ) -> Result<Self> {
        let mut template = Self::nominal(number);
        let nominal = if is_extended {
            &NOMINAL_EXTENDED
        } else {
            NOMINAL[template.number]
        };
        for nominal in nominal {
            let place = (reader.i8()?.into(), reader.i8()?.into());
            template.place(*nominal, place)?;
        }
        Ok(template)
    }

    /// Template `number`, 0 to 3.
    pub(in crate::image::jbig2) fn nominal(number: u8) -> Self {
        Self {
            number: number.into(),
            is_typical: false,
            moved: Vec::new(),
            fixed: u32::MAX,
        }
    }

    /// Puts the first adaptive pixel `distance` pixels to the left of the pixel itself.
    pub(in crate::image::jbig2) fn with_first_at_left(mut self, distance: u8) -> Result<Self> {
        self.place(NOMINAL[self.number][0], (-i64::from(distance), 0))?;
        Ok(self)
    }

    fn place(&mut self, nominal: (i8, i8), place: (i64, i64)) -> Result<()> {
        if place != (nominal.0.into(), nominal.1.into()) {
            let bit = self.shape().bit(nominal);
            self.fixed &= !(1 << bit);
            self.moved.push(Moved::new(bit, place)?);
        }
        Ok(())
    }

    /// Contexts in their initial state.
    pub(in crate::image::jbig2) fn contexts(&self) -> Vec<Context> {
        contexts(self.shape().bits)
    }

    pub(super) fn shape(&self) -> &'static Shape {
        &SHAPES[self.number]
    }

    pub(super) fn typical_context(&self) -> usize {
        self.shape().typical
    }
}
