//! Small TrueType fonts built table by table.

use super::*;

/// A font file with these tables.
pub(in crate::font) fn sfnt(tables: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut head = vec![0, 1, 0, 0];
    head.extend((tables.len() as u16).to_be_bytes());
    head.extend([0; 6]);
    let mut offset = head.len() + 16 * tables.len();
    let mut body = Vec::new();
    for (tag, table) in tables {
        head.extend(*tag);
        head.extend([0; 4]);
        head.extend((offset as u32).to_be_bytes());
        head.extend((table.len() as u32).to_be_bytes());
        offset += table.len();
        body.extend(table);
    }
    [head, body].concat()
}

fn words(values: &[u16]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_be_bytes())
        .collect()
}

/// A `cmap` table with one subtable.
pub(in crate::font) fn cmap(platform: u16, encoding: u16, subtable: &[u8]) -> Vec<u8> {
    [&words(&[0, 1, platform, encoding, 0, 12]), subtable].concat()
}

/// Format 4 with one segment that counts up and the one that ends the table.
pub(in crate::font) fn format_4(first: u16, last: u16, glyph: u16) -> Vec<u8> {
    let delta = glyph.wrapping_sub(first);
    words(&[
        4, 32, 0, 4, 4, 1, 0, last, 0xffff, 0, first, 0xffff, delta, 1, 0, 0,
    ])
}

fn with_cmap(table: Vec<u8>) -> Vec<u8> {
    sfnt(&[(b"cmap", table)])
}

#[test]
fn a_unicode_cmap_is_read_both_ways() {
    let bytes = with_cmap(cmap(3, 1, &format_4(0x41, 0x43, 5)));
    let font = Sfnt::read(&bytes).unwrap();
    assert_eq!(font.glyph_of_char('B'), 6);
    assert_eq!(font.glyph_of_char('D'), 0);
    assert_eq!(font.glyph_of_code(0x41, false), 5);
    assert_eq!(font.unicode_of_glyphs().get(&7), Some(&'C'));
}

#[test]
fn a_symbol_cmap_is_asked_at_f000() {
    let bytes = with_cmap(cmap(3, 0, &format_4(0xf041, 0xf043, 5)));
    let font = Sfnt::read(&bytes).unwrap();
    assert_eq!(font.glyph_of_code(0x42, true), 6);
    assert_eq!(font.glyph_of_code(0x40, true), 0);
    assert!(font.unicode_of_glyphs().is_empty());
}

#[test]
fn a_mac_roman_cmap_of_bytes() {
    let mut subtable = words(&[0, 262, 0]);
    subtable.extend((0..=255_u8).map(|code| if code == 0x80 { 9 } else { 0 }));
    let bytes = with_cmap(cmap(1, 0, &subtable));
    let font = Sfnt::read(&bytes).unwrap();
    assert_eq!(font.glyph_of_code(0x80, true), 9);
    assert_eq!(font.glyph_of_code(0x81, false), 0);
}

#[test]
fn formats_6_and_12() {
    let bytes = with_cmap(cmap(3, 1, &words(&[6, 14, 0, 0x61, 2, 3, 4])));
    assert_eq!(Sfnt::read(&bytes).unwrap().glyph_of_char('b'), 4);
    let group = [12, 0, 0, 28, 0, 0, 0, 1, 1, 0xf600, 1, 0xf601, 0, 7];
    let bytes = with_cmap(cmap(3, 10, &words(&group)));
    let font = Sfnt::read(&bytes).unwrap();
    assert_eq!(font.glyph_of_char('\u{1f601}'), 8);
    assert_eq!(font.unicode_of_glyphs().get(&7), Some(&'\u{1f600}'));
}

#[test]
fn names_of_the_post_table() {
    let mut post = words(&[2, 0]);
    post.extend([0; 28]);
    post.extend(words(&[3, 0, 36, 258]));
    post.extend(b"\x05alpha");
    let bytes = sfnt(&[(b"post", post)]);
    let font = Sfnt::read(&bytes).unwrap();
    assert_eq!(font.glyph_name(0), None);
    assert_eq!(font.glyph_name(1), Some(b"A".as_slice()));
    assert_eq!(font.glyph_name(2), Some(b"alpha".as_slice()));
    assert_eq!(font.glyph_of_name(b"alpha"), Some(2));
    assert_eq!(font.glyph_name(3), None);
}

#[test]
fn widths_repeat_the_last_one() {
    let mut head = vec![0; 54];
    head[18..20].copy_from_slice(&2048_u16.to_be_bytes());
    let mut hhea = vec![0; 36];
    hhea[34..].copy_from_slice(&2_u16.to_be_bytes());
    let bytes = sfnt(&[
        (b"head", head),
        (b"hhea", hhea),
        (b"hmtx", words(&[1024, 0, 2048, 0, 0])),
    ]);
    let font = Sfnt::read(&bytes).unwrap();
    assert_eq!(font.width(0), Some(0.5));
    assert_eq!(font.width(1), Some(1.0));
    assert_eq!(font.width(9), Some(1.0));
}
