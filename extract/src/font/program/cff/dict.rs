//! DICT data: numbers followed by the operator that they belong to (Technical Note 5176, section 4).

/// Operands that one operator may have (section 4, table 3).
const MAX_OPERANDS: usize = 48;

pub(super) struct Dict<'a> {
    bytes: &'a [u8],
}

impl<'a> Dict<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// The operands of `operator`, two-byte operators written as `0x0cNN`; none if it is not there.
    pub(super) fn numbers(&self, operator: u16) -> Vec<f64> {
        self.find(operator).unwrap_or_default()
    }

    /// The single operand of `operator` as an offset into the font.
    pub(super) fn offset(&self, operator: u16) -> Option<usize> {
        let numbers = self.find(operator)?;
        numbers
            .first()
            .filter(|offset| **offset >= 0.0)
            .map(|offset| *offset as usize)
    }

    fn find(&self, wanted: u16) -> Option<Vec<f64>> {
        let mut operands = Vec::new();
        let mut bytes = self.bytes.iter().copied();
        while let Some(byte) = bytes.next() {
            let number = match byte {
                0..=21 => {
                    let operator = match byte {
                        12 => 0x0c00 | u16::from(bytes.next()?),
                        _ => u16::from(byte),
                    };
                    if operator == wanted {
                        return Some(operands);
                    }
                    operands.clear();
                    continue;
                }
                28 => f64::from(i16::from_be_bytes([bytes.next()?, bytes.next()?])),
                29 => {
                    let value = [bytes.next()?, bytes.next()?, bytes.next()?, bytes.next()?];
                    i32::from_be_bytes(value) as f64
                }
                30 => real(&mut bytes)?,
                32..=246 => f64::from(byte) - 139.0,
                247..=250 => (f64::from(byte) - 247.0) * 256.0 + f64::from(bytes.next()?) + 108.0,
                251..=254 => -(f64::from(byte) - 251.0) * 256.0 - f64::from(bytes.next()?) - 108.0,
                _ => continue,
            };
            if operands.len() < MAX_OPERANDS {
                operands.push(number);
            }
        }
        None
    }
}

/// A real number in nibbles (table 5).
fn real(bytes: &mut impl Iterator<Item = u8>) -> Option<f64> {
    let mut text = String::new();
    loop {
        let byte = bytes.next()?;
        for nibble in [byte >> 4, byte & 15] {
            match nibble {
                0..=9 => text.push(char::from(b'0' + nibble)),
                10 => text.push('.'),
                11 => text.push('E'),
                12 => text.push_str("E-"),
                14 => text.push('-'),
                15 => return text.parse().ok(),
                _ => {}
            }
        }
        if text.len() > 64 {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operands_of_every_form() {
        // 1000 15, -1000 28-form 16, 0.001 12 7, 100000 17
        let dict = Dict::new(&[
            0xfa, 0x7c, 15, 28, 0xfc, 0x18, 16, 30, 0xa0, 0x01, 0xff, 12, 7, 29, 0, 1, 0x86, 0xa0,
            17,
        ]);
        assert_eq!(dict.numbers(15), [1000.0]);
        assert_eq!(dict.numbers(16), [-1000.0]);
        assert_eq!(dict.numbers(0x0c07), [0.001]);
        assert_eq!(dict.offset(17), Some(100_000));
        assert_eq!(dict.offset(18), None);
        assert_eq!(dict.offset(16), None);
    }
}
