//! `ByteRange`: which bytes of an object are wanted.

use std::ops::Range;

/// One range of bytes in the three forms of RFC 9110, 14.1.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByteRange {
    /// `first-last`, both included.
    Closed {
        /// Offset of the first byte.
        first: u64,
        /// Offset of the last byte.
        last: u64,
    },
    /// `first-`: from there to the end.
    From(u64),
    /// `-length`: the last bytes.
    Last(u64),
}

impl ByteRange {
    /// `length` bytes from `offset`; nothing when `length` is 0, as a range has at least one byte.
    #[must_use]
    pub fn at(offset: u64, length: u64) -> Option<Self> {
        let last = offset.checked_add(length.checked_sub(1)?)?;
        Some(Self::Closed {
            first: offset,
            last,
        })
    }

    /// The offsets in an object of `total` bytes; nothing when no byte of it is meant.
    #[must_use]
    pub fn within(self, total: u64) -> Option<Range<u64>> {
        let range = match self {
            Self::Closed { first, last } => first..last.saturating_add(1).min(total),
            Self::From(first) => first..total,
            Self::Last(length) => total.saturating_sub(length)..total,
        };
        (range.start < range.end).then_some(range)
    }

    /// The value of a `Range` header.
    pub(super) fn to_header(self) -> String {
        match self {
            Self::Closed { first, last } => format!("bytes={first}-{last}"),
            Self::From(first) => format!("bytes={first}-"),
            Self::Last(length) => format!("bytes=-{length}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_cut_to_the_object() {
        let closed = |first, last| ByteRange::Closed { first, last };
        assert_eq!(closed(2, 4).within(10), Some(2..5));
        assert_eq!(closed(2, u64::MAX).within(10), Some(2..10));
        assert_eq!(closed(4, 2).within(10), None);
        assert_eq!(closed(10, 12).within(10), None);
        assert_eq!(ByteRange::From(9).within(10), Some(9..10));
        assert_eq!(ByteRange::From(10).within(10), None);
        assert_eq!(ByteRange::Last(3).within(10), Some(7..10));
        assert_eq!(ByteRange::Last(30).within(10), Some(0..10));
        assert_eq!(ByteRange::Last(0).within(10), None);
        assert_eq!(ByteRange::Last(5).within(0), None);
        assert_eq!(ByteRange::at(3, 2), Some(closed(3, 4)));
        assert_eq!(ByteRange::at(3, 0), None);
        assert_eq!(ByteRange::at(u64::MAX, 2), None);
    }
}
