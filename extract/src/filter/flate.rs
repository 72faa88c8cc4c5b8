//! FlateDecode (ISO 32000-1, 7.4.4; RFC 1950 and 1951), tolerant of what real files do to it.

use flate2::{Decompress, FlushDecompress, Status};

use super::output::{Output, Stop};

/// The compression method in the low half of a zlib header's first byte.
const DEFLATE: u8 = 8;

/// Inflates `input`. What comes after the end of the deflate stream is ignored; a stream without a
/// valid zlib header is tried as bare deflate data.
pub(super) fn decode(input: &[u8], output: &mut Output<'_>) -> Result<(), Stop> {
    // An end-of-line left over from the `stream` keyword is not part of the data.
    let trimmed = input.trim_ascii_start();
    let data = if has_zlib_header(input) {
        input
    } else {
        trimmed
    };
    let bare = data.get(2..).unwrap_or(&[]);
    let candidates = match data {
        [] => return Ok(()),
        _ if has_zlib_header(data) => [(data, true), (bare, false)],
        [cmf, ..] if cmf & 0x0f == DEFLATE => [(bare, false), (data, false)],
        _ => [(data, false), (bare, false)],
    };
    let mut first_error = None;
    for (candidate, zlib_header) in candidates {
        match inflate(candidate, zlib_header, output) {
            Err(Stop::Damaged(what)) if output.is_empty() => {
                first_error.get_or_insert(Stop::Damaged(what));
            }
            result => return result,
        }
    }
    first_error.map_or(Ok(()), Err)
}

/// RFC 1950, 2.2: compression method 8 and a check over the first two bytes.
fn has_zlib_header(data: &[u8]) -> bool {
    match data {
        [cmf, flg, ..] => {
            cmf & 0x0f == DEFLATE && u16::from_be_bytes([*cmf, *flg]).is_multiple_of(31)
        }
        _ => false,
    }
}

fn inflate(input: &[u8], zlib_header: bool, output: &mut Output<'_>) -> Result<(), Stop> {
    let mut state = Decompress::new(zlib_header);
    loop {
        let consumed = usize::try_from(state.total_in()).unwrap_or(usize::MAX);
        let rest = input.get(consumed..).unwrap_or(&[]);
        let written_before = state.total_out();
        let status =
            output.append_with(|bytes| state.decompress_vec(rest, bytes, FlushDecompress::None))?;
        let stuck = state.total_out() == written_before && state.total_in() == consumed as u64;
        match status {
            Ok(Status::StreamEnd) => return Ok(()),
            Ok(_) if stuck => return Err(Stop::Damaged("a flate stream ends early")),
            Ok(_) => {}
            Err(_) => return Err(Stop::Damaged("a flate stream is damaged")),
        }
    }
}
