//! What a worker and its extraction process tell each other: frames of JSON and raw bytes over a socket.
//!
//! A frame is its kind (1 byte), the lengths of its JSON and of its bytes (4 bytes each, little endian), the JSON, the
//! bytes. Images and lines of `pages.ndjson` travel as bytes, so that nothing large is escaped or parsed; sources, and
//! images that are a part of them, do not travel at all.

use std::io::{self, ErrorKind, Read, Write};
use std::ops::Range;

use bytes::Bytes;
use extract::{ExtractError, Image, ImageFormat, Limits, Options, Password, PlacedImage, Sha256};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::extraction::found::{FoundDocument, FoundImage, FoundPage, place_in};

/// What the process is told about the document that lies ready for it.
#[derive(Deserialize, Serialize)]
pub(super) struct Request {
    images: bool,
    boxes: bool,
    markdown: bool,
    password: Option<String>,
    pub(super) limits: Limits,
    pub(super) source_bytes: usize,
}

/// What the process answers.
#[derive(Debug)]
pub(super) enum Reply {
    /// Once, before anything else: it is confined.
    Ready,
    Document(FoundDocument),
    Image(ReplyImage),
    Page(FoundPage),
    /// The document was read to its end, with these warnings.
    End(Vec<extract::Warning>),
    /// It was not.
    Failed(ExtractError),
    /// The extraction panicked with this message.
    Panicked(String),
}

/// A distinct image.
#[derive(Debug)]
pub(super) struct ReplyImage {
    header: ImageHeader,
    /// Its file, unless the source holds it.
    bytes: Bytes,
}

#[derive(Deserialize, Serialize)]
struct DocumentHeader {
    pages: u64,
    json: Value,
}

#[derive(Debug, Deserialize, Serialize)]
struct ImageHeader {
    sha256: Sha256,
    width: u32,
    height: u32,
    format: ImageFormat,
    /// Where its file lies in the source, if it does.
    in_source: Option<Range<usize>>,
}

#[derive(Deserialize, Serialize)]
struct PageHeader {
    number: u64,
    characters: u64,
    needs_ocr: bool,
    images: Vec<PlacedImage>,
}

/// Bytes before the JSON.
const HEAD: usize = 9;

const REQUEST: u8 = b'R';
const READY: u8 = b'r';
const DOCUMENT: u8 = b'd';
const IMAGE: u8 = b'i';
const PAGE: u8 = b'p';
const END: u8 = b'e';
const FAILED: u8 = b'f';
const PANICKED: u8 = b'x';

impl Request {
    pub(super) fn new(options: &Options, limits: &Limits, source_bytes: usize) -> Self {
        Self {
            images: options.images,
            boxes: options.boxes,
            markdown: options.markdown,
            password: options
                .password
                .as_ref()
                .map(|password| password.expose().to_owned()),
            limits: limits.clone(),
            source_bytes,
        }
    }

    pub(super) fn options(&self) -> Options {
        Options {
            images: self.images,
            boxes: self.boxes,
            markdown: self.markdown,
            password: self.password.as_deref().map(Password::new),
        }
    }

    pub(super) fn write(&self, to: &mut impl Write) -> io::Result<()> {
        write_frame(to, REQUEST, self, &[])
    }

    /// The next request; `None` when nobody will ask again.
    pub(super) fn read(from: &mut impl Read) -> io::Result<Option<Self>> {
        match read_frame(from, u32::MAX) {
            Ok((REQUEST, header, _)) => parse(&header).map(Some),
            Ok((kind, ..)) => Err(unexpected(kind)),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Reply {
    pub(super) fn write(&self, to: &mut impl Write) -> io::Result<()> {
        match self {
            Self::Ready => write_frame(to, READY, &(), &[]),
            Self::Document(document) => {
                let header = DocumentHeader {
                    pages: document.pages,
                    json: document.json.clone(),
                };
                write_frame(to, DOCUMENT, &header, &[])
            }
            Self::Image(image) => write_frame(to, IMAGE, &image.header, &image.bytes),
            Self::Page(page) => {
                let header = PageHeader {
                    number: page.number,
                    characters: page.characters,
                    needs_ocr: page.needs_ocr,
                    images: page.images.clone(),
                };
                write_frame(to, PAGE, &header, &page.line)
            }
            Self::End(warnings) => write_frame(to, END, warnings, &[]),
            Self::Failed(error) => write_frame(to, FAILED, error, &[]),
            Self::Panicked(message) => write_frame(to, PANICKED, message, &[]),
        }
    }

    /// The next reply. What comes from a process that a document may have taken over is believed no further than
    /// `longest` bytes per frame.
    pub(super) fn read(from: &mut impl Read, longest: u32) -> io::Result<Self> {
        let (kind, header, bytes) = read_frame(from, longest)?;
        Ok(match kind {
            READY => Self::Ready,
            DOCUMENT => {
                let DocumentHeader { pages, json } = parse(&header)?;
                Self::Document(FoundDocument { pages, json })
            }
            IMAGE => Self::Image(ReplyImage {
                header: parse(&header)?,
                bytes: bytes.into(),
            }),
            PAGE => {
                let header: PageHeader = parse(&header)?;
                Self::Page(FoundPage {
                    number: header.number,
                    line: Bytes::from(bytes),
                    characters: header.characters,
                    needs_ocr: header.needs_ocr,
                    images: header.images,
                })
            }
            END => Self::End(parse(&header)?),
            FAILED => Self::Failed(parse(&header)?),
            PANICKED => Self::Panicked(parse(&header)?),
            other => return Err(unexpected(other)),
        })
    }
}

impl ReplyImage {
    /// An image that was found in `source`.
    pub(super) fn new(image: Image<'_>, source: &[u8]) -> Self {
        let in_source = place_in(source, &image.bytes);
        let bytes = match in_source {
            Some(_) => Bytes::new(),
            None => image.bytes.into_owned().into(),
        };
        let header = ImageHeader {
            sha256: image.sha256,
            width: image.width,
            height: image.height,
            format: image.format,
            in_source,
        };
        Self { header, bytes }
    }

    /// The image with its file. The place is no more than a claim of a process that a document may have taken over.
    pub(super) fn found_in(self, source: &Bytes) -> io::Result<FoundImage> {
        let header = self.header;
        let bytes = match header.in_source {
            None => self.bytes,
            Some(Range { start, end }) if start <= end && end <= source.len() => {
                source.slice(start..end)
            }
            Some(_) => return Err(invalid("an image outside of its source".to_owned())),
        };
        Ok(FoundImage {
            sha256: header.sha256,
            width: header.width,
            height: header.height,
            format: header.format,
            bytes,
        })
    }
}

fn write_frame(
    to: &mut impl Write,
    kind: u8,
    header: &impl Serialize,
    bytes: &[u8],
) -> io::Result<()> {
    let mut frame = vec![kind; HEAD];
    serde_json::to_writer(&mut frame, header)?;
    let header_length = length(&frame[HEAD..])?;
    frame[1..5].copy_from_slice(&header_length.to_le_bytes());
    frame[5..HEAD].copy_from_slice(&length(bytes)?.to_le_bytes());
    to.write_all(&frame)?;
    to.write_all(bytes)?;
    to.flush()
}

fn length(bytes: &[u8]) -> io::Result<u32> {
    u32::try_from(bytes.len()).map_err(|_| io::Error::new(ErrorKind::InvalidInput, "too long"))
}

fn read_frame(from: &mut impl Read, longest: u32) -> io::Result<(u8, Vec<u8>, Vec<u8>)> {
    let mut head = [0; HEAD];
    from.read_exact(&mut head)?;
    let [kind, h0, h1, h2, h3, b0, b1, b2, b3] = head;
    let header = read_bytes(from, u32::from_le_bytes([h0, h1, h2, h3]), longest)?;
    let bytes = read_bytes(from, u32::from_le_bytes([b0, b1, b2, b3]), longest)?;
    Ok((kind, header, bytes))
}

fn read_bytes(from: &mut impl Read, count: u32, longest: u32) -> io::Result<Vec<u8>> {
    if count > longest {
        return Err(invalid(format!("a frame of {count} bytes")));
    }
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(count as usize)?;
    let read = from.take(u64::from(count)).read_to_end(&mut bytes)?;
    if read < count as usize {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    Ok(bytes)
}

fn parse<T: DeserializeOwned>(header: &[u8]) -> io::Result<T> {
    serde_json::from_slice(header).map_err(|error| invalid(error.to_string()))
}

fn unexpected(kind: u8) -> io::Error {
    invalid(format!("a frame of kind {kind}"))
}

fn invalid(what: String) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    /// What arrives of `file`, found in `source`, when it is sent.
    fn sent(file: Cow<'_, [u8]>, source: &Bytes) -> (usize, FoundImage) {
        let image = Image {
            sha256: Sha256::of(&file),
            width: 3,
            height: 2,
            format: ImageFormat::Png,
            bytes: file,
        };
        let mut pipe = Vec::new();
        let reply = Reply::Image(ReplyImage::new(image, source));
        reply.write(&mut pipe).unwrap();
        let Reply::Image(image) = Reply::read(&mut pipe.as_slice(), 1 << 20).unwrap() else {
            panic!("not an image");
        };
        (pipe.len(), image.found_in(source).unwrap())
    }

    #[test]
    fn an_image_arrives_as_it_left_and_does_not_travel_when_the_source_holds_it() {
        let source = Bytes::from(vec![b'x'; 9_000]);
        let (length, image) = sent(Cow::Borrowed(&source[100..8_100]), &source);
        assert!(length < 300, "{length} bytes");
        assert_eq!(image.bytes, source[100..8_100]);
        assert_eq!((image.width, image.height), (3, 2));
        assert_eq!(image.sha256, Sha256::of(&image.bytes));

        let (length, image) = sent(Cow::Owned(vec![b'y'; 8_000]), &source);
        assert!(length > 8_000, "{length} bytes");
        assert_eq!(image.bytes, vec![b'y'; 8_000]);
    }

    #[test]
    fn an_image_outside_of_the_source_is_refused() {
        let source = Bytes::from_static(b"%PDF");
        for (start, end) in [(0, 5), (5, 6), (3, 2), (2, usize::MAX)] {
            let header = ImageHeader {
                sha256: Sha256::of(b""),
                width: 1,
                height: 1,
                format: ImageFormat::Jpeg,
                in_source: Some(start..end),
            };
            let bytes = Bytes::new();
            let refused = ReplyImage { header, bytes }.found_in(&source).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::InvalidData);
        }
    }

    #[test]
    fn a_page_arrives_as_it_left() {
        let page = extract::Page {
            number: 7,
            text: "naïve\n".to_owned(),
            ..extract::Page::default()
        };
        let mut pipe = Vec::new();
        Reply::Page(FoundPage::from(page)).write(&mut pipe).unwrap();
        let mut pipe = pipe.as_slice();
        let Reply::Page(page) = Reply::read(&mut pipe, 1 << 20).unwrap() else {
            panic!("not a page");
        };
        assert_eq!((page.number, page.characters), (7, 6));
        assert!(page.line.ends_with(b"}\n"));
        assert!(pipe.is_empty());
    }

    #[test]
    fn a_frame_longer_than_allowed_is_refused_before_it_is_read() {
        let mut pipe = Vec::new();
        Reply::Panicked("x".repeat(99)).write(&mut pipe).unwrap();
        let refused = Reply::read(&mut pipe.as_slice(), 50).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidData);
    }

    #[test]
    fn a_frame_that_breaks_off_is_an_end() {
        let mut pipe = Vec::new();
        Request::new(&Options::default(), &Limits::default(), 4)
            .write(&mut pipe)
            .unwrap();
        assert!(Request::read(&mut pipe.as_slice()).unwrap().is_some());
        pipe.pop();
        assert!(Request::read(&mut pipe.as_slice()).unwrap().is_none());
    }
}
