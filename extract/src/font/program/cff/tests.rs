//! Small CFF fonts built byte by byte.

use super::*;

fn index(elements: &[&[u8]]) -> Vec<u8> {
    let mut bytes = (elements.len() as u16).to_be_bytes().to_vec();
    if elements.is_empty() {
        return bytes;
    }
    bytes.push(2);
    let mut offset = 1_u16;
    bytes.extend(offset.to_be_bytes());
    for element in elements {
        offset += element.len() as u16;
        bytes.extend(offset.to_be_bytes());
    }
    bytes.extend(elements.concat());
    bytes
}

/// An operand that always takes five bytes, so that offsets do not depend on themselves.
fn operand(value: usize) -> Vec<u8> {
    [&[29], (value as i32).to_be_bytes().as_slice()].concat()
}

/// Three glyphs: .notdef, A (width 500), and a glyph called `odd` with the default width 600.
pub(in crate::font) fn font(cid_keyed: bool) -> Vec<u8> {
    let char_strings = index(&[&[14], &[248, 136 - 100, 14], &[14]]);
    let charset = match cid_keyed {
        false => [
            &[0],
            34_u16.to_be_bytes().as_slice(),
            &391_u16.to_be_bytes(),
        ]
        .concat(),
        true => [&[2], 7_u16.to_be_bytes().as_slice(), &1_u16.to_be_bytes()].concat(),
    };
    let encoding = [0, 2, 0x80, 0x81];
    let private = [
        &[28, 600_u16.to_be_bytes()[0], 600_u16.to_be_bytes()[1], 20][..],
        &[239, 21],
    ]
    .concat();
    let strings = index(&[b"odd", b"Adobe", b"Japan1"]);
    let build = |base: usize| {
        let (at_charset, at_encoding) = (
            base + char_strings.len(),
            base + char_strings.len() + charset.len(),
        );
        let at_private = at_encoding + encoding.len();
        let ros = [operand(392), operand(393), operand(0), vec![12, 30]].concat();
        let mut top = if cid_keyed { ros } else { Vec::new() };
        top.extend([operand(base), vec![17], operand(at_charset), vec![15]].concat());
        top.extend([operand(at_encoding), vec![16]].concat());
        top.extend([operand(private.len()), operand(at_private), vec![18]].concat());
        [
            &[1, 0, 4, 2][..],
            &index(&[b"Test"]),
            &index(&[&top]),
            &strings,
            &index(&[]),
        ]
        .concat()
    };
    let head = build(build(0).len());
    [head, char_strings, charset, encoding.to_vec(), private].concat()
}

#[test]
fn a_name_keyed_font_has_an_encoding_names_and_widths() {
    let bytes = font(false);
    let font = Cff::read(&bytes).unwrap();
    assert!(!font.is_cid_keyed());
    assert_eq!((font.glyph_of_code(0x80), font.glyph_of_code(0x81)), (1, 2));
    assert_eq!(font.glyph_of_code(b'A'), 0);
    assert_eq!(font.glyph_name(1), Some(b"A".as_slice()));
    assert_eq!(font.glyph_name(2), Some(b"odd".as_slice()));
    assert_eq!(font.glyph_of_name(b"odd"), Some(2));
    assert_eq!(font.width(2), Some(0.6));
    // nominal 100 plus (248 - 247) * 256 + 36 + 108
    assert_eq!(font.width(1), Some(0.5));
}

#[test]
fn a_cid_keyed_font_has_cids_and_a_collection() {
    let bytes = font(true);
    let font = Cff::read(&bytes).unwrap();
    assert!(font.is_cid_keyed());
    assert_eq!(font.collection(), Some(Collection::Japan1));
    assert_eq!(font.cids(), [0, 7, 8]);
    assert_eq!(font.glyph_name(1), None);
}

#[test]
fn predefined_charsets_have_their_names() {
    let names = |offset, glyph: usize| {
        let charset = charset::read(&[], offset, 400, false);
        standard_strings()[usize::from(charset[glyph])]
    };
    assert_eq!(names(0, 34), "A");
    assert_eq!(names(1, 2), "exclamsmall");
    assert_eq!(names(2, 2), "dollaroldstyle");
    assert_eq!(charset::read(&[], 0, 400, false).len(), 229);
    assert_eq!(standard_strings().len(), 391);
}
