//! Embedded font programs: what their own tables say about codes, names, widths and Unicode.

mod cff; // Compact Font Format
mod sfnt; // TrueType and OpenType
mod table; // bounded big-endian reads
mod type1; // Type 1

pub(super) use cff::Cff;
pub(super) use sfnt::Sfnt;
pub(super) use type1::Type1;

/// A font program of any kind, told apart by its first bytes: the key under which a document embeds
/// it is often wrong.
pub(super) enum Program<'a> {
    Type1(Box<Type1>),
    Cff(Box<Cff<'a>>),
    Sfnt(Box<Sfnt<'a>>),
}

impl<'a> Program<'a> {
    /// `None` where the bytes are no font.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        match bytes {
            [0, 1, 0, 0, ..] | [b't', b'r', b'u', b'e', ..] | [b't', b't', b'c', b'f', ..] => {
                Sfnt::read(bytes).map(|font| Self::Sfnt(Box::new(font)))
            }
            [b'O', b'T', b'T', b'O', ..] => {
                let font = Sfnt::read(bytes)?;
                match font.cff() {
                    Some(cff) if !font.has_cmap() => Some(Self::Cff(Box::new(cff))),
                    _ => Some(Self::Sfnt(Box::new(font))),
                }
            }
            [b'%', b'!', ..] | [0x80, 1, ..] => {
                Type1::read(bytes).map(|font| Self::Type1(Box::new(font)))
            }
            [1, ..] => Cff::read(bytes).map(|font| Self::Cff(Box::new(font))),
            _ => Type1::read(bytes).map(|font| Self::Type1(Box::new(font))),
        }
    }
}

/// Small fonts for tests.
#[cfg(test)]
pub(super) mod test_fonts {
    pub(in crate::font) use super::cff::tests::font as cff;
    pub(in crate::font) use super::sfnt::tests::{cmap, format_4, sfnt};
    pub(in crate::font) use super::type1::tests::font as type1;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn use_every_table(bytes: &[u8]) {
        match Program::read(bytes) {
            Some(Program::Type1(font)) => {
                for code in 0..=255 {
                    font.glyph_name(code).map(|name| font.width(name));
                }
            }
            Some(Program::Cff(font)) => {
                for code in 0..=255_u8 {
                    let glyph = font.glyph_of_code(code);
                    font.glyph_name(glyph);
                    font.width(glyph);
                }
            }
            Some(Program::Sfnt(font)) => {
                for code in 0..=255_u8 {
                    font.glyph_of_code(code, true);
                    let glyph = font.glyph_of_code(code, false);
                    font.glyph_name(glyph);
                    font.width(glyph);
                }
                font.unicode_of_glyphs();
            }
            None => {}
        }
    }

    fn whole_fonts() -> Vec<Vec<u8>> {
        use test_fonts::{cff, cmap, format_4, sfnt, type1};
        let tables = [
            (b"cmap", cmap(3, 1, &format_4(0x41, 0x5a, 5))),
            (b"CFF ", cff(false)),
            (b"head", vec![1; 54]),
            (b"hhea", vec![0; 36]),
            (b"hmtx", vec![2; 20]),
            (
                b"post",
                [&[0, 2][..], &[0; 31], &[3, 0, 36, 1, 2, 1, 3, 1, b'a']].concat(),
            ),
        ];
        vec![cff(false), cff(true), type1(), sfnt(&tables)]
    }

    proptest! {
        #[test]
        fn any_bytes_after_a_signature_are_read_without_a_panic(
            signature in prop::sample::select(vec![
                b"\0\x01\0\0".as_slice(), b"OTTO", b"ttcf", b"%!PS-AdobeFont", b"\x80\x01",
                b"\x01\0\x04\x02", b"\x01\0\x04\x01\0\x01\x01\x01\x02a", b"",
            ]),
            bytes in prop::collection::vec(any::<u8>(), 0..600),
        ) {
            use_every_table(&[signature, &bytes].concat());
        }

        #[test]
        fn a_font_with_some_bytes_changed_is_read_without_a_panic(
            font in prop::sample::select(whole_fonts()),
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
            cut in any::<prop::sample::Index>(),
        ) {
            let mut font = font;
            for (place, byte) in changes {
                let place = place.index(font.len());
                font[place] = byte;
            }
            use_every_table(&font);
            font.truncate(cut.index(font.len()));
            use_every_table(&font);
        }
    }
}
