//! Text strings (ISO 32000-2, 7.9.2.2): UTF-16, UTF-8 or PDFDocEncoding → `String`.

/// PDFDocEncoding where it differs from Latin-1 (ISO 32000-1, table D.2): 0x18 to 0x1f.
const LOW: [char; 8] = ['˘', 'ˇ', 'ˆ', '˙', '˝', '˛', '˚', '˜'];

/// PDFDocEncoding where it differs from Latin-1 (ISO 32000-1, table D.2): 0x80 to 0xa0.
const HIGH: [char; 33] = [
    '•', '†', '‡', '…', '—', '–', 'ƒ', '⁄', '‹', '›', '−', '‰', '„', '“', '”', '‘', '’', '‚', '™',
    'ﬁ', 'ﬂ', 'Ł', 'Œ', 'Š', 'Ÿ', 'Ž', 'ı', 'ł', 'œ', 'š', 'ž', '\u{fffd}', '€',
];

/// Decodes a text string; language escapes of UTF-16 strings are left out, and so is the NUL at the
/// end that writers take over from C.
///
/// Without a mark it should be PDFDocEncoding; many writers put UTF-8 there, whose multi-byte
/// sequences mean nothing in PDFDocEncoding.
pub(crate) fn text_string(bytes: &[u8]) -> String {
    let mut text = decode(bytes);
    text.truncate(text.trim_end_matches('\0').len());
    text
}

fn decode(bytes: &[u8]) -> String {
    match bytes {
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => match std::str::from_utf8(bytes) {
            Ok(text) if !text.is_ascii() => text.to_owned(),
            _ => bytes.iter().map(|&byte| pdf_doc(byte)).collect(),
        },
    }
}

fn pdf_doc(byte: u8) -> char {
    match byte {
        0x18..=0x1f => LOW[usize::from(byte - 0x18)],
        0x80..=0xa0 => HIGH[usize::from(byte - 0x80)],
        other => char::from(other),
    }
}

/// UTF-16 without the escape sequences that name a language: U+001B, the language, U+001B.
fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let mut in_escape = false;
    let units = bytes
        .chunks_exact(2)
        .map(|pair| unit([pair[0], pair[1]]))
        .filter(|&unit| {
            if unit == 0x1b {
                in_escape = !in_escape;
                return false;
            }
            !in_escape
        });
    char::decode_utf16(units)
        .map(|character| character.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoding_is_told_by_its_mark() {
        assert_eq!(text_string(b"\xfe\xff\x00A\xd8\x3d\xde\x00"), "A😀");
        assert_eq!(text_string(b"\xff\xfeA\x00"), "A");
        assert_eq!(text_string("\u{feff}ä".as_bytes()), "ä");
        assert_eq!(text_string(b"\x80\x9e\xe4\xa0"), "•žä€");
    }

    #[test]
    fn utf_8_without_a_mark_is_recognised() {
        assert_eq!(text_string("Delacrétaz".as_bytes()), "Delacrétaz");
        assert_eq!(text_string(b"Delacr\xe9taz"), "Delacrétaz");
    }

    #[test]
    fn a_string_ends_before_the_nul_of_c() {
        assert_eq!(text_string(b"\xfe\xff\x00A\x00\x00"), "A");
        assert_eq!(text_string(b"a\0b\0\0"), "a\0b");
    }

    #[test]
    fn language_escapes_and_broken_pairs_do_not_show() {
        assert_eq!(text_string(b"\xfe\xff\x00\x1b\x00e\x00n\x00\x1b\x00A"), "A");
        assert_eq!(text_string(b"\xfe\xff\xd8\x3d\x00"), "\u{fffd}");
    }
}
