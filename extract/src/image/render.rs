//! Samples, colour space and transparency to the rows of a PNG that says the same in fewest bits.

use super::ImageError;
use super::colour::{Colour, Palette, ValueMap};
use super::mask::{Alpha, AlphaRows};
use super::png::{self, Pixels};
use super::samples::{Samples, Unpacker};
use crate::budget::Budget;

/// Encodes the image as a PNG of the same size.
pub(super) fn to_png(
    samples: &Samples<'_>,
    colour: &Colour,
    decode: Option<&[f32]>,
    alpha: &Alpha,
    budget: &Budget<'_>,
) -> Result<Vec<u8>, ImageError> {
    let opaque = matches!(alpha, Alpha::Opaque);
    if samples.components == 1 {
        if samples.bits == 16 && opaque && matches!(colour, Colour::Gray) && decode.is_none() {
            return packed(samples, &Pixels::Gray { bits: 16 }, 0, budget);
        }
        let palette = Palette::new(colour, samples.bits, decode);
        if opaque {
            return without_alpha(samples, &palette, budget);
        }
        return with_palette(samples, &palette, alpha, budget);
    }
    let plain = matches!(colour, Colour::Rgb) && decode.is_none() && samples.bits >= 8;
    if plain && opaque {
        let bits = samples.bits as u8;
        return packed(samples, &Pixels::Rgb { bits }, 0, budget);
    }
    with_components(samples, colour, decode, alpha, budget)
}

/// The packed bytes as they are, all bits flipped where `flip` is 255.
fn packed(
    samples: &Samples<'_>,
    pixels: &Pixels,
    flip: u8,
    budget: &Budget<'_>,
) -> Result<Vec<u8>, ImageError> {
    png::encode(samples.width, samples.height, pixels, budget, |y, row| {
        samples.copy_row(y, row);
        if flip != 0 {
            row.iter_mut().for_each(|byte| *byte ^= flip);
        }
    })
}

/// One opaque component: gray where the palette is, else the palette itself.
fn without_alpha(
    samples: &Samples<'_>,
    palette: &Palette,
    budget: &Budget<'_>,
) -> Result<Vec<u8>, ImageError> {
    if samples.bits == 16 {
        return with_palette(samples, palette, &Alpha::Opaque, budget);
    }
    let bits = samples.bits as u8;
    if palette.is_gray_ramp() {
        return packed(samples, &Pixels::Gray { bits }, 0, budget);
    }
    if palette.is_inverted_gray_ramp() {
        return packed(samples, &Pixels::Gray { bits }, 0xff, budget);
    }
    if bits == 8 && palette.is_gray() {
        return with_palette(samples, palette, &Alpha::Opaque, budget);
    }
    let colours = palette.colours().as_flattened().to_vec();
    packed(samples, &Pixels::Indexed { bits, colours }, 0, budget)
}

/// One component with alpha, or too deep for a PNG palette: 8 bits per channel.
fn with_palette(
    samples: &Samples<'_>,
    palette: &Palette,
    alpha: &Alpha,
    budget: &Budget<'_>,
) -> Result<Vec<u8>, ImageError> {
    let opaque = matches!(alpha, Alpha::Opaque);
    let pixels = match (palette.is_gray(), opaque) {
        (true, true) => Pixels::Gray { bits: 8 },
        (true, false) => Pixels::GrayAlpha,
        (false, true) => Pixels::Rgb { bits: 8 },
        (false, false) => Pixels::Rgba,
    };
    let channels = pixels.channels();
    let mut unpacker = Unpacker::new(samples);
    let mut values = vec![0; samples.width as usize];
    let mut alpha = AlphaRows::new(alpha, samples);
    png::encode(samples.width, samples.height, &pixels, budget, |y, row| {
        unpacker.read(samples, y, &mut values);
        let alphas = alpha.row(y, &values);
        for ((pixel, value), alpha) in row.chunks_exact_mut(channels).zip(&values).zip(alphas) {
            let [red, green, blue] = palette.colour(*value);
            match pixel {
                [gray] => *gray = red,
                [gray, opacity] => (*gray, *opacity) = (red, *alpha),
                [r, g, b] => (*r, *g, *b) = (red, green, blue),
                [r, g, b, opacity] => (*r, *g, *b, *opacity) = (red, green, blue, *alpha),
                _ => {}
            }
        }
    })
}

/// Several components: each row goes through the colour space.
fn with_components(
    samples: &Samples<'_>,
    colour: &Colour,
    decode: Option<&[f32]>,
    alpha: &Alpha,
    budget: &Budget<'_>,
) -> Result<Vec<u8>, ImageError> {
    let width = samples.width as usize;
    let map = ValueMap::new(colour, samples.bits, decode);
    let mut converter = colour.converter();
    let mut unpacker = Unpacker::new(samples);
    let mut values = vec![0; width * samples.components];
    if matches!(alpha, Alpha::Opaque) {
        let pixels = Pixels::Rgb { bits: 8 };
        return png::encode(samples.width, samples.height, &pixels, budget, |y, row| {
            unpacker.read(samples, y, &mut values);
            map.apply(&mut values);
            converter.row(&values, row);
        });
    }
    let matte = alpha.matte(colour);
    let mut alpha = AlphaRows::new(alpha, samples);
    let mut rgb = vec![0; 3 * width];
    png::encode(
        samples.width,
        samples.height,
        &Pixels::Rgba,
        budget,
        |y, row| {
            unpacker.read(samples, y, &mut values);
            let alphas = alpha.row(y, &values);
            map.apply(&mut values);
            converter.row(&values, &mut rgb);
            for ((pixel, rgb), alpha) in row
                .as_chunks_mut::<4>()
                .0
                .iter_mut()
                .zip(rgb.as_chunks::<3>().0)
                .zip(alphas)
            {
                let [r, g, b] = matte.map_or(*rgb, |matte| matte.remove(*rgb, *alpha));
                *pixel = [r, g, b, *alpha];
            }
        },
    )
}
