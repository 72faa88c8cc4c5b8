//! Builds documents object by object.

use std::fmt::Write as _;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;

/// The fonts that every page of [`Pdf::page`] has.
const RESOURCES: &str =
    "/Font <</F1 <</Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding>>>>";

/// Objects by number, from 1; 1 is the catalog and 2 the root of the page tree.
pub(crate) struct Pdf {
    objects: Vec<Option<Vec<u8>>>,
    pages: Vec<usize>,
    catalog: String,
}

impl Pdf {
    pub(crate) fn new() -> Self {
        Self {
            objects: vec![None, None],
            pages: Vec::new(),
            catalog: String::new(),
        }
    }

    /// A document of one page with this content.
    pub(crate) fn of_page(content: &str) -> Vec<u8> {
        let mut pdf = Self::new();
        pdf.page(content, "");
        pdf.finish()
    }

    /// Adds to the catalog.
    pub(crate) fn catalog(&mut self, entries: &str) {
        self.catalog += entries;
    }

    /// Adds an object and returns its number.
    pub(crate) fn object(&mut self, body: impl Into<Vec<u8>>) -> usize {
        self.objects.push(Some(body.into()));
        self.objects.len()
    }

    /// The number that the next object gets.
    pub(crate) fn next_number(&self) -> usize {
        self.objects.len() + 1
    }

    /// Adds a stream and returns its number.
    pub(crate) fn stream(&mut self, entries: &str, data: &[u8]) -> usize {
        let mut body = format!("<<{entries} /Length {}>>\nstream\n", data.len()).into_bytes();
        body.extend_from_slice(data);
        body.extend_from_slice(b"\nendstream");
        self.object(body)
    }

    /// Adds a page; `entries` go into its dictionary, `RES` in them stands for the usual fonts.
    pub(crate) fn page(&mut self, content: &str, entries: &str) -> usize {
        let content = self.stream("", content.as_bytes());
        let resources = if entries.contains("/Resources") {
            String::new()
        } else {
            format!("/Resources <<{RESOURCES}>>")
        };
        let entries = entries.replace("RES", RESOURCES);
        let page = self.object(format!(
            "<</Type /Page /Parent 2 0 R /Contents {content} 0 R {resources} {entries}>>"
        ));
        self.pages.push(page);
        page
    }

    /// Replaces the root of the page tree.
    pub(crate) fn page_root(&mut self, body: &str) {
        self.objects[1] = Some(body.as_bytes().to_vec());
    }

    /// The whole file, with a classic cross-reference table.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.objects[0] =
            Some(format!("<</Type /Catalog /Pages 2 0 R {}>>", self.catalog).into_bytes());
        if self.objects[1].is_none() {
            let kids = self.pages.iter().fold(String::new(), |mut kids, page| {
                let _ = write!(kids, "{page} 0 R ");
                kids
            });
            let count = self.pages.len();
            self.objects[1] = Some(
                format!("<</Type /Pages /Kids [{kids}] /Count {count} /MediaBox [0 0 200 100]>>")
                    .into_bytes(),
            );
        }
        let mut file = b"%PDF-1.7\n".to_vec();
        let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", self.objects.len() + 1);
        for (body, number) in self.objects.iter().flatten().zip(1..) {
            let _ = writeln!(table, "{:010} 00000 n ", file.len());
            file.extend(format!("{number} 0 obj\n").into_bytes());
            file.extend_from_slice(body);
            file.extend_from_slice(b"\nendobj\n");
        }
        let start = file.len();
        file.extend(table.into_bytes());
        let size = self.objects.len() + 1;
        file.extend(
            format!("trailer\n<</Size {size} /Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n")
                .into_bytes(),
        );
        file
    }
}

/// `bytes` as a zlib stream.
pub(crate) fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("a vector takes every byte");
    encoder.finish().expect("a vector takes every byte")
}
