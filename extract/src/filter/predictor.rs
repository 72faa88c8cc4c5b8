//! The predictors of Flate and LZW (ISO 32000-1, 7.4.4.4; PNG, clause 9; TIFF 6.0, section 14).

/// How the rows of a stream were transformed before they were compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Predictor {
    None,
    Tiff(Layout),
    Png(Layout),
}

/// The samples of one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    colors: usize,
    bits_per_component: usize,
    row_bytes: usize,
}

impl Predictor {
    /// Reads `Predictor`, `Colors`, `BitsPerComponent` and `Columns` through `integer`.
    ///
    /// # Errors
    /// What is wrong with them, as a sentence; the bytes are then best left alone.
    pub(super) fn parse(integer: impl Fn(&[u8]) -> Option<i64>) -> Result<Self, &'static str> {
        let kind = integer(b"Predictor").unwrap_or(1);
        if kind < 2 {
            return Ok(Self::None);
        }
        let in_range = |key: &[u8], default: i64, max: i64| {
            let value = integer(key).unwrap_or(default);
            (1..=max)
                .contains(&value)
                .then_some(value as usize)
                .ok_or("a predictor's parameters are out of range")
        };
        let colors = in_range(b"Colors", 1, 256)?;
        let columns = in_range(b"Columns", 1, 1 << 26)?;
        let bits_per_component = in_range(b"BitsPerComponent", 8, 16)?;
        if !bits_per_component.is_power_of_two() {
            return Err("a predictor's parameters are out of range");
        }
        let layout = Layout {
            colors,
            bits_per_component,
            row_bytes: (colors * columns * bits_per_component).div_ceil(8),
        };
        match kind {
            2 => Ok(Self::Tiff(layout)),
            10..=15 => Ok(Self::Png(layout)),
            _ => Err("an unknown predictor was ignored"),
        }
    }

    /// Turns predicted rows back into samples, in place; a short last row is completed as far as
    /// it goes.
    pub(super) fn undo(self, bytes: &mut Vec<u8>) {
        match self {
            Self::None => {}
            Self::Png(layout) => undo_png(bytes, layout),
            Self::Tiff(layout) => {
                for row in bytes.chunks_mut(layout.row_bytes) {
                    undo_tiff(row, layout);
                }
            }
        }
    }
}

/// Each row is one byte that names its filter, then the filtered bytes. Rows move towards the
/// front by the filter bytes before them, so the row above is always the one just written.
fn undo_png(bytes: &mut Vec<u8>, layout: Layout) {
    let pixel_bytes = (layout.colors * layout.bits_per_component).div_ceil(8);
    let mut above: Option<usize> = None;
    let (mut read, mut write) = (0, 0);
    while read < bytes.len() {
        let filter = bytes[read];
        let start = read + 1;
        let len = layout.row_bytes.min(bytes.len() - start);
        bytes.copy_within(start..start + len, write);
        let (done, row) = bytes.split_at_mut(write);
        let row = &mut row[..len];
        match above {
            Some(above) => undo_png_row(filter, row, &done[above..][..len], pixel_bytes),
            None => undo_png_row(filter, row, &vec![0; len], pixel_bytes),
        }
        above = Some(write);
        write += len;
        read = start + len;
    }
    bytes.truncate(write);
}

fn undo_png_row(filter: u8, row: &mut [u8], above: &[u8], pixel_bytes: usize) {
    match filter {
        1 => {
            for i in pixel_bytes..row.len() {
                row[i] = row[i].wrapping_add(row[i - pixel_bytes]);
            }
        }
        2 => {
            for (byte, up) in row.iter_mut().zip(above) {
                *byte = byte.wrapping_add(*up);
            }
        }
        3 => {
            for i in 0..row.len() {
                let left = i.checked_sub(pixel_bytes).map_or(0, |left| row[left]);
                row[i] = row[i].wrapping_add(left.midpoint(above[i]));
            }
        }
        4 => {
            for i in 0..row.len() {
                let (left, corner) = match i.checked_sub(pixel_bytes) {
                    Some(before) => (row[before], above[before]),
                    None => (0, 0),
                };
                row[i] = row[i].wrapping_add(paeth(left, above[i], corner));
            }
        }
        // 0 is "none"; other values occur only in damaged files, where the bytes are the best guess.
        _ => {}
    }
}

/// PNG, 9.4: the neighbour closest to `left + above - corner`.
fn paeth(left: u8, above: u8, corner: u8) -> u8 {
    let (a, b, c) = (i16::from(left), i16::from(above), i16::from(corner));
    let (to_left, to_above, to_corner) = ((b - c).abs(), (a - c).abs(), (a + b - 2 * c).abs());
    if to_left <= to_above && to_left <= to_corner {
        left
    } else if to_above <= to_corner {
        above
    } else {
        corner
    }
}

/// Each sample is the difference to the same component of the pixel on its left.
fn undo_tiff(row: &mut [u8], layout: Layout) {
    match layout.bits_per_component {
        8 => {
            for i in layout.colors..row.len() {
                row[i] = row[i].wrapping_add(row[i - layout.colors]);
            }
        }
        16 => {
            let pixel_bytes = 2 * layout.colors;
            for i in (pixel_bytes..row.len().saturating_sub(1)).step_by(2) {
                let left = u16::from_be_bytes([row[i - pixel_bytes], row[i - pixel_bytes + 1]]);
                let sum = u16::from_be_bytes([row[i], row[i + 1]]).wrapping_add(left);
                row[i..i + 2].copy_from_slice(&sum.to_be_bytes());
            }
        }
        bits => undo_tiff_packed(row, layout.colors, bits),
    }
}

/// Samples of 1, 2 or 4 bits, several to a byte, first in the high bits.
fn undo_tiff_packed(row: &mut [u8], colors: usize, bits: usize) {
    let per_byte = 8 / bits;
    let mask = (1_u8 << bits) - 1;
    let mut left = vec![0_u8; colors];
    for index in 0..row.len() * per_byte {
        let shift = 8 - bits * (index % per_byte + 1);
        let byte = &mut row[index / per_byte];
        let component = &mut left[index % colors];
        *component = (*byte >> shift).wrapping_add(*component) & mask;
        *byte = *byte & !(mask << shift) | *component << shift;
    }
}
