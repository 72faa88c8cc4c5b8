//! Codespace ranges: how many bytes the next character code takes (ISO 32000-1, 9.7.6.2).

use std::borrow::Cow;

use super::Code;

/// The codes of one length whose bytes lie, each for itself, between those of `low` and `high`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::font) struct Range {
    /// Bytes per code, 1 to 4.
    len: u8,
    low: u32,
    high: u32,
}

impl Range {
    const ANY_TWO_BYTES: Self = Self::new(2, 0, 0xffff);

    pub(super) const fn new(len: u8, low: u32, high: u32) -> Self {
        Self { len, low, high }
    }

    fn holds(self, code: u32) -> bool {
        (0..u32::from(self.len)).all(|byte| {
            let part = |value: u32| value >> (8 * byte) & 0xff;
            (part(self.low)..=part(self.high)).contains(&part(code))
        })
    }
}

/// All ranges of one CMap.
#[derive(Clone, Debug)]
pub(in crate::font) struct Codespaces {
    ranges: Cow<'static, [Range]>,
    /// Two bytes are always a code.
    any_two_bytes: bool,
}

/// Two bytes, any value.
pub(super) static TWO_BYTES: Codespaces = Codespaces {
    ranges: Cow::Borrowed(&[Range::ANY_TWO_BYTES]),
    any_two_bytes: true,
};

impl Codespaces {
    pub(super) const fn fixed(ranges: &'static [Range]) -> Self {
        Self {
            ranges: Cow::Borrowed(ranges),
            any_two_bytes: false,
        }
    }

    pub(super) fn new(ranges: Vec<Range>) -> Self {
        Self {
            any_two_bytes: ranges == [Range::ANY_TWO_BYTES],
            ranges: Cow::Owned(ranges),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Takes one code off the front of `bytes`. Bytes outside every range are taken as one code of
    /// the shortest length that the CMap has (9.7.6.3); without ranges a code has two bytes.
    #[inline]
    pub(in crate::font) fn next_code(&self, bytes: &[u8]) -> Option<Code> {
        match bytes {
            [high, low, ..] if self.any_two_bytes => Some(Code {
                value: u32::from(u16::from_be_bytes([*high, *low])),
                len: 2,
            }),
            _ => self.code_in_ranges(bytes),
        }
    }

    fn code_in_ranges(&self, bytes: &[u8]) -> Option<Code> {
        if bytes.is_empty() {
            return None;
        }
        let mut value = 0;
        for (byte, len) in bytes.iter().take(4).zip(1_u8..) {
            value = value << 8 | u32::from(*byte);
            let found = |range: &Range| range.len == len && range.holds(value);
            if self.ranges.iter().any(found) {
                return Some(Code { value, len });
            }
        }
        let shortest = self.ranges.iter().map(|range| range.len).min().unwrap_or(2);
        let taken = bytes.get(..usize::from(shortest)).unwrap_or(bytes);
        Some(Code {
            value: taken
                .iter()
                .fold(0, |value, byte| value << 8 | u32::from(*byte)),
            len: taken.len() as u8,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_must_lie_in_its_own_range() {
        let spaces = Codespaces::new(vec![
            Range::new(1, 0x00, 0x80),
            Range::new(2, 0x8140, 0x9ffc),
        ]);
        let next = |bytes: &[u8]| spaces.next_code(bytes).map(|code| (code.value, code.len));
        assert_eq!(next(&[0x41, 0x42]), Some((0x41, 1)));
        assert_eq!(next(&[0x81, 0x40]), Some((0x8140, 2)));
        assert_eq!(next(&[0x81, 0x20]), Some((0x81, 1)));
        assert_eq!(next(&[0x81]), Some((0x81, 1)));
        assert_eq!(next(&[]), None);
    }
}
