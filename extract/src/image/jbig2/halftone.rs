//! Halftone regions: a pattern per value of a gray image, on a grid (T.88, 6.6, 7.4.5 and annex C).

use super::allowance::{Allowance, STEP};
use super::arithmetic::Decoder;
use super::bitmap::Bitmap;
use super::generic::{self, Template};
use super::patterns::Patterns;
use super::reader::Reader;
use super::region::Operator;
use super::text::bits_for;
use super::{Result, damaged};

/// The grid that patterns are placed on, in pixels times 256 but for its size.
struct Grid {
    width: u32,
    height: u32,
    x: i32,
    y: i32,
    /// From one pattern to the next: so much to the right and up.
    step_x: u16,
    step_y: u16,
}

impl Grid {
    fn read(reader: &mut Reader<'_>) -> Result<Self> {
        Ok(Self {
            width: reader.u32()?,
            height: reader.u32()?,
            x: reader.i32()?,
            y: reader.i32()?,
            step_x: reader.u16()?,
            step_y: reader.u16()?,
        })
    }

    /// Where the pattern of a column and a row of the gray image is (6.6.5.2).
    fn place(&self, column: u32, row: u32) -> (i64, i64) {
        let (column, row) = (i64::from(column), i64::from(row));
        let (step_x, step_y) = (i64::from(self.step_x), i64::from(self.step_y));
        let x = i64::from(self.x) + row * step_y + column * step_x;
        let y = i64::from(self.y) + row * step_x - column * step_y;
        (x >> 8, y >> 8)
    }
}

/// Reads the segment after its region information. The flag says whether the data was cut short.
pub(super) fn read_region(
    (width, height): (u32, u32),
    reader: &mut Reader<'_>,
    patterns: &Patterns,
    allowance: &Allowance<'_>,
) -> Result<(Bitmap, bool)> {
    let flags = reader.u8()?;
    let operator = Operator::new(u16::from(flags >> 4 & 7))?;
    let grid = Grid::read(reader)?;
    let mut region = Bitmap::new(width, height, allowance)?;
    if flags & 0x80 != 0 {
        region.blacken_all();
    }
    let skip = match flags & 8 {
        0 => None,
        _ => Some(skipped(&grid, patterns, &region, allowance)?),
    };
    let gray = GrayImage {
        is_facsimile: flags & 1 != 0,
        template: Template::nominal(flags >> 1 & 3),
        size: (grid.width, grid.height),
        skip,
    };
    let planes = bits_for(patterns.patterns.len());
    let (planes, is_cut) = gray.decode(planes, reader, allowance)?;
    let pattern_pixels = u64::from(patterns.width) * u64::from(patterns.height);
    for row in 0..grid.height {
        allowance.spend(STEP + u64::from(grid.width) * (STEP + pattern_pixels / 8))?;
        for column in 0..grid.width {
            let place = (i64::from(column), i64::from(row));
            let digit = |value, plane: &Bitmap| value << 1 | plane.pixel(place.0, place.1) as usize;
            let value = planes.iter().fold(0, digit);
            let darkest = patterns.patterns.last();
            let pattern = patterns.patterns.get(value).or(darkest);
            let pattern = pattern.ok_or(damaged("a jbig2 halftone has no patterns"))?;
            let (x, y) = grid.place(column, row);
            region.draw(pattern, x, y, operator);
        }
    }
    Ok((region, is_cut))
}

/// The values whose patterns are outside of the region, `HSKIP` (6.6.5.1).
fn skipped(
    grid: &Grid,
    patterns: &Patterns,
    region: &Bitmap,
    allowance: &Allowance<'_>,
) -> Result<Bitmap> {
    let mut skip = Bitmap::new(grid.width, grid.height, allowance)?;
    for row in 0..grid.height {
        allowance.spend(STEP + u64::from(grid.width))?;
        for column in 0..grid.width {
            let (x, y) = grid.place(column, row);
            let is_outside = x + i64::from(patterns.width) <= 0
                || x >= region.width.into()
                || y + i64::from(patterns.height) <= 0
                || y >= region.height.into();
            skip.set(column, row, is_outside.into());
        }
    }
    Ok(skip)
}

/// A gray image (annex C).
struct GrayImage {
    is_facsimile: bool,
    template: Template,
    size: (u32, u32),
    skip: Option<Bitmap>,
}

impl GrayImage {
    /// Its bit planes, that of the highest bits first, and whether the data was cut short (C.5).
    fn decode(
        &self,
        count: u32,
        reader: &mut Reader<'_>,
        allowance: &Allowance<'_>,
    ) -> Result<(Vec<Bitmap>, bool)> {
        let data = reader.rest();
        let mut rest = data;
        let mut decoder = Decoder::new(data);
        let mut contexts = self.template.contexts();
        let mut planes: Vec<Bitmap> = Vec::new();
        let mut is_cut = false;
        for _ in 0..count {
            let mut plane = if self.is_facsimile {
                let plane = generic::decode_facsimile(rest, self.size, allowance)?;
                rest = &rest[plane.length.min(rest.len())..];
                is_cut |= plane.is_cut;
                plane.bitmap
            } else {
                generic::decode(
                    &self.template,
                    self.skip.as_ref(),
                    &mut decoder,
                    &mut contexts,
                    self.size,
                    allowance,
                )?
            };
            // A Gray code: each plane but the first holds what changes from the one before it.
            if let Some(higher) = planes.last() {
                plane.draw(higher, 0, 0, Operator::Xor);
            }
            planes.push(plane);
        }
        Ok((planes, is_cut))
    }
}
