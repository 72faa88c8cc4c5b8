//! Documents that try to cost too much: each ends within its budget, with a warning or a typed error.

use std::fmt::Write as _;

use extract::{Cancel, ExtractError, Limits, Options, WarningCode};

use crate::pdf::{Pdf, deflated};
use crate::received::{Received, extract, extract_with};

const TEXT: &str = "BT /F1 10 Tf 10 50 Td (after) Tj ET";

#[test]
fn a_flood_of_saved_states_takes_no_memory() {
    let content = format!("{} {TEXT}", "q ".repeat(2_000_000));
    assert_eq!(extract(Pdf::of_page(&content)).unwrap().text(), "after\n");
}

#[test]
fn operands_without_operators_take_no_memory() {
    let content = format!("{} n {TEXT}", "1 ".repeat(2_000_000));
    assert_eq!(extract(Pdf::of_page(&content)).unwrap().text(), "after\n");
}

#[test]
fn nesting_ten_thousand_deep_costs_no_stack() {
    for (open, close) in [("[", "]"), ("<</A ", ">>")] {
        let nested = format!("{}{}", open.repeat(10_000), close.repeat(10_000));
        let mut pdf = Pdf::new();
        pdf.object(nested.clone());
        let deep = pdf.object(nested.clone());
        let content = format!("/Span {nested} BDC {TEXT} EMC");
        pdf.page(&content, &format!("/Annots {deep} 0 R /PieceInfo {nested}"));
        assert_eq!(extract(pdf.finish()).unwrap().text(), "after\n");
    }
}

#[test]
fn forms_that_draw_themselves_are_run_once() {
    let mut pdf = Pdf::new();
    let form = pdf.next_number();
    let resources = format!("/Resources <<RES /XObject <</X {form} 0 R>>>>");
    let form_resources = format!("/Resources <</XObject <</X {form} 0 R>>>>");
    pdf.stream(
        &format!("/Type /XObject /Subtype /Form /BBox [0 0 9 9] {form_resources}"),
        b"/X Do /X Do",
    );
    pdf.page(&format!("/X Do {TEXT}"), &resources);
    let received = extract(pdf.finish()).unwrap();
    assert_eq!(received.text(), "after\n");
    assert!(received.warned(WarningCode::DamagedContent));
}

#[test]
fn forms_that_multiply_end_with_the_operators_of_the_page() {
    let mut pdf = Pdf::new();
    let mut inner = pdf.stream("/Subtype /Form /BBox [0 0 9 9]", b"q Q");
    for _ in 0..40 {
        inner = pdf.stream(
            &format!("/Subtype /Form /BBox [0 0 9 9] /Resources <</XObject <</X {inner} 0 R>>>>"),
            b"/X Do /X Do",
        );
    }
    pdf.page(
        "/X Do",
        &format!("/Resources <<RES /XObject <</X {inner} 0 R>>>>"),
    );
    let limits = Limits {
        max_operators: 100_000,
        ..Limits::default()
    };
    let received = extract_with(pdf.finish(), Options::default(), limits).unwrap();
    assert!(received.warned(WarningCode::Limit));
}

#[test]
fn forms_nested_beyond_the_limit_are_skipped() {
    let mut pdf = Pdf::new();
    let mut inner = pdf.stream("/Subtype /Form /BBox [0 0 9 9]", b"q Q");
    for _ in 0..300 {
        inner = pdf.stream(
            &format!("/Subtype /Form /BBox [0 0 9 9] /Resources <</XObject <</X {inner} 0 R>>>>"),
            b"/X Do",
        );
    }
    let resources = format!("/Resources <<RES /XObject <</X {inner} 0 R>>>>");
    pdf.page(&format!("/X Do {TEXT}"), &resources);
    let received = extract(pdf.finish()).unwrap();
    assert_eq!(received.text(), "after\n");
    assert!(received.warned(WarningCode::Limit));
}

#[test]
fn an_image_drawn_twenty_thousand_times_is_decoded_once() {
    let mut pdf = Pdf::new();
    let image = pdf.stream(
        "/Subtype /Image /Width 2 /Height 2 /BitsPerComponent 8 /ColorSpace /DeviceGray",
        &[0, 64, 128, 255],
    );
    let content = format!("{} {TEXT}", "/I Do ".repeat(20_000));
    pdf.page(
        &content,
        &format!("/Resources <<RES /XObject <</I {image} 0 R>>>>"),
    );
    let received = extract(pdf.finish()).unwrap();
    assert_eq!(
        (received.images.len(), received.pages[0].images.len()),
        (1, 20_000)
    );
    assert_eq!(received.text(), "after\n");
}

#[test]
fn an_enormous_image_is_a_warning() {
    let mut pdf = Pdf::new();
    let image = pdf.stream(
        "/Subtype /Image /Width 60000 /Height 60000 /BitsPerComponent 8 /ColorSpace /DeviceRGB /Filter /FlateDecode",
        &deflated(&[0; 1_000]),
    );
    pdf.page(
        &format!("/I Do {TEXT}"),
        &format!("/Resources <<RES /XObject <</I {image} 0 R>>>>"),
    );
    let received = extract(pdf.finish()).unwrap();
    assert_eq!(received.text(), "after\n");
    assert!(received.images.is_empty() && !received.warnings.is_empty());
}

#[test]
fn a_bomb_is_cut_at_the_limit_of_a_stream() {
    let mut pdf = Pdf::new();
    let content = format!("{TEXT} {}", " ".repeat(20 << 20));
    let bomb = pdf.stream("/Filter /FlateDecode", &deflated(content.as_bytes()));
    pdf.page("", &format!("/Contents {bomb} 0 R"));
    let limits = Limits {
        max_stream_bytes: 1 << 20,
        ..Limits::default()
    };
    let received = extract_with(pdf.finish(), Options::default(), limits).unwrap();
    assert!(received.warned(WarningCode::Limit));
}

#[test]
fn a_chained_bomb_is_cut_too() {
    let once = deflated(&vec![b' '; 20 << 20]);
    let twice = deflated(&once);
    let mut pdf = Pdf::new();
    let bomb = pdf.stream("/Filter [/FlateDecode /FlateDecode]", &twice);
    pdf.page("", "");
    pdf.page("", &format!("/Contents {bomb} 0 R"));
    let limits = Limits {
        max_stream_bytes: 1 << 20,
        ..Limits::default()
    };
    let received = extract_with(pdf.finish(), Options::default(), limits).unwrap();
    assert_eq!(received.pages.len(), 2);
}

#[test]
fn many_bombs_together_end_the_document() {
    let mut pdf = Pdf::new();
    let bomb = deflated(&vec![b' '; 4 << 20]);
    for _ in 0..20 {
        let content = pdf.stream("/Filter /FlateDecode", &bomb);
        pdf.page("", &format!("/Contents {content} 0 R"));
    }
    let limits = Limits {
        max_document_bytes: 16 << 20,
        ..Limits::default()
    };
    let ended = extract_with(pdf.finish(), Options::default(), limits);
    assert!(matches!(ended, Err(ExtractError::MemoryLimit(_))));
}

#[test]
fn a_page_tree_that_contains_itself_ends() {
    let mut pdf = Pdf::new();
    let page = pdf.page(TEXT, "");
    pdf.page_root(&format!(
        "<</Type /Pages /Kids [2 0 R {page} 0 R 2 0 R] /Count 3>>"
    ));
    let received = extract(pdf.finish()).unwrap();
    assert_eq!(received.pages.len(), 1);
    assert!(received.warned(WarningCode::DamagedObject));
}

#[test]
fn a_loop_of_parents_ends() {
    let mut pdf = Pdf::new();
    let parent = pdf.next_number();
    pdf.object(format!("<</Type /Pages /Parent {parent} 0 R>>"));
    pdf.page(TEXT, &format!("/Parent {parent} 0 R"));
    pdf.page_root("<</Type /Pages /Kids []>>");
    assert_eq!(extract(pdf.finish()).unwrap().text(), "after\n");
}

#[test]
fn a_page_tree_beyond_the_limit_of_nesting_ends() {
    let mut pdf = Pdf::new();
    let mut node = pdf.page(TEXT, "");
    for _ in 0..10_000 {
        node = pdf.object(format!("<</Type /Pages /Kids [{node} 0 R] /Count 1>>"));
    }
    pdf.page_root(&format!("<</Type /Pages /Kids [{node} 0 R] /Count 1>>"));
    assert_eq!(extract(pdf.finish()).unwrap().text(), "after\n");
}

#[test]
fn too_many_pages_are_an_error() {
    let mut pdf = Pdf::new();
    for _ in 0..11 {
        pdf.page("", "");
    }
    let limits = Limits {
        max_pages: 10,
        ..Limits::default()
    };
    let ended = extract_with(pdf.finish(), Options::default(), limits).err();
    let expected = ExtractError::TooManyPages {
        pages: 11,
        limit: 10,
    };
    assert_eq!(ended, Some(expected));
}

#[test]
fn a_cross_reference_of_nothing_but_promises_is_not_believed() {
    let promises = b"%PDF-1.5\n1 0 obj <</Type /XRef /W [0 0 0] /Index [0 4000000000] /Size 4000000000 /Root 1 0 R /Length 0>> stream\n\nendstream endobj\nstartxref\n9\n%%EOF";
    assert!(extract(promises.to_vec()).is_err());
    let table = b"%PDF-1.4\nxref\n0 4000000000\ntrailer <</Root 1 0 R>>\nstartxref\n9\n%%EOF";
    assert!(extract(table.to_vec()).is_err());
}

#[test]
fn a_page_of_too_much_text_is_cut() {
    let mut content = String::from("BT /F1 1 Tf ");
    for _ in 0..1_000 {
        let _ = write!(content, "1 0 0 1 10 50 Tm (abcdefghij) Tj ");
    }
    let limits = Limits {
        max_text_bytes: 100,
        ..Limits::default()
    };
    let file = Pdf::of_page(&content);
    let received = extract_with(file, Options::default(), limits).unwrap();
    assert!(received.text().len() <= 300);
    assert!(received.warned(WarningCode::Limit));
}

#[test]
fn a_cancelled_extraction_stops() {
    let cancel = Cancel::new();
    cancel.cancel();
    let mut received = Received::default();
    let ended = extract::extract(
        &Pdf::of_page(TEXT),
        &Options::default(),
        &Limits::default(),
        &cancel,
        &mut received,
    );
    assert_eq!(ended, Err(ExtractError::Cancelled));
    assert!(received.pages.is_empty());
}
