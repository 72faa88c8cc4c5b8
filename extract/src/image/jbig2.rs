//! JBIG2Decode (ISO 32000-1, 7.4.7): bilevel images coded after ITU-T T.88 | ISO/IEC 14492.
//!
//! Written for hostile data: every loop that the data controls pays from an [`Allowance`], which
//! also looks whether the extraction is cancelled; every bitmap is paid for before it is allocated.

mod adaptive; // adaptive pixels of templates
mod allowance; // what one image may still cost
mod arithmetic; // annex E: the arithmetic decoder
mod bitmap; // one bit per pixel
mod control; // clauses 7 and 8: runs the segments of a page
mod generic; // 6.2: generic regions
mod halftone; // 6.6: halftone regions
mod huffman; // annex B: Huffman coding of integers
mod integer; // annex A: arithmetic coding of integers
mod page; // 7.4.8: page information
mod patterns; // 6.7: pattern dictionaries
mod reader; // bytes and bits
mod refinement; // 6.3: generic refinement regions
mod region; // 7.4.1: region information
mod segment; // 7.2 and annex D: segment headers
mod symbols; // 6.5: symbol dictionaries
mod tables; // which Huffman table a value uses
mod text; // 6.4: text regions

use self::allowance::Allowance;
use self::page::PageInformation;
use self::segment::Segments;
use super::ImageError;
use super::header::{self, Header};
use super::samples::Samples;
use crate::WarningCode;
use crate::budget::Budget;
use crate::filter;
use crate::objects::{Dictionary, Objects};

type Result<T> = std::result::Result<T, ImageError>;

const ENDS_EARLY: ImageError = damaged("its jbig2 data ends early");

const fn damaged(what: &'static str) -> ImageError {
    ImageError::Damaged(what)
}

/// Decodes one bit per pixel, black as 0. Where data is damaged, the page is as far as it goes
/// without it, and there is a warning.
pub(super) fn decode(
    data: &[u8],
    header: &Header,
    params: Option<&Dictionary>,
    objects: &Objects<'_>,
    budget: &Budget<'_>,
) -> Result<Samples<'static>> {
    let globals = params.and_then(|params| objects.stream(params, b"JBIG2Globals"));
    let globals = globals.map(|stream| filter::decode_stream(stream, objects, budget));
    let globals = globals.transpose()?;
    let globals = globals.as_ref().map_or(&[][..], |globals| &globals.bytes);
    decode_page(data, globals, header.size(), budget)
}

/// Decodes the first page, cut or extended with white to the height of `declared` pixels.
fn decode_page(
    data: &[u8],
    globals: &[u8],
    declared: Option<(u32, u32)>,
    budget: &Budget<'_>,
) -> Result<Samples<'static>> {
    let (globals, segments) = match Segments::of_file(data)? {
        Some(segments) => (Segments::embedded(&[]), segments),
        None => (Segments::embedded(globals), Segments::embedded(data)),
    };
    let segments = globals.chain(segments);
    // What is decoded, which pays, looks at the cancellation itself.
    let scanned = segments.clone().take_while(|_| budget.check().is_ok());
    let page = PageInformation::find(scanned)?;
    budget.check()?;
    let page = page.ok_or(damaged("its jbig2 data has no page"))?;
    let page_height = page.height.or(declared.map(|(_, height)| height));
    let (page_width, page_height) = (page.width, page_height.unwrap_or(0));
    if page_width == 0 || page_height == 0 {
        return Err(damaged("its jbig2 page is empty"));
    }
    header::bounded(page_width.into(), page_height.into(), budget)?;
    let (width, height) = declared.unwrap_or((page_width, page_height));
    let stride_bytes = (page_width as usize).div_ceil(8);
    let size = stride_bytes as u64 * u64::from(page_height.max(height));
    if size > budget.limits.max_image_bytes {
        return Err(ImageError::TooLarge {
            width: width.into(),
            height: height.into(),
        });
    }
    budget.charge_inflated(size)?;
    let allowance = Allowance::new(u64::from(page_width) * u64::from(page_height), budget);
    let decoded = control::decode(segments, &page, page_height, &allowance)?;
    if let Some(damage) = decoded.damage {
        if decoded.regions == 0 {
            return Err(damage);
        }
        budget.warn(WarningCode::DamagedImage, damage.to_string());
    }
    let mut bytes = decoded.bitmap.into_white_is_1();
    bytes.resize(stride_bytes * height as usize, 0xff);
    Ok(Samples::bilevel(width, height, stride_bytes, bytes))
}

#[cfg(test)]
mod tests;
