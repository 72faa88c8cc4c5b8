//! What a codec leaves: rows of packed samples (ISO 32000-1, 8.9.5.2).

use std::borrow::Cow;

use super::ImageError;
use crate::budget::Budget;

/// Components interleaved, the first in the high bits, each row starting at a byte.
pub(super) struct Samples<'a> {
    /// Pixels across, at least 1.
    pub(super) width: u32,
    /// Pixels down, at least 1.
    pub(super) height: u32,
    /// Components per pixel, at least 1.
    pub(super) components: usize,
    /// Bits per component: 1, 2, 4, 8 or 16, the latter big-endian.
    pub(super) bits: usize,
    /// From one row to the next.
    stride_bytes: usize,
    /// May end early: what is missing reads as zero.
    bytes: Cow<'a, [u8]>,
}

impl<'a> Samples<'a> {
    /// Samples whose rows follow each other without padding but to a byte.
    ///
    /// # Errors
    /// [`ImageError::TooLarge`] where the pixels take more than [`crate::Limits::max_image_bytes`].
    pub(super) fn new(
        width: u32,
        height: u32,
        components: usize,
        bits: usize,
        bytes: impl Into<Cow<'a, [u8]>>,
        budget: &Budget<'_>,
    ) -> Result<Self, ImageError> {
        let row_bytes = row_bytes(width, components, bits, height, budget)?;
        let bytes = bytes.into();
        Ok(Self {
            width,
            height,
            components,
            bits,
            stride_bytes: row_bytes,
            bytes,
        })
    }

    /// Bilevel rows that are `stride_bytes` apart, of which `width` pixels belong to the image.
    pub(super) fn bilevel(width: u32, height: u32, stride_bytes: usize, bytes: Vec<u8>) -> Self {
        Self {
            width,
            height,
            components: 1,
            bits: 1,
            stride_bytes,
            bytes: Cow::Owned(bytes),
        }
    }

    /// Bytes that the samples of one row take.
    pub(super) fn row_bytes(&self) -> usize {
        (self.width as usize * self.components * self.bits).div_ceil(8)
    }

    /// Fills `out` with the packed bytes of row `y`; what the data lacks is zero.
    pub(super) fn copy_row(&self, y: u32, out: &mut [u8]) {
        let start = (y as usize).saturating_mul(self.stride_bytes);
        let row = self.bytes.get(start..).unwrap_or(&[]);
        let row = &row[..row.len().min(self.stride_bytes).min(out.len())];
        let (data, missing) = out.split_at_mut(row.len());
        data.copy_from_slice(row);
        missing.fill(0);
    }
}

/// Reads the samples of rows one by one.
pub(super) struct Unpacker {
    packed: Vec<u8>,
}

impl Unpacker {
    pub(super) fn new(samples: &Samples<'_>) -> Self {
        Self {
            packed: vec![0; samples.row_bytes()],
        }
    }

    /// Fills `out` with the sample values of row `y`, 0 to `2^bits - 1`; of 16 bits the upper 8.
    pub(super) fn read(&mut self, samples: &Samples<'_>, y: u32, out: &mut [u8]) {
        match samples.bits {
            8 => samples.copy_row(y, out),
            16 => {
                samples.copy_row(y, &mut self.packed);
                for (value, pair) in out.iter_mut().zip(self.packed.chunks_exact(2)) {
                    *value = pair[0];
                }
            }
            bits => {
                samples.copy_row(y, &mut self.packed);
                let mask = (1_u8 << bits) - 1;
                for (values, byte) in out.chunks_mut(8 / bits).zip(&self.packed) {
                    let mut shift = 8;
                    for value in values {
                        shift -= bits;
                        *value = byte >> shift & mask;
                    }
                }
            }
        }
    }
}

fn row_bytes(
    width: u32,
    components: usize,
    bits: usize,
    height: u32,
    budget: &Budget<'_>,
) -> Result<usize, ImageError> {
    let too_large = ImageError::TooLarge {
        width: width.into(),
        height: height.into(),
    };
    let row_bits = (width as usize)
        .checked_mul(components)
        .and_then(|n| n.checked_mul(bits));
    let row_bytes = row_bits.ok_or(too_large.clone())?.div_ceil(8);
    match (row_bytes as u64).checked_mul(height.into()) {
        Some(total) if total <= budget.limits.max_image_bytes => Ok(row_bytes),
        _ => Err(too_large),
    }
}
