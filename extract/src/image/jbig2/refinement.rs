//! Generic refinement regions: a bitmap coded by what differs from another one (T.88, 6.3 and
//! 7.4.7).
//!
//! A context is a number whose bits are, from the highest one on, three pixels of the row above,
//! three each of the reference's row above, row and row below, and the pixel to the left. Template 1
//! ignores three of them.

use super::Result;
use super::adaptive::Moved;
use super::allowance::Allowance;
use super::arithmetic::{Context, Decoder, contexts};
use super::bitmap::{Above, Bitmap, eight_pixels};
use super::reader::Reader;

const CONTEXT_BITS: u32 = 13;

const CONTEXTS: usize = 1 << CONTEXT_BITS;

/// The bits that are left of another one of the same row.
const KEPT: u32 = 0b110 << 10 | 0b110 << 7 | 0b110 << 4 | 0b110 << 1;

/// The pixels of the reference.
const REFERENCE: u32 = 0b111 << 7 | 0b111 << 4 | 0b111 << 1;

/// Of template 1 (figure 13).
const FEWER: u32 = 0b111 << 10 | 0b010 << 7 | 0b111 << 4 | 0b011 << 1 | 1;

/// The context of the flag that starts or ends typical prediction (figures 14 and 15).
const TYPICAL: usize = 0b010 << 4;

/// The bit and the nominal place of the adaptive pixel of the bitmap itself.
const OWN: (u32, (i64, i64)) = (12, (-1, -1));

/// The same of the reference.
const OTHER: (u32, (i64, i64)) = (9, (-1, -1));

/// The pixels that a pixel is predicted from (6.3.5.3).
#[derive(Clone, Copy, Debug)]
pub(super) struct Template {
    /// The bits of a context that count.
    mask: u32,
    /// Rows may be coded as being like the reference, `TPGRON`.
    is_typical: bool,
    /// Where the adaptive pixel of the bitmap itself is, unless it is at its nominal place.
    own: Option<Moved>,
    /// The same of the reference, with its distance to the right and downwards.
    other: Option<(i64, i64)>,
}

impl Template {
    /// Reads the places of the adaptive pixels, which template 0 has.
    pub(super) fn read(number: u16, is_typical: bool, reader: &mut Reader<'_>) -> Result<Self> {
        let mut template = Self {
            mask: if number == 0 { u32::MAX } else { FEWER },
            is_typical,
            own: None,
            other: None,
        };
        if number == 0 {
            let own = (reader.i8()?.into(), reader.i8()?.into());
            if own != OWN.1 {
                template.own = Some(Moved::new(OWN.0, own)?);
                template.mask &= !(1 << OWN.0);
            }
            let other = (reader.i8()?.into(), reader.i8()?.into());
            if other != OTHER.1 {
                template.other = Some(other);
                template.mask &= !(1 << OTHER.0);
            }
        }
        Ok(template)
    }
}

/// Contexts in their initial state.
pub(super) fn new_contexts() -> Vec<Context> {
    contexts(CONTEXT_BITS)
}

/// Reads the segment after its region information, given what it refines.
pub(super) fn read_region(
    reference: &Bitmap,
    reader: &mut Reader<'_>,
    allowance: &Allowance<'_>,
) -> Result<Bitmap> {
    let flags = reader.u8()?;
    let template = Template::read(u16::from(flags & 1), flags & 2 != 0, reader)?;
    let refinement = Refinement {
        template: &template,
        reference,
        offset: (0, 0),
        size: (reference.width, reference.height),
    };
    let mut decoder = Decoder::new(reader.rest());
    refinement.decode(&mut decoder, &mut new_contexts(), allowance)
}

/// What the decoding procedure starts from.
pub(super) struct Refinement<'r> {
    pub(super) template: &'r Template,
    pub(super) reference: &'r Bitmap,
    /// Where the reference is in the new bitmap.
    pub(super) offset: (i64, i64),
    /// Of the new bitmap.
    pub(super) size: (u32, u32),
}

impl Refinement<'_> {
    /// The generic refinement region decoding procedure (6.3.5.6).
    pub(super) fn decode(
        &self,
        decoder: &mut Decoder<'_>,
        contexts: &mut [Context],
        allowance: &Allowance<'_>,
    ) -> Result<Bitmap> {
        let (width, height) = self.size;
        let mut bitmap = Bitmap::new(width, height, allowance)?;
        let mut is_typical = false;
        for y in 0..height {
            allowance.spend(0)?;
            if self.template.is_typical {
                is_typical ^= decoder.bit(&mut contexts[TYPICAL]) == 1;
            }
            // In a variable of its own the decoder can stay in registers.
            let mut local = decoder.clone();
            let (row, above) = bitmap.row_and_above(y);
            self.decode_row(&mut local, contexts, (above, row, y), is_typical);
            *decoder = local;
        }
        Ok(bitmap)
    }

    fn decode_row(
        &self,
        decoder: &mut Decoder<'_>,
        contexts: &mut [Context],
        (above, row, y): (Above<'_>, &mut [u8], u32),
        is_typical: bool,
    ) {
        let contexts: &mut [Context; CONTEXTS] = contexts
            .try_into()
            .expect("all refinements have as many contexts");
        let template = self.template;
        let rows = self.rows(above, y);
        let mut context = rows.eight(-1).start();
        // The pixels before the next one, the nearest in the lowest bit.
        let mut before = 0;
        let mut left = self.size.0;
        for index in 0..row.len() {
            let pixels = left.min(8);
            left -= pixels;
            let x = index as i64 * 8;
            let entering = rows.eight(x + 2);
            let own = template.own.map_or(0, |own| own.window(above, row, index));
            let other = template.other.map_or(0, |(dx, dy)| {
                let row = self.reference_row(y, dy);
                eight_pixels(row, x.saturating_add(dx).saturating_sub(self.offset.0))
            });
            let is_white = context == 0 && entering == Eight([0; 4]);
            if is_white && other == 0 && own == 0 && before & 0xff == 0 {
                // Typical pixels of a white reference are not coded at all.
                if is_typical || pixels == 8 && decoder.skip_eight(contexts[0], 0) {
                    before = 0;
                    continue;
                }
            }
            for bit in (8 - pixels..8).rev() {
                let pixel = match context & REFERENCE {
                    0 if is_typical => 0,
                    REFERENCE if is_typical => 1,
                    _ => {
                        let mut seen = context & template.mask;
                        if let Some(moved) = &template.own {
                            seen |= moved.pixel(own, before, bit);
                        }
                        // Zero where it has not moved.
                        seen |= u32::from(other >> bit & 1) << OTHER.0;
                        decoder.bit(&mut contexts[seen as usize % CONTEXTS])
                    }
                };
                before = before << 1 | pixel;
                context = context << 1 & KEPT | entering.bits(bit) | pixel;
            }
            row[index] = (before << (8 - pixels)) as u8;
        }
    }

    /// The row of the reference that is so many rows below row `y` of the new bitmap.
    fn reference_row(&self, y: u32, down: i64) -> &[u8] {
        self.reference
            .row((i64::from(y) + down).saturating_sub(self.offset.1))
    }

    fn rows<'s>(&'s self, above: Above<'s>, y: u32) -> Rows<'s> {
        Rows {
            above: above.up(1),
            reference: [-1, 0, 1].map(|down| self.reference_row(y, down)),
            dx: self.offset.0,
        }
    }
}

/// The rows that the pixels of one row are predicted from.
struct Rows<'b> {
    above: &'b [u8],
    reference: [&'b [u8]; 3],
    /// Where the reference is.
    dx: i64,
}

impl Rows<'_> {
    /// Their pixels from column `x` on.
    #[inline(always)]
    fn eight(&self, x: i64) -> Eight {
        let [upper, same, lower] = self
            .reference
            .map(|row| eight_pixels(row, x.saturating_sub(self.dx)));
        Eight([eight_pixels(self.above, x), upper, same, lower])
    }
}

/// Eight pixels of the row above, and of the reference's row above, row and row below.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Eight([u8; 4]);

impl Eight {
    /// The context that the first three of them make.
    fn start(self) -> u32 {
        let group = |context, byte: &u8| context << 3 | u32::from(byte >> 5);
        self.0.iter().fold(0, group) << 1
    }

    /// What bit `bit` of them adds to a context.
    fn bits(self, bit: u32) -> u32 {
        let group = |context, byte: &u8| context << 3 | u32::from(byte >> bit & 1);
        self.0.iter().fold(0, group) << 1
    }
}
