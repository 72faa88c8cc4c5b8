//! LZWDecode (ISO 32000-1, 7.4.4).

use weezl::decode::Configuration;
use weezl::{BitOrder, LzwStatus};

use super::output::{Output, Stop};

/// Bytes decoded between two writes to the output.
const STEP_BYTES: usize = 16 << 10;

/// Decodes `input`; with `early_change` codes grow one code early, as TIFF has it.
pub(super) fn decode(
    input: &[u8],
    early_change: bool,
    output: &mut Output<'_>,
) -> Result<(), Stop> {
    let configuration = if early_change {
        Configuration::with_tiff_size_switch(BitOrder::Msb, 8)
    } else {
        Configuration::new(BitOrder::Msb, 8)
    };
    let mut decoder = configuration.build();
    let mut step = [0; STEP_BYTES];
    let mut rest = input;
    loop {
        let result = decoder.decode_bytes(rest, &mut step);
        rest = rest.get(result.consumed_in..).unwrap_or(&[]);
        output.extend(&step[..result.consumed_out.min(STEP_BYTES)])?;
        match result.status {
            Ok(LzwStatus::Done) => return Ok(()),
            Ok(LzwStatus::Ok) if result.consumed_in > 0 || result.consumed_out > 0 => {}
            // Many writers leave the end-of-data code away.
            Ok(LzwStatus::Ok | LzwStatus::NoProgress) => return Ok(()),
            Err(_) => return Err(Stop::Damaged("an lzw stream is damaged")),
        }
    }
}
