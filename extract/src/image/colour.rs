//! Colour spaces (ISO 32000-1, 8.6): component values to sRGB.

mod cie; // CalGray, CalRGB and Lab
mod cmyk; // DeviceCMYK
mod icc; // ICCBased
mod parse; // colour space objects
mod values; // Decode arrays and one-component palettes

use self::cie::{CalGray, CalRgb, Lab};
use self::icc::Profile;
pub(crate) use self::icc::Profiles;
pub(super) use self::parse::Parser;
pub(super) use self::values::{Palette, ValueMap};
use super::function::Function;

/// A colour space, ready to convert.
pub(super) enum Colour {
    /// DeviceGray, or an ICC profile that shows the same.
    Gray,
    /// DeviceRGB, or an ICC profile that shows the same.
    Rgb,
    /// DeviceCMYK.
    Cmyk,
    CalGray(CalGray),
    CalRgb(Box<CalRgb>),
    Lab(Lab),
    Icc(Profile),
    /// The colours that indices stand for.
    Indexed(Vec<[u8; 3]>),
    /// Separation and DeviceN: a function yields components of another space.
    Tint {
        components: usize,
        alternate: Box<Colour>,
        transform: Function,
    },
}

impl Colour {
    /// The device space with this number of components.
    pub(super) fn device(components: usize) -> Option<Self> {
        match components {
            1 => Some(Self::Gray),
            3 => Some(Self::Rgb),
            4 => Some(Self::Cmyk),
            _ => None,
        }
    }

    /// Components per pixel.
    pub(super) fn components(&self) -> usize {
        match self {
            Self::Gray | Self::CalGray(_) | Self::Indexed(_) => 1,
            Self::Rgb | Self::CalRgb(_) | Self::Lab(_) => 3,
            Self::Cmyk => 4,
            Self::Icc(profile) => profile.components(),
            Self::Tint { components, .. } => *components,
        }
    }

    /// Whether a JPEG file with this number of components shows the right colours on its own. One of
    /// inks does not: viewers take those of an Adobe file for inverted, whatever the document says.
    pub(super) fn is_shown_by_jpeg(&self, components: usize) -> bool {
        match self {
            Self::Gray | Self::CalGray(_) => components == 1,
            Self::Rgb | Self::CalRgb(_) => components == 3,
            Self::Icc(profile) => profile.components() == components && components != 4,
            Self::Cmyk | Self::Lab(_) | Self::Indexed(_) | Self::Tint { .. } => false,
        }
    }

    /// The values that the least and the greatest sample of a component stand for by default.
    fn range(&self, component: usize) -> [f32; 2] {
        match self {
            Self::Lab(lab) => lab.range(component),
            Self::Indexed(colours) => [0.0, colours.len().saturating_sub(1) as f32],
            _ => [0.0, 1.0],
        }
    }

    /// One colour from values in the units of the space.
    pub(super) fn rgb(&self, values: &[f32]) -> [u8; 3] {
        let value = |index: usize| values.get(index).copied().unwrap_or(0.0);
        match self {
            Self::Gray => [to_byte(value(0)); 3],
            Self::Rgb => [0, 1, 2].map(|index| to_byte(value(index))),
            Self::Cmyk => cmyk::to_rgb([0, 1, 2, 3].map(|index| to_byte(value(index)))),
            Self::CalGray(space) => space.rgb(value(0)),
            Self::CalRgb(space) => space.rgb([value(0), value(1), value(2)]),
            Self::Lab(space) => space.rgb([value(0), value(1), value(2)]),
            Self::Icc(profile) => profile.rgb(values),
            Self::Indexed(colours) => {
                let last = colours.len().saturating_sub(1);
                let index = (value(0).max(0.0) + 0.5) as usize;
                colours.get(index.min(last)).copied().unwrap_or_default()
            }
            Self::Tint {
                alternate,
                transform,
                ..
            } => alternate.rgb(&transform.eval(values)),
        }
    }

    /// Converts rows of this space.
    pub(super) fn converter(&self) -> Converter<'_> {
        Converter {
            colour: self,
            seen: Vec::new(),
        }
    }
}

/// Colours remembered by a [`Converter`]; a power of two.
const REMEMBERED_COLOURS: usize = 4096;

/// Components that fit the key of a remembered colour.
const MAX_KEY_COMPONENTS: usize = 8;

/// Converts rows of one colour space; remembers colours that take long to compute.
pub(super) struct Converter<'c> {
    colour: &'c Colour,
    seen: Vec<Option<(u64, [u8; 3])>>,
}

impl Converter<'_> {
    /// Fills `out` with RGB for `values`: bytes that span the range of each component, interleaved.
    pub(super) fn row(&mut self, values: &[u8], out: &mut [u8]) {
        match self.colour {
            Colour::Rgb => {
                let len = values.len().min(out.len());
                out[..len].copy_from_slice(&values[..len]);
            }
            Colour::Cmyk => {
                let pixels = out.as_chunks_mut::<3>().0;
                let mut last = ([0; 4], cmyk::to_rgb([0; 4]));
                for (pixel, inks) in pixels.iter_mut().zip(values.as_chunks::<4>().0) {
                    if last.0 != *inks {
                        last = (*inks, cmyk::to_rgb(*inks));
                    }
                    *pixel = last.1;
                }
            }
            Colour::Icc(profile) => profile.row(values, out),
            colour => {
                let components = colour.components().max(1);
                let pixels = out.as_chunks_mut::<3>().0;
                for (pixel, values) in pixels.iter_mut().zip(values.chunks_exact(components)) {
                    *pixel = self.pixel(values);
                }
            }
        }
    }

    fn pixel(&mut self, values: &[u8]) -> [u8; 3] {
        if values.len() > MAX_KEY_COMPONENTS {
            return self.compute(values);
        }
        if self.seen.is_empty() {
            self.seen.resize(REMEMBERED_COLOURS, None);
        }
        let key = values
            .iter()
            .fold(0, |key, value| key << 8 | u64::from(*value));
        // Fibonacci hashing: the upper bits of the product depend on all bits of the key.
        let slot = (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 52) as usize % REMEMBERED_COLOURS;
        match self.seen[slot] {
            Some((seen, rgb)) if seen == key => rgb,
            _ => {
                let rgb = self.compute(values);
                self.seen[slot] = Some((key, rgb));
                rgb
            }
        }
    }

    fn compute(&self, values: &[u8]) -> [u8; 3] {
        let values: Vec<f32> = values
            .iter()
            .enumerate()
            .map(|(component, value)| {
                let [low, high] = self.colour.range(component);
                low + f32::from(*value) / 255.0 * (high - low)
            })
            .collect();
        self.colour.rgb(&values)
    }
}

/// 0 to 1 as a byte; anything else is clipped.
fn to_byte(value: f32) -> u8 {
    (value.clamp(0.0, 1.0) * 255.0 + 0.5) as u8
}
