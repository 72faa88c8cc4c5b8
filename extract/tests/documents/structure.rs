//! Page trees, page boxes, damage.

use extract::WarningCode;

use crate::pdf::Pdf;
use crate::received::extract;

const TEXT: &str = "BT /F1 10 Tf 10 50 Td (text) Tj ET";

#[test]
fn pages_inherit_their_box_and_rotation() {
    let mut pdf = Pdf::new();
    let page = pdf.page(TEXT, "");
    let turned = pdf.page(TEXT, "/Rotate 90 /CropBox [0 0 100 90]");
    pdf.page_root(&format!(
        "<</Type /Pages /Kids [{page} 0 R {turned} 0 R] /Count 2 /MediaBox [0 0 300 200] /Rotate 180>>"
    ));
    let pages = extract(pdf.finish()).unwrap().pages;
    let shape = |index: usize| {
        let page = &pages[index];
        (page.width, page.height, page.rotation)
    };
    assert_eq!(shape(0), (300.0, 200.0, 180));
    assert_eq!(shape(1), (90.0, 100.0, 90));
}

#[test]
fn kids_may_be_written_directly_or_be_missing() {
    let mut pdf = Pdf::new();
    let content = pdf.stream("", TEXT.as_bytes());
    let font = "<</Type /Font /Subtype /Type1 /BaseFont /Helvetica>>";
    pdf.page_root(&format!(
        "<</Type /Pages /Count 2 /Kids [99 0 R <</Type /Page /MediaBox [0 0 200 100] /Contents {content} 0 R /Resources <</Font <</F1 {font}>>>>>>]>>"
    ));
    let received = extract(pdf.finish()).unwrap();
    assert_eq!(received.text(), "text\n");
    assert!(received.warned(WarningCode::DamagedObject));
}

#[test]
fn a_file_without_its_cross_reference_is_repaired() {
    let mut file = Pdf::of_page(TEXT);
    let table = file
        .windows(5)
        .rposition(|window| window == b"xref\n")
        .unwrap();
    let table = file[..table]
        .windows(5)
        .rposition(|window| window == b"xref\n")
        .unwrap_or(table);
    file.truncate(table);
    let received = extract(file).unwrap();
    assert_eq!(received.text(), "text\n");
    assert!(received.warned(WarningCode::RepairedXref));
}

#[test]
fn bytes_lost_at_the_start_are_repaired() {
    let whole = Pdf::of_page(TEXT);
    let mut file = b"%PDF-1.7\n% moved by a comment that the table does not know\n".to_vec();
    file.extend_from_slice(&whole[9..]);
    assert_eq!(extract(file).unwrap().text(), "text\n");
}

#[test]
fn a_document_without_pages_is_damaged() {
    let mut pdf = Pdf::new();
    pdf.page_root("<</Type /Pages /Kids [] /Count 0>>");
    assert_eq!(
        extract(pdf.finish()).err().map(|error| error.code()),
        Some("damaged-pdf")
    );
}
