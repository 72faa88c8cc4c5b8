//! `12 0 obj … endobj` at an offset, and where a stream's data lies (ISO 32000-1, 7.3.8 and 7.3.10).

use std::ops::Range;

use super::lexer::{Lexer, Token, is_white};
use super::object::{Object, ObjectId};
use super::parse;

/// White space between the data of a stream and `endstream`.
const MAX_WHITE_BYTES: usize = 1_024;

/// An indirect object as it stands in the file.
pub(super) struct Indirect {
    /// As the object itself says.
    pub(super) id: ObjectId,
    pub(super) object: Object,
    /// Where the data of a stream starts.
    pub(super) data_start: Option<usize>,
}

/// Reads the object at `offset`; `None` where there is no object header.
pub(super) fn read(bytes: &[u8], offset: usize, max_depth: u32) -> Option<Indirect> {
    let mut lexer = Lexer::new(bytes, offset);
    let (Token::Integer(number), Token::Integer(generation)) = (lexer.token()?, lexer.token()?)
    else {
        return None;
    };
    let before_keyword = lexer.position();
    match lexer.token()? {
        Token::Keyword(b"obj") => {}
        // No white space between the keyword and its object, as in `1 0 objnull`.
        Token::Keyword(glued) if glued.starts_with(b"obj") => {
            lexer.seek(before_keyword);
            lexer.skip_white();
            lexer.seek(lexer.position() + 3);
        }
        _ => return None,
    }
    let object = parse::object(&mut lexer, max_depth).unwrap_or(Object::Null);
    let data_start = match object {
        Object::Dictionary(_) => stream_start(&mut lexer),
        _ => None,
    };
    Some(Indirect {
        id: (
            u32::try_from(number).ok()?,
            u16::try_from(generation).unwrap_or(0),
        ),
        object,
        data_start,
    })
}

/// Behind `stream` and its line end.
fn stream_start(lexer: &mut Lexer<'_>) -> Option<usize> {
    lexer.skip_white();
    let rest = lexer.rest().strip_prefix(b"stream")?;
    Some(lexer.bytes().len() - rest.len() + line_end(rest))
}

/// How long the line end is that the keyword `stream` and the data lie around.
pub(super) fn line_end(behind_keyword: &[u8]) -> usize {
    match behind_keyword {
        [b'\r', b'\n', ..] => 2,
        [b'\n' | b'\r', ..] => 1,
        _ => 0,
    }
}

/// The data of a stream: as long as `length` says if `endstream` follows there, else up to the next
/// `endstream` or `endobj`.
pub(super) fn extent(bytes: &[u8], start: usize, length: Option<usize>) -> Range<usize> {
    if let Some(end) = length.and_then(|length| confirmed_end(bytes, start, length)) {
        return start..end;
    }
    let rest = bytes.get(start..).unwrap_or_default();
    let end = find(rest, b"endstream")
        .or_else(|| find(rest, b"endobj"))
        .unwrap_or(rest.len());
    let line_end = match &rest[..end] {
        [.., b'\r', b'\n'] => 2,
        [.., b'\n' | b'\r'] => 1,
        _ => 0,
    };
    start..start + end - line_end
}

/// Where data of this length ends, if `endstream` follows there.
pub(super) fn confirmed_end(bytes: &[u8], start: usize, length: usize) -> Option<usize> {
    let end = start.checked_add(length)?;
    let after = bytes.get(end..)?;
    let white = after.iter().take(MAX_WHITE_BYTES);
    let white = white.take_while(|&&byte| is_white(byte)).count();
    after[white..].starts_with(b"endstream").then_some(end)
}

pub(super) fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_length_does_not_lose_the_stream() {
        let file = b"7 0 obj <</Length 3>> stream\r\nabcdef\nendstream endobj";
        let found = read(file, 0, 10).unwrap();
        let start = found.data_start.unwrap();
        assert_eq!(found.id, (7, 0));
        assert_eq!(&file[extent(file, start, Some(3))], b"abcdef");
        assert_eq!(&file[extent(file, start, Some(6))], b"abcdef");
        assert_eq!(&file[extent(file, start, Some(usize::MAX))], b"abcdef");
        assert_eq!(&file[extent(file, start, None)], b"abcdef");
    }

    #[test]
    fn only_a_header_starts_an_object() {
        assert!(read(b"xref 0 1", 0, 10).is_none());
        assert!(read(b"1 0 R", 0, 10).is_none());
        assert!(read(b"1 0 objnull", 0, 10).is_some());
        assert!(read(b"", 5, 10).is_none());
    }
}
