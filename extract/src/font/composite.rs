//! Composite fonts: codes of one to four bytes → CIDs → widths and text (ISO 32000-1, 9.7).

mod glyph_texts; // CID → text, from the embedded font program

use std::cell::{Cell, OnceCell};

use super::cmap::{CMap, Code, Collection, Mapped, ToUnicode};
use super::descriptor::Descriptor;
use super::glyph_names;
use super::glyph_text::GlyphText;
use super::widths::CidWidths;
use super::{Font, Glyph, Kind, Source, each_of_rest, meaningful, stand_in};
use crate::WarningCode;
use crate::objects::{Dictionary, Object, Stream};
use glyph_texts::GlyphTexts;

/// CMaps followed from one `UseCMap` to the next.
const MAX_USECMAP: usize = 4;

/// Glyphs remembered per font; a power of two.
const SEEN_GLYPHS: usize = 256;

/// A Type 0 font and its one descendant.
#[derive(Debug)]
pub(super) struct Composite {
    encoding: CMap,
    widths: CidWidths,
    to_unicode: Option<ToUnicode>,
    /// What CIDs mean where `ToUnicode` does not say.
    meaning: Meaning,
    /// CIDs lead to glyphs of a TrueType font.
    true_type: bool,
    /// Glyphs shown before, each at the end of its code.
    seen: OnceCell<Box<[Cell<Option<Glyph>>; SEEN_GLYPHS]>>,
}

#[derive(Debug)]
enum Meaning {
    Unknown,
    Collection(Collection),
    Program(GlyphTexts),
}

pub(super) fn load(source: Source<'_>) -> Font {
    let Source { objects, dict, .. } = source;
    let descendant = objects
        .array(dict, b"DescendantFonts")
        .and_then(|fonts| objects.resolve(fonts.first()?).as_dict());
    if descendant.is_none() {
        let detail = "a composite font has no descendant font";
        source.budget.warn(WarningCode::DamagedFont, detail);
    }
    let cid_font = descendant.unwrap_or(dict);
    let descriptor = Descriptor::read(objects, cid_font);
    let encoding = encoding(source);
    let to_unicode = match objects.name(dict, b"ToUnicode") {
        Some(b"Identity-H" | b"Identity-V") => Some(ToUnicode::identity()),
        _ => source.to_unicode(),
    };
    let meaning = match collection(source, cid_font) {
        Some(collection) => Meaning::Collection(collection),
        None if to_unicode.is_some() => Meaning::Unknown,
        None => meaning_in_program(source, cid_font, &descriptor),
    };
    let font = Composite {
        widths: CidWidths::read(objects, cid_font, encoding.is_vertical()),
        encoding,
        to_unicode,
        meaning,
        true_type: objects.name(cid_font, b"Subtype") == Some(b"CIDFontType2"),
        seen: OnceCell::new(),
    };
    Font::new(&descriptor, Kind::Composite(Box::new(font)))
}

/// The names of the five Chinese fonts of early Windows, in its code page 936: 宋体, 黑体, 楷体,
/// 仿宋 and 隶书.
const CODE_PAGE_936_FONTS: [&[u8]; 5] = [
    b"\xcb\xce\xcc\xe5",
    b"\xba\xda\xcc\xe5",
    b"\xbf\xac\xcc\xe5",
    b"\xb7\xc2\xcb\xce",
    b"\xc1\xa5\xca\xe9",
];

/// A font that is not embedded and carries a name in code page 936 has its text in that code page
/// too, although the dictionary says `WinAnsiEncoding`: the only encoding its program knew.
pub(super) fn load_code_page_936(source: Source<'_>, descriptor: &Descriptor<'_>) -> Option<Font> {
    let Source { objects, dict, .. } = source;
    let name = objects.name(dict, b"BaseFont")?;
    let told_otherwise = descriptor.program.is_some()
        || objects.lookup(dict, b"ToUnicode").is_some()
        || objects.name(dict, b"Encoding") != Some(b"WinAnsiEncoding");
    if told_otherwise
        || !CODE_PAGE_936_FONTS
            .iter()
            .any(|font| name.starts_with(font))
    {
        return None;
    }
    let font = Composite {
        widths: CidWidths::full_and_half(GB1_HALF_WIDTH),
        encoding: CMap::named(b"GBK-EUC-H")?,
        to_unicode: None,
        meaning: Meaning::Collection(Collection::Gb1),
        true_type: true,
        seen: OnceCell::new(),
    };
    Some(Font::new(descriptor, Kind::Composite(Box::new(font))))
}

/// The CIDs of Adobe-GB1 with half an em, to which `GBK-EUC-H` maps single bytes.
const GB1_HALF_WIDTH: [(u32, u32); 2] = [(814, 939), (7712, 7716)];

impl Composite {
    pub(super) fn is_vertical(&self) -> bool {
        self.encoding.is_vertical()
    }

    /// Splits a shown string into its glyphs and hands each to `take`.
    #[inline]
    pub(super) fn each_glyph(&self, mut bytes: &[u8], mut take: impl FnMut(&Glyph)) {
        let seen = self
            .seen
            .get_or_init(|| Box::new([const { Cell::new(None) }; SEEN_GLYPHS]));
        let codespaces = self.encoding.codespaces();
        while let Some(code) = codespaces.next_code(bytes) {
            bytes = bytes.get(usize::from(code.len)..).unwrap_or_default();
            let place = &seen[code.value as usize % SEEN_GLYPHS];
            match place.get() {
                Some(glyph) if (glyph.code, glyph.len) == (code.value, code.len) => take(&glyph),
                _ => {
                    let (glyph, rest) = self.new_glyph(code);
                    take(&glyph);
                    if rest.is_empty() {
                        place.set(Some(glyph));
                    } else {
                        each_of_rest(&glyph, rest, &mut take);
                    }
                }
            }
        }
    }

    fn new_glyph(&self, code: Code) -> (Glyph, &str) {
        let cid = self.encoding.cid(code);
        let (text, rest) = self.text(code, cid);
        let glyph = Glyph {
            code: code.value,
            len: code.len,
            width: self.widths.width(cid),
            vertical: self.is_vertical().then(|| self.widths.vertical(cid)),
            text,
            is_space: code.len == 1 && code.value == 32,
        };
        (glyph, rest)
    }

    /// `ToUnicode`, then the CMap where its codes are Unicode, then the CID (9.10.2).
    fn text(&self, code: Code, cid: u32) -> (GlyphText, &str) {
        let mapped = self.to_unicode.as_ref().and_then(|map| map.get(code.value));
        match mapped.and_then(meaningful) {
            Some(Mapped::Char(character)) => return (GlyphText::from_char(character), ""),
            Some(Mapped::Text(text)) => return GlyphText::split(text),
            None => {}
        }
        if let Some(character) = self.encoding.unicode(code) {
            return (GlyphText::from_char(character), "");
        }
        match &self.meaning {
            Meaning::Collection(collection) => {
                let mut text = String::new();
                collection.append_unicode(cid, &mut text);
                let (text, _) = GlyphText::split(&text);
                if !text.is_empty() {
                    return (text, "");
                }
            }
            Meaning::Program(texts) => {
                if let Some(text) = texts.get(cid) {
                    return (text, "");
                }
            }
            Meaning::Unknown => {}
        }
        (self.stand_in(cid), "")
    }

    /// Where nothing tells what the glyphs of a TrueType font are, most of them are in its standard
    /// order; a CID of any other font stands for itself.
    fn stand_in(&self, cid: u32) -> GlyphText {
        let in_order = self.true_type
            && self.to_unicode.is_none()
            && matches!(self.encoding, CMap::Identity { .. });
        let named = u16::try_from(cid)
            .ok()
            .filter(|_| in_order)
            .and_then(glyph_names::mac_glyph)
            .and_then(|name| glyph_names::first_char(name.as_bytes()));
        named.map_or_else(|| stand_in(cid), GlyphText::stand_in)
    }
}

/// The CMap that `Encoding` names or holds; identity where it cannot be read.
fn encoding(source: Source<'_>) -> CMap {
    let Source {
        objects,
        dict,
        budget,
    } = source;
    match objects.lookup(dict, b"Encoding") {
        Some(Object::Name(name)) => CMap::named(name).unwrap_or_else(|| {
            let name = String::from_utf8_lossy(name);
            budget.warn(WarningCode::DamagedFont, format!("unknown CMap {name}"));
            CMap::Identity {
                vertical: name.ends_with("-V"),
            }
        }),
        Some(Object::Stream(stream)) => embedded_cmap(source, stream, MAX_USECMAP),
        _ => CMap::IDENTITY,
    }
}

fn embedded_cmap<'o>(source: Source<'o>, stream: &'o Stream, left: usize) -> CMap {
    let base = match source.objects.lookup(&stream.dict, b"UseCMap") {
        Some(Object::Name(name)) => CMap::named(name),
        Some(Object::Stream(base)) if left > 0 => Some(embedded_cmap(source, base, left - 1)),
        _ => None,
    };
    let Some(bytes) = source.bytes(stream) else {
        return CMap::IDENTITY;
    };
    let cmap = CMap::parse(&bytes, base);
    match source.objects.integer(&stream.dict, b"WMode") {
        Some(mode) => cmap.with_writing_mode(mode == 1),
        None => cmap,
    }
}

/// The collection that the CIDs belong to, where it is one of Adobe's four.
fn collection(source: Source<'_>, cid_font: &Dictionary) -> Option<Collection> {
    let info = source.objects.dict(cid_font, b"CIDSystemInfo")?;
    let registry = source.objects.string(info, b"Registry")?;
    (registry == b"Adobe").then_some(())?;
    Collection::from_ordering(source.objects.string(info, b"Ordering")?)
}

fn meaning_in_program<'o>(
    source: Source<'o>,
    cid_font: &'o Dictionary,
    descriptor: &Descriptor<'o>,
) -> Meaning {
    let Some(bytes) = descriptor.program.and_then(|stream| source.bytes(stream)) else {
        return Meaning::Unknown;
    };
    let cid_to_gid = source
        .objects
        .stream(cid_font, b"CIDToGIDMap")
        .and_then(|stream| source.bytes(stream));
    match glyph_texts::read(&bytes, cid_to_gid.as_deref()) {
        Some(glyph_texts::Found::Collection(collection)) => Meaning::Collection(collection),
        Some(glyph_texts::Found::Texts(texts)) => Meaning::Program(texts),
        None => {
            let detail = format!("unreadable font program of {}", descriptor.name);
            source.budget.warn(WarningCode::DamagedFont, detail);
            Meaning::Unknown
        }
    }
}
