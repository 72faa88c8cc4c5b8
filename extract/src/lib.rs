//! PDF bytes → text, images and metadata. Pure: no IO, no clock, no threads, no `unsafe`.
//!
//! [`extract`] reads one document and hands what it finds to a [`Sink`], page by page, so that a
//! caller can store the first page while the last one is still being read.

mod run; // one document from its bytes to the sink

mod content; // content streams to glyphs and images
mod document; // metadata, outline, links, attachments, flags
mod filter; // a stream's filter chain, bounded
mod font; // from a font dictionary to widths and Unicode
mod image; // from an image dictionary to a file
mod objects; // how a file is opened; its objects by number
mod page; // the pages, their boxes and what they inherit
mod text; // glyphs to lines, blocks and words

mod budget; // what this extraction may still spend
mod cancel; // a flag that stops a running extraction
mod error; // why a document gave nothing at all
mod geometry; // points and matrices
mod options; // what the caller wants, and how much it may cost
mod output; // what an extraction yields

#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing; // what fuzzers call

pub use cancel::Cancel;
pub use error::ExtractError;
pub use options::{Limits, Options, Password};
pub use output::{
    Attachment, Block, Document, Flags, Image, ImageFormat, Line, Link, LinkTarget, Metadata,
    OutlineItem, Page, PlacedImage, Rect, Sha256, Sink, SinkClosed, Summary, Warning, WarningCode,
    Word,
};
pub use run::extract;
