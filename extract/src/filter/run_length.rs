//! RunLengthDecode (ISO 32000-1, 7.4.5).

use super::output::{Output, Stop};

/// The length byte that ends the data.
const END_OF_DATA: u8 = 128;

/// Decodes `input` up to the end-of-data byte or its last byte.
pub(super) fn decode(input: &[u8], output: &mut Output<'_>) -> Result<(), Stop> {
    let mut rest = input;
    while let [length, tail @ ..] = rest {
        rest = match *length {
            END_OF_DATA => return Ok(()),
            literal @ 0..END_OF_DATA => {
                let count = usize::from(literal) + 1;
                let (bytes, after) = tail.split_at(count.min(tail.len()));
                output.extend(bytes)?;
                if bytes.len() < count {
                    return Err(Stop::Damaged("a run-length stream ends early"));
                }
                after
            }
            repeat => {
                let Some((byte, after)) = tail.split_first() else {
                    return Err(Stop::Damaged("a run-length stream ends early"));
                };
                output.repeat(*byte, 257 - usize::from(repeat))?;
                after
            }
        };
    }
    Ok(())
}
