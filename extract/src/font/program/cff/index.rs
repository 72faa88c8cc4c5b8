//! INDEX structures: arrays of byte strings (Adobe Technical Note 5176, section 5).

use crate::font::program::table::{sized_at, u8_at, u16_at};

/// An INDEX whose header was read; its elements are looked up when asked for.
#[derive(Clone, Copy)]
pub(super) struct Index<'a> {
    bytes: &'a [u8],
    count: usize,
    offset_size: usize,
    offsets: usize,
    /// Where the structure after this one begins.
    pub(super) end: usize,
}

impl<'a> Index<'a> {
    pub(super) fn read(bytes: &'a [u8], at: usize) -> Option<Self> {
        let count = usize::from(u16_at(bytes, at)?);
        let mut index = Self {
            bytes,
            count,
            offset_size: 1,
            offsets: at + 3,
            end: at + 2,
        };
        if count > 0 {
            index.offset_size = usize::from(u8_at(bytes, at + 2)?);
            if !(1..=4).contains(&index.offset_size) {
                return None;
            }
            index.end = index.position(count)?;
        }
        Some(index)
    }

    pub(super) fn len(&self) -> usize {
        self.count
    }

    pub(super) fn get(&self, element: usize) -> Option<&'a [u8]> {
        if element >= self.count {
            return None;
        }
        self.bytes
            .get(self.position(element)?..self.position(element + 1)?)
    }

    /// Where an element begins; offsets count from the byte before the data.
    fn position(&self, element: usize) -> Option<usize> {
        let at = self.offsets.checked_add(element * self.offset_size)?;
        let offset = sized_at(self.bytes, at, self.offset_size)?;
        let base = self.offsets + (self.count + 1) * self.offset_size - 1;
        base.checked_add(offset)
    }
}
