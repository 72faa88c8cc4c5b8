//! A sound file around bytes that may be anything.

/// Objects from 1 on; they may refer to the stream that comes last.
pub(super) struct Wrapped {
    bodies: Vec<Vec<u8>>,
}

impl Wrapped {
    pub(super) fn new(bodies: &[&[u8]]) -> Self {
        Self {
            bodies: bodies.iter().map(|body| body.to_vec()).collect(),
        }
    }

    /// Adds a stream.
    pub(super) fn stream(mut self, entries: &str, data: &[u8]) -> Self {
        let mut body = format!("<<{entries}/Length {}>>stream\n", data.len()).into_bytes();
        body.extend_from_slice(data);
        body.extend_from_slice(b"\nendstream");
        self.bodies.push(body);
        self
    }

    /// The file; its catalog is object 1, whether it looks like one or not.
    pub(super) fn finish(self) -> Vec<u8> {
        let mut file = b"%PDF-1.7\n".to_vec();
        let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", self.bodies.len() + 2);
        let size = self.bodies.len() + 2;
        // Fonts and images need no pages, but a file without a page tree is searched for one.
        let tree = b"<</Pages<</Kids[]>>>>".to_vec();
        for (number, body) in (1..).zip(self.bodies.iter().chain([&tree])) {
            table += &format!("{:010} 00000 n \n", file.len());
            file.extend(format!("{number} 0 obj\n").into_bytes());
            file.extend_from_slice(body);
            file.extend_from_slice(b"\nendobj\n");
        }
        let root = if self.bodies[0].starts_with(b"<</Type/Catalog") {
            1
        } else {
            size - 1
        };
        let start = file.len();
        file.extend(table.into_bytes());
        file.extend(
            format!("trailer<</Size {size}/Root {root} 0 R>>\nstartxref\n{start}\n%%EOF").bytes(),
        );
        file
    }
}
