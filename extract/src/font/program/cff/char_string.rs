//! Type 2 charstrings: the width at their front (Adobe Technical Note 5177, 3.1).

/// The number before the arguments of the first operator, if there is one more than it takes.
pub(super) fn width(char_string: &[u8]) -> Option<f32> {
    let mut numbers = Vec::new();
    let mut bytes = char_string.iter().copied();
    loop {
        let byte = bytes.next()?;
        let number = match byte {
            28 => f32::from(i16::from_be_bytes([bytes.next()?, bytes.next()?])),
            32..=246 => f32::from(byte) - 139.0,
            247..=250 => (f32::from(byte) - 247.0) * 256.0 + f32::from(bytes.next()?) + 108.0,
            251..=254 => -(f32::from(byte) - 251.0) * 256.0 - f32::from(bytes.next()?) - 108.0,
            255 => {
                let value = [bytes.next()?, bytes.next()?, bytes.next()?, bytes.next()?];
                i32::from_be_bytes(value) as f32 / 65_536.0
            }
            // Stems and hint masks take pairs; moves one or two; endchar none, or four for an accent.
            1 | 3 | 18 | 23 | 19 | 20 => return first_if(&numbers, numbers.len() % 2 == 1),
            21 => return first_if(&numbers, numbers.len() > 2),
            4 | 22 => return first_if(&numbers, numbers.len() > 1),
            14 => return first_if(&numbers, matches!(numbers.len(), 1 | 5)),
            _ => return None,
        };
        if numbers.len() < 64 {
            numbers.push(number);
        }
    }
}

fn first_if(numbers: &[f32], there: bool) -> Option<f32> {
    numbers.first().copied().filter(|_| there)
}
