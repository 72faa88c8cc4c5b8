//! Segment headers, and the order of headers and data in a file (T.88, 7.2 and annex D).

use super::reader::Reader;
use super::{ENDS_EARLY, Result, damaged};

/// What a file of its own starts with (D.4.1), which embedded data should not.
const FILE_ID: &[u8] = b"\x97JB2\r\n\x1a\n";

/// The bytes of the shortest header; less than that after the last segment is padding.
const MIN_HEADER_BYTES: usize = 11;

/// A data length that is not known when the header is written.
const UNKNOWN_LENGTH: u32 = u32::MAX;

/// Bytes of a generic region before its coded data, but for its adaptive pixels.
const GENERIC_HEADER_BYTES: usize = 18;

/// What a segment holds (7.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    SymbolDictionary,
    PatternDictionary,
    Tables,
    Region(RegionKind, Use),
    PageInformation,
    EndOfPage,
    EndOfStripe,
    EndOfFile,
    /// Profiles, colour palettes, extensions and what is reserved.
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RegionKind {
    Text,
    Halftone,
    Generic,
    Refinement,
}

/// What becomes of a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// A refinement refers to it.
    Intermediate,
    /// It is drawn at once.
    Immediate,
}

impl Kind {
    fn new(number: u8) -> Self {
        let region = |kind| match number & 3 {
            0 => Self::Region(kind, Use::Intermediate),
            2 | 3 => Self::Region(kind, Use::Immediate),
            _ => Self::Other,
        };
        match number {
            0 => Self::SymbolDictionary,
            4..=7 => region(RegionKind::Text),
            16 => Self::PatternDictionary,
            20..=23 => region(RegionKind::Halftone),
            36..=39 => region(RegionKind::Generic),
            40..=43 => region(RegionKind::Refinement),
            48 => Self::PageInformation,
            49 => Self::EndOfPage,
            50 => Self::EndOfStripe,
            51 => Self::EndOfFile,
            53 => Self::Tables,
            _ => Self::Other,
        }
    }
}

/// One segment with its data.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment<'d> {
    pub(super) number: u32,
    pub(super) kind: Kind,
    /// The page it belongs to, 0 for all of them.
    pub(super) page: u32,
    referred: Referred<'d>,
    pub(super) data: &'d [u8],
    /// Rows of a generic region whose length was not known, which may be fewer than it declares.
    pub(super) rows: Option<u32>,
    /// The stream ends before the segment does.
    pub(super) is_cut: bool,
}

impl<'d> Segment<'d> {
    /// Stands for what follows where a header cannot be read.
    const UNREADABLE: Self = Self {
        number: 0,
        kind: Kind::Other,
        page: 0,
        referred: Referred {
            numbers: &[],
            bytes: 1,
        },
        data: &[],
        rows: None,
        is_cut: true,
    };

    /// Numbers of the segments that this one refers to.
    pub(super) fn referred(&self) -> impl Iterator<Item = u32> + use<'d> {
        let Referred { numbers, bytes } = self.referred;
        numbers.chunks_exact(bytes).map(|number| {
            let digit = |value, byte: &u8| value << 8 | u32::from(*byte);
            number.iter().fold(0, digit)
        })
    }
}

/// Segment numbers as they are stored, so that they take no memory.
#[derive(Clone, Copy, Debug)]
struct Referred<'d> {
    numbers: &'d [u8],
    /// Bytes per number: 1, 2 or 4.
    bytes: usize,
}

/// The segments of a stream, which ends where a header cannot be read.
#[derive(Clone)]
pub(super) struct Segments<'d> {
    headers: Reader<'d>,
    /// Where the data of all segments is, if it does not follow each header (D.2).
    data: Option<Reader<'d>>,
    is_done: bool,
}

impl<'d> Segments<'d> {
    /// Segments as they are embedded in a PDF file, each header followed by its data (D.3).
    pub(super) fn embedded(data: &'d [u8]) -> Self {
        Self {
            headers: Reader::new(data),
            data: None,
            is_done: false,
        }
    }

    /// Those of a file of its own, `None` where the data does not start like one.
    ///
    /// # Errors
    /// [`super::ImageError::Damaged`] where the file header is incomplete.
    pub(super) fn of_file(data: &'d [u8]) -> Result<Option<Self>> {
        let Some(data) = data.strip_prefix(FILE_ID) else {
            return Ok(None);
        };
        let mut reader = Reader::new(data);
        let flags = reader.u8()?;
        if flags & 2 == 0 {
            let _number_of_pages = reader.u32()?;
        }
        let mut segments = Self::embedded(reader.rest());
        if flags & 1 == 0 {
            segments.data = Some(data_after_headers(segments.headers.clone()));
        }
        Ok(Some(segments))
    }

    fn read(&mut self) -> Result<Segment<'d>> {
        let header = Header::read(&mut self.headers)?;
        let data = self.data.as_mut().unwrap_or(&mut self.headers);
        let available = data.peek();
        let (length, rows) = match header.length {
            UNKNOWN_LENGTH => match find_end(available) {
                Some(length) => (length, last_number(&available[..length])),
                None => (usize::MAX, None),
            },
            length => (length as usize, None),
        };
        let is_cut = length > available.len();
        let bytes = data.take(length.min(available.len()))?;
        Ok(Segment {
            number: header.number,
            kind: header.kind,
            page: header.page,
            referred: header.referred,
            data: if rows.is_some() {
                &bytes[..bytes.len() - 4]
            } else {
                bytes
            },
            rows,
            is_cut,
        })
    }
}

impl<'d> Iterator for Segments<'d> {
    type Item = Segment<'d>;

    fn next(&mut self) -> Option<Segment<'d>> {
        if self.is_done {
            return None;
        }
        let available = self.headers.peek().len();
        let segment = match self.read() {
            Ok(segment) => segment,
            Err(_) => {
                self.is_done = true;
                return (available >= MIN_HEADER_BYTES).then_some(Segment::UNREADABLE);
            }
        };
        self.is_done = segment.kind == Kind::EndOfFile;
        Some(segment)
    }
}

struct Header<'d> {
    number: u32,
    kind: Kind,
    page: u32,
    referred: Referred<'d>,
    length: u32,
}

impl<'d> Header<'d> {
    fn read(reader: &mut Reader<'d>) -> Result<Self> {
        let number = reader.u32()?;
        let flags = reader.u8()?;
        // The retention flags are of no use to a decoder that keeps everything.
        let count = match reader.peek().first().ok_or(ENDS_EARLY)? >> 5 {
            7 => {
                let count = reader.u32()? & 0x1fff_ffff;
                reader.take((count as usize + 1).div_ceil(8))?;
                count as usize
            }
            5 | 6 => return Err(damaged("a jbig2 segment header")),
            count => {
                reader.u8()?;
                count.into()
            }
        };
        let bytes = match number {
            0..=256 => 1,
            257..=65_536 => 2,
            _ => 4,
        };
        let numbers = reader.take(count.saturating_mul(bytes))?;
        let page = match flags & 0x40 {
            0 => reader.u8()?.into(),
            _ => reader.u32()?,
        };
        Ok(Self {
            number,
            kind: Kind::new(flags & 0x3f),
            page,
            referred: Referred { numbers, bytes },
            length: reader.u32()?,
        })
    }
}

/// Where the data of a random-access file starts: after the header of the end of the file.
fn data_after_headers(mut headers: Reader<'_>) -> Reader<'_> {
    while let Ok(header) = Header::read(&mut headers) {
        if header.kind == Kind::EndOfFile {
            break;
        }
    }
    headers
}

/// The length of a generic region that does not declare it: up to a marker, which its coding
/// cannot produce, and the number of rows (7.2.7).
fn find_end(data: &[u8]) -> Option<usize> {
    let is_facsimile = data.get(GENERIC_HEADER_BYTES - 1)? & 1 != 0;
    let marker: &[u8] = if is_facsimile { &[0, 0] } else { &[0xff, 0xac] };
    let coded = &data[GENERIC_HEADER_BYTES..];
    let end = coded.windows(2).position(|pair| pair == marker)?;
    let length = GENERIC_HEADER_BYTES + end + marker.len() + 4;
    (length <= data.len()).then_some(length)
}

fn last_number(data: &[u8]) -> Option<u32> {
    data.last_chunk().map(|bytes| u32::from_be_bytes(*bytes))
}
