//! Generic regions: pixels coded one by one, or as a facsimile (T.88, 6.2 and 7.4.6).

mod facsimile; // coded as a facsimile, MMR
mod rows; // one row
mod template; // the pixels that a pixel is predicted from

pub(super) use self::facsimile::decode as decode_facsimile;
pub(super) use self::template::Template;
use super::Result;
use super::allowance::Allowance;
use super::arithmetic::{Context, Decoder};
use super::bitmap::Bitmap;
use super::reader::Reader;
use super::region::RegionInformation;

/// Reads the segment after its region information. The flag says whether the data was cut short.
pub(super) fn read_region(
    region: &RegionInformation,
    reader: &mut Reader<'_>,
    allowance: &Allowance<'_>,
) -> Result<(Bitmap, bool)> {
    let flags = reader.u8()?;
    if flags & 1 != 0 {
        let facsimile = decode_facsimile(reader.rest(), region.size(), allowance)?;
        return Ok((facsimile.bitmap, facsimile.is_cut));
    }
    let number = flags >> 1 & 3;
    let is_extended = flags & 0x10 != 0 && number == 0;
    let mut template = Template::read(number, is_extended, reader)?;
    template.is_typical = flags & 8 != 0;
    let mut decoder = Decoder::new(reader.rest());
    let mut contexts = template.contexts();
    let size = region.size();
    let bitmap = decode(
        &template,
        None,
        &mut decoder,
        &mut contexts,
        size,
        allowance,
    )?;
    Ok((bitmap, false))
}

/// The generic region decoding procedure with arithmetic coding (6.2.5). Pixels that are black in
/// `skip`, which is of the same size, are white without being coded.
pub(super) fn decode(
    template: &Template,
    skip: Option<&Bitmap>,
    decoder: &mut Decoder<'_>,
    contexts: &mut [Context],
    (width, height): (u32, u32),
    allowance: &Allowance<'_>,
) -> Result<Bitmap> {
    let mut bitmap = Bitmap::new(width, height, allowance)?;
    let mut is_like_above = false;
    for y in 0..height {
        allowance.spend(0)?;
        if template.is_typical {
            let context = &mut contexts[template.typical_context()];
            is_like_above ^= decoder.bit(context) == 1;
            if is_like_above {
                bitmap.copy_row_above(y);
                continue;
            }
        }
        let skip = skip.map_or(&[][..], |skip| skip.row(y.into()));
        let (row, above) = bitmap.row_and_above(y);
        rows::decode(template, skip, decoder, contexts, above, row, width);
    }
    Ok(bitmap)
}
