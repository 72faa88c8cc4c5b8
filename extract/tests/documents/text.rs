//! What is read from a page, and in which order.

use extract::{Limits, Options, WarningCode};

use crate::pdf::Pdf;
use crate::received::{extract, extract_with, text_of};

#[test]
fn text_operators_move_as_specified() {
    let content =
        "BT /F1 10 Tf 12 TL 10 80 Td (a) Tj T* (b) Tj 0 -12 TD (c) Tj (d) ' 1 2 (e) \" ET";
    assert_eq!(text_of(content), "a\nb\nc\nd\ne\n");
}

#[test]
fn kerns_join_and_gaps_separate() {
    assert_eq!(
        text_of("BT /F1 10 Tf 10 50 Td [(ke) -50 (rn) -400 (gap)] TJ ET"),
        "kern gap\n"
    );
    assert_eq!(text_of("BT /F1 10 Tf 3 Tc 10 50 Td (abc) Tj ET"), "a b c\n");
    assert_eq!(
        text_of("BT /F1 10 Tf 50 Tz 10 50 Td (ab) Tj 1 0 0 1 15 50 Tm (c) Tj ET"),
        "abc\n"
    );
}

#[test]
fn invisible_text_is_kept_and_text_off_the_page_is_not() {
    assert_eq!(
        text_of("BT /F1 10 Tf 3 Tr 10 50 Td (scanned) Tj ET"),
        "scanned\n"
    );
    assert_eq!(text_of("BT /F1 10 Tf 10 500 Td (off) Tj ET"), "");
}

#[test]
fn a_matrix_that_shrinks_text_shrinks_its_gaps() {
    let content = "q .1 0 0 .1 0 0 cm BT /F1 100 Tf 100 500 Td [(a) -100 (b) -300 (c)] TJ ET Q";
    assert_eq!(text_of(content), "ab c\n");
}

#[test]
fn actual_text_replaces_what_is_drawn() {
    let content =
        "BT /F1 10 Tf 10 50 Td (o) Tj /Span <</ActualText (ffi)>> BDC (*) Tj EMC (ce) Tj ET";
    assert_eq!(text_of(content), "office\n");
    let unicode = "BT /F1 10 Tf 10 50 Td /Span <</ActualText <FEFF00E4>>> BDC (a) Tj EMC ET";
    assert_eq!(text_of(unicode), "ä\n");
}

#[test]
fn optional_content_that_is_off_is_not_read() {
    let mut pdf = Pdf::new();
    let off = pdf.object("<</Type /OCG /Name (off)>>");
    let on = pdf.object("<</Type /OCG /Name (on)>>");
    pdf.catalog(&format!(
        "/OCProperties <</OCGs [{off} 0 R {on} 0 R] /D <</OFF [{off} 0 R]>>>>"
    ));
    pdf.page(
        "BT /F1 10 Tf 10 50 Td /OC /Off BDC (hidden) Tj EMC /OC /On BDC (shown) Tj EMC ET",
        &format!("/Resources <<RES /Properties <</Off {off} 0 R /On {on} 0 R>>>>"),
    );
    assert_eq!(extract(pdf.finish()).unwrap().text(), "shown\n");
}

#[test]
fn forms_are_read_where_they_are_drawn() {
    let mut pdf = Pdf::new();
    let form = pdf.stream(
        "/Subtype /Form /BBox [0 0 99 99] /Matrix [1 0 0 1 10 50]",
        b"BT /F1 10 Tf (form) Tj ET",
    );
    let outer = "BT /F1 10 Tf 10 80 Td (before) Tj ET /X Do BT /F1 10 Tf 10 20 Td (after) Tj ET";
    pdf.page(
        outer,
        &format!("/Resources <<RES /XObject <</X {form} 0 R>>>>"),
    );
    assert_eq!(
        extract(pdf.finish()).unwrap().text(),
        "before\n\nform\n\nafter\n"
    );
}

#[test]
fn annotations_are_read_after_the_page_unless_hidden() {
    let mut pdf = Pdf::new();
    let appearance = pdf.stream(
        "/Subtype /Form /BBox [0 0 50 20] /Resources <<RES>>"
            .replace(
                "RES",
                "/Font <</F1 <</Type /Font /Subtype /Type1 /BaseFont /Helvetica>>>>",
            )
            .as_str(),
        b"BT /F1 10 Tf 2 5 Td (note) Tj ET",
    );
    let annotation = |flags: u32| {
        format!(
            "<</Type /Annot /Subtype /FreeText /F {flags} /Rect [10 10 60 30] /AP <</N {appearance} 0 R>>>>"
        )
    };
    let annots = format!("/Annots [{} {}]", annotation(4), annotation(2));
    pdf.page("BT /F1 10 Tf 10 80 Td (page) Tj ET", &annots);
    assert_eq!(extract(pdf.finish()).unwrap().text(), "page\n\nnote\n");
}

#[test]
fn boxes_and_markdown_are_given_on_request() {
    let options = Options {
        boxes: true,
        markdown: true,
        ..Options::default()
    };
    let content = "BT /F1 20 Tf 10 80 Td (Title) Tj /F1 10 Tf 0 -40 Td (plain text here) Tj ET";
    let received = extract_with(Pdf::of_page(content), options, Limits::default()).unwrap();
    let page = &received.pages[0];
    assert_eq!(
        page.markdown.as_deref(),
        Some("# Title\n\nplain text here\n")
    );
    let word = &page.blocks[0].lines[0].words[0];
    assert_eq!(word.text, "Title");
    assert!((word.bbox.x0 - 10.0).abs() < 0.1 && word.bbox.y0 < 20.0 && word.bbox.y1 > 20.0);
}

#[test]
fn an_inline_image_does_not_swallow_the_text_behind_it() {
    let content = "q 10 0 0 10 0 0 cm BI /W 1 /H 1 /BPC 8 /CS /G ID x EI Q BT /F1 10 Tf 10 50 Td (after) Tj ET";
    let received = extract(Pdf::of_page(content)).unwrap();
    assert_eq!(received.text(), "after\n");
    assert_eq!(received.images.len(), 1);
    assert!(!received.pages[0].needs_ocr);
}

#[test]
fn a_page_of_images_alone_needs_ocr() {
    let content = "q 100 0 0 100 0 0 cm BI /W 1 /H 1 /BPC 8 /CS /G ID x EI Q";
    assert!(extract(Pdf::of_page(content)).unwrap().pages[0].needs_ocr);
}

#[test]
fn spacing_set_within_an_array_does_not_end_it() {
    let content = "BT /F1 10 Tf 10 50 Td [(one) 0 Tc -400 (two) 1 Tw -400 (three)] TJ ET";
    assert_eq!(text_of(content), "one two three\n");
}

#[test]
fn a_long_text_of_one_code_is_spaced_once() {
    let mut pdf = Pdf::new();
    let map = "1 beginbfchar <41> <0041004200430044004500460047004800490041004200430044004500460047> endbfchar";
    let map = pdf.stream("", map.as_bytes());
    pdf.page(
        "BT /F1 10 Tf 1 Tc 10 50 Td (A.) Tj ET",
        &format!(
            "/Resources <</Font <</F1 <</Type /Font /Subtype /Type1 /BaseFont /Helvetica /ToUnicode {map} 0 R>>>>>>"
        ),
    );
    let received = extract(pdf.finish()).unwrap();
    assert_eq!(received.text(), "ABCDEFGHIABCDEFG.\n");
}

#[test]
fn a_type_3_glyph_that_shows_text_reads_as_that_text() {
    let mut pdf = Pdf::new();
    let glyph = pdf.stream(
        "",
        b"1000 0 d0 BT /F1 1000 Tf (in) Tj /Own 1000 Tf (!) Tj ET",
    );
    let font = pdf.next_number();
    pdf.object(format!(
        "<</Type /Font /Subtype /Type3 /FontMatrix [.001 0 0 .001 0 0] /FontBBox [0 0 1000 1000] \
         /FirstChar 97 /LastChar 97 /Widths [1200] /Encoding <</Differences [97 /picture]>> \
         /CharProcs <</picture {glyph} 0 R>> /Resources <</Font <</Own {font} 0 R \
         /F1 <</Type /Font /Subtype /Type1 /BaseFont /Helvetica>>>>>>>>"
    ));
    pdf.page(
        "BT /T3 10 Tf 10 50 Td (aa) Tj ET",
        &format!("/Resources <</Font <</T3 {font} 0 R>>>>"),
    );
    let text = extract(pdf.finish()).unwrap().text();
    assert_eq!(text.matches("in").count(), 2, "{text}");
}

#[test]
fn an_encoding_written_with_the_operators_of_a_text_map_gives_widths() {
    let mut pdf = Pdf::new();
    let cmap = pdf.stream(
        "/Type /CMap /CMapName /Own",
        b"1 begincodespacerange <0000> <FFFF> endcodespacerange 2 beginbfchar <0041> <0001> <0042> <0002> endbfchar",
    );
    pdf.page(
        "BT /F1 10 Tf 10 50 Td <004100420041> Tj ET",
        &format!(
            "/Resources <</Font <</F1 <</Type /Font /Subtype /Type0 /BaseFont /Own /Encoding {cmap} 0 R \
             /ToUnicode /Identity-H /DescendantFonts [<</Type /Font /Subtype /CIDFontType2 /BaseFont /Own \
             /DW 9000 /W [1 [500 500]] /CIDSystemInfo <</Registry (Adobe) /Ordering (Identity)>>>>]>>>>>>"
        ),
    );
    let options = Options {
        boxes: true,
        ..Options::default()
    };
    let received = extract_with(pdf.finish(), options, Limits::default()).unwrap();
    let word = &received.pages[0].blocks[0].lines[0].words[0];
    assert_eq!((word.text.as_str(), word.bbox.x1), ("ABA", 25.0));
}

#[test]
fn a_form_sees_the_fonts_of_where_it_is_drawn() {
    let mut pdf = Pdf::new();
    let map = pdf.stream("", b"1 beginbfchar <41> <03B1> endbfchar");
    let form = pdf.stream(
        "/Subtype /Form /BBox [0 0 99 99] /Resources <</ProcSet [/PDF]>>",
        b"BT /Outer 10 Tf 10 50 Td (A) Tj ET",
    );
    pdf.page(
        "/X Do",
        &format!(
            "/Resources <</XObject <</X {form} 0 R>> \
             /Font <</Outer <</Type /Font /Subtype /Type1 /BaseFont /Own /ToUnicode {map} 0 R>>>>>>"
        ),
    );
    assert_eq!(extract(pdf.finish()).unwrap().text(), "α\n");
}

#[test]
fn operands_without_operators_count_too() {
    let limits = Limits {
        max_operators: 1_000,
        ..Limits::default()
    };
    let file = Pdf::of_page(&"1 ".repeat(100_000));
    let received = extract_with(file, Options::default(), limits).unwrap();
    assert!(received.warned(WarningCode::Limit));
}
