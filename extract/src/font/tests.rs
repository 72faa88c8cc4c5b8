//! Whole fonts, written as documents and loaded from them.

use proptest::prelude::*;

use super::program::test_fonts::{cff, cmap, format_4, sfnt, type1};
use super::*;
use crate::{Cancel, Limits, Options};

/// A document of these objects, numbered from 1.
fn document(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut file = b"%PDF-1.7\n".to_vec();
    let mut offsets = Vec::new();
    let catalog = b"<</Type/Catalog/Pages<<>>>>".to_vec();
    for (object, number) in objects.iter().chain([&catalog]).zip(1..) {
        offsets.push(file.len());
        file.extend(format!("{number} 0 obj\n").bytes());
        file.extend(object);
        file.extend(b"\nendobj\n");
    }
    let (xref, size) = (file.len(), offsets.len() + 1);
    file.extend(format!("xref\n0 {size}\n0000000000 65535 f \n").bytes());
    for offset in &offsets {
        file.extend(format!("{offset:010} 00000 n \n").bytes());
    }
    let root = offsets.len();
    file.extend(
        format!("trailer\n<</Size {size}/Root {root} 0 R>>\nstartxref\n{xref}\n%%EOF\n").bytes(),
    );
    file
}

fn stream(bytes: &[u8]) -> Vec<u8> {
    let head = format!("<</Length {}>>stream\n", bytes.len());
    [head.as_bytes(), bytes, b"\nendstream"].concat()
}

/// The font in object 1 of a document; the streams are objects 2 and on.
struct Loaded {
    file: Vec<u8>,
}

fn load(font: &str, streams: &[&[u8]]) -> Loaded {
    let streams = streams.iter().map(|bytes| stream(bytes));
    let objects: Vec<Vec<u8>> = [font.as_bytes().to_vec()]
        .into_iter()
        .chain(streams)
        .collect();
    Loaded {
        file: document(&objects),
    }
}

impl Loaded {
    fn with<T>(&self, test: impl FnOnce(&Font, &Objects<'_>, &Budget<'_>) -> T) -> T {
        let (limits, cancel) = (Limits::default(), Cancel::new());
        let budget = Budget::new(&limits, &cancel);
        let objects = Objects::open(&self.file, &Options::default(), &budget).unwrap();
        let dict = objects.get((1, 0)).unwrap().as_dict().unwrap();
        test(&Font::load(&objects, dict, &budget), &objects, &budget)
    }

    fn font(&self) -> Font {
        self.with(|_, objects, budget| {
            let dict = objects.get((1, 0)).unwrap().as_dict().unwrap();
            Font::load(objects, dict, budget)
        })
    }

    fn decode(&self, bytes: &[u8]) -> std::vec::IntoIter<Glyph> {
        let mut glyphs = Vec::new();
        self.with(|font, objects, budget| {
            font.each_glyph(bytes, objects, budget, |glyph| glyphs.push(*glyph));
        });
        glyphs.into_iter()
    }
}

fn text(font: &Loaded, bytes: &[u8]) -> String {
    font.decode(bytes)
        .map(|glyph| glyph.text.as_str().to_owned())
        .collect()
}

fn widths(font: &Loaded, bytes: &[u8]) -> Vec<f32> {
    font.decode(bytes).map(|glyph| glyph.width).collect()
}

#[test]
fn a_standard_font_needs_no_more_than_its_name() {
    let font = load("<</Type/Font/Subtype/Type1/BaseFont/Helvetica-Bold>>", &[]);
    assert_eq!(text(&font, b"A'\xae"), "A\u{2019}\u{fb01}");
    assert_eq!(widths(&font, b"A "), [0.722, 0.278]);
    assert_eq!(
        (font.font().ascent(), font.font().descent()),
        (0.718, -0.207)
    );
    assert_eq!((font.font().bold(), font.font().italic()), (true, false));
    let spaces: Vec<bool> = font.decode(b"a b").map(|glyph| glyph.is_space).collect();
    assert_eq!(spaces, [false, true, false]);
}

#[test]
fn symbol_and_dingbats_have_encodings_of_their_own() {
    let font = load("<</Subtype/Type1/BaseFont/Symbol>>", &[]);
    assert_eq!(text(&font, b"ab"), "\u{3b1}\u{3b2}");
    let font = load("<</Subtype/Type1/BaseFont/ZapfDingbats>>", &[]);
    assert_eq!(text(&font, b"!"), "\u{2701}");
    assert_eq!(widths(&font, b"!"), [0.974]);
}

#[test]
fn differences_lie_over_the_base_encoding() {
    let font = load(
        "<</Subtype/Type1/BaseFont/Helvetica/Encoding<</BaseEncoding/WinAnsiEncoding
         /Differences[65/Euro/f_f_i 200/uni0416 300/never -1/never]>>
         /FirstChar 65/Widths[500 600]/FontDescriptor<</MissingWidth 250/Flags 32>>>>",
        &[],
    );
    assert_eq!(text(&font, b"AB\xc8C\x80"), "\u{20ac}ffi\u{416}C\u{20ac}");
    assert_eq!(widths(&font, b"ABC"), [0.5, 0.6, 0.25]);
}

#[test]
fn to_unicode_comes_first_unless_it_says_nothing() {
    let cmap = b"6 beginbfchar <41> <0058> <42> <0000> <43> <FFFD> <44> <000A> <47> <00612029>
        <45> <00610062006300640065006600670068006900660067006800690066> endbfchar";
    let font = load(
        "<</Subtype/TrueType/Encoding/WinAnsiEncoding/ToUnicode 2 0 R>>",
        &[cmap],
    );
    assert_eq!(text(&font, b"ABCDEFG"), "XBC abcdefghifghifFa ");
    let lengths: Vec<u8> = font.decode(b"E").map(|glyph| glyph.len).collect();
    assert_eq!(lengths.iter().map(|len| u32::from(*len)).sum::<u32>(), 1);
}

#[test]
fn an_unknown_code_is_stood_in_for_by_its_number() {
    let font = load(
        "<</Subtype/Type3/FontMatrix[0.125 0 0 0.125 0 0]/FirstChar 0/Widths[4 6]
         /CharProcs<</g0 2 0 R>>/Encoding<</Differences[0/g0 66/g1]>>>>",
        &[b"500 0 d0"],
    );
    assert_eq!(text(&font, b"\x00B"), "\u{fffd}B");
    assert_eq!(widths(&font, b"\x00\x01"), [0.5, 0.75]);
}

#[test]
fn the_encoding_and_widths_of_an_embedded_type_1_font() {
    let font = load(
        "<</Subtype/Type1/BaseFont/ABCDEF+Own/FontDescriptor<</Flags 4/FontFile 2 0 R>>>>",
        &[&type1()],
    );
    assert_eq!(text(&font, b"AB"), "\u{3b1}\u{3b2}");
    assert_eq!(widths(&font, b"AB"), [1.0, 1.0]);
}

#[test]
fn the_encoding_and_widths_of_an_embedded_cff_font() {
    let font = load(
        "<</Subtype/Type1/FontDescriptor<</Flags 4/FontFile3 2 0 R>>>>",
        &[&cff(false)],
    );
    assert_eq!(text(&font, b"\x80"), "A");
    assert_eq!(widths(&font, b"\x80\x81"), [0.5, 0.6]);
}

#[test]
fn a_symbolic_true_type_font_is_read_through_its_cmap() {
    let mut post = [0, 2, 0, 0].to_vec();
    post.extend([0; 28]);
    post.extend([0, 2, 0, 0, 0, 36]);
    let program = sfnt(&[
        (b"cmap", cmap(3, 0, &format_4(0xf042, 0xf042, 1))),
        (b"post", post),
    ]);
    let font = load(
        "<</Subtype/TrueType/FirstChar 66/Widths[500]/FontDescriptor<</Flags 4/FontFile2 2 0 R>>>>",
        &[&program],
    );
    assert_eq!(text(&font, b"B"), "A");
}

#[test]
fn glyph_names_that_mean_nothing_are_read_back_from_the_unicode_cmap() {
    let mut post = [0, 2, 0, 0].to_vec();
    post.extend([0; 28]);
    post.extend([0, 2, 0, 0, 1, 2]);
    post.extend(b"\x02g1");
    let program = sfnt(&[
        (b"cmap", cmap(3, 1, &format_4(0x416, 0x416, 1))),
        (b"post", post),
    ]);
    let font = load(
        "<</Subtype/TrueType/FirstChar 66/Widths[500]/Encoding<</Differences[66/g1]>>
         /FontDescriptor<</Flags 4/FontFile2 2 0 R>>>>",
        &[&program],
    );
    assert_eq!(text(&font, b"B"), "\u{416}");
}

fn composite(encoding: &str, cid_font: &str, more: &str) -> String {
    format!("<</Subtype/Type0/Encoding/{encoding}/DescendantFonts[<<{cid_font}>>]{more}>>")
}

#[test]
fn widths_by_cid_in_both_forms() {
    let cid_font = "/Subtype/CIDFontType2/DW 500/W[1[100 200]5 7 300 6[600]]";
    let font = load(&composite("Identity-H", cid_font, ""), &[]);
    let codes: Vec<u8> = (0..9).flat_map(|cid: u16| cid.to_be_bytes()).collect();
    assert_eq!(
        widths(&font, &codes),
        [0.5, 0.1, 0.2, 0.5, 0.5, 0.3, 0.6, 0.3, 0.5]
    );
    assert!(!font.font().vertical());
}

#[test]
fn vertical_metrics() {
    let cid_font = "/DW2[800 -900]/W[1[600]]/W2[2[-500 250 700]3 4 -400 200 600]";
    let font = load(&composite("Identity-V", cid_font, ""), &[]);
    assert!(font.font().vertical());
    let metrics: Vec<_> = font
        .decode(&[0, 1, 0, 2, 0, 4])
        .map(|glyph| glyph.vertical)
        .collect();
    assert_eq!(
        metrics,
        [
            Some((-0.9, 0.3, 0.8)),
            Some((-0.5, 0.25, 0.7)),
            Some((-0.4, 0.2, 0.6))
        ]
    );
}

#[test]
fn collections_and_predefined_cmaps() {
    let japan = "/CIDSystemInfo<</Registry(Adobe)/Ordering(Japan1)/Supplement 2>>";
    let font = load(&composite("90ms-RKSJ-H", japan, ""), &[]);
    assert_eq!(text(&font, b"A\x82\xa0\x93\xfa"), "A\u{3042}\u{65e5}");
    let font = load(&composite("Identity-H", japan, ""), &[]);
    assert_eq!(text(&font, &3531_u16.to_be_bytes()), "\u{5bcc}");
    let font = load(&composite("UniJIS-UTF16-H", japan, ""), &[]);
    assert_eq!(
        text(&font, &[0x5b, 0xcc, 0xd8, 0x40, 0xdc, 0x0b]),
        "\u{5bcc}\u{2000b}"
    );
}

#[test]
fn an_identity_to_unicode_makes_codes_characters() {
    let more = "/ToUnicode/Identity-H";
    let font = load(&composite("Identity-H", "/Subtype/CIDFontType2", more), &[]);
    assert_eq!(text(&font, &[0, 0x41, 0x01, 0x59]), "A\u{159}");
}

#[test]
fn code_page_936_hides_behind_win_ansi() {
    let dict = "<</Subtype/TrueType/BaseFont/#CB#CE#CC#E5,Bold/Encoding/WinAnsiEncoding>>";
    let font = load(dict, &[]);
    assert_eq!(text(&font, b"a\xc4\xbf"), "a\u{76ee}");
    assert_eq!(widths(&font, b"a\xc4\xbf"), [0.5, 1.0]);
}

#[test]
fn identity_codes_are_read_back_from_the_embedded_font() {
    let program = sfnt(&[(b"cmap", cmap(3, 1, &format_4(0x41, 0x43, 5)))]);
    let cid_font = "/Subtype/CIDFontType2/FontDescriptor<</FontFile2 2 0 R>>";
    let font = load(&composite("Identity-H", cid_font, ""), &[&program]);
    assert_eq!(text(&font, &[0, 6, 0, 0x24]), "BA");
    let mapped = format!("{cid_font}/CIDToGIDMap 3 0 R");
    let font = load(
        &composite("Identity-H", &mapped, ""),
        &[&program, &[0, 0, 0, 7, 0, 6]],
    );
    assert_eq!(text(&font, &[0, 1, 0, 2]), "CB");
}

#[test]
fn a_cid_keyed_program_tells_its_collection() {
    let cid_font = "/Subtype/CIDFontType0/FontDescriptor<</FontFile3 2 0 R>>";
    let font = load(&composite("Identity-H", cid_font, ""), &[&cff(true)]);
    assert_eq!(text(&font, &3531_u16.to_be_bytes()), "\u{5bcc}");
}

#[test]
fn an_embedded_cmap_as_encoding() {
    let cmap = b"1 begincodespacerange <00> <FF> endcodespacerange
        1 begincidrange <41> <5A> 100 endcidrange";
    let font = load(
        "<</Subtype/Type0/Encoding 2 0 R/DescendantFonts[<</W[101[250]]>>]/ToUnicode 3 0 R>>",
        &[cmap, b"1 beginbfrange <41> <5A> <0061> endbfrange"],
    );
    assert_eq!(text(&font, b"AB"), "ab");
    assert_eq!(widths(&font, b"AB"), [1.0, 0.25]);
}

#[test]
fn a_font_without_anything_still_shows_its_codes() {
    let font = load("<<>>", &[]);
    assert_eq!(text(&font, b"Az"), "Az");
    let font = load("<</Subtype/Type0>>", &[]);
    assert_eq!(text(&font, &[0, 0x41, 0x42]), "AB");
    let font = load(&composite("Identity-H", "/Subtype/CIDFontType2", ""), &[]);
    assert_eq!(text(&font, &[0, 3, 0, 0x24, 0x25]), " AB");
    let font = load("<</Subtype/Type3>>", &[]);
    assert_eq!(text(&font, b"Az"), "Az");
}

#[test]
fn a_damaged_program_is_a_warning() {
    for widths in ["", "/FirstChar 65/Widths[500]"] {
        let dict = format!("<</Subtype/Type1{widths}/FontDescriptor<</Flags 4/FontFile 2 0 R>>>>");
        let font = load(&dict, &[b"nothing of a font"]);
        let warnings = font.with(|font, objects, budget| {
            let mut shown = String::new();
            for _ in 0..2 {
                font.each_glyph(b"A", objects, budget, |glyph| shown += glyph.text.as_str());
            }
            assert_eq!(shown, "AA");
            budget.take_warnings()
        });
        assert_eq!(warnings.len(), 1);
        assert_eq!(warnings[0].code, crate::WarningCode::DamagedFont);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_program_cmap_and_string_can_be_loaded(
        program in prop::collection::vec(any::<u8>(), 0..300),
        signature in prop::sample::select(vec![&b"\0\x01\0\0"[..], b"OTTO", b"%!PS", b"\x01\0\x04\x01"]),
        map: Vec<u8>,
        bytes: Vec<u8>,
    ) {
        let program = [signature, &program].concat();
        let simple = "<</Subtype/TrueType/FontDescriptor<</Flags 4/FontFile2 2 0 R>>/ToUnicode 3 0 R>>";
        let cid_font = "/FontDescriptor<</FontFile3 2 0 R>>/CIDToGIDMap 3 0 R";
        for font in [simple.to_owned(), composite("Identity-H", cid_font, "")] {
            let font = load(&font, &[&program, &map]);
            let taken: usize = font.decode(&bytes).map(|glyph| usize::from(glyph.len)).sum();
            prop_assert_eq!(taken, bytes.len());
        }
    }
}
