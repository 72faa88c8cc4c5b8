//! Sound documents with random damage: whatever comes out, nothing panics and everything ends.

use extract::{Limits, Options};
use proptest::prelude::*;

use crate::pdf::{Pdf, deflated};
use crate::received::extract_with;

/// A document with a bit of everything that the crate reads.
fn sample() -> Vec<u8> {
    let mut pdf = Pdf::new();
    let image = pdf.stream(
        "/Subtype /Image /Width 4 /Height 4 /BitsPerComponent 8 /ColorSpace [/Indexed /DeviceRGB 1 <000000FFFFFF>] /Filter /FlateDecode",
        &deflated(&[0, 1, 0, 1, 1, 0, 1, 0, 0, 1, 0, 1, 1, 0, 1, 0]),
    );
    let to_unicode = pdf.stream(
        "",
        b"1 begincodespacerange <0000> <FFFF> endcodespacerange 1 beginbfrange <0041> <005A> <0061> endbfrange",
    );
    let composite = pdf.object(format!(
        "<</Type /Font /Subtype /Type0 /Encoding /Identity-H /ToUnicode {to_unicode} 0 R /DescendantFonts [<</Subtype /CIDFontType2 /DW 600 /W [65 [500 501] 70 90 400]>>]>>"
    ));
    let form = pdf.stream(
        "/Subtype /Form /BBox [0 0 99 99] /Filter /ASCIIHexDecode",
        b"71 20 51>",
    );
    let group = pdf.object("<</Type /OCG /Name (layer)>>");
    pdf.catalog(&format!(
        "/OCProperties <</OCGs [{group} 0 R] /D <</BaseState /ON>>>> /Outlines <</First <</Title (One) /Dest [3 0 R /Fit]>>>>"
    ));
    pdf.page(
        "q 1 0 0 1 0 0 cm /I Do /X Do Q BT /F1 10 Tf 10 50 Td [(Some) -200 (text)] TJ /F2 9 Tf <00410042> Tj ET \
         /OC /L BDC /Span <</ActualText (x)>> BDC EMC EMC BI /W 1 /H 1 /BPC 8 /CS /G ID x EI",
        &format!(
            "/Rotate 90 /Annots [<</Subtype /Link /Rect [0 0 9 9] /A <</S /URI /URI (https://example.org)>>>>] \
             /Resources <</XObject <</I {image} 0 R /X {form} 0 R>> /Properties <</L {group} 0 R>> \
             /Font <</F1 <</Type /Font /Subtype /Type1 /BaseFont /Times-Bold>> /F2 {composite} 0 R>>>>"
        ),
    );
    pdf.finish()
}

fn limits() -> Limits {
    Limits {
        max_stream_bytes: 1 << 20,
        max_document_bytes: 8 << 20,
        max_image_bytes: 1 << 20,
        max_operators: 10_000,
        ..Limits::default()
    }
}

fn read(file: Vec<u8>) -> bool {
    let options = Options {
        boxes: true,
        markdown: true,
        ..Options::default()
    };
    extract_with(file, options, limits()).is_ok()
}

#[test]
fn the_sample_itself_is_sound() {
    let received = extract_with(sample(), Options::default(), limits()).unwrap();
    assert_eq!(received.warnings, []);
    assert_eq!(received.images.len(), 2);
    assert!(received.text().starts_with("Some text"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn changed_bytes(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20)) {
        let mut file = sample();
        for (index, byte) in changes {
            let at = index.index(file.len());
            file[at] = byte;
        }
        read(file);
    }

    #[test]
    fn lost_bytes(from in any::<prop::sample::Index>(), count in 1_usize..200) {
        let mut file = sample();
        let start = from.index(file.len());
        let end = file.len().min(start + count);
        file.drain(start..end);
        read(file);
    }

    #[test]
    fn doubled_bytes(from in any::<prop::sample::Index>(), count in 1_usize..400) {
        let mut file = sample();
        let start = from.index(file.len());
        let part = file[start..file.len().min(start + count)].to_vec();
        file.extend_from_slice(&part);
        read(file);
    }

    #[test]
    fn any_content(content: Vec<u8>) {
        let mut pdf = Pdf::new();
        let stream = pdf.stream("", &content);
        pdf.page("", &format!("/Contents {stream} 0 R"));
        prop_assert!(read(pdf.finish()));
    }

    #[test]
    fn any_operators(words in prop::collection::vec(
        prop::sample::select(vec![
            "1", "-2.5", "0", "99999999999", "1e9", "/F1", "/X", "(text)", "<41>", "[", "]", "<<", ">>",
            "q", "Q", "cm", "BT", "ET", "Tf", "Tj", "TJ", "'", "\"", "Td", "TD", "Tm", "T*", "Tc", "Tw", "Tz",
            "Do", "gs", "BI", "ID", "EI", "BDC", "BMC", "EMC", "re", "W", "n", "m", "l", "c",
        ]),
        0..200,
    )) {
        prop_assert!(read(Pdf::of_page(&words.join(" "))));
    }
}
