//! Inline images: the dictionary between `BI` and `ID`, and where the data ends (ISO 32000-1, 8.9.7).

use crate::objects::lexer::{Lexer, Token, is_white};
use crate::objects::{Dictionary, Object, parse};

/// Bytes after `EI` that have to look like content for it to be the operator.
const LOOK_AHEAD_BYTES: usize = 16;

/// What stands between `BI` and `EI`.
pub(super) struct InlineImage<'b> {
    pub(super) dict: Dictionary,
    /// Still encoded.
    pub(super) data: &'b [u8],
    /// From `BI` to `EI`, as written.
    pub(super) source: &'b [u8],
}

/// Reads an inline image, `BI` being read, and leaves the lexer behind `EI`; `None` where there is
/// no `ID`.
pub(super) fn read<'b>(lexer: &mut Lexer<'b>, max_depth: u32) -> Option<InlineImage<'b>> {
    let start = lexer.position();
    let dict = dictionary(lexer, max_depth)?;
    let bytes = lexer.bytes();
    let mut data_start = lexer.position();
    if bytes.get(data_start).copied().is_some_and(is_white) {
        data_start += 1;
    }
    let rest = bytes.get(data_start..).unwrap_or_default();
    let (length, used) = data_length(rest, plain_length(&dict));
    lexer.seek(data_start + used);
    Some(InlineImage {
        dict,
        data: rest.get(..length).unwrap_or_default(),
        source: bytes.get(start..data_start + used).unwrap_or_default(),
    })
}

fn dictionary(lexer: &mut Lexer<'_>, max_depth: u32) -> Option<Dictionary> {
    let mut entries = Vec::new();
    loop {
        match lexer.token()? {
            Token::Keyword(b"ID") => return Some(entries.into_iter().collect()),
            Token::Keyword(b"EI") => return None,
            Token::Name(raw) => {
                let before = lexer.position();
                if lexer.token() == Some(Token::Keyword(b"ID")) {
                    return Some(entries.into_iter().collect());
                }
                lexer.seek(before);
                entries.extend(parse::entry(raw, lexer, max_depth));
            }
            _ => {}
        }
    }
}

/// The exact length of unfiltered data, where the dictionary alone tells it.
fn plain_length(dict: &Dictionary) -> Option<usize> {
    let get = |short: &[u8], long: &[u8]| dict.get(short).or_else(|| dict.get(long));
    if get(b"F", b"Filter").is_some() {
        return None;
    }
    let integer = |short, long| get(short, long).and_then(|object| object.as_integer());
    let width = u64::try_from(integer(b"W", b"Width")?).ok()?;
    let height = u64::try_from(integer(b"H", b"Height")?).ok()?;
    let is_mask = get(b"IM", b"ImageMask") == Some(&Object::Boolean(true));
    let (components, bits) = if is_mask {
        (1, 1)
    } else {
        let bits = u64::try_from(integer(b"BPC", b"BitsPerComponent").unwrap_or(8)).ok()?;
        let components = match get(b"CS", b"ColorSpace")? {
            Object::Name(name) => match name.as_slice() {
                b"G" | b"DeviceGray" | b"CalGray" => 1,
                b"RGB" | b"DeviceRGB" | b"CalRGB" => 3,
                b"CMYK" | b"DeviceCMYK" => 4,
                _ => return None,
            },
            Object::Array(_) => 1,
            _ => return None,
        };
        (components, bits)
    };
    let row_bits = width.checked_mul(components)?.checked_mul(bits)?;
    usize::try_from(row_bits.div_ceil(8).checked_mul(height)?).ok()
}

/// → (bytes of data, bytes up to and with `EI`). Without `EI` everything is data.
fn data_length(rest: &[u8], plain: Option<usize>) -> (usize, usize) {
    let mut from = plain.filter(|&length| length <= rest.len()).unwrap_or(0);
    while let Some(found) = rest
        .get(from..)
        .and_then(|tail| tail.windows(2).position(|pair| pair == b"EI"))
    {
        let at = from + found;
        let starts = at == 0 || is_white(rest[at - 1]) || Some(at) == plain;
        if starts && ends_operator(&rest[at + 2..]) {
            let length = match plain {
                Some(length) if length <= at => length,
                _ if at > 0 && is_white(rest[at - 1]) => at - 1,
                _ => at,
            };
            return (length, at + 2);
        }
        from = at + 1;
    }
    (rest.len(), rest.len())
}

/// Whether what follows `EI` is content and not more image data.
fn ends_operator(after: &[u8]) -> bool {
    match after.first() {
        None => true,
        Some(&byte) if is_white(byte) => after
            .iter()
            .take(LOOK_AHEAD_BYTES)
            .all(|&byte| is_white(byte) && byte != 0 || (0x20..0x7f).contains(&byte)),
        Some(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn data_may_hold_the_letters_of_its_end() {
        let content = b"BI /W 4 /H 2 /BPC 8 /CS /G ID ab EI cd EI Q";
        let mut lexer = Lexer::new(content, 2);
        let image = read(&mut lexer, 10).unwrap();
        assert_eq!(image.data, b"ab EI cd");
        assert_eq!(lexer.token(), Some(Token::Keyword(b"Q")));
    }

    #[test]
    fn filtered_data_ends_before_content_only() {
        let content = b"BI /F /Fl ID \x01 EI\x80\x81 \xff EI\nQ q";
        let mut lexer = Lexer::new(content, 2);
        assert_eq!(read(&mut lexer, 10).unwrap().data, b"\x01 EI\x80\x81 \xff");
        assert_eq!(lexer.token(), Some(Token::Keyword(b"Q")));
    }

    #[test]
    fn without_an_end_everything_is_data() {
        let mut lexer = Lexer::new(b"BI ID abc", 2);
        assert_eq!(read(&mut lexer, 10).unwrap().data, b"abc");
        assert!(read(&mut Lexer::new(b"BI /W 1", 2), 10).is_none());
    }

    proptest! {
        #[test]
        fn any_bytes_end(bytes: Vec<u8>) {
            let mut content = b"BI /W 3 /H 3 /CS /RGB ID ".to_vec();
            content.extend(&bytes);
            let mut lexer = Lexer::new(&content, 2);
            prop_assert!(read(&mut lexer, 10).is_some());
            prop_assert!(lexer.position() <= content.len());
        }
    }
}
