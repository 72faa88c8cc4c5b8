//! BrotliDecode (RFC 7932), which the PDF Association adds to the filters of ISO 32000-2.

use std::io::Read;

use brotli_decompressor::Decompressor;

use super::output::{Output, Stop};

/// Bytes decoded between two writes to the output.
const STEP_BYTES: usize = 16 << 10;

/// Decodes `input`, whose parameters are those of Flate.
pub(super) fn decode(input: &[u8], output: &mut Output<'_>) -> Result<(), Stop> {
    let mut decoder = Decompressor::new(input, STEP_BYTES);
    let mut step = [0; STEP_BYTES];
    loop {
        match decoder.read(&mut step) {
            Ok(0) => return Ok(()),
            Ok(decoded) => output.extend(&step[..decoded.min(STEP_BYTES)])?,
            Err(_) => return Err(Stop::Damaged("a brotli stream is damaged")),
        }
    }
}
