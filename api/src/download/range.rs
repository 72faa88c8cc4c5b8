//! `Range` (RFC 9110, 14.2): one range of bytes; several at once are answered with the whole.

use http::HeaderMap;
use http::header::RANGE;
use shared::store::ByteRange;

/// The bytes that a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// All of them.
    Whole,
    /// These.
    Part {
        /// Offset of the first byte.
        first: u64,
        /// How many, at least one.
        length: u64,
    },
    /// None of those that there are.
    Nothing,
}

impl Wanted {
    /// Of a representation of `total` bytes. A header that cannot be read counts as none.
    pub(crate) fn of(headers: &HeaderMap, total: u64) -> Self {
        let range = headers
            .get(RANGE)
            .and_then(|value| value.to_str().ok())
            .and_then(parse);
        let Some(range) = range else {
            return Self::Whole;
        };
        range
            .within(total)
            .map_or(Self::Nothing, |bytes| Self::Part {
                first: bytes.start,
                length: bytes.end - bytes.start,
            })
    }
}

fn parse(text: &str) -> Option<ByteRange> {
    let (unit, range) = text.split_once('=')?;
    let (first, last) = range.trim().split_once('-')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    match (first, last) {
        ("", last) => number(last).map(ByteRange::Last),
        (first, "") => number(first).map(ByteRange::From),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then_some(ByteRange::Closed { first, last })
        }
    }
}

fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(range: &str) -> Wanted {
        let mut headers = HeaderMap::new();
        headers.insert(RANGE, range.parse().unwrap());
        Wanted::of(&headers, 10)
    }

    #[test]
    fn one_range_is_cut_to_what_there_is() {
        let part = |first, length| Wanted::Part { first, length };
        assert_eq!(of("bytes=0-0"), part(0, 1));
        assert_eq!(of("bytes=2-"), part(2, 8));
        assert_eq!(of("Bytes=5-99999999999999999999999"), part(5, 5));
        assert_eq!(of("bytes=-3"), part(7, 3));
        assert_eq!(of("bytes=10-"), Wanted::Nothing);
        assert_eq!(of("bytes=-0"), Wanted::Nothing);
    }

    #[test]
    fn what_cannot_be_read_is_ignored() {
        for range in [
            "bytes=0-1,3-4",
            "items=0-1",
            "bytes=4-2",
            "bytes=-",
            "bytes=+1-2",
            "x",
        ] {
            assert_eq!(of(range), Wanted::Whole, "{range}");
        }
        assert_eq!(Wanted::of(&HeaderMap::new(), 0), Wanted::Whole);
    }
}
