//! Rows to a PNG file.

use png::{BitDepth, ColorType, DeflateCompression, Encoder, Filter};

use super::ImageError;
use crate::budget::Budget;

/// For bits and indices: fast, and within a few percent of the slow levels.
const UNFILTERED_LEVEL: u8 = 3;

/// Rows between two looks at the cancel flag.
const ROWS_PER_CHECK: u32 = 64;

/// What one pixel is made of.
pub(super) enum Pixels {
    /// 1, 2, 4, 8 or 16 bits.
    Gray { bits: u8 },
    /// 8 bits each.
    GrayAlpha,
    /// 8 or 16 bits each.
    Rgb { bits: u8 },
    /// 8 bits each.
    Rgba,
    /// 1, 2, 4 or 8 bits that choose one of `colours`, three bytes each.
    Indexed { bits: u8, colours: Vec<u8> },
}

impl Pixels {
    pub(super) fn channels(&self) -> usize {
        match self {
            Self::Gray { .. } | Self::Indexed { .. } => 1,
            Self::GrayAlpha => 2,
            Self::Rgb { .. } => 3,
            Self::Rgba => 4,
        }
    }

    fn bits(&self) -> u8 {
        match self {
            Self::Gray { bits } | Self::Rgb { bits } | Self::Indexed { bits, .. } => *bits,
            Self::GrayAlpha | Self::Rgba => 8,
        }
    }

    fn color_type(&self) -> ColorType {
        match self {
            Self::Gray { .. } => ColorType::Grayscale,
            Self::GrayAlpha => ColorType::GrayscaleAlpha,
            Self::Rgb { .. } => ColorType::Rgb,
            Self::Rgba => ColorType::Rgba,
            Self::Indexed { .. } => ColorType::Indexed,
        }
    }

    /// Prediction pays where neighbours are close in value, which indices and bits are not. What
    /// it leaves is mostly small numbers, for which there is a compressor that takes a quarter of
    /// the time of zlib's fast levels and yields a tenth more.
    fn compression(&self) -> (Filter, DeflateCompression) {
        match self {
            Self::Indexed { .. } | Self::Gray { bits: ..8 } => (
                Filter::NoFilter,
                DeflateCompression::Level(UNFILTERED_LEVEL),
            ),
            _ => (Filter::Adaptive, DeflateCompression::FdeflateUltraFast),
        }
    }
}

/// Writes a whole file; `fill_row` is called once for each row, from the top, with room for its
/// packed bytes.
///
/// # Errors
/// Cancellation.
pub(super) fn encode(
    width: u32,
    height: u32,
    pixels: &Pixels,
    budget: &Budget<'_>,
    mut fill_row: impl FnMut(u32, &mut [u8]),
) -> Result<Vec<u8>, ImageError> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, width, height);
    encoder.set_color(pixels.color_type());
    encoder.set_depth(BitDepth::from_u8(pixels.bits()).unwrap_or(BitDepth::Eight));
    if let Pixels::Indexed { colours, .. } = pixels {
        encoder.set_palette(colours.as_slice());
    }
    let (filter, deflate) = pixels.compression();
    encoder.set_deflate_compression(deflate);
    encoder.set_filter(filter);
    let row_bits = width as usize * pixels.channels() * usize::from(pixels.bits());
    let mut row = vec![0; row_bits.div_ceil(8)];
    let mut writer = encoder.write_header().map_err(refused)?;
    let mut rows = writer.stream_writer().map_err(refused)?;
    for y in 0..height {
        if y % ROWS_PER_CHECK == 0 {
            budget.check()?;
        }
        fill_row(y, &mut row);
        std::io::Write::write_all(&mut rows, &row).map_err(refused)?;
    }
    rows.finish().map_err(refused)?;
    drop(writer);
    Ok(file)
}

fn refused<E>(_: E) -> ImageError {
    ImageError::Unsupported("its size in a PNG")
}
