//! Subtables of the `cmap` table: formats 0, 2, 4, 6, 10, 12 and 13.

use crate::font::program::table::{size_at, u8_at, u16_at, u32_at};

/// Mappings walked through in one subtable; the largest fonts have a third of it.
const MAX_MAPPINGS: u32 = 0x4_0000;

pub(super) struct Subtable<'a> {
    bytes: &'a [u8],
    format: u16,
}

impl<'a> Subtable<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let format = u16_at(bytes, 0)?;
        matches!(format, 0 | 2 | 4 | 6 | 10 | 12 | 13).then_some(Self { bytes, format })
    }

    /// The glyph of `code`, 0 where there is none.
    pub(super) fn glyph(&self, code: u32) -> u16 {
        self.find(code).unwrap_or(0)
    }

    fn find(&self, code: u32) -> Option<u16> {
        match self.format {
            0 => u8_at(self.bytes, 6 + usize::from(u8::try_from(code).ok()?)).map(u16::from),
            2 => self.find_in_subheader(u16::try_from(code).ok()?),
            4 => {
                let code = u16::try_from(code).ok()?;
                let count = self.segments();
                let (mut low, mut high) = (0, count);
                while low < high {
                    let middle = (low + high) / 2;
                    if self.segment(middle)?.last < code {
                        low = middle + 1;
                    } else {
                        high = middle;
                    }
                }
                self.segment(low)?.glyph(self.bytes, code)
            }
            6 => {
                let offset = code.checked_sub(u32::from(u16_at(self.bytes, 6)?))?;
                let in_table = offset < u32::from(u16_at(self.bytes, 8)?);
                in_table.then_some(())?;
                u16_at(self.bytes, 10 + 2 * usize::try_from(offset).ok()?)
            }
            10 => {
                let offset = code.checked_sub(u32_at(self.bytes, 12)?)?;
                (offset < u32_at(self.bytes, 16)?).then_some(())?;
                u16_at(
                    self.bytes,
                    usize::try_from(offset)
                        .ok()?
                        .checked_mul(2)?
                        .checked_add(20)?,
                )
            }
            _ => {
                let (mut low, mut high) = (0, self.groups());
                while low < high {
                    let middle = (low + high) / 2;
                    let (first, last, glyph) = self.group(middle)?;
                    if code < first {
                        high = middle;
                    } else if code > last {
                        low = middle + 1;
                    } else {
                        return self.glyph_in_group(glyph, code - first);
                    }
                }
                None
            }
        }
    }

    /// Calls `found` with every code and its glyph, in the order of the subtable.
    pub(super) fn for_each(&self, mut found: impl FnMut(u32, u16)) {
        match self.format {
            4 => {
                let mut left = MAX_MAPPINGS;
                for segment in (0..self.segments()).map_while(|index| self.segment(index)) {
                    for code in segment.first..=segment.last {
                        if let Some(glyph) = segment.glyph(self.bytes, code) {
                            found(u32::from(code), glyph);
                        }
                        left -= 1;
                        if left == 0 {
                            return;
                        }
                    }
                }
            }
            12 | 13 => {
                let mut left = MAX_MAPPINGS;
                for (first, last, glyph) in (0..self.groups()).map_while(|index| self.group(index))
                {
                    for code in first..=last {
                        if let Some(glyph) = self.glyph_in_group(glyph, code - first) {
                            found(code, glyph);
                        }
                        left -= 1;
                        if left == 0 {
                            return;
                        }
                    }
                }
            }
            _ => (0..=0xffff).for_each(|code| found(code, self.glyph(code))),
        }
    }

    /// Format 2: the high byte chooses a subheader for the low byte.
    fn find_in_subheader(&self, code: u16) -> Option<u16> {
        let [high, low] = code.to_be_bytes();
        let subheader = 518 + usize::from(u16_at(self.bytes, 6 + 2 * usize::from(high))?);
        if (subheader == 518) != (high == 0) {
            return None;
        }
        let index = u16::from(low).checked_sub(u16_at(self.bytes, subheader)?)?;
        (index < u16_at(self.bytes, subheader + 2)?).then_some(())?;
        let delta = u16_at(self.bytes, subheader + 4)?;
        let range_offset = usize::from(u16_at(self.bytes, subheader + 6)?);
        match u16_at(
            self.bytes,
            subheader + 6 + range_offset + 2 * usize::from(index),
        )? {
            0 => None,
            glyph => Some(glyph.wrapping_add(delta)),
        }
    }

    fn segments(&self) -> usize {
        u16_at(self.bytes, 6).map_or(0, |doubled| usize::from(doubled / 2))
    }

    fn segment(&self, index: usize) -> Option<Segment> {
        let count = self.segments();
        let array =
            |number: usize| 14 + 2 * (number * count + index) + if number > 0 { 2 } else { 0 };
        Some(Segment {
            last: u16_at(self.bytes, array(0))?,
            first: u16_at(self.bytes, array(1))?,
            delta: u16_at(self.bytes, array(2))?,
            range_offset: u16_at(self.bytes, array(3))?,
            range_offset_at: array(3),
        })
    }

    fn groups(&self) -> usize {
        let held = self.bytes.len().saturating_sub(16) / 12;
        size_at(self.bytes, 12).unwrap_or(0).min(held)
    }

    fn group(&self, index: usize) -> Option<(u32, u32, u32)> {
        let at = 16 + 12 * index;
        let (first, last) = (u32_at(self.bytes, at)?, u32_at(self.bytes, at + 4)?);
        Some((first, last, u32_at(self.bytes, at + 8)?))
    }

    fn glyph_in_group(&self, first: u32, offset: u32) -> Option<u16> {
        let offset = if self.format == 13 { 0 } else { offset };
        u16::try_from(first.checked_add(offset)?).ok()
    }
}

/// One segment of format 4.
struct Segment {
    first: u16,
    last: u16,
    delta: u16,
    range_offset: u16,
    range_offset_at: usize,
}

impl Segment {
    fn glyph(&self, bytes: &[u8], code: u16) -> Option<u16> {
        let offset = usize::from(code.checked_sub(self.first)?);
        if self.range_offset == 0 || self.range_offset == 0xffff {
            return Some(code.wrapping_add(self.delta));
        }
        let at = self.range_offset_at + usize::from(self.range_offset) + 2 * offset;
        match u16_at(bytes, at)? {
            0 => None,
            glyph => Some(glyph.wrapping_add(self.delta)),
        }
    }
}
