//! Font descriptors: name, style, vertical extent and the embedded font program (ISO 32000-1, 9.8).

use super::standard14::StandardFont;
use crate::objects::{Dictionary, ObjectId, Objects, Stream};

/// What is taken where neither the descriptor nor the font's box gives a credible height.
const DEFAULT_ASCENT: f32 = 0.8;
const DEFAULT_DESCENT: f32 = -0.2;
/// Heights beyond these are mistakes (in em).
const MAX_ASCENT: f32 = 3.0;
const MAX_DESCENT: f32 = -2.0;

/// Bits of `Flags` (table 123).
const FIXED_PITCH: i64 = 1;
const SERIF: i64 = 1 << 1;
const SYMBOLIC: i64 = 1 << 2;
const NONSYMBOLIC: i64 = 1 << 5;
const ITALIC: i64 = 1 << 6;
const FORCE_BOLD: i64 = 1 << 18;

/// `FontWeight` from which a face counts as bold.
const BOLD_WEIGHT: f32 = 600.0;
/// What the names of bold faces have in them; URW shortens `medium` and `demi` to four letters.
const BOLD_NAMES: &[&str] = &["bold", "black", "heavy", "-demi", "-mediital"];
/// What the names of TeX's bold faces begin with.
const BOLD_OF_TEX: &[&str] = &["cmb", "cmssb", "ecb", "ecssb", "sfb", "sfssb"];

/// A font descriptor, or what stands for it in a font that has none.
#[derive(Debug)]
pub(super) struct Descriptor<'o> {
    /// `BaseFont` without the tag of a subset.
    pub(super) name: String,
    /// In em, above 0.
    pub(super) ascent: f32,
    /// In em, not above 0.
    pub(super) descent: f32,
    pub(super) bold: bool,
    pub(super) italic: bool,
    /// The font has characters outside the Standard Latin set (9.8.2).
    pub(super) symbolic: bool,
    /// `MissingWidth`, in 1/1000 em.
    pub(super) missing_width: Option<f32>,
    /// The embedded font program.
    pub(super) program: Option<&'o Stream>,
    /// Its object number: streams are always objects of their own (7.3.8).
    pub(super) program_id: Option<ObjectId>,
    /// The standard font that this font is, by its name.
    pub(super) standard: Option<StandardFont>,
    flags: i64,
}

impl<'o> Descriptor<'o> {
    /// Reads the descriptor of a simple font, a Type 3 font or a CIDFont.
    pub(super) fn read(objects: &'o Objects<'_>, font: &'o Dictionary) -> Self {
        let name = objects
            .name(font, b"BaseFont")
            .or_else(|| objects.name(font, b"Name"))
            .unwrap_or_default();
        let name = without_subset_tag(&String::from_utf8_lossy(name)).to_owned();
        let standard = StandardFont::from_name(&name);
        let dict = objects.dict(font, b"FontDescriptor").unwrap_or(font);
        let program = [b"FontFile".as_slice(), b"FontFile2", b"FontFile3"]
            .into_iter()
            .find(|key| objects.stream(dict, key).is_some());
        let flags = objects.integer(dict, b"Flags").unwrap_or(0);
        let (ascent, descent) = extent(objects, dict, standard);
        let lower = name.to_ascii_lowercase();
        let weight = objects.number(dict, b"FontWeight").unwrap_or(0.0);
        let angle = objects.number(dict, b"ItalicAngle").unwrap_or(0.0);
        Self {
            ascent,
            descent,
            bold: flags & FORCE_BOLD != 0 || weight >= BOLD_WEIGHT || is_bold_name(&name),
            italic: flags & ITALIC != 0
                || angle != 0.0
                || lower.contains("italic")
                || lower.contains("oblique"),
            symbolic: flags & SYMBOLIC != 0 && flags & NONSYMBOLIC == 0,
            missing_width: objects.number(dict, b"MissingWidth"),
            program: program.and_then(|key| objects.stream(dict, key)),
            program_id: program.and_then(|key| dict.get(key)?.as_reference()),
            name,
            standard,
            flags,
        }
    }

    /// The standard font that stands in for this one where it is not embedded.
    pub(super) fn stand_in(&self) -> StandardFont {
        self.standard.unwrap_or_else(|| {
            StandardFont::like(
                self.flags & FIXED_PITCH != 0,
                self.flags & SERIF != 0,
                self.bold,
                self.italic,
            )
        })
    }
}

fn is_bold_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    BOLD_NAMES.iter().any(|part| name.contains(part))
        || BOLD_OF_TEX.iter().any(|start| name.starts_with(start))
        || name.ends_with("-medi")
}

/// `ABCDEF+Name` → `Name` (9.6.4).
fn without_subset_tag(name: &str) -> &str {
    match name.split_once('+') {
        Some((tag, rest)) if tag.len() == 6 && tag.bytes().all(|b| b.is_ascii_uppercase()) => rest,
        _ => name,
    }
}

/// Ascent and descent in em: of the descriptor, else of its box, else of the standard font.
fn extent(
    objects: &Objects<'_>,
    descriptor: &Dictionary,
    standard: Option<StandardFont>,
) -> (f32, f32) {
    let bbox = objects.numbers(descriptor, b"FontBBox");
    let side = |index: usize| bbox.as_ref().and_then(|bbox| bbox.get(index)).copied();
    let credible_ascent = |ascent: f32| ascent > 0.0 && ascent <= MAX_ASCENT * 1000.0;
    let credible_descent = |descent: f32| (MAX_DESCENT * 1000.0..0.0).contains(&descent);
    let ascent = objects
        .number(descriptor, b"Ascent")
        .filter(|ascent| credible_ascent(*ascent))
        .or_else(|| side(3).filter(|top| credible_ascent(*top)))
        .or_else(|| standard.map(|font| font.ascent_descent().0));
    let descent = objects
        .number(descriptor, b"Descent")
        .map(|descent| -descent.abs())
        .filter(|descent| credible_descent(*descent))
        .or_else(|| side(1).filter(|bottom| credible_descent(*bottom)))
        .or_else(|| standard.map(|font| font.ascent_descent().1));
    (
        ascent.map_or(DEFAULT_ASCENT, |ascent| ascent / 1000.0),
        descent.map_or(DEFAULT_DESCENT, |descent| descent / 1000.0),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bold_faces_are_known_by_their_names() {
        for (name, bold) in [
            ("Arial-BoldMT", true),
            ("NimbusRomNo9L-Medi", true),
            ("NimbusRomNo9L-MediItal", true),
            ("ABCDEF+CMBX12", true),
            ("HelveticaNeue-Medium", false),
            ("NimbusRomNo9L-Regu", false),
            ("CMR10", false),
        ] {
            assert_eq!(is_bold_name(without_subset_tag(name)), bold, "{name}");
        }
    }

    #[test]
    fn only_a_subset_tag_is_taken_off() {
        for (name, expected) in [
            ("ABCDEF+Times-Roman", "Times-Roman"),
            ("ABCDE+Times", "ABCDE+Times"),
            ("abcdef+Times", "abcdef+Times"),
            ("A+B", "A+B"),
        ] {
            assert_eq!(without_subset_tag(name), expected);
        }
    }
}
