//! The base encodings of simple fonts: code → glyph name → Unicode (ISO 32000-1, annex D).

use std::sync::OnceLock;

use super::glyph_names;
use super::glyph_text::GlyphText;

/// A named encoding of 256 codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BaseEncoding {
    Standard,
    WinAnsi,
    MacRoman,
    MacExpert,
    Symbol,
    ZapfDingbats,
    /// The `Expert` encoding of CFF fonts; a font dictionary cannot name it.
    CffExpert,
}

impl BaseEncoding {
    /// The encodings that a font dictionary can name (9.6.6.2); all others are ignored.
    pub(super) fn from_name(name: &[u8]) -> Option<Self> {
        match name {
            b"StandardEncoding" => Some(Self::Standard),
            b"WinAnsiEncoding" => Some(Self::WinAnsi),
            b"MacRomanEncoding" => Some(Self::MacRoman),
            b"MacExpertEncoding" => Some(Self::MacExpert),
            _ => None,
        }
    }

    /// The glyph that `code` shows.
    pub(super) fn glyph_name(self, code: u8) -> Option<&'static str> {
        self.table().names[usize::from(code)]
    }

    /// The text of [`BaseEncoding::glyph_name`]; empty where there is none.
    pub(super) fn text(self, code: u8) -> GlyphText {
        self.table().texts[usize::from(code)]
    }

    fn table(self) -> &'static Table {
        static TABLES: [OnceLock<Table>; 7] = [const { OnceLock::new() }; 7];
        TABLES[self as usize].get_or_init(|| Table::read(self))
    }

    fn source(self) -> &'static str {
        match self {
            Self::Standard => include_str!("data/standard-encoding.txt"),
            Self::WinAnsi => include_str!("data/win-ansi-encoding.txt"),
            Self::MacRoman => include_str!("data/mac-roman-encoding.txt"),
            Self::MacExpert => include_str!("data/mac-expert-encoding.txt"),
            Self::Symbol => include_str!("data/symbol-encoding.txt"),
            Self::ZapfDingbats => include_str!("data/zapf-dingbats-encoding.txt"),
            Self::CffExpert => include_str!("data/cff-expert-encoding.txt"),
        }
    }
}

struct Table {
    names: [Option<&'static str>; 256],
    texts: [GlyphText; 256],
}

impl Table {
    fn read(encoding: BaseEncoding) -> Self {
        let mut table = Self {
            names: [None; 256],
            texts: [GlyphText::EMPTY; 256],
        };
        let dingbats = encoding == BaseEncoding::ZapfDingbats;
        let mut code = 0;
        for word in encoding.source().split_ascii_whitespace() {
            if let Some(run) = word.strip_prefix('*') {
                code += run.parse().unwrap_or(0);
                continue;
            }
            if let (Some(name), Some(text)) = (table.names.get_mut(code), table.texts.get_mut(code))
            {
                let mut unicode = String::new();
                glyph_names::append_unicode(word.as_bytes(), dingbats, &mut unicode);
                *name = Some(word);
                *text = GlyphText::split(&unicode).0;
            }
            code += 1;
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [BaseEncoding; 7] = [
        BaseEncoding::Standard,
        BaseEncoding::WinAnsi,
        BaseEncoding::MacRoman,
        BaseEncoding::MacExpert,
        BaseEncoding::Symbol,
        BaseEncoding::ZapfDingbats,
        BaseEncoding::CffExpert,
    ];

    #[test]
    fn every_table_has_256_codes_and_every_glyph_has_a_text() {
        for encoding in ALL {
            let codes: usize = encoding
                .source()
                .split_ascii_whitespace()
                .map(|word| word.strip_prefix('*').map_or(1, |run| run.parse().unwrap()))
                .sum();
            assert_eq!(codes, 256, "{encoding:?}");
            for code in 0..=255 {
                if let Some(name) = encoding.glyph_name(code) {
                    assert!(!encoding.text(code).is_empty(), "{encoding:?} {name}");
                }
            }
        }
    }

    #[test]
    fn codes_have_the_glyphs_of_annex_d() {
        for (encoding, code, expected) in [
            (BaseEncoding::Standard, 0o47, "\u{2019}"),
            (BaseEncoding::Standard, 0o256, "\u{fb01}"),
            (BaseEncoding::WinAnsi, 0o200, "\u{20ac}"),
            (BaseEncoding::WinAnsi, 0o255, "-"),
            (BaseEncoding::WinAnsi, 0o377, "\u{ff}"),
            (BaseEncoding::MacRoman, 0o200, "\u{c4}"),
            (BaseEncoding::MacRoman, 0o255, "\u{2260}"),
            (BaseEncoding::MacExpert, 0o126, "\u{fb00}"),
            (BaseEncoding::Symbol, 0o141, "\u{3b1}"),
            (BaseEncoding::ZapfDingbats, 0o41, "\u{2701}"),
            (BaseEncoding::CffExpert, 87, "\u{fb01}"),
        ] {
            assert_eq!(
                encoding.text(code).as_str(),
                expected,
                "{encoding:?} {code:o}"
            );
        }
        assert_eq!(BaseEncoding::Standard.glyph_name(0), None);
        assert_eq!(BaseEncoding::from_name(b"Identity-H"), None);
    }
}
