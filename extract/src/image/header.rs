//! What the image dictionary says of size, depth and decoding (ISO 32000-1, tables 89 and 93).

use super::ImageError;
use crate::budget::Budget;
use crate::objects::{Dictionary, Object, Objects};

/// Allowed to every image, however small it is in the file.
const MIN_ENCODED_BYTES: u64 = 64 << 10;

/// The entries that every codec needs.
pub(super) struct Header {
    size: Option<(u32, u32)>,
    /// Bits per component: 1, 2, 4, 8 or 16.
    pub(super) bits: usize,
    /// The samples say where to paint, not what (`ImageMask`).
    pub(super) stencil: bool,
    /// `Decode`, where it is given; of a stencil what turns painted samples white.
    pub(super) decode: Option<Vec<f32>>,
}

impl Header {
    /// Reads the dictionary, with the abbreviations of inline images.
    ///
    /// # Errors
    /// [`ImageError::TooLarge`] where a side exceeds the limit. A missing size is no error yet:
    /// JPEG and JPEG 2000 data name their own.
    pub(super) fn parse(
        dict: &Dictionary,
        objects: &Objects<'_>,
        budget: &Budget<'_>,
    ) -> Result<Self, ImageError> {
        let either = |long: &[u8], short: &[u8]| {
            objects
                .lookup(dict, long)
                .or_else(|| objects.lookup(dict, short))
        };
        let side = |long: &[u8], short: &[u8]| match either(long, short)? {
            Object::Integer(value) => u64::try_from(*value).ok(),
            Object::Real(value) if *value >= 1.0 => Some(*value as u64),
            _ => None,
        };
        let size = match (side(b"Width", b"W"), side(b"Height", b"H")) {
            (Some(width @ 1..), Some(height @ 1..)) => Some(bounded(width, height, budget)?),
            _ => None,
        };
        let stencil = matches!(either(b"ImageMask", b"IM"), Some(Object::Boolean(true)));
        let bits = match either(b"BitsPerComponent", b"BPC") {
            _ if stencil => 1,
            Some(Object::Integer(bits @ (1 | 2 | 4 | 8 | 16))) => *bits as usize,
            _ => 8,
        };
        let numbers = |key| objects.numbers(dict, key);
        let mut decode = numbers(b"Decode").or_else(|| numbers(b"D"));
        if stencil {
            // A sample of 0 paints by default, and what is painted is white in the file.
            let is_reversed = decode.is_some_and(|decode| decode.first() >= Some(&1.0));
            decode = (!is_reversed).then(|| vec![1.0, 0.0]);
        }
        Ok(Self {
            size,
            bits,
            stencil,
            decode,
        })
    }

    /// Pixels across and down, both at least 1.
    pub(super) fn size(&self) -> Option<(u32, u32)> {
        self.size
    }

    /// Whether `Decode` is absent or maps samples of a gray or RGB image onto themselves.
    pub(super) fn decodes_as_usual(&self, components: usize) -> bool {
        self.decode.as_ref().is_none_or(|decode| {
            decode.len() < 2 * components || decode.chunks(2).all(|range| range == [0.0, 1.0])
        })
    }

    /// No less than the data takes without its byte filters, and not much more, so that a bomb
    /// costs little: the samples with the filter byte of each PNG-predicted row, or, where the
    /// data stays encoded, several times what the file holds.
    pub(super) fn max_encoded_bytes(
        &self,
        components: Option<usize>,
        stored_bytes: usize,
        budget: &Budget<'_>,
    ) -> u64 {
        let (width, height) = self.size.unwrap_or((0, 0));
        let row_bits = u64::from(width) * (components.unwrap_or(4) * self.bits) as u64;
        let samples = (row_bits.div_ceil(8) + 1) * u64::from(height);
        let limits = budget.limits;
        samples
            .max(4 * stored_bytes as u64 + MIN_ENCODED_BYTES)
            .min(limits.max_stream_bytes.max(limits.max_image_bytes))
    }
}

/// Both sides, where neither exceeds [`crate::Limits::max_image_side`].
pub(super) fn bounded(
    width: u64,
    height: u64,
    budget: &Budget<'_>,
) -> Result<(u32, u32), ImageError> {
    let side = |side: u64| {
        u32::try_from(side)
            .ok()
            .filter(|side| *side <= budget.limits.max_image_side)
    };
    match (side(width), side(height)) {
        (Some(width), Some(height)) => Ok((width, height)),
        _ => Err(ImageError::TooLarge { width, height }),
    }
}
