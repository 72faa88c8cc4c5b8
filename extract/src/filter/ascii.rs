//! ASCIIHexDecode and ASCII85Decode (ISO 32000-1, 7.4.2 and 7.4.3).

use super::output::{Output, Stop};

/// Decodes pairs of hexadecimal digits up to `>`; an odd last digit counts as if `0` followed.
pub(super) fn decode_hex(input: &[u8], output: &mut Output<'_>) -> Result<(), Stop> {
    let mut high = None;
    let mut damaged = false;
    for &byte in input {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            b'A'..=b'F' => byte - b'A' + 10,
            b'>' => break,
            _ => {
                damaged |= !is_white_space(byte);
                continue;
            }
        };
        match high.take() {
            None => high = Some(digit),
            Some(high) => output.push(high << 4 | digit)?,
        }
    }
    if let Some(high) = high {
        output.push(high << 4)?;
    }
    if damaged {
        return Err(Stop::Damaged("a hexadecimal stream holds other characters"));
    }
    Ok(())
}

/// Decodes groups of five base-85 digits up to `~>`; `z` stands for four zero bytes.
pub(super) fn decode_85(input: &[u8], output: &mut Output<'_>) -> Result<(), Stop> {
    let input = input.trim_ascii_start();
    let input = input.strip_prefix(b"<~").unwrap_or(input);
    let mut group = Group::default();
    let mut damaged = false;
    for &byte in input {
        match byte {
            b'!'..=b'u' => {
                if let Some(bytes) = group.push(byte - b'!') {
                    output.extend(&bytes)?;
                }
            }
            b'z' if group.digits == 0 => output.extend(&[0; 4])?,
            b'~' => break,
            _ => damaged |= !is_white_space(byte),
        }
    }
    output.extend(group.finish().as_slice())?;
    if damaged {
        return Err(Stop::Damaged("a base-85 stream holds other characters"));
    }
    Ok(())
}

/// Up to five base-85 digits, most significant first.
#[derive(Default)]
struct Group {
    value: u32,
    digits: usize,
}

impl Group {
    fn push(&mut self, digit: u8) -> Option<[u8; 4]> {
        self.value = self.value.wrapping_mul(85).wrapping_add(digit.into());
        self.digits += 1;
        if self.digits < 5 {
            return None;
        }
        let bytes = self.value.to_be_bytes();
        *self = Self::default();
        Some(bytes)
    }

    /// `n` digits left over stand for `n - 1` bytes, as if `u` filled the group.
    fn finish(mut self) -> Vec<u8> {
        let bytes = self.digits.saturating_sub(1);
        while self.digits > 0 {
            if let Some(group) = self.push(84) {
                return group[..bytes].to_vec();
            }
        }
        Vec::new()
    }
}

/// ISO 32000-1, table 1.
fn is_white_space(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 0x0c | b'\r' | b' ')
}
