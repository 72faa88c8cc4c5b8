//! JPXDecode (ISO 32000-1, 7.4.9): JPEG 2000 data.

use hayro_jpeg2000::{DecodeSettings, DecoderContext, Image};

use super::colour::Colour;
use super::samples::Samples;
use super::{ImageError, header};
use crate::budget::Budget;

/// Bytes that a decoder holds per component of a pixel: coefficients and samples in 32 bits.
const WORKING_BYTES: u64 = 8;

/// Pixels across and down, as the data says.
pub(super) fn size(data: &[u8]) -> Option<(u32, u32)> {
    let image = Image::new(data, &DecodeSettings::default()).ok()?;
    Some((image.width(), image.height()))
}

/// Decodes all colour components, 8 bits each. Without a `declared` space the data's own number of
/// components decides.
pub(super) fn decode(
    data: &[u8],
    declared: Option<Colour>,
    budget: &Budget<'_>,
) -> Result<(Samples<'static>, Colour), ImageError> {
    let indexed = matches!(declared, Some(Colour::Indexed(_)));
    let settings = DecodeSettings {
        resolve_palette_indices: !indexed,
        ..Default::default()
    };
    let image =
        Image::new(data, &settings).map_err(|_| ImageError::Damaged("its jpeg 2000 header"))?;
    let (width, height) = header::bounded(image.width().into(), image.height().into(), budget)?;
    let channels = u64::from(image.color_space().num_channels()) + 1;
    let size = u64::from(width) * u64::from(height) * channels;
    if size.saturating_mul(WORKING_BYTES) > budget.limits.max_image_bytes.saturating_mul(4) {
        return Err(ImageError::TooLarge {
            width: width.into(),
            height: height.into(),
        });
    }
    budget.charge_inflated(size)?;
    let mut context = DecoderContext::default();
    let decoded = image
        .decode(&mut context)
        .map_err(|_| ImageError::Damaged("its jpeg 2000 data"))?;
    let available = decoded.components().len();
    let own = available - usize::from(image.has_alpha() && available > 1);
    let colour = match declared {
        Some(colour) if colour.components() <= available => colour,
        _ => Colour::device(own).ok_or(ImageError::Unsupported("its number of components"))?,
    };
    let wanted = colour.components();
    let mut bytes = vec![0; width as usize * height as usize * wanted];
    for (channel, component) in decoded.components().iter().take(wanted).enumerate() {
        let greatest = ((1_u64 << component.bit_depth().min(32)) - 1) as f32;
        let scale = if indexed {
            1.0
        } else {
            255.0 / greatest.max(1.0)
        };
        let pixels = bytes.iter_mut().skip(channel).step_by(wanted);
        for (byte, sample) in pixels.zip(component.samples()) {
            *byte = (sample * scale).round().clamp(0.0, 255.0) as u8;
        }
    }
    Ok((
        Samples::new(width, height, wanted, 8, bytes, budget)?,
        colour,
    ))
}
