//! Entries for fuzzers: bytes in, nothing out, no panic and no endless run whatever the bytes.
//!
//! Each takes a few bytes off the front to choose among the ways in, and the rest as what a hostile
//! file would hold there. `fuzz/` runs them under libFuzzer, the tests for a bounded number of
//! steps.

mod image; // image data of every codec, with the dictionaries around it
mod wrapped; // bytes as streams of a file that is sound otherwise

use crate::budget::Budget;
use crate::font::Font;
use crate::objects::lexer::{Lexer, Token, decode_hex, decode_literal, decode_name};
use crate::objects::{Dictionary, Objects, parse, text_string};
use crate::{Cancel, Document, Image, Limits, Options, Page, Password, Sink, SinkClosed, extract};

pub use self::image::image;
use self::wrapped::Wrapped;

/// Codes that a font is asked for.
const CODES: usize = 512;

/// Tokens, objects, and strings of all encodings.
pub fn tokenizer(data: &[u8]) {
    let mut lexer = Lexer::new(data, 0);
    let mut decoded = Vec::new();
    let mut before = 0;
    while let Some(token) = lexer.token() {
        assert!(lexer.position() > before, "a token takes bytes");
        before = lexer.position();
        match token {
            Token::Name(raw) => decode_name(raw, &mut decoded),
            Token::Literal(raw) => decode_literal(raw, &mut decoded),
            Token::Hex(raw) => decode_hex(raw, &mut decoded),
            _ => {}
        }
    }
    text_string(&decoded);
    let mut lexer = Lexer::new(data, 0);
    while parse::object(&mut lexer, 20).is_some() {}
    parse::dictionary(&mut Lexer::new(data, 0), 20);
    // As the content of a page, where inline images and property lists have rules of their own.
    let file = Wrapped::new(&[
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1/MediaBox[0 0 200 200]>>",
        b"<</Type/Page/Contents 4 0 R/Resources<</XObject<</X 4 0 R>>>>>>",
    ])
    .stream("/Subtype/Form/BBox[0 0 9 9]", data)
    .finish();
    document(&file);
}

/// The CMap of a composite font and a `ToUnicode` CMap.
pub fn cmap(data: &[u8]) {
    let font = b"<</Type/Font/Subtype/Type0/BaseFont/F/Encoding 3 0 R/ToUnicode 3 0 R\
        /DescendantFonts[<</Subtype/CIDFontType0/CIDSystemInfo<</Registry(Adobe)/Ordering(Japan1)>>\
        /DW 500/W[1[200 300]5 9 100]>>]>>";
    let simple = b"<</Type/Font/Subtype/TrueType/BaseFont/F/ToUnicode 3 0 R>>";
    let file = Wrapped::new(&[font, simple]).stream("", data).finish();
    show(&file, data);
}

/// Embedded font programs of all formats, in simple and composite fonts.
pub fn font(data: &[u8]) {
    let (choice, data) = data.split_first().unwrap_or((&0, &[]));
    let key = ["FontFile", "FontFile2", "FontFile3"][usize::from(choice % 3)];
    let kind = ["Type1C", "CIDFontType0C", "OpenType"][usize::from(choice / 3 % 3)];
    let flags = if choice & 0x80 == 0 { 4 } else { 32 };
    let descriptor = format!("<</Type/FontDescriptor/Flags {flags}/{key} 3 0 R>>");
    let (simple, descendant) = match key {
        "FontFile2" => ("TrueType", "CIDFontType2"),
        _ => ("Type1", "CIDFontType0"),
    };
    let font = format!(
        "<</Type/Font/Subtype/{simple}/BaseFont/F/FontDescriptor {descriptor}\
         /Encoding<</Differences[65/A/uni0042/g3/a_b]>>>>"
    );
    let composite = format!(
        "<</Type/Font/Subtype/Type0/BaseFont/F/Encoding/Identity-H\
         /DescendantFonts[<</Subtype/{descendant}/FontDescriptor {descriptor}>>]>>"
    );
    let file = Wrapped::new(&[font.as_bytes(), composite.as_bytes()])
        .stream(&format!("/Subtype/{kind}"), data)
        .finish();
    let codes: Vec<u8> = (0..CODES).map(|code| (code / 2) as u8).collect();
    show(&file, &codes);
}

/// Loads the fonts that are objects 1 and 2 of `file` and decodes `codes` with them.
fn show(file: &[u8], codes: &[u8]) {
    let (limits, cancel) = (limits(), Cancel::new());
    let budget = Budget::new(&limits, &cancel);
    let Ok(objects) = Objects::open(file, &Options::default(), &budget) else {
        return;
    };
    let none = Dictionary::default();
    for number in [1, 2] {
        let dict = objects.get((number, 0)).and_then(|font| font.as_dict());
        let font = Font::load(&objects, dict.unwrap_or(&none), &budget);
        let codes = &codes[..codes.len().min(CODES)];
        let mut glyphs = 0;
        font.each_glyph(codes, &objects, &budget, |_| glyphs += 1);
        assert!(glyphs <= 8 * CODES, "a code stands for few glyphs");
    }
}

/// A whole document, with everything that can be asked for.
pub fn document(data: &[u8]) {
    let options = Options {
        images: true,
        boxes: true,
        markdown: true,
        password: Some(Password::new("user")),
    };
    // Whatever the outcome, it has one.
    let _ = extract(data, &options, &limits(), &Cancel::new(), &mut Discard);
}

/// Small enough for thousands of runs per second, large enough for every path.
fn limits() -> Limits {
    Limits {
        max_pages: 20,
        max_stream_bytes: 1 << 20,
        max_document_bytes: 8 << 20,
        max_image_side: 4_000,
        max_image_bytes: 1 << 20,
        max_images: 50,
        max_placed_images: 200,
        max_text_bytes: 1 << 16,
        max_depth: 20,
        max_operators: 20_000,
    }
}

struct Discard;

impl Sink for Discard {
    fn document(&mut self, _: Document) -> Result<(), SinkClosed> {
        Ok(())
    }

    fn image(&mut self, image: Image<'_>) -> Result<(), SinkClosed> {
        assert!(image.width > 0 && image.height > 0, "an image has pixels");
        Ok(())
    }

    fn page(&mut self, page: Page) -> Result<(), SinkClosed> {
        assert!(
            page.width.is_finite() && page.height.is_finite(),
            "a page has a size"
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests;
