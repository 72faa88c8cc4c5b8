//! JBIG2Decode (ISO 32000-1, 7.4.7; ITU-T T.88).

use super::ImageError;
use super::header::{self, Header};
use super::samples::Samples;
use crate::budget::Budget;
use crate::filter;
use crate::objects::{Dictionary, Objects};
use hayro_jbig2::{DecodeSettings, Decoder, File, Globals, Page};

const DAMAGED: ImageError = ImageError::Damaged("its jbig2 data");

/// What a file of its own starts with (T.88, D.4.1), which embedded data should not.
const FILE_ID: &[u8] = b"\x97JB2\r\n\x1a\n";

/// Decodes one bit per pixel, black as 0.
pub(super) fn decode(
    data: &[u8],
    header: &Header,
    params: Option<&Dictionary>,
    objects: &Objects<'_>,
    budget: &Budget<'_>,
) -> Result<Samples<'static>, ImageError> {
    let settings = DecodeSettings::default();
    let globals = match params.and_then(|params| objects.stream(params, b"JBIG2Globals")) {
        Some(stream) => {
            let data = filter::decode_stream(stream, objects, budget)?;
            Some(Globals::new(&data.bytes, &settings).map_err(|_| DAMAGED)?)
        }
        None => None,
    };
    let file;
    let page = if data.starts_with(FILE_ID) {
        file = File::new(data, &settings).map_err(|_| DAMAGED)?;
        file.page(0).ok_or(DAMAGED)?
    } else {
        Page::new_embedded(data, globals.as_ref(), &settings).map_err(|_| DAMAGED)?
    };
    let (page_width, page_height) =
        header::bounded(page.width().into(), page.height().into(), budget)?;
    let (width, height) = header.size().unwrap_or((page_width, page_height));
    let stride_bytes = (page_width as usize).div_ceil(8);
    let size = stride_bytes as u64 * u64::from(page_height.max(height));
    if size > budget.limits.max_image_bytes {
        return Err(ImageError::TooLarge {
            width: width.into(),
            height: height.into(),
        });
    }
    budget.charge_inflated(size)?;
    let mut bitmap = Bitmap {
        bytes: Vec::with_capacity(size as usize),
        partial: 0,
        pixels: 0,
    };
    page.decode(&mut bitmap).map_err(|_| DAMAGED)?;
    let mut bytes = bitmap.bytes;
    bytes.resize(stride_bytes * height as usize, 0xff);
    Ok(Samples::bilevel(width, height, stride_bytes, bytes))
}

/// Packs pixels, white as 1.
struct Bitmap {
    bytes: Vec<u8>,
    partial: u8,
    /// Pixels in `partial`.
    pixels: u32,
}

impl Decoder for Bitmap {
    fn push_pixel(&mut self, black: bool) {
        self.partial = self.partial << 1 | u8::from(!black);
        self.pixels += 1;
        if self.pixels == 8 {
            self.bytes.push(self.partial);
            (self.partial, self.pixels) = (0, 0);
        }
    }

    fn push_pixel_chunk(&mut self, black: bool, chunk_count: u32) {
        let byte = if black { 0 } else { 0xff };
        self.bytes
            .resize(self.bytes.len() + chunk_count as usize, byte);
    }

    fn next_line(&mut self) {
        if self.pixels > 0 {
            self.bytes.push(self.partial << (8 - self.pixels));
            (self.partial, self.pixels) = (0, 0);
        }
    }
}
