//! The six pages of the sample, and the catalog that holds them together.

use crate::content::{Content, Font, escaped};
use crate::pdf::{Pdf, Ref};
use crate::resources;

const TITLE: &str = "A short tour of a PDF";

/// The whole file.
pub(crate) fn document() -> Vec<u8> {
    let mut pdf = Pdf::default();
    let resources = resources::add(&mut pdf);
    let tree = pdf.reserve();
    let link = pdf.add(
        "<< /Type /Annot /Subtype /Link /Rect [72 108 330 124] /Border [0 0 0] \
         /A << /S /URI /URI (https://www.iso.org/standard/51502.html) >> >>",
    );
    let pages: Vec<Page> = vec![
        Page {
            extra: format!("/Annots [{link}]"),
            ..opening()
        },
        two_columns(),
        figures(),
        sideways(),
        typefaces(),
        closing(),
    ];
    let mut sections = Vec::new();
    for page in pages {
        let contents = pdf.add_deflated("", page.content.as_bytes());
        let object = pdf.add(format!(
            "<< /Type /Page /Parent {tree} /MediaBox [0 0 595 842] /Resources {resources} \
             /Contents {contents} {} >>",
            page.extra
        ));
        sections.push((page.title, object));
    }
    let kids: Vec<String> = sections.iter().map(|(_, page)| page.to_string()).collect();
    let (count, kids) = (kids.len(), kids.join(" "));
    pdf.set(
        tree,
        format!("<< /Type /Pages /Count {count} /Kids [{kids}] >>"),
    );
    let outline = outline(&mut pdf, &sections);
    let catalog = pdf.add(format!(
        "<< /Type /Catalog /Pages {tree} /Outlines {outline} /Lang (en) >>"
    ));
    let info = pdf.add(format!(
        "<< /Title ({TITLE}) /Author (pdf-ingest) /Subject (Text, fonts and images to extract) \
         /Creator (cli/examples/sample) /CreationDate (D:20260101120000Z) >>"
    ));
    pdf.finish(catalog, info)
}

struct Page {
    title: &'static str,
    content: Content,
    extra: String,
}

impl Page {
    fn new(title: &'static str, content: Content) -> Self {
        Self {
            title,
            content,
            extra: String::new(),
        }
    }
}

fn outline(pdf: &mut Pdf, sections: &[(&'static str, Ref)]) -> Ref {
    let root = pdf.reserve();
    let items: Vec<Ref> = sections.iter().map(|_| pdf.reserve()).collect();
    for (at, (title, page)) in sections.iter().enumerate() {
        let title = escaped(title);
        let mut item = format!("<< /Title ({title}) /Parent {root} /Dest [{page} /Fit]");
        if let Some(previous) = at.checked_sub(1).and_then(|at| items.get(at)) {
            item += &format!(" /Prev {previous}");
        }
        if let Some(next) = items.get(at + 1) {
            item += &format!(" /Next {next}");
        }
        pdf.set(items[at], item + " >>");
    }
    if let [first, .., last] = items[..] {
        let count = items.len();
        pdf.set(
            root,
            format!("<< /Type /Outlines /First {first} /Last {last} /Count {count} >>"),
        );
    }
    root
}

fn heading(title: &str) -> Content {
    let mut page = Content::default();
    page.text(Font::SansBold, 22.0, (72.0, 752.0), 26.0, title);
    page.rule(72.0, 523.0, 738.0);
    page
}

fn opening() -> Page {
    let mut page = heading(TITLE);
    page.image("Drop", (403.0, 590.0), (120.0, 120.0));
    page.text(
        Font::Serif,
        12.0,
        (72.0, 700.0),
        16.0,
        "A PDF does not hold paragraphs. It holds instructions: choose this font,
go to that place, show these codes. Where a word ends and the next
begins, which line follows which, even what letter a code stands for:
the reader has to find out.

This document is small, but it has a little of everything that a
reader meets: standard fonts and a font drawn by hand, columns, a
table, a page that lies on its side, and five pictures, each stored
in its own way. One of them is drawn twice and stored once.",
    );
    page.text(Font::SansBold, 14.0, (72.0, 520.0), 18.0, "What is inside");
    page.text(
        Font::Sans,
        11.0,
        (86.0, 496.0),
        17.0,
        "• Page 1: this text, and a drop with a soft mask
• Page 2: two columns
• Page 3: a table, a chart with a palette, a fractal behind a predictor
• Page 4: a JPEG on a page that is rotated by 90 degrees
• Page 5: typefaces, accents, quotation marks
• Page 6: a maze of single bits, and the drop once more",
    );
    page.text(
        Font::SerifItalic,
        11.0,
        (72.0, 112.0),
        14.0,
        "ISO 32000-1:2008, the standard behind all of this",
    );
    Page::new("What is inside", page)
}

fn two_columns() -> Page {
    let mut page = heading("Two columns");
    page.text(
        Font::Serif,
        11.0,
        (72.0, 706.0),
        15.0,
        "A job begins when a file arrives.
Its bytes go straight to the object
store while they are counted and
hashed; nothing holds the file as a
whole. Then one short record goes
to the queue: an id, a size, a hash,
and what the sender asked for. The
sender has an answer by now, and
can come back whenever it likes.

A worker that has a free slot takes
the record and a lease with it. As
long as the lease is renewed, the
job is its own. If the worker dies,
the lease runs out, and somebody
else begins again.",
    );
    page.text(
        Font::Serif,
        11.0,
        (312.0, 706.0),
        15.0,
        "Reading takes time on a processor,
and that is kept away from the
threads that answer requests. Pages
and pictures leave the reader as
they are found, so that the first
picture is stored while the last
page is still being read.

What is written last is the result:
a list of all pages and pictures,
and where each of them is kept. If
it is there, the job is complete. If
it is not, there is nothing to see,
and nothing half done to trip over.
Doing it all twice changes nothing.",
    );
    Page::new("Two columns", page)
}

fn figures() -> Page {
    let mut page = heading("A table and two figures");
    page.text(
        Font::Mono,
        10.0,
        (72.0, 706.0),
        15.0,
        "Quarter    Files     Pages    Images
Q1         1,204    18,310     6,027
Q2         1,866    29,544     9,310
Q3         2,415    40,102    12,988
Q4         3,120    55,873    17,461",
    );
    page.rule(72.0, 300.0, 701.0);
    page.image("Bars", (72.0, 440.0), (288.0, 180.0));
    page.text(
        Font::Sans,
        9.0,
        (72.0, 424.0),
        12.0,
        "Figure 1. Two years by quarter: four bits per pixel into a palette of six colours.",
    );
    page.image("Mandelbrot", (72.0, 180.0), (324.0, 216.0));
    page.text(
        Font::Sans,
        9.0,
        (72.0, 164.0),
        12.0,
        "Figure 2. The Mandelbrot set: three samples of eight bits behind a PNG predictor.",
    );
    Page::new("A table and two figures", page)
}

/// Turned by 90 degrees: its content is drawn for a reader who turns the sheet.
fn sideways() -> Page {
    let mut page = Content::default();
    page.turn(595.0);
    page.text(
        Font::SansBold,
        22.0,
        (72.0, 505.0),
        26.0,
        "A page on its side",
    );
    page.rule(72.0, 770.0, 491.0);
    page.image("Hills", (72.0, 130.0), (544.0, 340.0));
    page.text(
        Font::Sans,
        9.0,
        (72.0, 112.0),
        12.0,
        "Figure 3. Hills in the evening: a JPEG of 480 by 300 pixels, handed out as it is stored.",
    );
    Page {
        extra: "/Rotate 90".to_owned(),
        ..Page::new("A page on its side", page)
    }
}

fn typefaces() -> Page {
    let mut page = heading("Typefaces");
    let lines = [
        (
            Font::Sans,
            "Helvetica: The quick brown fox jumps over the lazy dog.",
        ),
        (
            Font::SansBold,
            "Helvetica Bold: Pack my box with five dozen liquor jugs.",
        ),
        (
            Font::Serif,
            "Times: Sphinx of black quartz, judge my vow (0123456789).",
        ),
        (
            Font::SerifItalic,
            "Times Italic: How vexingly quick daft zebras jump!",
        ),
        (
            Font::Mono,
            "Courier: fn main() { println!(\"{}\", 6 * 7); }",
        ),
    ];
    for (row, (font, line)) in (0_u8..).zip(lines) {
        page.text(
            font,
            13.0,
            (72.0, 700.0 - 26.0 * f32::from(row)),
            16.0,
            line,
        );
    }
    page.text(
        Font::Serif,
        13.0,
        (72.0, 552.0),
        20.0,
        "“Café, naïve, Ångström, señor, Straße”: accents cost €0,00 — nothing…
El veloz murciélago hindú comía feliz cardillo y kiwi.
Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich.
« Voix ambiguë d’un cœur qui, au zéphyr, préfère les jattes de kiwis »",
    );
    page.text(Font::Pixels, 24.0, (72.0, 440.0), 30.0, "MADE OF PIXELS");
    page.text(Font::Sans, 9.0, (72.0, 422.0), 12.0, "The line above is a Type 3 font: each letter is a drawing; a table says what it stands for.");
    Page::new("Typefaces", page)
}

fn closing() -> Page {
    let mut page = heading("A maze, and the drop once more");
    page.image("Maze", (72.0, 460.0), (240.0, 240.0));
    page.text(
        Font::Sans,
        9.0,
        (72.0, 444.0),
        12.0,
        "Figure 4. 208 by 208 pixels of one bit each.",
    );
    page.image("Drop", (403.0, 580.0), (120.0, 120.0));
    page.text(
        Font::Serif,
        12.0,
        (72.0, 400.0),
        16.0,
        "The drop is the same image as on the first page. In the result it has one
key and two places. If you see six pages and five images, all went well.",
    );
    Page::new("A maze, and the drop once more", page)
}
