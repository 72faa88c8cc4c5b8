//! The predefined CMaps (ISO 32000-1, table 118) and the four CID collections of Adobe.

use std::sync::OnceLock;

use hayro_cmap::{BfString, CMapName, WritingMode, load_embedded};

use super::Code;
use super::codespace::Codespaces;
use super::scheme::Scheme;

/// A predefined CMap, ready to be used.
#[derive(Clone, Copy, Debug)]
pub(in crate::font) struct Predefined {
    cmap: &'static hayro_cmap::CMap,
    scheme: Scheme,
}

impl Predefined {
    pub(super) fn is_vertical(&self) -> bool {
        self.cmap.metadata().writing_mode == Some(WritingMode::Vertical)
    }

    pub(super) fn codespaces(&self) -> &'static Codespaces {
        self.scheme.codespaces()
    }

    pub(super) fn cid(&self, code: Code) -> Option<u32> {
        self.cmap.lookup_cid_code(code.value, code.len)
    }

    pub(super) fn unicode(&self, code: Code) -> Option<char> {
        match (self.scheme, code.len) {
            (Scheme::Ucs2 | Scheme::Utf16, 2) => char::from_u32(code.value),
            (Scheme::Utf16, 4) => {
                let units = [(code.value >> 16) as u16, code.value as u16];
                char::decode_utf16(units).next()?.ok()
            }
            _ => None,
        }
    }
}

/// The character collections whose CIDs have a meaning of their own (9.7.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::font) enum Collection {
    Japan1,
    Gb1,
    Cns1,
    Korea1,
}

impl Collection {
    /// By the `Ordering` of a `CIDSystemInfo` whose registry is Adobe.
    pub(in crate::font) fn from_ordering(ordering: &[u8]) -> Option<Self> {
        match ordering {
            b"Japan1" | b"Japan2" => Some(Self::Japan1),
            b"GB1" => Some(Self::Gb1),
            b"CNS1" => Some(Self::Cns1),
            b"Korea1" => Some(Self::Korea1),
            _ => None,
        }
    }

    /// Appends the text of a CID to `text`, without the selectors of glyph variants: they name a
    /// shape, not a character.
    pub(in crate::font) fn append_unicode(self, cid: u32, text: &mut String) {
        let Some(cmap) = self.to_unicode() else {
            return;
        };
        match cmap.lookup_bf_string(cid) {
            Some(BfString::Char(character)) => text.push(character),
            Some(BfString::String(characters)) => text.extend(
                characters
                    .chars()
                    .filter(|character| !is_variation_selector(*character)),
            ),
            None => {}
        }
    }

    fn to_unicode(self) -> Option<&'static hayro_cmap::CMap> {
        cached(match self {
            Self::Japan1 => "Adobe-Japan1-UCS2",
            Self::Gb1 => "Adobe-GB1-UCS2",
            Self::Cns1 => "Adobe-CNS1-UCS2",
            Self::Korea1 => "Adobe-Korea1-UCS2",
        })
    }
}

fn is_variation_selector(character: char) -> bool {
    matches!(character, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

/// The CMap of table 118 with this name.
pub(in crate::font) fn predefined(name: &[u8]) -> Option<Predefined> {
    let name = match std::str::from_utf8(name).ok()? {
        // The same characters with the glyph shapes of another edition of JIS X 0213.
        "UniJIS2004-UTF16-H" => "UniJIS-UTF16-H",
        "UniJIS2004-UTF16-V" => "UniJIS-UTF16-V",
        name => name,
    };
    Some(Predefined {
        cmap: cached(name)?,
        scheme: Scheme::of(name),
    })
}

/// Each table is unpacked once per process, when a document first needs it.
fn cached(name: &str) -> Option<&'static hayro_cmap::CMap> {
    static CMAPS: [OnceLock<Option<hayro_cmap::CMap>>; NAMES.len()] =
        [const { OnceLock::new() }; NAMES.len()];
    let index = NAMES.iter().position(|known| *known == name)?;
    let read = || {
        let bytes = load_embedded(CMapName::from_bytes(name.as_bytes()))?;
        hayro_cmap::CMap::parse(bytes, load_embedded)
    };
    CMAPS[index].get_or_init(read).as_ref()
}

const NAMES: [&str; 63] = [
    "83pv-RKSJ-H",
    "90ms-RKSJ-H",
    "90ms-RKSJ-V",
    "90msp-RKSJ-H",
    "90msp-RKSJ-V",
    "90pv-RKSJ-H",
    "Add-RKSJ-H",
    "Add-RKSJ-V",
    "Adobe-CNS1-UCS2",
    "Adobe-GB1-UCS2",
    "Adobe-Japan1-UCS2",
    "Adobe-Korea1-UCS2",
    "B5pc-H",
    "B5pc-V",
    "CNS-EUC-H",
    "CNS-EUC-V",
    "ETen-B5-H",
    "ETen-B5-V",
    "ETenms-B5-H",
    "ETenms-B5-V",
    "EUC-H",
    "EUC-V",
    "Ext-RKSJ-H",
    "Ext-RKSJ-V",
    "GB-EUC-H",
    "GB-EUC-V",
    "GBK-EUC-H",
    "GBK-EUC-V",
    "GBK2K-H",
    "GBK2K-V",
    "GBKp-EUC-H",
    "GBKp-EUC-V",
    "GBpc-EUC-H",
    "GBpc-EUC-V",
    "H",
    "HKscs-B5-H",
    "HKscs-B5-V",
    "KSC-EUC-H",
    "KSC-EUC-V",
    "KSCms-UHC-H",
    "KSCms-UHC-HW-H",
    "KSCms-UHC-HW-V",
    "KSCms-UHC-V",
    "KSCpc-EUC-H",
    "UniCNS-UCS2-H",
    "UniCNS-UCS2-V",
    "UniCNS-UTF16-H",
    "UniCNS-UTF16-V",
    "UniGB-UCS2-H",
    "UniGB-UCS2-V",
    "UniGB-UTF16-H",
    "UniGB-UTF16-V",
    "UniJIS-UCS2-H",
    "UniJIS-UCS2-HW-H",
    "UniJIS-UCS2-HW-V",
    "UniJIS-UCS2-V",
    "UniJIS-UTF16-H",
    "UniJIS-UTF16-V",
    "UniKS-UCS2-H",
    "UniKS-UCS2-V",
    "UniKS-UTF16-H",
    "UniKS-UTF16-V",
    "V",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_predefined_cmap_can_be_read() {
        for name in NAMES {
            assert!(cached(name).is_some(), "{name}");
            let vertical = predefined(name.as_bytes()).is_some_and(|cmap| cmap.is_vertical());
            assert_eq!(vertical, name.ends_with("-V") || name == "V", "{name}");
        }
        assert!(cached("Identity-H").is_none());
    }

    #[test]
    fn editions_that_differ_in_shapes_have_the_same_text() {
        let cmap = predefined(b"UniJIS2004-UTF16-V").unwrap();
        let code = Code {
            value: 0x8fbb,
            len: 2,
        };
        assert!(cmap.is_vertical());
        assert_eq!(cmap.unicode(code), Some('辻'));
    }

    #[test]
    fn cids_have_the_text_of_their_collection() {
        for (collection, cid, expected) in [
            (Collection::Japan1, 3531, "\u{5bcc}"),
            (Collection::Japan1, 0x476, "\u{82a6}"),
            (Collection::Gb1, 34, "A"),
            (Collection::Cns1, 0x36b0, "\u{200cc}"),
            (Collection::Korea1, 0x60, "\u{20a9}"),
            (Collection::Korea1, 0x2072, "[10]"),
        ] {
            let mut text = String::new();
            collection.append_unicode(cid, &mut text);
            assert_eq!(text, expected, "{collection:?} {cid}");
        }
    }

    #[test]
    fn codes_end_where_their_scheme_says() {
        for (name, bytes, len) in [
            ("90ms-RKSJ-H", b"\xb1\x41\x41\x41", 1),
            ("90ms-RKSJ-H", b"\x82\xa0\x41\x41", 2),
            ("GBK-EUC-H", b"\x81\x40\x41\x41", 2),
            ("GBK2K-H", b"\x81\x30\x81\x30", 4),
            ("CNS-EUC-H", b"\x8e\xa2\xa1\xa1", 4),
            ("EUC-H", b"\x8e\xb1\x41\x41", 2),
            ("UniGB-UCS2-H", b"\xd8\x40\xdc\x0b", 2),
            ("UniGB-UTF16-H", b"\xd8\x40\xdc\x0b", 4),
            ("H", b"\x30\x21\x30\x21", 2),
            ("KSCms-UHC-H", b"\x41\xb0\xa1\x41", 1),
        ] {
            let code = predefined(name.as_bytes())
                .and_then(|cmap| cmap.codespaces().next_code(bytes))
                .unwrap();
            assert_eq!(code.len, len, "{name}");
        }
    }
}
