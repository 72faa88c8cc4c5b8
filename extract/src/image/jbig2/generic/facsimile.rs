//! Generic regions coded as a facsimile of Group 4, MMR (T.88, 6.2.6; ITU-T T.6).

use hayro_ccitt::{DecodeSettings, Decoder, DecoderContext, EncodingMode};

use crate::image::jbig2::Result;
use crate::image::jbig2::allowance::Allowance;
use crate::image::jbig2::bitmap::Bitmap;

/// What was read.
pub(in crate::image::jbig2) struct Facsimile {
    pub(in crate::image::jbig2) bitmap: Bitmap,
    /// Bytes it took, the end-of-block code included.
    pub(in crate::image::jbig2) length: usize,
    /// Rows are missing, which are white.
    pub(in crate::image::jbig2) is_cut: bool,
}

/// Decodes as many rows as the data holds: each pixel takes no more than its share of the
/// allowance, each code at least a bit of the data.
pub(in crate::image::jbig2) fn decode(
    data: &[u8],
    (width, height): (u32, u32),
    allowance: &Allowance<'_>,
) -> Result<Facsimile> {
    let bitmap = Bitmap::new(width, height, allowance)?;
    let mut rows = Rows { bitmap, count: 0 };
    if width == 0 || height == 0 {
        return Ok(Facsimile {
            bitmap: rows.bitmap,
            length: 0,
            is_cut: false,
        });
    }
    let settings = DecodeSettings {
        columns: width,
        rows: height,
        end_of_block: true,
        end_of_line: false,
        rows_are_byte_aligned: false,
        encoding: EncodingMode::Group4,
        strict: false,
    };
    let result = hayro_ccitt::decode(data, &mut rows, &mut DecoderContext::new(settings));
    Ok(Facsimile {
        is_cut: rows.count < height,
        bitmap: rows.bitmap,
        length: result.unwrap_or(data.len()),
    })
}

struct Rows {
    bitmap: Bitmap,
    count: u32,
}

impl Decoder for Rows {
    fn push_row(&mut self, changes: &[u32]) {
        for run in changes.chunks(2) {
            let end = run.get(1).copied().unwrap_or(self.bitmap.width);
            self.bitmap.blacken(self.count, run[0], end);
        }
        self.count = self.count.saturating_add(1);
    }
}
