//! Adaptive pixels of templates that a segment has moved (T.88, 6.2.5.4 and 6.3.5.3).

use super::bitmap::{Above, eight_pixels};
use super::{Result, damaged};

/// An adaptive pixel that is not at its nominal place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moved {
    /// Its bit of a context.
    pub(super) bit: u32,
    /// Its distance to the right.
    dx: i64,
    /// Rows that it is above.
    up: usize,
}

impl Moved {
    /// # Errors
    /// The place must be decoded before the pixel itself (figure 7).
    pub(super) fn new(bit: u32, (dx, dy): (i64, i64)) -> Result<Self> {
        if dy > 0 || dy == 0 && dx >= 0 {
            return Err(damaged("a jbig2 template looks ahead"));
        }
        Ok(Self {
            bit,
            dx,
            up: dy.unsigned_abs() as usize,
        })
    }

    /// Whether it is among the eight pixels before.
    #[inline(always)]
    fn is_near(&self) -> bool {
        self.up == 0 && self.dx > -9
    }

    /// What the eight pixels of byte `index` of a row see of it, unless it is near.
    pub(super) fn window(&self, above: Above<'_>, row: &[u8], index: usize) -> u8 {
        match self.up {
            _ if self.is_near() => 0,
            0 => eight_pixels(row, index as i64 * 8 + self.dx),
            up => eight_pixels(above.up(up), index as i64 * 8 + self.dx),
        }
    }

    /// Its bit of the context of the pixel in bit `bit` of a byte, given what the byte sees of it
    /// and the pixels before this one, the nearest in the lowest bit.
    #[inline(always)]
    pub(super) fn pixel(&self, window: u8, before: u32, bit: u32) -> u32 {
        let pixel = if self.is_near() {
            before >> (-1 - self.dx)
        } else {
            u32::from(window) >> bit
        };
        (pixel & 1) << self.bit
    }
}
