//! What an extraction yields, and the trait through which it leaves.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// Receives what an extraction finds, in this order: `document` once, then for each page its new
/// images and the page itself.
pub trait Sink {
    /// Called once, before any page.
    ///
    /// # Errors
    /// [`SinkClosed`] ends the extraction.
    fn document(&mut self, document: Document) -> Result<(), SinkClosed>;

    /// Called for each distinct image (by content), before the first page that shows it.
    ///
    /// # Errors
    /// [`SinkClosed`] ends the extraction.
    fn image(&mut self, image: Image<'_>) -> Result<(), SinkClosed>;

    /// Called for each page, in page order.
    ///
    /// # Errors
    /// [`SinkClosed`] ends the extraction.
    fn page(&mut self, page: Page) -> Result<(), SinkClosed>;
}

/// A sink that takes no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SinkClosed;

/// What [`crate::extract`] returns when the document could be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Pages handed to the sink.
    pub pages: u64,
    /// Distinct images handed to the sink.
    pub images: u64,
    /// What was skipped or repaired, in the order it was met; at most 1,000 are kept.
    pub warnings: Vec<Warning>,
}

/// Something that was skipped or repaired while the rest of the document was read.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// What kind of damage or limit it was.
    pub code: WarningCode,
    /// The page it was met on, from 1; `None` for the document itself.
    pub page: Option<u64>,
    /// One lowercase sentence for a person.
    pub detail: String,
}

/// The kinds of [`Warning`].
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum WarningCode {
    /// The cross-reference table was rebuilt by scanning for objects.
    RepairedXref,
    /// A page-tree node, page or object could not be read.
    DamagedObject,
    /// A content stream could not be decoded to its end.
    DamagedContent,
    /// A font or its encoding could not be read; its text may be missing or wrong.
    DamagedFont,
    /// An image could not be decoded.
    DamagedImage,
    /// A filter, colour space or font format is not implemented.
    Unsupported,
    /// One of [`crate::Limits`] was reached and the rest was skipped.
    Limit,
}

/// What is known of the whole document before its pages are read.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Document {
    /// Number of pages in the page tree.
    pub pages: u64,
    /// PDF version, from the header or the catalog, whichever is later: `1.7`.
    pub version: String,
    /// Information dictionary and XMP (ISO 32000-1, 14.3).
    pub metadata: Metadata,
    /// Bookmarks in display order (ISO 32000-1, 12.3.3).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outline: Vec<OutlineItem>,
    /// Files embedded in the document: listed, never opened (ISO 32000-1, 7.11.4).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// What a reader should know before trusting the document.
    pub flags: Flags,
}

/// Document information; dates are RFC 3339.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct Metadata {
    /// `Title` or `dc:title`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// `Author` or `dc:creator`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// `Subject` or `dc:description`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// `Keywords` or `pdf:Keywords`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keywords: Option<String>,
    /// `Creator` or `xmp:CreatorTool`: the program that made the original.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creator: Option<String>,
    /// `Producer` or `pdf:Producer`: the program that made the PDF.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub producer: Option<String>,
    /// `CreationDate` or `xmp:CreateDate`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// `ModDate` or `xmp:ModifyDate`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified: Option<String>,
}

/// One bookmark.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct OutlineItem {
    /// Depth in the tree, from 1.
    pub level: u32,
    /// Its text.
    pub title: String,
    /// The page it leads to, from 1, where it leads to one.
    pub page: Option<u64>,
}

/// One embedded file.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Attachment {
    /// The name its file specification gives.
    pub name: String,
    /// MIME type, where the stream gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// Size in bytes as the document states it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
}

/// Reported, never run.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(default)]
pub struct Flags {
    /// The file has an encryption dictionary.
    pub encrypted: bool,
    /// There is a signature field with a value.
    pub signed: bool,
    /// A JavaScript action or name tree exists.
    pub javascript: bool,
    /// A launch action exists.
    pub launch: bool,
    /// The form is an XFA form.
    pub xfa: bool,
    /// The catalog says that it is tagged.
    pub tagged: bool,
}

/// A box in points, origin at the top left of the page as it is displayed, y down.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Rect {
    /// Left edge.
    pub x0: f32,
    /// Upper edge.
    pub y0: f32,
    /// Right edge.
    pub x1: f32,
    /// Lower edge.
    pub y1: f32,
}

/// One page.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Page {
    /// From 1.
    pub number: u64,
    /// Width in points as displayed: crop box, `UserUnit` and rotation applied.
    pub width: f32,
    /// Height in points as displayed.
    pub height: f32,
    /// Clockwise rotation in degrees: 0, 90, 180 or 270.
    pub rotation: u16,
    /// The text in reading order; lines end in `\n`, blocks are separated by an empty line.
    pub text: String,
    /// Lines and words with boxes; empty unless [`crate::Options::boxes`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocks: Vec<Block>,
    /// The page as Markdown; `None` unless [`crate::Options::markdown`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub markdown: Option<String>,
    /// Every place where an image is drawn, in drawing order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<PlacedImage>,
    /// Link annotations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Link>,
    /// The page shows images and no text: only OCR would find words.
    #[serde(default)]
    pub needs_ocr: bool,
}

/// Lines that belong together.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Block {
    /// Around all lines.
    pub bbox: Rect,
    /// From the first to the last.
    pub lines: Vec<Line>,
}

/// Words on one baseline.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Line {
    /// Around all words.
    pub bbox: Rect,
    /// In reading order.
    pub words: Vec<Word>,
}

/// Characters without a gap between them.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Word {
    /// Around all glyphs.
    pub bbox: Rect,
    /// Its characters in reading order.
    pub text: String,
    /// Font size in points as displayed.
    pub size: f32,
    /// Set in a bold font.
    #[serde(default)]
    pub bold: bool,
    /// Set in an italic font.
    #[serde(default)]
    pub italic: bool,
}

/// One link annotation (ISO 32000-1, 12.5.6.5).
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Link {
    /// The active area.
    pub bbox: Rect,
    /// Where it leads.
    #[serde(flatten)]
    pub target: LinkTarget,
}

/// Where a [`Link`] leads.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkTarget {
    /// A page of the same document, from 1.
    Page(u64),
    /// Anything else, as the document writes it.
    Uri(String),
}

/// One place where an image is drawn.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct PlacedImage {
    /// Names the [`Image`] that was handed out before.
    pub sha256: Sha256,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// How the bytes are encoded.
    pub format: ImageFormat,
    /// Where it is drawn.
    pub bbox: Rect,
}

/// One distinct image, ready to be stored as a file.
#[derive(Clone, PartialEq, Eq)]
pub struct Image<'d> {
    /// SHA-256 of `bytes`.
    pub sha256: Sha256,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// How `bytes` are encoded.
    pub format: ImageFormat,
    /// The whole file: the original JPEG or JPEG 2000 stream where that stands alone, else a PNG. Borrowed where the
    /// document holds it as it is.
    pub bytes: Cow<'d, [u8]>,
}

impl Image<'_> {
    /// The same image, independent of its document.
    #[must_use]
    pub fn into_owned(self) -> Image<'static> {
        Image {
            sha256: self.sha256,
            width: self.width,
            height: self.height,
            format: self.format,
            bytes: Cow::Owned(self.bytes.into_owned()),
        }
    }
}

impl fmt::Debug for Image<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Image({} {}x{} {:?}, {} bytes)",
            self.sha256,
            self.width,
            self.height,
            self.format,
            self.bytes.len()
        )
    }
}

/// The file formats in which images leave.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ImageFormat {
    /// `image/jpeg`
    #[serde(rename = "jpg")]
    Jpeg,
    /// `image/jp2`
    #[serde(rename = "jp2")]
    Jpeg2000,
    /// `image/png`
    Png,
}

impl ImageFormat {
    /// The file name extension, without a dot.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Jpeg2000 => "jp2",
            Self::Png => "png",
        }
    }

    /// The media type.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Jpeg2000 => "image/jp2",
            Self::Png => "image/png",
        }
    }
}

/// A SHA-256 digest; shown and serialised as 64 lowercase hexadecimal digits.
#[derive(Clone, Copy, Deserialize, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sha256([u8; 32]);

impl Sha256 {
    /// The digest of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::Digest as _;
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// The 32 raw bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<Sha256> for String {
    fn from(digest: Sha256) -> Self {
        digest.to_string()
    }
}

impl TryFrom<String> for Sha256 {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let mut digest = [0; 32];
        if text.len() != 64 || !text.is_ascii() {
            return Err("a SHA-256 digest has 64 hexadecimal digits");
        }
        for (index, byte) in digest.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16)
                .map_err(|_| "a SHA-256 digest has 64 hexadecimal digits")?;
        }
        Ok(Self(digest))
    }
}
