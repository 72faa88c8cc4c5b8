//! CCITTFaxDecode (ISO 32000-1, 7.4.6; ITU-T T.4 and T.6).

use super::ImageError;
use super::header::{self, Header};
use super::samples::Samples;
use crate::WarningCode;
use crate::budget::Budget;
use crate::objects::{Dictionary, Objects};
use hayro_ccitt::{DecodeSettings, Decoder, DecoderContext, EncodingMode};

/// `Columns` where the parameters do not say.
const DEFAULT_COLUMNS: i64 = 1728;

/// Decodes one bit per pixel. Rows that damage hides are white.
pub(super) fn decode(
    data: &[u8],
    header: &Header,
    params: Option<&Dictionary>,
    objects: &Objects<'_>,
    budget: &Budget<'_>,
) -> Result<Samples<'static>, ImageError> {
    let integer = |key: &[u8]| params.and_then(|params| objects.integer(params, key));
    let flag = |key: &[u8], default: bool| {
        params
            .and_then(|params| objects.boolean(params, key))
            .unwrap_or(default)
    };
    let (width, height) = header.size().ok_or(ImageError::NoSize)?;
    let columns = u64::try_from(integer(b"Columns").unwrap_or(DEFAULT_COLUMNS)).unwrap_or(0);
    let (columns, _) = header::bounded(columns, height.into(), budget)?;
    if columns == 0 {
        return Err(ImageError::NoSize);
    }
    let settings = DecodeSettings {
        columns,
        // Rows that the image does not show need not be decoded, whatever `Rows` says.
        rows: height,
        end_of_block: flag(b"EndOfBlock", true),
        end_of_line: flag(b"EndOfLine", false),
        rows_are_byte_aligned: flag(b"EncodedByteAlign", false),
        encoding: match integer(b"K").unwrap_or(0) {
            ..=-1 => EncodingMode::Group4,
            0 => EncodingMode::Group3_1D,
            1.. => EncodingMode::Group3_2D,
        },
        strict: false,
    };
    let mut rows = Rows::new(columns, height, budget)?;
    let result = hayro_ccitt::decode(data, &mut rows, &mut DecoderContext::new(settings));
    if result.is_err() {
        if rows.count == 0 {
            return Err(ImageError::Damaged("its facsimile data"));
        }
        let detail = format!(
            "{} of {height} rows of a facsimile could be read",
            rows.count
        );
        budget.warn(WarningCode::DamagedImage, detail);
    }
    let stride_bytes = rows.stride_bytes;
    let mut bytes = rows.black;
    bytes.resize(stride_bytes * height as usize, 0);
    if !flag(b"BlackIs1", false) {
        bytes.iter_mut().for_each(|byte| *byte = !*byte);
    }
    Ok(Samples::bilevel(width, height, stride_bytes, bytes))
}

/// Collects rows in which black is 1.
struct Rows {
    black: Vec<u8>,
    stride_bytes: usize,
    columns: usize,
    count: u32,
    max_count: u32,
}

impl Rows {
    fn new(columns: u32, height: u32, budget: &Budget<'_>) -> Result<Self, ImageError> {
        let stride_bytes = (columns as usize).div_ceil(8);
        let size = stride_bytes as u64 * u64::from(height);
        if size > budget.limits.max_image_bytes {
            return Err(ImageError::TooLarge {
                width: columns.into(),
                height: height.into(),
            });
        }
        budget.charge_inflated(size)?;
        let columns = columns as usize;
        Ok(Self {
            black: Vec::new(),
            stride_bytes,
            columns,
            count: 0,
            max_count: height,
        })
    }
}

impl Decoder for Rows {
    fn push_row(&mut self, changes: &[u32]) {
        if self.count >= self.max_count {
            return;
        }
        self.count += 1;
        let start = self.black.len();
        self.black.resize(start + self.stride_bytes, 0);
        let row = &mut self.black[start..];
        for run in changes.chunks(2) {
            let from = (run[0] as usize).min(self.columns);
            let to = run
                .get(1)
                .map_or(self.columns, |to| (*to as usize).min(self.columns));
            blacken(row, from, to);
        }
    }
}

/// Sets the bits `from..to`, the first one being the highest of the first byte.
pub(super) fn blacken(row: &mut [u8], from: usize, to: usize) {
    if from >= to {
        return;
    }
    let (first, last) = (from / 8, (to - 1) / 8);
    let from_mask = 0xff_u8 >> (from % 8);
    let to_mask = 0xff_u8 << (7 - (to - 1) % 8);
    if first == last {
        row[first] |= from_mask & to_mask;
        return;
    }
    row[first] |= from_mask;
    row[first + 1..last].fill(0xff);
    row[last] |= to_mask;
}
