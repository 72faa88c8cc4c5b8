//! Small PDFs, written object by object, so that a test says what its document holds.

use std::fmt::Write as _;

/// A document in the making; every page is 612 × 792 points.
#[derive(Clone, Debug, Default)]
pub struct Pdf {
    pages: Vec<Page>,
    images: Vec<Picture>,
}

#[derive(Clone, Debug)]
struct Page {
    text: String,
    images: Vec<usize>,
}

#[derive(Clone, Debug)]
struct Picture {
    side: usize,
    data: Data,
}

#[derive(Clone, Debug)]
enum Data {
    Rgb(Vec<u8>),
    /// Gray, run-length encoded.
    Runs(Vec<u8>),
}

impl Pdf {
    /// A document without pages.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// `pages` pages with some lines of text each, all different.
    #[must_use]
    pub fn with_pages(pages: usize) -> Self {
        (1..=pages).fold(Self::new(), |pdf, number| {
            let lines: Vec<_> = (1..=20)
                .map(|line| {
                    format!(
                        "Page {number} line {line}: the quick brown fox jumps over the lazy dog"
                    )
                })
                .collect();
            pdf.page(&lines.join("\n"), &[])
        })
    }

    /// Adds a picture of `side` × `side` pixels; `seed` decides its colours. Answers its number.
    pub fn picture(&mut self, side: usize, seed: u8) -> usize {
        let rgb = (0..side * side * 3)
            .map(|index| (index as u8).wrapping_mul(31).wrapping_add(seed))
            .collect();
        self.images.push(Picture {
            side,
            data: Data::Rgb(rgb),
        });
        self.images.len() - 1
    }

    /// Adds a gray picture of `side` × `side` pixels, all black, that is 64 times smaller in the file than in memory.
    /// Answers its number.
    pub fn plain_picture(&mut self, side: usize) -> usize {
        // ISO 32000-1, 7.4.5: 129 repeats the next byte 128 times.
        let runs = [129, 0].repeat((side * side).div_ceil(128));
        self.images.push(Picture {
            side,
            data: Data::Runs(runs),
        });
        self.images.len() - 1
    }

    /// Adds a page with lines of text and the pictures of these numbers.
    #[must_use]
    pub fn page(mut self, text: &str, images: &[usize]) -> Self {
        self.pages.push(Page {
            text: text.to_owned(),
            images: images.to_vec(),
        });
        self
    }

    /// The file.
    #[must_use]
    pub fn build(&self) -> Vec<u8> {
        let mut file = File::default();
        let (first_image, first_page) = (4, 4 + self.images.len());
        let kids: Vec<_> = (0..self.pages.len())
            .map(|page| format!("{} 0 R", first_page + 2 * page))
            .collect();
        file.object(b"<< /Type /Catalog /Pages 2 0 R >>");
        file.object(
            format!(
                "<< /Type /Pages /Count {} /Kids [{}] >>",
                kids.len(),
                kids.join(" ")
            )
            .as_bytes(),
        );
        file.object(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>");
        for picture in &self.images {
            let (encoding, data) = match &picture.data {
                Data::Rgb(rgb) => ("/ColorSpace /DeviceRGB", rgb),
                Data::Runs(runs) => ("/ColorSpace /DeviceGray /Filter /RunLengthDecode", runs),
            };
            let dictionary = format!(
                "/Type /XObject /Subtype /Image /Width {side} /Height {side} /BitsPerComponent 8 {encoding}",
                side = picture.side
            );
            file.stream(&dictionary, data);
        }
        for (index, page) in self.pages.iter().enumerate() {
            let xobjects: String = page
                .images
                .iter()
                .map(|image| format!("/I{image} {} 0 R ", first_image + image))
                .collect();
            file.object(
                format!(
                    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {} 0 R \
                     /Resources << /Font << /F1 3 0 R >> /XObject << {xobjects}>> >> >>",
                    first_page + 2 * index + 1
                )
                .as_bytes(),
            );
            file.stream("", page.content().as_bytes());
        }
        file.finish()
    }
}

impl Page {
    fn content(&self) -> String {
        let mut content = String::from("BT /F1 11 Tf 14 TL 72 740 Td\n");
        for line in self.text.lines() {
            let escaped = line
                .replace('\\', "\\\\")
                .replace('(', "\\(")
                .replace(')', "\\)");
            let _infallible = writeln!(content, "({escaped}) Tj T*");
        }
        content.push_str("ET\n");
        for (place, image) in self.images.iter().enumerate() {
            let _infallible = writeln!(
                content,
                "q 100 0 0 100 {} 100 cm /I{image} Do Q",
                72 + 110 * place
            );
        }
        content
    }
}

#[derive(Default)]
struct File {
    bytes: Vec<u8>,
    offsets: Vec<usize>,
}

impl File {
    fn object(&mut self, body: &[u8]) {
        if self.bytes.is_empty() {
            self.bytes.extend_from_slice(b"%PDF-1.7\n");
        }
        self.offsets.push(self.bytes.len());
        let number = self.offsets.len();
        self.bytes
            .extend_from_slice(format!("{number} 0 obj\n").as_bytes());
        self.bytes.extend_from_slice(body);
        self.bytes.extend_from_slice(b"\nendobj\n");
    }

    fn stream(&mut self, dictionary: &str, data: &[u8]) {
        let mut body = format!("<< {dictionary} /Length {} >>\nstream\n", data.len()).into_bytes();
        body.extend_from_slice(data);
        body.extend_from_slice(b"\nendstream");
        self.object(&body);
    }

    fn finish(mut self) -> Vec<u8> {
        let (start, size) = (self.bytes.len(), self.offsets.len() + 1);
        let mut tail = format!("xref\n0 {size}\n0000000000 65535 f \n");
        for offset in &self.offsets {
            let _infallible = writeln!(tail, "{offset:010} 00000 n ");
        }
        let _infallible = write!(
            tail,
            "trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n"
        );
        self.bytes.extend_from_slice(tail.as_bytes());
        self.bytes
    }
}
