//! The text of one glyph as a small value that is copied, never allocated.

/// Bytes of UTF-8 held in place: five CJK characters, or a long ligature.
const CAPACITY: usize = 15;

/// In the last byte: nothing told the text.
const STAND_IN: u8 = 0x80;

/// Up to 15 bytes of UTF-8, usually one character; the last byte is how many there are, and whether
/// they only stand in for an unknown text. One array, and aligned: it is copied for every glyph, in
/// one move.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
#[repr(align(8))]
pub(crate) struct GlyphText([u8; CAPACITY + 1]);

impl GlyphText {
    /// No text at all.
    pub(crate) const EMPTY: Self = Self([0; CAPACITY + 1]);

    /// One character.
    pub(crate) fn from_char(character: char) -> Self {
        let mut text = Self::EMPTY;
        text.0[CAPACITY] = character.encode_utf8(&mut text.0).len() as u8;
        text
    }

    /// A character that stands in for a text that is not known.
    pub(super) fn stand_in(character: char) -> Self {
        let mut text = Self::from_char(character);
        text.0[CAPACITY] |= STAND_IN;
        text
    }

    /// Whether nothing told this text.
    pub(crate) fn is_stand_in(&self) -> bool {
        self.0[CAPACITY] & STAND_IN != 0
    }

    /// As much of `text` as fits, and the rest.
    pub(crate) fn split(text: &str) -> (Self, &str) {
        let (head, rest) = text.split_at(text.floor_char_boundary(CAPACITY));
        let mut glyph = Self::EMPTY;
        glyph.0[..head.len()].copy_from_slice(head.as_bytes());
        glyph.0[CAPACITY] = head.len() as u8;
        (glyph, rest)
    }

    /// The character, where it is known, the only one, and of ASCII.
    pub(crate) fn ascii(&self) -> Option<u8> {
        match self.0 {
            [first @ ..0x80, .., 1] => Some(first),
            _ => None,
        }
    }

    /// The characters.
    pub(crate) fn as_str(&self) -> &str {
        self.0
            .get(..usize::from(self.0[CAPACITY] & !STAND_IN))
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
            .unwrap_or_default()
    }

    /// Whether there is no text.
    pub(crate) fn is_empty(&self) -> bool {
        self.0[CAPACITY] == 0
    }
}

impl std::fmt::Debug for GlyphText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let (head, rest) = GlyphText::split("aaaaaaaaaaaaaa\u{20ac}bc");
        assert_eq!((head.as_str(), rest), ("aaaaaaaaaaaaaa", "\u{20ac}bc"));
        let (head, rest) = GlyphText::split("ffi");
        assert_eq!((head.as_str(), rest), ("ffi", ""));
        assert!(GlyphText::EMPTY.is_empty());
        let stand_in = GlyphText::stand_in('x');
        assert_eq!((stand_in.as_str(), stand_in.is_stand_in()), ("x", true));
        assert!(!GlyphText::from_char('x').is_stand_in());
        assert_eq!(GlyphText::from_char('x').ascii(), Some(b'x'));
        for other in [
            GlyphText::EMPTY,
            stand_in,
            GlyphText::from_char('\u{e9}'),
            head,
        ] {
            assert_eq!(other.ascii(), None);
        }
        for character in ['\0', 'a', '\u{7f}', '\u{80}', '\u{1f600}'] {
            let text = GlyphText::from_char(character);
            assert_eq!(text.as_str(), character.to_string());
        }
        assert_eq!(size_of::<GlyphText>(), 16);
    }
}
