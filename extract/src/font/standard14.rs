//! Widths of the 14 standard fonts and of their usual stand-ins (Adobe Core 14 AFM files).

use super::encoding::BaseEncoding;
use super::name_table::NameTable;

static LATIN_WIDTHS: NameTable = NameTable::new(include_str!("data/latin-widths.txt"));
static SYMBOL_WIDTHS: NameTable = NameTable::new(include_str!("data/symbol-widths.txt"));
static ZAPF_DINGBATS_WIDTHS: NameTable =
    NameTable::new(include_str!("data/zapf-dingbats-widths.txt"));

/// Every glyph of the Courier faces has this width, in 1/1000 em.
const COURIER_WIDTH: f32 = 600.0;

/// One of the standard fonts, slanted and upright Helvetica and Courier taken together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StandardFont {
    Courier,
    Helvetica,
    HelveticaBold,
    Times,
    TimesBold,
    TimesItalic,
    TimesBoldItalic,
    Symbol,
    ZapfDingbats,
}

impl StandardFont {
    /// The standard font with this name, or the one that a document means by the name of its usual
    /// equivalent: `ArialMT`, `TimesNewRoman,Bold`, `CourierNewPS-ItalicMT` (ISO 32000-1, 9.6.2.2).
    pub(super) fn from_name(name: &str) -> Option<Self> {
        let name: String = name
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|character| character.to_ascii_lowercase())
            .collect();
        match name.as_str() {
            "symbol" | "symbolmt" => return Some(Self::Symbol),
            "zapfdingbats" | "dingbats" => return Some(Self::ZapfDingbats),
            _ => {}
        }
        let families = [
            ("couriernewpsmt", Self::Courier),
            ("couriernewps", Self::Courier),
            ("couriernew", Self::Courier),
            ("courier", Self::Courier),
            ("helvetica", Self::Helvetica),
            ("arialmt", Self::Helvetica),
            ("arial", Self::Helvetica),
            ("timesnewromanpsmt", Self::Times),
            ("timesnewromanps", Self::Times),
            ("timesnewroman", Self::Times),
            ("timesroman", Self::Times),
            ("times", Self::Times),
        ];
        families.into_iter().find_map(|(family, font)| {
            let style = name.strip_prefix(family)?;
            let style = style.strip_suffix("mt").unwrap_or(style);
            match style {
                "" | "regular" | "roman" => Some(font),
                "bold" => Some(font.styled(true, false)),
                "italic" | "oblique" => Some(font.styled(false, true)),
                "bolditalic" | "boldoblique" => Some(font.styled(true, true)),
                _ => None,
            }
        })
    }

    /// The standard font closest to the style in a font descriptor (9.8.2).
    pub(super) fn like(fixed_pitch: bool, serif: bool, bold: bool, italic: bool) -> Self {
        if fixed_pitch {
            Self::Courier
        } else if serif {
            Self::Times.styled(bold, italic)
        } else {
            Self::Helvetica.styled(bold, italic)
        }
    }

    fn styled(self, bold: bool, italic: bool) -> Self {
        match (self, bold, italic) {
            (Self::Helvetica, true, _) => Self::HelveticaBold,
            (Self::Times, true, false) => Self::TimesBold,
            (Self::Times, false, true) => Self::TimesItalic,
            (Self::Times, true, true) => Self::TimesBoldItalic,
            (font, _, _) => font,
        }
    }

    /// The encoding that the font has of its own.
    pub(super) fn built_in_encoding(self) -> BaseEncoding {
        match self {
            Self::Symbol => BaseEncoding::Symbol,
            Self::ZapfDingbats => BaseEncoding::ZapfDingbats,
            _ => BaseEncoding::Standard,
        }
    }

    /// The width of a glyph in 1/1000 em; `None` where the font has no such glyph.
    pub(super) fn width(self, glyph_name: &[u8]) -> Option<f32> {
        let (table, column) = match self {
            Self::Courier => return Some(COURIER_WIDTH),
            Self::Helvetica => (&LATIN_WIDTHS, 0),
            Self::HelveticaBold => (&LATIN_WIDTHS, 1),
            Self::Times => (&LATIN_WIDTHS, 2),
            Self::TimesBold => (&LATIN_WIDTHS, 3),
            Self::TimesItalic => (&LATIN_WIDTHS, 4),
            Self::TimesBoldItalic => (&LATIN_WIDTHS, 5),
            Self::Symbol => (&SYMBOL_WIDTHS, 0),
            Self::ZapfDingbats => (&ZAPF_DINGBATS_WIDTHS, 0),
        };
        table.get(glyph_name)?.split(' ').nth(column)?.parse().ok()
    }

    /// Ascender and descender in 1/1000 em.
    pub(super) fn ascent_descent(self) -> (f32, f32) {
        match self {
            Self::Courier => (629.0, -157.0),
            Self::Helvetica | Self::HelveticaBold => (718.0, -207.0),
            Self::Times | Self::TimesBold | Self::TimesItalic | Self::TimesBoldItalic => {
                (683.0, -217.0)
            }
            Self::Symbol => (1010.0, -293.0),
            Self::ZapfDingbats => (820.0, -143.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_their_equivalents_are_recognised() {
        for (name, font) in [
            ("Helvetica", Some(StandardFont::Helvetica)),
            ("Helvetica-BoldOblique", Some(StandardFont::HelveticaBold)),
            ("ArialMT", Some(StandardFont::Helvetica)),
            ("Arial-BoldItalicMT", Some(StandardFont::HelveticaBold)),
            ("Arial,Bold", Some(StandardFont::HelveticaBold)),
            ("TimesNewRomanPS-BoldMT", Some(StandardFont::TimesBold)),
            ("Times New Roman,Italic", Some(StandardFont::TimesItalic)),
            ("Times-Roman", Some(StandardFont::Times)),
            ("CourierNewPS-ItalicMT", Some(StandardFont::Courier)),
            ("Symbol", Some(StandardFont::Symbol)),
            ("ZapfDingbats", Some(StandardFont::ZapfDingbats)),
            ("ArialNarrow", None),
            ("Helvetica-Condensed", None),
            ("Garamond", None),
        ] {
            assert_eq!(StandardFont::from_name(name), font, "{name}");
        }
    }

    #[test]
    fn widths_are_those_of_the_metrics_files() {
        assert_eq!(StandardFont::Helvetica.width(b"A"), Some(667.0));
        assert_eq!(StandardFont::HelveticaBold.width(b"A"), Some(722.0));
        assert_eq!(StandardFont::Times.width(b"space"), Some(250.0));
        assert_eq!(StandardFont::TimesBoldItalic.width(b"zcaron"), Some(389.0));
        assert_eq!(StandardFont::Courier.width(b"anything"), Some(600.0));
        assert_eq!(StandardFont::Symbol.width(b"alpha"), Some(631.0));
        assert_eq!(StandardFont::ZapfDingbats.width(b"a1"), Some(974.0));
        assert_eq!(StandardFont::Times.width(b"alpha"), None);
    }

    #[test]
    fn every_listed_glyph_is_found() {
        for table in [&LATIN_WIDTHS, &SYMBOL_WIDTHS, &ZAPF_DINGBATS_WIDTHS] {
            table.assert_complete();
        }
    }

    #[test]
    fn every_glyph_of_a_built_in_encoding_has_a_width() {
        for font in [
            StandardFont::Times,
            StandardFont::Symbol,
            StandardFont::ZapfDingbats,
        ] {
            for code in 0..=255 {
                if let Some(name) = font.built_in_encoding().glyph_name(code) {
                    assert!(font.width(name.as_bytes()).is_some(), "{font:?} {name}");
                }
            }
        }
    }
}
