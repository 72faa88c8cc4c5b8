//! Files that try to cost too much while their objects are looked up.

use std::fmt::Write as _;

use extract::{ExtractError, Limits, Options, WarningCode};

use crate::pdf::{Pdf, deflated};
use crate::received::{extract, extract_with};

const TEXT: &str = "BT /F1 10 Tf 10 50 Td (after) Tj ET";

const TREE: &str = "1 0 obj\n<</Type /Catalog /Pages 2 0 R>>\nendobj\n\
    2 0 obj\n<</Type /Pages /Kids [3 0 R] /Count 1>>\nendobj\n\
    3 0 obj\n<</Type /Page /MediaBox [0 0 200 100]>>\nendobj\n";

/// A file whose catalog and pages lie in an object stream that inflates to `padding` bytes more.
fn with_object_stream(padding: usize, filter: &str, encode: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let bodies = [
        "<</Type /Catalog /Pages 2 0 R>>",
        "<</Type /Pages /Kids [3 0 R] /Count 1>>",
        "<</Type /Page /MediaBox [0 0 200 100]>>",
    ];
    let (mut offsets, mut content) = (String::new(), String::new());
    for (body, number) in bodies.iter().zip(1..) {
        let _ = write!(offsets, "{number} {} ", content.len());
        content += body;
        content += " ";
    }
    let mut decoded = format!("{offsets}{content}").into_bytes();
    decoded.resize(decoded.len() + padding, b' ');
    let data = encode(&decoded);
    let mut file = b"%PDF-1.5\n".to_vec();
    let container = file.len();
    let (first, length) = (offsets.len(), data.len());
    file.extend(
        format!("4 0 obj <</Type /ObjStm /N 3 /First {first} /Filter {filter} /Length {length}>> stream\n")
            .into_bytes(),
    );
    file.extend(data);
    file.extend(b"\nendstream endobj\n");
    let start = file.len();
    let [high, low] = (container as u16).to_be_bytes();
    let records = [
        [0, 0, 0, 0],
        [2, 0, 4, 0],
        [2, 0, 4, 1],
        [2, 0, 4, 2],
        [1, high, low, 0],
    ];
    file.extend(b"5 0 obj <</Type /XRef /Size 5 /W [1 2 1] /Root 1 0 R /Length 20>> stream\n");
    file.extend(records.concat());
    file.extend(format!("\nendstream endobj\nstartxref\n{start}\n%%EOF").into_bytes());
    file
}

fn small() -> Limits {
    Limits {
        max_stream_bytes: 1 << 20,
        ..Limits::default()
    }
}

#[test]
fn an_object_stream_that_is_a_bomb_is_cut() {
    let once = with_object_stream(20 << 20, "/FlateDecode", deflated);
    let twice = with_object_stream(20 << 20, "[/FlateDecode /FlateDecode]", |bytes| {
        deflated(&deflated(bytes))
    });
    for file in [once, twice] {
        let received = extract_with(file, Options::default(), small()).unwrap();
        assert_eq!(received.pages.len(), 1);
        assert!(received.warned(WarningCode::Limit));
    }
}

#[test]
fn a_chain_of_updates_that_leads_back_ends() {
    let table = "0 1\n0000000000 65535 f \ntrailer <</Size 4 /Root 1 0 R /Prev";
    let (first, second) = (TREE.len() + 9, TREE.len() + 9 + 100);
    let mut file = format!("%PDF-1.4\n{TREE}xref\n{table} {second}>>\n");
    let padding = second - file.len();
    let _ = write!(file, "{}xref\n{table} {first}>>\n", " ".repeat(padding));
    let _ = write!(file, "startxref\n{first}\n%%EOF");
    assert_eq!(extract(file.into_bytes()).unwrap().pages.len(), 1);
}

#[test]
fn nesting_ten_thousand_deep_costs_no_stack_in_a_damaged_file() {
    for (open, close) in [("[", "]"), ("<</A ", ">>")] {
        let nested = format!("{}{}", open.repeat(10_000), close.repeat(10_000));
        let file = format!(
            "%PDF-1.4\n{TREE}4 0 obj\n{nested}\nendobj\ntrailer <</Root 1 0 R>>\nstartxref\n99999\n%%EOF"
        );
        // Whether the nested object costs the others or not, the run ends with one or the other.
        match extract(file.into_bytes()) {
            Ok(received) => assert!(received.warned(WarningCode::RepairedXref)),
            Err(error) => assert!(matches!(error, ExtractError::Damaged(_)), "{error}"),
        }
    }
}

#[test]
fn a_dictionary_of_a_hundred_thousand_names_is_searched_quickly() {
    let mut names = String::new();
    for index in 0..100_000 {
        let _ = write!(names, "/X{index} 9 0 R ");
    }
    let mut pdf = Pdf::new();
    let content = format!("{} {TEXT}", "/X99999 Do /Y Do ".repeat(50_000));
    pdf.page(
        &content,
        &format!("/Resources <<RES /XObject <<{names}>>>>"),
    );
    assert_eq!(extract(pdf.finish()).unwrap().text(), "after\n");
}

#[test]
fn places_of_images_are_bounded() {
    let mut pdf = Pdf::new();
    let image = pdf.stream(
        "/Subtype /Image /Width 1 /Height 1 /BitsPerComponent 8 /ColorSpace /DeviceGray",
        &[7],
    );
    pdf.page(
        &format!("{} {TEXT}", "/I Do ".repeat(100)),
        &format!("/Resources <<RES /XObject <</I {image} 0 R>>>>"),
    );
    let limits = Limits {
        max_placed_images: 10,
        ..Limits::default()
    };
    let received = extract_with(pdf.finish(), Options::default(), limits).unwrap();
    assert_eq!(received.pages[0].images.len(), 10);
    assert!(received.warned(WarningCode::Limit));
    assert_eq!(received.text(), "after\n");
}

#[test]
fn distinct_images_are_bounded() {
    let mut content = String::new();
    for index in 0..100 {
        let _ = write!(
            content,
            "BI /W 1 /H 1 /BPC 8 /CS /G /F /AHx ID {index:02x}> EI "
        );
    }
    let limits = Limits {
        max_images: 10,
        ..Limits::default()
    };
    let file = Pdf::of_page(&format!("{content} {TEXT}"));
    let received = extract_with(file, Options::default(), limits).unwrap();
    assert_eq!(received.images.len(), 10);
    assert!(received.warned(WarningCode::Limit));
    assert_eq!(received.text(), "after\n");
}
