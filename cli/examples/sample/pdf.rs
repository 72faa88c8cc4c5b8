//! The file structure of a PDF (ISO 32000-1, 7.5): header, objects, cross-reference table, trailer.

use std::fmt;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;

/// A PDF in the making.
#[derive(Default)]
pub(crate) struct Pdf {
    objects: Vec<Vec<u8>>,
}

/// An indirect reference; shown as `4 0 R`.
#[derive(Clone, Copy)]
pub(crate) struct Ref(usize);

impl fmt::Display for Ref {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} 0 R", self.0)
    }
}

impl Pdf {
    /// An object whose content is [`set`](Self::set) later, so that others can refer to it now.
    pub(crate) fn reserve(&mut self) -> Ref {
        self.objects.push(Vec::new());
        Ref(self.objects.len())
    }

    /// Gives a reserved object its content.
    pub(crate) fn set(&mut self, object: Ref, body: impl Into<Vec<u8>>) {
        self.objects[object.0 - 1] = body.into();
    }

    /// A new object.
    pub(crate) fn add(&mut self, body: impl Into<Vec<u8>>) -> Ref {
        let object = self.reserve();
        self.set(object, body);
        object
    }

    /// A stream, deflated; `entries` are those of its dictionary besides `Length` and `Filter`.
    pub(crate) fn add_deflated(&mut self, entries: &str, data: &[u8]) -> Ref {
        self.add_stream(&format!("{entries} /Filter /FlateDecode"), &deflate(data))
    }

    /// A stream as it is.
    pub(crate) fn add_stream(&mut self, entries: &str, data: &[u8]) -> Ref {
        let mut body = format!("<< {entries} /Length {} >>\nstream\n", data.len()).into_bytes();
        body.extend_from_slice(data);
        body.extend_from_slice(b"\nendstream");
        self.add(body)
    }

    /// The whole file.
    pub(crate) fn finish(&self, catalog: Ref, info: Ref) -> Vec<u8> {
        let mut file = b"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n".to_vec();
        let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", self.objects.len() + 1);
        for (index, body) in self.objects.iter().enumerate() {
            table.push_str(&format!("{:010} 00000 n \n", file.len()));
            file.extend_from_slice(format!("{} 0 obj\n", index + 1).as_bytes());
            file.extend_from_slice(body);
            file.extend_from_slice(b"\nendobj\n");
        }
        let start = file.len();
        file.extend_from_slice(table.as_bytes());
        let size = self.objects.len() + 1;
        let trailer = format!(
            "trailer\n<< /Size {size} /Root {catalog} /Info {info} >>\nstartxref\n{start}\n%%EOF\n"
        );
        file.extend_from_slice(trailer.as_bytes());
        file
    }
}

fn deflate(data: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder
        .write_all(data)
        .and_then(|()| encoder.finish())
        .expect("writing to a Vec cannot fail")
}
