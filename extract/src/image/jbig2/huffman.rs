//! Huffman coding of integers (T.88, annex B).

mod standard; // tables B.1 to B.15

pub(super) use self::standard::table as standard_table;
use super::allowance::{Allowance, ITEM};
use super::reader::Reader;
use super::{Result, damaged};

/// Bits of a prefix that can be read; the codes of a table that needs more cannot all be told apart
/// by a segment of sensible size.
const MAX_PREFIX_BITS: usize = 32;

/// What follows a prefix.
#[derive(Clone, Copy, Debug)]
pub(super) enum Line {
    /// A number of so many bits, added to the first value.
    Range(i32, u32),
    /// A number of 32 bits, taken off the value.
    Lower(i32),
    OutOfBand,
}

/// A table of prefixes.
#[derive(Debug)]
pub(super) struct Table {
    /// By the bits of the prefix.
    lengths: [Length; MAX_PREFIX_BITS + 1],
    /// By the bits of the prefix, then as they come in the table.
    lines: Vec<Line>,
}

/// Prefixes of the same length: consecutive numbers.
#[derive(Clone, Copy, Debug, Default)]
struct Length {
    first_code: u64,
    count: u64,
    /// Index of the line of the first one.
    first_line: usize,
}

impl Table {
    /// Assigns the prefixes (B.3) to lines with their lengths in bits, 0 for a line without one.
    pub(super) fn new(lines: &[(u8, Line)]) -> Result<Self> {
        let mut lengths = [Length::default(); MAX_PREFIX_BITS + 1];
        for (bits, _) in lines {
            let length = lengths.get_mut(usize::from(*bits));
            length.ok_or(damaged("a jbig2 prefix is too long"))?.count += 1;
        }
        lengths[0].count = 0;
        for bits in 1..lengths.len() {
            let shorter = lengths[bits - 1];
            lengths[bits].first_code = (shorter.first_code + shorter.count) * 2;
            lengths[bits].first_line = shorter.first_line + shorter.count as usize;
        }
        let mut next = lengths.map(|length| length.first_line);
        let used = lines.iter().filter(|(bits, _)| *bits > 0);
        let mut sorted = vec![Line::OutOfBand; used.clone().count()];
        for (bits, line) in used {
            let index = &mut next[usize::from(*bits)];
            sorted[*index] = *line;
            *index += 1;
        }
        Ok(Self {
            lengths,
            lines: sorted,
        })
    }

    /// Reads a tables segment (B.2).
    pub(super) fn read(reader: &mut Reader<'_>, allowance: &Allowance<'_>) -> Result<Self> {
        let flags = reader.u8()?;
        let prefix_bits = u32::from(flags >> 1 & 7) + 1;
        let range_bits = u32::from(flags >> 4 & 7) + 1;
        let (low, high) = (reader.i32()?, reader.i32()?);
        let mut lines = Vec::new();
        let mut next = i64::from(low);
        while next < i64::from(high) {
            allowance.spend(ITEM)?;
            let prefix = reader.bits(prefix_bits)? as u8;
            let range = reader.bits(range_bits)?;
            if range > 32 {
                return Err(damaged("a jbig2 table has a range that is too long"));
            }
            lines.push((prefix, Line::Range(next as i32, range)));
            next += 1 << range;
        }
        let prefix = reader.bits(prefix_bits)? as u8;
        lines.push((prefix, Line::Lower(low.wrapping_sub(1))));
        let prefix = reader.bits(prefix_bits)? as u8;
        lines.push((prefix, Line::Range(high, 32)));
        if flags & 1 != 0 {
            let prefix = reader.bits(prefix_bits)? as u8;
            lines.push((prefix, Line::OutOfBand));
        }
        Self::new(&lines)
    }

    /// The next value, `None` for the out-of-band one (B.4).
    pub(super) fn decode(&self, reader: &mut Reader<'_>) -> Result<Option<i64>> {
        let mut code = 0;
        for length in &self.lengths[1..] {
            code = code << 1 | u64::from(reader.bit()?);
            let Some(index) = code.checked_sub(length.first_code) else {
                continue;
            };
            if index < length.count {
                return match self.lines[length.first_line + index as usize] {
                    Line::Range(first, bits) => {
                        Ok(Some(i64::from(first) + i64::from(reader.bits(bits)?)))
                    }
                    Line::Lower(last) => Ok(Some(i64::from(last) - i64::from(reader.bits(32)?))),
                    Line::OutOfBand => Ok(None),
                };
            }
        }
        Err(damaged("a jbig2 prefix is unknown"))
    }
}
