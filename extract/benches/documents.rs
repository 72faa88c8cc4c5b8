//! Time per page for small documents built here: `cargo bench -p extract`.
#![expect(
    clippy::print_stdout,
    reason = "the figures are what a benchmark is run for"
)]

#[path = "../tests/documents/pdf.rs"]
#[expect(
    dead_code,
    reason = "the tests need more of it than the benchmark does"
)]
mod pdf;

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

use extract::{Cancel, Document, Image, Limits, Options, Page, Sink, SinkClosed, extract};

use pdf::{Pdf, deflated};

/// Each document is read for this long; the fastest time counts.
const TIME_PER_DOCUMENT: Duration = Duration::from_secs(2);

/// Takes everything and keeps nothing.
struct Discard;

impl Sink for Discard {
    fn document(&mut self, document: Document) -> Result<(), SinkClosed> {
        black_box(document);
        Ok(())
    }

    fn image(&mut self, image: Image) -> Result<(), SinkClosed> {
        black_box(image);
        Ok(())
    }

    fn page(&mut self, page: Page) -> Result<(), SinkClosed> {
        black_box(page);
        Ok(())
    }
}

fn main() {
    let all = Options {
        boxes: true,
        markdown: true,
        ..Options::default()
    };
    bench("100 pages of text", &text(100), &Options::default());
    bench("100 pages of text, boxes and markdown", &text(100), &all);
    bench(
        "10,000 objects, 1 page",
        &many_objects(10_000),
        &Options::default(),
    );
    bench("1 page, 20 images", &images(20), &Options::default());
}

fn bench(name: &str, file: &[u8], options: &Options) {
    let (limits, cancel) = (Limits::default(), Cancel::new());
    let began = Instant::now();
    let (mut best, mut pages) = (Duration::MAX, 0);
    while began.elapsed() < TIME_PER_DOCUMENT {
        let start = Instant::now();
        let summary = extract(black_box(file), options, &limits, &cancel, &mut Discard);
        best = best.min(start.elapsed());
        pages = summary.expect("the document is sound").pages;
    }
    println!(
        "{name}: {best:?}, {:?} per page",
        best / pages.max(1) as u32
    );
}

fn text(pages: usize) -> Vec<u8> {
    let mut content = String::from("BT /F1 8 Tf 9 TL 5 95 Td ");
    for line in 0..50 {
        let _ = write!(
            content,
            "[(Line {line} of a ) -20 (page with) -300 (kerned words)] TJ T* "
        );
    }
    content += "ET";
    let mut pdf = Pdf::new();
    for _ in 0..pages {
        pdf.page(&content, "");
    }
    pdf.finish()
}

fn many_objects(count: usize) -> Vec<u8> {
    let mut pdf = Pdf::new();
    for index in 0..count {
        pdf.object(format!("<</Unused {index} /Array [1 2 3 (four)]>>"));
    }
    pdf.page("BT /F1 10 Tf 10 50 Td (text) Tj ET", "");
    pdf.finish()
}

fn images(count: usize) -> Vec<u8> {
    let mut pdf = Pdf::new();
    let (mut content, mut names) = (String::new(), String::new());
    for index in 0..count {
        let pixels: Vec<u8> = (0..256 * 256).map(|at| (at * (index + 1)) as u8).collect();
        let image = pdf.stream(
            "/Subtype /Image /Width 256 /Height 256 /BitsPerComponent 8 /ColorSpace /DeviceGray /Filter /FlateDecode",
            &deflated(&pixels),
        );
        let _ = write!(content, "q 50 0 0 50 {index} 0 cm /I{index} Do Q ");
        let _ = write!(names, "/I{index} {image} 0 R ");
    }
    pdf.page(
        &content,
        &format!("/Resources <<RES /XObject <<{names}>>>>"),
    );
    pdf.finish()
}
