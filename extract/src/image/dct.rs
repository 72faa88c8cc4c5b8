//! DCTDecode (ISO 32000-1, 7.4.8): JPEG data.

use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use super::samples::Samples;
use super::{ImageError, header};
use crate::budget::Budget;

/// What the frame header of a JPEG says (ITU-T T.81, B.2.2).
pub(super) struct Frame {
    /// Pixels across, at least 1.
    pub(super) width: u32,
    /// Pixels down, at least 1.
    pub(super) height: u32,
    /// Components per pixel.
    pub(super) components: usize,
}

impl Frame {
    /// Looks for the frame header of 8-bit JPEG data.
    pub(super) fn find(data: &[u8]) -> Option<Self> {
        let start = data.windows(2).position(|pair| pair == [0xff, 0xd8])?;
        let mut rest = data.get(start + 2..)?;
        loop {
            let at = rest.iter().position(|byte| *byte == 0xff)?;
            rest = rest.get(at + 1..)?;
            match rest {
                // Fill bytes, stuffing, and markers without a segment.
                [0xff | 0 | 1 | 0xd0..=0xd8, ..] => {}
                // End of the image, or start of a scan before any frame.
                [0xd9 | 0xda, ..] => return None,
                // Frames of all codings; in between lie DHT, JPG and DAC.
                [
                    0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf,
                    _,
                    _,
                    segment @ ..,
                ] => {
                    let [8, h1, h0, w1, w0, components, ..] = segment else {
                        return None;
                    };
                    let width = u16::from_be_bytes([*w1, *w0]).into();
                    let height = u16::from_be_bytes([*h1, *h0]).into();
                    let components = usize::from(*components);
                    return (width > 0 && height > 0).then_some(Self {
                        width,
                        height,
                        components,
                    });
                }
                [_, l1, l0, ..] => {
                    rest = rest.get(1 + usize::from(u16::from_be_bytes([*l1, *l0]))..)?;
                }
                _ => return None,
            }
        }
    }
}

/// Decodes the components, CMYK as it is stored. `colour_transform` is the entry of that name in
/// the filter's parameters; an Adobe marker in the data goes before it.
pub(super) fn decode(
    data: &[u8],
    colour_transform: Option<i64>,
    budget: &Budget<'_>,
) -> Result<Samples<'static>, ImageError> {
    let max_side = budget.limits.max_image_side as usize;
    let options = DecoderOptions::default()
        .set_strict_mode(false)
        .set_max_width(max_side)
        .set_max_height(max_side);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(data), options);
    decoder
        .decode_headers()
        .map_err(|_| ImageError::Damaged("its jpeg header"))?;
    let (width, height) = decoder.dimensions().ok_or(ImageError::NoSize)?;
    let (width, height) = header::bounded(width as u64, height as u64, budget)?;
    let stored = decoder
        .input_colorspace()
        .ok_or(ImageError::Damaged("its jpeg header"))?;
    let has_adobe_marker = data.windows(7).any(|bytes| bytes == b"\xff\xee\0\x0eAdo");
    let stored_as_is = colour_transform == Some(0) && !has_adobe_marker;
    let (wanted, components) = match stored {
        ColorSpace::YCbCr if !stored_as_is => (ColorSpace::RGB, 3),
        other => (other, other.num_components()),
    };
    let size = u64::from(width) * u64::from(height) * components as u64;
    if size > budget.limits.max_image_bytes {
        return Err(ImageError::TooLarge {
            width: width.into(),
            height: height.into(),
        });
    }
    budget.charge_inflated(size)?;
    decoder.set_options(options.jpeg_set_out_colorspace(wanted));
    let mut bytes = decoder
        .decode()
        .map_err(|_| ImageError::Damaged("its jpeg data"))?;
    let is_ycck = stored == ColorSpace::YCCK
        || (stored == ColorSpace::CMYK && colour_transform == Some(1) && !has_adobe_marker);
    if is_ycck {
        bytes
            .as_chunks_mut::<4>()
            .0
            .iter_mut()
            .for_each(ycck_to_cmyk);
    }
    Samples::new(width, height, components, 8, bytes, budget)
}

/// The inverse of JFIF's transform, whose red, green and blue are the complements of the inks.
fn ycck_to_cmyk(pixel: &mut [u8; 4]) {
    let [luma, blue, red, _] = pixel.map(f32::from);
    let ink = |light: f32| 255 - light.clamp(0.0, 255.0).round() as u8;
    pixel[0] = ink(luma + 1.402 * (red - 128.0));
    pixel[1] = ink(luma - 0.344_136 * (blue - 128.0) - 0.714_136 * (red - 128.0));
    pixel[2] = ink(luma + 1.772 * (blue - 128.0));
}
