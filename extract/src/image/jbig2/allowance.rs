//! What decoding one image may still cost: time and memory in one measure.

use std::cell::Cell;

use super::Result;
use crate::budget::Budget;
use crate::image::ImageError;

/// Charged for whatever is kept besides pixels: a symbol, a table line. In pixels, eight of which
/// take a byte.
pub(super) const ITEM: u64 = 512;

/// Charged for one step of a procedure that keeps nothing, in pixels that take as long.
pub(super) const STEP: u64 = 16;

/// Layers of page size that an image may be made of.
const LAYERS: u64 = 4;

/// Counts down while data that may claim anything is decoded.
pub(super) struct Allowance<'b> {
    budget: &'b Budget<'b>,
    pixels: Cell<u64>,
}

impl<'b> Allowance<'b> {
    /// Enough for some layers of the page, and for [`crate::Limits::max_image_bytes`] pixels in the
    /// dictionaries that it is put together from.
    pub(super) fn new(page_pixels: u64, budget: &'b Budget<'b>) -> Self {
        let pixels = page_pixels
            .saturating_mul(LAYERS)
            .saturating_add(budget.limits.max_image_bytes);
        Self {
            budget,
            pixels: Cell::new(pixels),
        }
    }

    /// Pays before the work is done or the memory is taken, and looks whether the caller has
    /// cancelled.
    ///
    /// # Errors
    /// [`ImageError::TooCostly`] where too little is left.
    pub(super) fn spend(&self, pixels: u64) -> Result<()> {
        self.budget.check()?;
        let left = self.pixels.get().checked_sub(pixels);
        self.pixels
            .set(left.ok_or(ImageError::TooCostly("its jbig2 data"))?);
        Ok(())
    }
}
