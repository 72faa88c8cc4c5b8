//! Glyph names → Unicode, by the Adobe Glyph List, its rules for composed names, and TeX's names.

use std::sync::OnceLock;

use super::name_table::NameTable;

static GLYPH_LIST: NameTable = NameTable::new(include_str!("data/glyph-list.txt"));
static TEX_LIST: NameTable = NameTable::new(include_str!("data/tex-glyph-list.txt"));
static DINGBATS_LIST: NameTable = NameTable::new(include_str!("data/zapf-dingbats-glyph-list.txt"));

const MAC_GLYPH_ORDER: &str = include_str!("data/mac-glyph-order.txt");

/// Glyphs in the standard order of TrueType.
pub(super) const MAC_GLYPHS: u16 = 258;

/// A name made of more parts than this is not a ligature.
const MAX_COMPONENTS: usize = 32;

/// Appends the text of the glyph called `name` to `text`; false, and nothing appended, when the name
/// says nothing (Adobe Glyph List Specification, section 2).
///
/// `dingbats` adds the names of ITC Zapf Dingbats, which mean something else in other fonts.
pub(super) fn append_unicode(name: &[u8], dingbats: bool, text: &mut String) -> bool {
    let start = text.len();
    let stem = name.split(|byte| *byte == b'.').next().unwrap_or_default();
    for component in stem.split(|byte| *byte == b'_').take(MAX_COMPONENTS) {
        append_component(component, dingbats, text);
    }
    if text.len() == start {
        text.extend(numbered(stem));
    }
    text.len() > start
}

/// Names that programs make up from a number: `65` and `a65` (TeX bitmap fonts) by the code in
/// decimal, `G41` and `u41` by the code in hexadecimal, `g24` by the place in the standard order of
/// TrueType glyphs.
fn numbered(name: &[u8]) -> Option<char> {
    let name = std::str::from_utf8(name).ok()?;
    if name.contains('+') {
        return None;
    }
    let decimal = |digits: &str| digits.parse().ok().and_then(char::from_u32);
    let character = if let Some(digits) = name.strip_prefix('g') {
        let glyph = u16::from_str_radix(digits, 16).ok()?;
        mac_glyph(glyph).and_then(|name| first_char(name.as_bytes()))
    } else if let Some(digits) = name.strip_prefix(['G', 'u']) {
        hex_char(digits)
    } else if let Some(digits) = name.strip_prefix('a') {
        decimal(digits).filter(|_| digits.len() > 1)
    } else {
        decimal(name)
    };
    character.filter(|character| !character.is_control())
}

/// The name of one of the 258 glyphs that TrueType fonts have first (OpenType specification, `post`).
pub(super) fn mac_glyph(glyph: u16) -> Option<&'static str> {
    static NAMES: OnceLock<Vec<&'static str>> = OnceLock::new();
    let names = NAMES.get_or_init(|| MAC_GLYPH_ORDER.split_ascii_whitespace().collect());
    names.get(usize::from(glyph)).copied()
}

/// The first character of a glyph's text.
pub(super) fn first_char(name: &[u8]) -> Option<char> {
    let mut text = String::new();
    append_unicode(name, false, &mut text);
    text.chars().next()
}

fn append_component(component: &[u8], dingbats: bool, text: &mut String) {
    let listed = dingbats
        .then(|| DINGBATS_LIST.get(component))
        .flatten()
        .or_else(|| GLYPH_LIST.get(component))
        .or_else(|| TEX_LIST.get(component));
    if let Some(values) = listed {
        text.extend(values.split(' ').filter_map(hex_char));
        return;
    }
    let Ok(component) = std::str::from_utf8(component) else {
        return;
    };
    if let Some(digits) = component.strip_prefix("uni")
        && digits.len() >= 4
        && digits.len() % 4 == 0
        && is_hex(digits)
    {
        text.extend((0..digits.len() / 4).filter_map(|part| hex_char(&digits[part * 4..][..4])));
    } else if let Some(digits) = component.strip_prefix('u')
        && (4..=6).contains(&digits.len())
        && is_hex(digits)
    {
        text.extend(hex_char(digits));
    }
}

fn is_hex(digits: &str) -> bool {
    digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn hex_char(digits: &str) -> Option<char> {
    u32::from_str_radix(digits, 16)
        .ok()
        .and_then(char::from_u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: &str) -> String {
        let mut text = String::new();
        append_unicode(name.as_bytes(), false, &mut text);
        text
    }

    #[test]
    fn every_listed_name_is_found() {
        for table in [&GLYPH_LIST, &TEX_LIST, &DINGBATS_LIST] {
            table.assert_complete();
        }
    }

    #[test]
    fn names_follow_the_rules_of_the_glyph_list() {
        for (name, expected) in [
            ("A", "A"),
            ("Euro", "\u{20ac}"),
            ("dalethatafpatah", "\u{5d3}\u{5b2}"),
            ("a.sc", "a"),
            ("prime", "\u{2032}"),
            ("summationdisplay", "\u{2211}"),
            ("f_f_i", "ffi"),
            ("T_h.liga", "Th"),
            ("uni0041", "A"),
            ("uni00410042", "AB"),
            ("uni20ac", "\u{20ac}"),
            ("u1F600", "\u{1f600}"),
            ("uniD800", ""),
            ("u110000", ""),
            ("uni004", ""),
            (".notdef", ""),
            ("a1", ""),
            ("a65", "A"),
            ("65", "A"),
            ("12", ""),
            ("G41", "A"),
            ("G12", ""),
            ("u41", "A"),
            ("g24", "A"),
            ("g1", ""),
            ("g+1", ""),
            ("c65", ""),
        ] {
            assert_eq!(text(name), expected, "{name}");
        }
    }

    #[test]
    fn the_standard_order_of_true_type() {
        assert_eq!(mac_glyph(3), Some("space"));
        assert_eq!(mac_glyph(MAC_GLYPHS - 1), Some("dcroat"));
        assert_eq!(mac_glyph(MAC_GLYPHS), None);
    }

    #[test]
    fn dingbat_names_are_known_in_their_font_only() {
        let mut text = String::new();
        assert!(append_unicode(b"a1", true, &mut text));
        assert_eq!(text, "\u{2701}");
    }
}
