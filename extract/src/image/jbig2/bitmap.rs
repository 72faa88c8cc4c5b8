//! Bitmaps of one bit per pixel, black as 1, and how one is drawn into another.

use super::Result;
use super::allowance::{Allowance, ITEM};
use super::region::Operator;
use crate::image::{ImageError, fax};

/// So that a row, which is decoded without a look at the cancellation, takes no more than 30 ms.
const MAX_WIDTH: u32 = 1 << 22;

/// Rows start at a byte; the bits that pad the last byte of a row are 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bitmap {
    pub(super) width: u32,
    pub(super) height: u32,
    stride_bytes: usize,
    bytes: Vec<u8>,
}

impl Bitmap {
    /// White pixels.
    ///
    /// # Errors
    /// [`ImageError::TooLarge`] where the allowance does not cover them.
    pub(super) fn new(width: u32, height: u32, allowance: &Allowance<'_>) -> Result<Self> {
        let too_large = ImageError::TooLarge {
            width: width.into(),
            height: height.into(),
        };
        if width > MAX_WIDTH {
            return Err(too_large);
        }
        let stride_bytes = (width as usize).div_ceil(8);
        let pixels = stride_bytes.max(1) as u64 * 8 * u64::from(height);
        allowance.spend(ITEM)?;
        allowance.spend(pixels).map_err(|error| match error {
            ImageError::TooCostly(_) => too_large,
            error => error,
        })?;
        Ok(Self {
            width,
            height,
            stride_bytes,
            bytes: vec![0; stride_bytes * height as usize],
        })
    }

    /// Pixels as they are stored without compression, each row starting at a byte.
    pub(super) fn from_rows(
        width: u32,
        height: u32,
        rows: &[u8],
        allowance: &Allowance<'_>,
    ) -> Result<Self> {
        let mut bitmap = Self::new(width, height, allowance)?;
        for (to, from) in bitmap.bytes.iter_mut().zip(rows) {
            *to = *from;
        }
        bitmap.clear_padding();
        Ok(bitmap)
    }

    pub(super) fn blacken_all(&mut self) {
        self.bytes.fill(0xff);
        self.clear_padding();
    }

    /// Blackens the pixels `from..to` of row `y`.
    pub(super) fn blacken(&mut self, y: u32, from: u32, to: u32) {
        let to = to.min(self.width) as usize;
        let start = y as usize * self.stride_bytes;
        if let Some(row) = self.bytes.get_mut(start..start + self.stride_bytes) {
            fax::blacken(row, from as usize, to);
        }
    }

    /// The bytes of one row, none outside of the bitmap.
    pub(super) fn row(&self, y: i64) -> &[u8] {
        match u32::try_from(y) {
            Ok(y) if y < self.height => {
                &self.bytes[y as usize * self.stride_bytes..][..self.stride_bytes]
            }
            _ => &[],
        }
    }

    /// The bytes of row `y`, which is one of the bitmap's, and those of the rows above it.
    pub(super) fn row_and_above(&mut self, y: u32) -> (&mut [u8], Above<'_>) {
        let (above, below) = self.bytes.split_at_mut(y as usize * self.stride_bytes);
        let above = Above {
            bytes: above,
            stride_bytes: self.stride_bytes,
        };
        (&mut below[..self.stride_bytes], above)
    }

    /// Repeats the row above; the first one stays as it is.
    pub(super) fn copy_row_above(&mut self, y: u32) {
        let end = y as usize * self.stride_bytes;
        if let Some(start) = end.checked_sub(self.stride_bytes) {
            self.bytes.copy_within(start..end, end);
        }
    }

    /// One pixel, 0 outside of the bitmap.
    pub(super) fn pixel(&self, x: i64, y: i64) -> u32 {
        if x < 0 || x >= self.width.into() {
            return 0;
        }
        let byte = self.row(y).get(x as usize / 8).copied().unwrap_or(0);
        (byte >> (7 - x % 8) & 1).into()
    }

    /// Blackens one pixel, which is one of the bitmap's, where `black` is 1.
    pub(super) fn set(&mut self, x: u32, y: u32, black: u32) {
        let index = y as usize * self.stride_bytes + x as usize / 8;
        self.bytes[index] |= (black as u8) << (7 - x % 8);
    }

    /// Combines `source` with the pixels below it, its upper left one being at (`x`, `y`). What is
    /// outside of this bitmap is ignored.
    pub(super) fn draw(&mut self, source: &Self, x: i64, y: i64, operator: Operator) {
        let left = x.max(0);
        let right = x.saturating_add(source.width.into()).min(self.width.into());
        let bottom = y
            .saturating_add(source.height.into())
            .min(self.height.into());
        if left >= right {
            return;
        }
        for row in y.max(0)..bottom {
            let from = source.row(row - y);
            let to = &mut self.bytes[row as usize * self.stride_bytes..][..self.stride_bytes];
            let span = Span { left, right, x };
            match operator {
                Operator::Or => span.combine(to, from, |old, new| old | new),
                Operator::And => span.combine(to, from, |old, new| old & new),
                Operator::Xor => span.combine(to, from, |old, new| old ^ new),
                Operator::Xnor => span.combine(to, from, |old, new| !(old ^ new)),
                Operator::Replace => span.combine(to, from, |_, new| new),
            }
        }
    }

    /// A copy of the pixels from (`x`, `y`) on, white outside of the bitmap.
    pub(super) fn area(
        &self,
        (x, y): (u32, u32),
        (width, height): (u32, u32),
        allowance: &Allowance<'_>,
    ) -> Result<Self> {
        let mut area = Self::new(width, height, allowance)?;
        area.draw(self, -i64::from(x), -i64::from(y), Operator::Replace);
        Ok(area)
    }

    /// The rows, black as 0; the padding is 1.
    pub(super) fn into_white_is_1(mut self) -> Vec<u8> {
        self.bytes.iter_mut().for_each(|byte| *byte = !*byte);
        self.bytes
    }

    fn clear_padding(&mut self) {
        let padding = self.stride_bytes * 8 - self.width as usize;
        if padding > 0 {
            for row in self.bytes.chunks_exact_mut(self.stride_bytes) {
                row[row.len() - 1] &= 0xff << padding;
            }
        }
    }
}

/// The rows above one that is being decoded.
#[derive(Clone, Copy)]
pub(super) struct Above<'b> {
    bytes: &'b [u8],
    stride_bytes: usize,
}

impl<'b> Above<'b> {
    /// The bytes of the row so many rows up, at least one; none above the first row.
    pub(super) fn up(&self, rows: usize) -> &'b [u8] {
        let start = self.bytes.len().checked_sub(rows * self.stride_bytes);
        start.map_or(&[], |start| &self.bytes[start..][..self.stride_bytes])
    }
}

/// Columns `left..right` of the target, which are drawn to from a source whose first one is at `x`.
struct Span {
    left: i64,
    right: i64,
    x: i64,
}

impl Span {
    fn combine(&self, to: &mut [u8], from: &[u8], operator: impl Fn(u8, u8) -> u8) {
        let first = self.left / 8;
        let last = (self.right - 1) / 8;
        for (index, byte) in (first..).zip(&mut to[first as usize..=last as usize]) {
            let start = index * 8;
            let mut mask = 0xff_u8 >> (self.left - start).max(0);
            mask &= 0xff << (start + 8 - self.right).max(0);
            let new = operator(*byte, eight_pixels(from, start - self.x));
            *byte = *byte & !mask | new & mask;
        }
    }
}

/// The eight pixels of a row from column `x` on, the first one in the highest bit; outside of the
/// row they are 0.
pub(super) fn eight_pixels(row: &[u8], x: i64) -> u8 {
    let byte = |index: i64| match usize::try_from(index) {
        Ok(index) => row.get(index).copied().unwrap_or(0),
        Err(_) => 0,
    };
    let pair = u16::from_be_bytes([byte(x >> 3), byte((x >> 3) + 1)]);
    (pair >> (8 - (x & 7))) as u8
}
