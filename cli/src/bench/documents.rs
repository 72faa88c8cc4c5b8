//! The documents of a run: files read once, made unique for every upload.

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use uuid::Uuid;

use crate::failure::Failure;

/// All files of a run are held in memory.
const MAX_BYTES: u64 = 1 << 30;
/// In front of the last one there may be a comment: it is the byte offset of what stands before it
/// (ISO 32000-1, 7.5.5), and nothing after it is referred to.
const LAST_KEYWORD: &[u8] = b"startxref";

/// What is uploaded.
pub(super) struct Documents {
    files: Vec<Document>,
    /// Tells the uploads of this run from those of every other one.
    run: Uuid,
}

/// One file, in two parts with room between them.
pub(super) struct Document {
    pub(super) name: String,
    head: Bytes,
    tail: Bytes,
}

/// A document as it is uploaded once.
pub(super) struct Copy {
    /// Which of the documents.
    pub(super) document: usize,
    /// Its bytes, one after the other.
    pub(super) parts: [Bytes; 3],
}

impl Documents {
    /// Reads a file, or all PDFs in a folder and those below it, in the order of their paths.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let cannot = |path: &Path, error: std::io::Error| {
            Failure::Usage(format!("cannot read {}: {error}", path.display()))
        };
        let paths = pdfs(path).map_err(|error| cannot(path, error))?;
        let (mut files, mut bytes) = (Vec::new(), 0);
        for path in paths {
            let content = fs::read(&path).map_err(|error| cannot(&path, error))?;
            bytes += content.len() as u64;
            if bytes > MAX_BYTES {
                return Err(Failure::Usage(format!(
                    "more than {MAX_BYTES} bytes of documents"
                )));
            }
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            files.push(Document::new(name, content));
        }
        if files.is_empty() {
            return Err(Failure::Usage(format!("no PDF in {}", path.display())));
        }
        Ok(Self {
            files,
            run: Uuid::now_v7(),
        })
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Document> {
        self.files.iter()
    }

    /// The upload with this number; files take turns.
    pub(super) fn copy(&self, number: u64) -> Copy {
        let document = (number % self.files.len() as u64) as usize;
        let Document { head, tail, .. } = &self.files[document];
        let comment = format!("\n%{} {number}\n", self.run.simple());
        Copy {
            document,
            parts: [head.clone(), comment.into(), tail.clone()],
        }
    }
}

impl Document {
    fn new(name: String, content: Vec<u8>) -> Self {
        let mut head = Bytes::from(content);
        let at = head
            .windows(LAST_KEYWORD.len())
            .rposition(|window| window == LAST_KEYWORD);
        let tail = head.split_off(at.unwrap_or(head.len()));
        Self { name, head, tail }
    }

    pub(super) fn bytes(&self) -> u64 {
        (self.head.len() + self.tail.len()) as u64
    }
}

impl Copy {
    pub(super) fn bytes(&self) -> u64 {
        self.parts.iter().map(|part| part.len() as u64).sum()
    }
}

fn pdfs(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    if !fs::metadata(path)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let (mut found, mut folders) = (Vec::new(), vec![path.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let path = entry.path();
            let is_pdf = path
                .extension()
                .is_some_and(|kind| kind.eq_ignore_ascii_case("pdf"));
            match entry.file_type()? {
                kind if kind.is_dir() => folders.push(path),
                _ if is_pdf => found.push(path),
                _ => {}
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use ::extract::{
        Cancel, Document as Described, Image, Limits, Options, Page, Sink, SinkClosed,
    };

    use super::*;

    const SAMPLE: &[u8] = include_bytes!("../../assets/sample.pdf");

    /// Everything that is in a document, as text.
    #[derive(Default)]
    struct Everything(Vec<String>);

    impl Sink for Everything {
        fn document(&mut self, document: Described) -> Result<(), SinkClosed> {
            self.0.push(format!("{document:?}"));
            Ok(())
        }
        fn image(&mut self, image: Image<'_>) -> Result<(), SinkClosed> {
            self.0.push(format!("{image:?}"));
            Ok(())
        }
        fn page(&mut self, page: Page) -> Result<(), SinkClosed> {
            self.0.push(format!("{page:?}"));
            Ok(())
        }
    }

    fn read(pdf: &[u8]) -> Vec<String> {
        let mut sink = Everything::default();
        let (options, limits, cancel) = (Options::default(), Limits::default(), Cancel::new());
        let summary = ::extract::extract(pdf, &options, &limits, &cancel, &mut sink).unwrap();
        sink.0.push(format!("{summary:?}"));
        sink.0
    }

    #[test]
    fn copies_differ_and_are_read_alike() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("sample.pdf"), SAMPLE).unwrap();
        let documents = Documents::read(folder.path()).unwrap();
        let copies: HashSet<Vec<u8>> = (0..50)
            .map(|number| documents.copy(number).parts.concat())
            .collect();
        assert_eq!(copies.len(), 50);
        let original = read(SAMPLE);
        for copy in copies {
            assert!(copy.ends_with(b"%%EOF\n"));
            assert_eq!(read(&copy), original);
        }
    }

    #[test]
    fn a_folder_is_searched_and_an_empty_one_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(
            Documents::read(folder.path()),
            Err(Failure::Usage(_))
        ));
        let below = folder.path().join("below");
        fs::create_dir(&below).unwrap();
        fs::write(below.join("b.PDF"), "no keyword").unwrap();
        fs::write(folder.path().join("a.pdf"), SAMPLE).unwrap();
        fs::write(folder.path().join("c.txt"), "no PDF").unwrap();
        let documents = Documents::read(folder.path()).unwrap();
        let names: Vec<_> = documents
            .iter()
            .map(|document| document.name.as_str())
            .collect();
        assert_eq!(names, ["a.pdf", "b.PDF"]);
        assert_eq!(documents.copy(3).document, 1);
        assert!(
            documents
                .copy(3)
                .parts
                .concat()
                .starts_with(b"no keyword\n%")
        );
    }
}
