//! Time for small documents built here, one for each part of the work: `cargo bench -p extract`.

#[path = "../tests/documents/pdf.rs"]
#[expect(
    dead_code,
    reason = "the tests need more of it than the benchmark does"
)]
mod pdf;

use std::fmt::Write as _;

use divan::{Bencher, black_box};
use extract::{Cancel, Document, Image, Limits, Options, Page, Sink, SinkClosed, Summary};

use pdf::{Pdf, deflated};

fn main() {
    divan::main();
}

/// Takes everything and keeps nothing.
struct Discard;

impl Sink for Discard {
    fn document(&mut self, document: Document) -> Result<(), SinkClosed> {
        black_box(document);
        Ok(())
    }

    fn image(&mut self, image: Image<'_>) -> Result<(), SinkClosed> {
        black_box(image);
        Ok(())
    }

    fn page(&mut self, page: Page) -> Result<(), SinkClosed> {
        black_box(page);
        Ok(())
    }
}

fn extract(file: &[u8], options: &Options) -> Summary {
    let (limits, cancel) = (Limits::default(), Cancel::new());
    extract::extract(black_box(file), options, &limits, &cancel, &mut Discard)
        .expect("the document is sound")
}

/// Opening a file of many objects, of which one page needs few.
#[divan::bench(args = [100, 10_000])]
fn load(bencher: Bencher<'_, '_>, objects: usize) {
    let mut pdf = Pdf::new();
    for index in 0..objects {
        pdf.object(format!("<</Unused {index} /Array [1 2 3 (four)]>>"));
    }
    pdf.page("BT /F1 10 Tf 10 50 Td (text) Tj ET", "");
    let file = pdf.finish();
    bencher.bench(|| extract(&file, &Options::default()));
}

/// Operators and operands that show nothing.
#[divan::bench]
fn tokenizer(bencher: Bencher<'_, '_>) {
    let mut content = String::new();
    for index in 0..50_000 {
        let _ = writeln!(
            content,
            "{index} .5 m -{index}.25 12 l [1 2] 0 d /Name gs h"
        );
    }
    let file = Pdf::of_page(&content);
    bencher.bench(|| extract(&file, &Options::default()));
}

/// A page of kerned words.
#[divan::bench]
fn text_of_a_page(bencher: Bencher<'_, '_>) {
    let file = text();
    bencher.bench(|| extract(&file, &Options::default()));
}

/// The same with everything that can be asked for.
#[divan::bench]
fn text_of_a_page_with_boxes_and_markdown(bencher: Bencher<'_, '_>) {
    let file = text();
    let options = Options {
        boxes: true,
        markdown: true,
        ..Options::default()
    };
    bencher.bench(|| extract(&file, &options));
}

fn text() -> Vec<u8> {
    let mut content = String::from("BT /F1 8 Tf 9 TL 5 95 Td ");
    for line in 0..50 {
        let _ = write!(
            content,
            "[(Line {line} of a ) -20 (page with) -300 (kerned words)] TJ T* "
        );
    }
    content += "ET";
    Pdf::of_page(&content)
}

/// Samples that are in the file as they are.
#[divan::bench(args = ["/DeviceGray", "/DeviceRGB", "/DeviceCMYK"])]
fn png_encode(bencher: Bencher<'_, '_>, space: &str) {
    let components = match space {
        "/DeviceGray" => 1,
        "/DeviceRGB" => 3,
        _ => 4,
    };
    let file = image(space, "", &pixels(components));
    bencher.bench(|| extract(&file, &Options::default()));
}

/// Samples behind a filter.
#[divan::bench(args = ["", "/DecodeParms <</Predictor 15 /Columns 512>>"])]
fn image_decode(bencher: Bencher<'_, '_>, params: &str) {
    let mut data = pixels(1);
    if !params.is_empty() {
        // Each row with the filter type that its pixels were predicted with: none, sub, up, …
        data = data
            .chunks(SIDE)
            .zip((0..5).cycle())
            .flat_map(|(row, filter)| [&[filter], row].concat())
            .collect();
    }
    let entries = format!("/Filter /FlateDecode {params}");
    let file = image("/DeviceGray", &entries, &deflated(&data));
    bencher.bench(|| extract(&file, &Options::default()));
}

const SIDE: usize = 512;

fn pixels(components: usize) -> Vec<u8> {
    (0..SIDE * SIDE * components)
        .map(|at| (at / 7 * (at % SIDE)) as u8)
        .collect()
}

fn image(space: &str, entries: &str, data: &[u8]) -> Vec<u8> {
    let mut pdf = Pdf::new();
    let image = pdf.stream(
        &format!(
            "/Subtype /Image /Width {SIDE} /Height {SIDE} /BitsPerComponent 8 /ColorSpace {space} {entries}"
        ),
        data,
    );
    pdf.page(
        "/I Do",
        &format!("/Resources <<RES /XObject <</I {image} 0 R>>>>"),
    );
    pdf.finish()
}
