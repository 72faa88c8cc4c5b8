//! Soft masks, stencil masks and colour keys (ISO 32000-1, 8.9.6 and 11.6.5.3): transparency.

use super::colour::{Colour, Palette};
use super::samples::{Samples, Unpacker};
use super::{ImageError, Source, decode_gray, stream_source};
use crate::budget::Budget;
use crate::objects::{Dictionary, Objects};

/// Where an image lets its background through.
pub(super) enum Alpha {
    /// Nowhere.
    Opaque,
    /// As a mask image says, resampled to the size of the image.
    Plane {
        plane: Plane,
        /// The colour, as components of the image's space, that was blended in beforehand.
        matte: Option<Vec<f32>>,
    },
    /// Where every sample lies in its range, both ends included.
    Key(Vec<[u8; 2]>),
}

impl Alpha {
    /// The transparency that the image dictionary asks for. A mask that cannot be read is a
    /// warning, and the image stays opaque.
    pub(super) fn of<'o>(
        source: Source<'o>,
        samples: &Samples<'_>,
        colour: &Colour,
        objects: &'o Objects<'_>,
        budget: &Budget<'_>,
    ) -> Result<Self, ImageError> {
        let mask =
            |key: &[u8]| stream_source(objects.lookup(source.dict, key)?, objects, source.profiles);
        let (mask, is_soft) = match (mask(b"SMask"), mask(b"Mask")) {
            (Some(mask), _) => (mask, true),
            (None, Some(mask)) => (mask, false),
            (None, None) => return Ok(Self::keyed(source.dict, samples, objects)),
        };
        let mut plane = match decode_gray(mask, objects, budget) {
            Ok(plane) => plane.resampled(samples.width, samples.height, budget)?,
            Err(ImageError::Extraction(error)) => return Err(error.into()),
            Err(error) => {
                budget.warn(error.warning_code(), format!("mask left out: {error}"));
                return Ok(Self::Opaque);
            }
        };
        let is_stencil = objects.boolean(mask.dict, b"ImageMask") == Some(true);
        if !is_soft && !is_stencil {
            // A sample of 1 hides the image, also where the mask forgets to say that it is one.
            plane
                .bytes
                .iter_mut()
                .for_each(|level| *level = 255 - *level);
        }
        if plane.bytes.iter().all(|level| *level == 255) {
            return Ok(Self::Opaque);
        }
        let matte = objects
            .numbers(mask.dict, b"Matte")
            .filter(|matte| is_soft && matte.len() == colour.components());
        Ok(Self::Plane { plane, matte })
    }

    fn keyed(dict: &Dictionary, samples: &Samples<'_>, objects: &Objects<'_>) -> Self {
        let Some(key) = colour_key(dict, objects) else {
            return Self::Opaque;
        };
        if key.len() != 2 * samples.components {
            return Self::Opaque;
        }
        let dropped_bits = samples.bits.saturating_sub(8);
        let level = |value: f32| (value.clamp(0.0, 65535.0) as u16 >> dropped_bits).min(255) as u8;
        Self::Key(
            key.chunks_exact(2)
                .map(|range| [level(range[0]), level(range[1])])
                .collect(),
        )
    }

    /// The colour to take out of every pixel again.
    pub(super) fn matte(&self, colour: &Colour) -> Option<Matte> {
        match self {
            Self::Plane {
                matte: Some(matte), ..
            } => Some(Matte(colour.rgb(matte))),
            _ => None,
        }
    }
}

/// The array form of `Mask`: a least and a greatest sample value for each component.
pub(super) fn colour_key(dict: &Dictionary, objects: &Objects<'_>) -> Option<Vec<f32>> {
    if objects.stream(dict, b"SMask").is_some() {
        return None;
    }
    objects.numbers(dict, b"Mask")
}

/// A colour with which the pixels of an image were blended beforehand.
#[derive(Clone, Copy)]
pub(super) struct Matte([u8; 3]);

impl Matte {
    /// `c = m + (c' - m) / α` (ISO 32000-1, 11.6.5.3).
    pub(super) fn remove(self, rgb: [u8; 3], alpha: u8) -> [u8; 3] {
        if alpha == 0 {
            return rgb;
        }
        let mut out = rgb;
        for (channel, matte) in out.iter_mut().zip(self.0) {
            let (blended, matte) = (i32::from(*channel), i32::from(matte));
            let original = matte + (blended - matte) * 255 / i32::from(alpha);
            *channel = original.clamp(0, 255) as u8;
        }
        out
    }
}

/// One byte per pixel, without padding.
pub(super) struct Plane {
    width: u32,
    height: u32,
    bytes: Vec<u8>,
}

impl Plane {
    /// The gray levels of one-component samples.
    pub(super) fn new(
        samples: &Samples<'_>,
        palette: &Palette,
        budget: &Budget<'_>,
    ) -> Result<Self, ImageError> {
        let (width, height) = (samples.width, samples.height);
        let mut bytes = blank(width, height, budget)?;
        let mut unpacker = Unpacker::new(samples);
        for (y, row) in (0..height).zip(bytes.chunks_exact_mut(width as usize)) {
            budget.check()?;
            unpacker.read(samples, y, row);
            row.iter_mut()
                .for_each(|value| *value = palette.colour(*value)[0]);
        }
        Ok(Self {
            width,
            height,
            bytes,
        })
    }

    /// The same picture in another size: the mean of the pixels that each new pixel covers.
    fn resampled(self, width: u32, height: u32, budget: &Budget<'_>) -> Result<Self, ImageError> {
        if (width, height) == (self.width, self.height) {
            return Ok(self);
        }
        let columns: Vec<(usize, usize)> =
            (0..width).map(|x| covered(x, width, self.width)).collect();
        let mut bytes = blank(width, height, budget)?;
        for (y, row) in (0..height).zip(bytes.chunks_exact_mut(width as usize)) {
            budget.check()?;
            let (top, bottom) = covered(y, height, self.height);
            for (level, (left, right)) in row.iter_mut().zip(&columns) {
                let mut sum = 0_u64;
                for line in top..bottom {
                    let start = line * self.width as usize;
                    let run = &self.bytes[start + left..start + right];
                    sum += run.iter().map(|level| u64::from(*level)).sum::<u64>();
                }
                *level = (sum / ((bottom - top) * (right - left)) as u64) as u8;
            }
        }
        Ok(Self {
            width,
            height,
            bytes,
        })
    }
}

fn blank(width: u32, height: u32, budget: &Budget<'_>) -> Result<Vec<u8>, ImageError> {
    let bytes = u64::from(width) * u64::from(height);
    if bytes > budget.limits.max_image_bytes {
        let (width, height) = (width.into(), height.into());
        return Err(ImageError::TooLarge { width, height });
    }
    budget.charge_inflated(bytes)?;
    Ok(vec![0; bytes as usize])
}

/// The old pixels `from..to` under new pixel `index`; at least one, all within the old side.
fn covered(index: u32, new_side: u32, old_side: u32) -> (usize, usize) {
    let scale = |edge: u64| (edge * u64::from(old_side) / u64::from(new_side)) as usize;
    let from = scale(index.into()).min(old_side as usize - 1);
    let to = scale(u64::from(index) + 1).clamp(from + 1, old_side as usize);
    (from, to)
}

/// Opacity row by row.
pub(super) struct AlphaRows<'a> {
    alpha: &'a Alpha,
    width: usize,
    row: Vec<u8>,
}

impl<'a> AlphaRows<'a> {
    pub(super) fn new(alpha: &'a Alpha, samples: &Samples<'_>) -> Self {
        let width = samples.width as usize;
        Self {
            alpha,
            width,
            row: vec![255; width],
        }
    }

    /// The opacity of each pixel of row `y`, whose samples are `values`.
    pub(super) fn row(&mut self, y: u32, values: &[u8]) -> &[u8] {
        match self.alpha {
            Alpha::Opaque => &self.row,
            Alpha::Plane { plane, .. } => {
                let start = y as usize * self.width;
                plane
                    .bytes
                    .get(start..start + self.width)
                    .unwrap_or(&self.row)
            }
            Alpha::Key(key) => {
                for (level, pixel) in self.row.iter_mut().zip(values.chunks_exact(key.len())) {
                    let hidden = pixel
                        .iter()
                        .zip(key)
                        .all(|(value, [low, high])| (low..=high).contains(&value));
                    *level = if hidden { 0 } else { 255 };
                }
                &self.row
            }
        }
    }
}
