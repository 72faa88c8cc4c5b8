//! CMaps: character codes → CIDs, and character codes → Unicode (ISO 32000-1, 9.7.5 and 9.10.3).

mod codespace; // where one character code ends
mod lexer; // bytes → tokens
mod parser; // tokens → ranges
mod predefined; // the CMaps that every reader has
mod scheme; // the codes of the predefined CMaps
mod to_unicode; // codes → text

pub(super) use codespace::Codespaces;
pub(super) use predefined::{Collection, predefined};
pub(super) use to_unicode::{Mapped, ToUnicode};

use super::range_map::RangeMap;

/// The encoding of a composite font: splits a string into codes and gives each its CID.
#[derive(Clone, Debug)]
pub(super) enum CMap {
    /// `Identity-H` and `Identity-V`: two bytes, which are the CID.
    Identity { vertical: bool },
    /// A CMap of table 118.
    Predefined(predefined::Predefined),
    /// A CMap in a stream of the document.
    Embedded(Box<EmbeddedCMap>),
}

/// A CMap read from a stream, on top of the one that its `usecmap` names.
#[derive(Clone, Debug)]
pub(super) struct EmbeddedCMap {
    codespaces: Codespaces,
    cids: RangeMap<u32>,
    base: Option<CMap>,
    vertical: bool,
}

/// One code taken from the front of a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Code {
    pub(super) value: u32,
    /// Bytes that the code takes, 1 to 4.
    pub(super) len: u8,
}

impl CMap {
    /// Two-byte identity, written horizontally: what a font without a usable encoding gets.
    pub(super) const IDENTITY: Self = Self::Identity { vertical: false };

    /// The CMap with this name, if it is one that every reader has.
    pub(super) fn named(name: &[u8]) -> Option<Self> {
        match name {
            b"Identity-H" | b"Identity" => Some(Self::IDENTITY),
            b"Identity-V" => Some(Self::Identity { vertical: true }),
            _ => predefined(name).map(Self::Predefined),
        }
    }

    /// Reads the CMap in a stream; `base` is what its dictionary's `UseCMap` names.
    pub(super) fn parse(bytes: &[u8], base: Option<Self>) -> Self {
        let parsed = parser::parse(bytes);
        let base = parsed
            .use_cmap
            .as_deref()
            .and_then(Self::named)
            .or(base)
            .filter(|base| base.depth() < MAX_USECMAP_DEPTH);
        let cids = parsed.cids.into_iter();
        let written_as_text = parsed
            .texts
            .into_iter()
            .filter_map(|(first, last, target)| {
                Some((first, last, parser::cid_written_as_text(&target)?))
            });
        let vertical = parsed
            .vertical
            .unwrap_or_else(|| base.as_ref().is_some_and(Self::is_vertical));
        Self::Embedded(Box::new(EmbeddedCMap {
            codespaces: parsed.codespaces,
            cids: RangeMap::collect(cids.chain(written_as_text)),
            base,
            vertical,
        }))
    }

    /// Writing mode 1 (9.7.4.3).
    pub(super) fn is_vertical(&self) -> bool {
        match self {
            Self::Identity { vertical } => *vertical,
            Self::Predefined(cmap) => cmap.is_vertical(),
            Self::Embedded(cmap) => cmap.vertical,
        }
    }

    /// The same CMap in the given writing mode.
    pub(super) fn with_writing_mode(mut self, vertical: bool) -> Self {
        match &mut self {
            Self::Identity { vertical: mode } => *mode = vertical,
            Self::Embedded(cmap) => cmap.vertical = vertical,
            Self::Predefined(_) => {}
        }
        self
    }

    /// Where the codes of a string end.
    pub(super) fn codespaces(&self) -> &Codespaces {
        match self {
            Self::Identity { .. } => &codespace::TWO_BYTES,
            Self::Predefined(cmap) => cmap.codespaces(),
            Self::Embedded(cmap) => match &cmap.base {
                Some(base) if cmap.codespaces.is_empty() => base.codespaces(),
                _ => &cmap.codespaces,
            },
        }
    }

    /// The CID of a code; 0, the undefined character, where there is none (9.7.6.3).
    pub(super) fn cid(&self, code: Code) -> u32 {
        self.find_cid(code).unwrap_or(0)
    }

    /// The text of a code in a CMap whose codes are Unicode themselves (`UniJIS-UTF16-H`).
    pub(super) fn unicode(&self, code: Code) -> Option<char> {
        match self {
            Self::Predefined(cmap) => cmap.unicode(code),
            Self::Embedded(cmap) => cmap.base.as_ref()?.unicode(code),
            Self::Identity { .. } => None,
        }
    }

    fn find_cid(&self, code: Code) -> Option<u32> {
        match self {
            Self::Identity { .. } => Some(code.value),
            Self::Predefined(cmap) => cmap.cid(code),
            Self::Embedded(cmap) => match cmap.cids.get(code.value) {
                Some((first, offset)) => first.checked_add(offset),
                None => cmap.base.as_ref()?.find_cid(code),
            },
        }
    }

    fn depth(&self) -> usize {
        match self {
            Self::Embedded(cmap) => 1 + cmap.base.as_ref().map_or(0, Self::depth),
            _ => 0,
        }
    }
}

/// CMaps stacked by `usecmap`; the standard ones stack three.
const MAX_USECMAP_DEPTH: usize = 8;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn codes(cmap: &CMap, mut bytes: &[u8]) -> Vec<(u32, u8, u32)> {
        let mut codes = Vec::new();
        while let Some(code) = cmap.codespaces().next_code(bytes) {
            codes.push((code.value, code.len, cmap.cid(code)));
            bytes = &bytes[usize::from(code.len)..];
        }
        codes
    }

    #[test]
    fn identity_takes_two_bytes_and_ends_with_the_odd_one() {
        let cmap = CMap::named(b"Identity-H").unwrap();
        assert_eq!(
            codes(&cmap, &[0x12, 0x34, 0x56]),
            [(0x1234, 2, 0x1234), (0x56, 1, 0x56)]
        );
        assert!(CMap::named(b"Identity-V").unwrap().is_vertical());
    }

    #[test]
    fn an_embedded_cmap_mixes_code_lengths() {
        let cmap = CMap::parse(
            b"/WMode 1 def 2 begincodespacerange <00> <7F> <8140> <9FFC> endcodespacerange
              1 begincidchar <20> 1 endcidchar
              2 begincidrange <8140> <817E> 633 <30> <39> 17 endcidrange",
            None,
        );
        assert!(cmap.is_vertical());
        assert_eq!(
            codes(&cmap, b"\x20\x81\x42\x31\x41"),
            [(0x20, 1, 1), (0x8142, 2, 635), (0x31, 1, 18), (0x41, 1, 0)]
        );
    }

    #[test]
    fn usecmap_adds_to_the_named_cmap() {
        let cmap = CMap::parse(
            b"/90ms-RKSJ-H usecmap 1 begincidchar <20> 7 endcidchar",
            None,
        );
        assert_eq!(
            codes(&cmap, b"\x20\x21\x81\x40"),
            [(0x20, 1, 7), (0x21, 1, 232), (0x8140, 2, 633)]
        );
    }

    #[test]
    fn unicode_cmaps_tell_the_text_of_their_codes() {
        let cmap = CMap::named(b"UniJIS-UTF16-H").unwrap();
        let code = cmap.codespaces().next_code(&[0x5b, 0xcc]).unwrap();
        assert_eq!(cmap.cid(code), 3531);
        assert_eq!(cmap.unicode(code), Some('\u{5bcc}'));
        let code = cmap
            .codespaces()
            .next_code(&[0xd8, 0x40, 0xdc, 0x0b, 0])
            .unwrap();
        assert_eq!((code.len, cmap.unicode(code)), (4, Some('\u{2000b}')));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>, text: Vec<u8>) {
            codes(&CMap::parse(&bytes, None), &text);
        }

        #[test]
        fn any_tokens_are_read_without_a_panic(
            words in prop::collection::vec(prop::sample::select(vec![
                "begincmap", "begincodespacerange", "endcodespacerange", "begincidrange",
                "endcidrange", "beginbfrange", "beginbfchar", "endbfchar", "usecmap", "/H",
                "/Identity-V", "/WMode", "def", "<00>", "<FFFFFFFF>", "<8140>", "<", ">", "[", "]",
                "1", "-7", "99999999999999999999", "<<", "(", ")", "%", "/", "<D8>", "<D83DDE00>",
            ]), 0..60),
            text: Vec<u8>,
        ) {
            let source = words.join(" ");
            codes(&CMap::parse(source.as_bytes(), None), &text);
            let map = ToUnicode::parse(source.as_bytes(), None);
            for code in [0, 0x8140, u32::MAX] {
                map.get(code);
            }
        }
    }
}
