//! Pattern dictionaries: what halftones are made of (T.88, 6.7 and 7.4.4).

use super::allowance::Allowance;
use super::arithmetic::Decoder;
use super::bitmap::Bitmap;
use super::generic::{self, Template};
use super::reader::Reader;
use super::{Result, damaged};

/// Patterns of the same size, at least one, from the lightest to the darkest.
pub(super) struct Patterns {
    pub(super) patterns: Vec<Bitmap>,
    pub(super) width: u8,
    pub(super) height: u8,
}

/// Decodes a pattern dictionary segment.
pub(super) fn read(reader: &mut Reader<'_>, allowance: &Allowance<'_>) -> Result<Patterns> {
    let flags = reader.u8()?;
    let (width, height) = (reader.u8()?, reader.u8()?);
    let count = u64::from(reader.u32()?) + 1;
    let total = u32::try_from(count * u64::from(width));
    let total = total.map_err(|_| damaged("a jbig2 dictionary has too many patterns"))?;
    let size = (total, u32::from(height));
    let collective = if flags & 1 != 0 {
        generic::decode_facsimile(reader.rest(), size, allowance)?.bitmap
    } else {
        let template = Template::nominal(flags >> 1 & 3).with_first_at_left(width)?;
        let mut decoder = Decoder::new(reader.rest());
        let mut contexts = template.contexts();
        generic::decode(
            &template,
            None,
            &mut decoder,
            &mut contexts,
            size,
            allowance,
        )?
    };
    let mut patterns = Vec::new();
    for index in 0..count {
        let x = index as u32 * u32::from(width);
        patterns.push(collective.area((x, 0), (width.into(), height.into()), allowance)?);
    }
    Ok(Patterns {
        patterns,
        width,
        height,
    })
}
