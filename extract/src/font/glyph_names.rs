//! Glyph names → Unicode, by the Adobe Glyph List and its rules for composed names.

const GLYPH_LIST: &str = include_str!("data/glyph-list.txt");
const DINGBATS_LIST: &str = include_str!("data/zapf-dingbats-glyph-list.txt");

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
    text.len() > start
}

/// The first character of a glyph's text.
pub(super) fn first_char(name: &[u8]) -> Option<char> {
    let mut text = String::new();
    append_unicode(name, false, &mut text);
    text.chars().next()
}

fn append_component(component: &[u8], dingbats: bool, text: &mut String) {
    let listed = dingbats
        .then(|| find(DINGBATS_LIST, component))
        .flatten()
        .or_else(|| find(GLYPH_LIST, component));
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

/// What follows `key` and a space on its line of a `table` whose lines are sorted by their keys.
pub(super) fn find<'t>(table: &'t str, key: &[u8]) -> Option<&'t str> {
    let (mut low, mut high) = (0, table.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let bytes = table.as_bytes();
        let start = bytes[low..middle]
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(low, |at| low + at + 1);
        let end = bytes[middle..high]
            .iter()
            .position(|byte| *byte == b'\n')
            .map_or(high, |at| middle + at);
        let (name, values) = table.get(start..end)?.split_once(' ')?;
        match name.as_bytes().cmp(key) {
            std::cmp::Ordering::Equal => return Some(values),
            std::cmp::Ordering::Less => low = end + 1,
            std::cmp::Ordering::Greater => high = start,
        }
    }
    None
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
        for table in [GLYPH_LIST, DINGBATS_LIST] {
            for line in table.lines() {
                let (name, values) = line.split_once(' ').unwrap();
                assert_eq!(find(table, name.as_bytes()), Some(values), "{name}");
            }
        }
        for missing in ["", "zzzz", "AA", "0", "~"] {
            assert_eq!(find(GLYPH_LIST, missing.as_bytes()), None, "{missing}");
        }
    }

    #[test]
    fn names_follow_the_rules_of_the_glyph_list() {
        for (name, expected) in [
            ("A", "A"),
            ("Euro", "\u{20ac}"),
            ("dalethatafpatah", "\u{5d3}\u{5b2}"),
            ("a.sc", "a"),
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
            ("g12", ""),
            ("a1", ""),
        ] {
            assert_eq!(text(name), expected, "{name}");
        }
    }

    #[test]
    fn dingbat_names_are_known_in_their_font_only() {
        let mut text = String::new();
        assert!(append_unicode(b"a1", true, &mut text));
        assert_eq!(text, "\u{2701}");
    }
}
