//! A small Type 1 font, encrypted as real ones are.

use super::*;

fn encrypted(plain: &[u8], key: u16) -> Vec<u8> {
    let mut state = key;
    let padded = [[0; RANDOM_BYTES].as_slice(), plain].concat();
    padded
        .iter()
        .map(|byte| {
            let cipher = byte ^ (state >> 8) as u8;
            state = u16::from(cipher)
                .wrapping_add(state)
                .wrapping_mul(52_845)
                .wrapping_add(22_719);
            cipher
        })
        .collect()
}

fn private_part() -> Vec<u8> {
    // 0 500 hsbw; 0 1000 2 div hsbw
    let alpha = encrypted(&[139, 248, 136, 13, 14], CHARSTRING_KEY);
    let beta = encrypted(&[139, 255, 0, 0, 3, 232, 141, 12, 12, 13], CHARSTRING_KEY);
    let mut plain = b"dup /Private /lenIV 4 def 2 /CharStrings 2 dict dup begin\n".to_vec();
    for (name, charstring) in [("/alpha", alpha), ("/beta", beta)] {
        plain.extend(format!("{name} {} RD ", charstring.len()).bytes());
        plain.extend(charstring);
        plain.extend(b" ND\n");
    }
    plain.extend(b"end");
    plain
}

const CLEAR: &[u8] = b"%!PS-AdobeFont-1.0: T\n/FontMatrix [0.002 0 0 0.002 0 0] readonly def\n\
    /Encoding 256 array 0 1 255 {1 index exch /.notdef put} for\n\
    dup 65 /alpha put dup 8#102 /beta put\nreadonly def currentfile eexec\n";

/// Codes 65 and 66 show alpha and beta, both one em wide.
pub(in crate::font) fn font() -> Vec<u8> {
    [CLEAR, &encrypted(&private_part(), EEXEC_KEY)].concat()
}

#[test]
fn encoding_and_widths_of_a_binary_font() {
    let font = Type1::read(&font()).unwrap();
    assert_eq!(font.glyph_name(65), Some(b"alpha".as_slice()));
    assert_eq!(font.glyph_name(66), Some(b"beta".as_slice()));
    assert_eq!(font.glyph_name(67), None);
    assert_eq!(font.width(b"alpha"), Some(1.0));
    assert_eq!(font.width(b"beta"), Some(1.0));
    assert!(font.has_glyph(b"beta") && !font.has_glyph(b"gamma"));
}

#[test]
fn a_hexadecimal_font_in_segments_reads_the_same() {
    let hex: String = encrypted(&private_part(), EEXEC_KEY)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let mut font = Vec::new();
    for (kind, part) in [(1, CLEAR), (2, hex.as_bytes())] {
        font.extend([0x80, kind]);
        font.extend((part.len() as u32).to_le_bytes());
        font.extend(part);
    }
    let font = Type1::read(&font).unwrap();
    assert_eq!(font.width(b"alpha"), Some(1.0));
    assert_eq!(font.glyph_name(65), Some(b"alpha".as_slice()));
}

#[test]
fn the_standard_encoding_can_be_named() {
    let font = Type1::read(b"%!PS /Encoding StandardEncoding def").unwrap();
    assert_eq!(font.glyph_name(39), Some(b"quoteright".as_slice()));
    assert!(Type1::read(b"%!PS nothing here").is_none());
}
