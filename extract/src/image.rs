//! From an image XObject or inline image (ISO 32000-1, 8.9) to one file: its own JPEG bytes, or a PNG.

mod colour; // colour spaces: component values to sRGB
mod dct; // DCTDecode: JPEG
mod error; // why an image gives no file
mod fax; // CCITTFaxDecode
mod function; // function objects, for tint transforms
mod header; // what the image dictionary says of size, depth and decoding
mod jbig2; // JBIG2Decode
mod jpx; // JPXDecode: JPEG 2000
mod mask; // soft masks, stencil masks and colour keys: transparency
mod png; // rows to a PNG file
mod render; // samples, colour space and transparency to PNG rows
mod samples; // what a codec leaves: rows of packed samples

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

pub(crate) use self::colour::Profiles;
use self::colour::{Colour, Palette};
use self::error::ImageError;
use self::header::Header;
use self::mask::Alpha;
use self::samples::Samples;
use crate::budget::Budget;
use crate::filter::{self, ImageFilter};
use crate::objects::{Dictionary, Object, Objects};
use crate::{ExtractError, Image, ImageFormat, Sha256};

/// Decodes one image into a file of its own: an XObject, or an inline image with its abbreviated
/// keys, whose named colour space is looked up in `resources`.
///
/// A gray or RGB JPEG and a JPEG 2000 leave byte for byte, without the transparency that a mask of
/// the document adds to them; everything else becomes a PNG with the same number of pixels, and
/// with an alpha channel where a mask asks for one. A stencil, which has no colours of its own, is
/// white where it paints. `None`, and a warning, where the image cannot
/// be read.
///
/// # Errors
/// Only what ends the whole extraction: cancellation and the document's budget.
pub(crate) fn decode<'o>(
    objects: &'o Objects<'_>,
    dict: &'o Dictionary,
    bytes: &'o [u8],
    resources: Option<&'o Dictionary>,
    profiles: &'o Profiles,
    budget: &Budget<'_>,
) -> Result<Option<Image<'o>>, ExtractError> {
    let colour_spaces = resources.and_then(|resources| objects.dict(resources, b"ColorSpace"));
    let source = Source {
        dict,
        bytes,
        colour_spaces,
        profiles,
    };
    // The codecs are other people's code and read hostile bytes: a slip in one costs its image only.
    let decoded = catch_unwind(AssertUnwindSafe(|| decode_file(source, objects, budget)));
    match decoded.unwrap_or(Err(ImageError::Damaged("its decoder failed"))) {
        Ok(image) => Ok(Some(image)),
        Err(ImageError::Extraction(error)) => Err(error),
        Err(error) => {
            budget.warn(error.warning_code(), error.to_string());
            Ok(None)
        }
    }
}

/// An image as the document holds it.
#[derive(Clone, Copy)]
struct Source<'o> {
    dict: &'o Dictionary,
    /// The data with its filters still on.
    bytes: &'o [u8],
    /// `ColorSpace` of the resources in force.
    colour_spaces: Option<&'o Dictionary>,
    profiles: &'o Profiles,
}

fn decode_file<'o>(
    source: Source<'o>,
    objects: &'o Objects<'_>,
    budget: &Budget<'_>,
) -> Result<Image<'o>, ImageError> {
    let encoded = Encoded::read(source, objects, budget)?;
    if let Some((format, (width, height))) = encoded.file_format() {
        let bytes = encoded.bytes;
        return Ok(Image {
            sha256: Sha256::of(&bytes),
            width,
            height,
            format,
            bytes,
        });
    }
    let decode = encoded.header.decode.clone();
    let (samples, colour) = encoded.decode(objects, budget)?;
    let alpha = Alpha::of(source, &samples, &colour, objects, budget)?;
    let bytes = render::to_png(&samples, &colour, decode.as_deref(), &alpha, budget)?;
    Ok(Image {
        sha256: Sha256::of(&bytes),
        width: samples.width,
        height: samples.height,
        format: ImageFormat::Png,
        bytes: Cow::Owned(bytes),
    })
}

/// Image data without its byte filters, and what the dictionary says about it.
struct Encoded<'o> {
    header: Header,
    /// The colour space that the dictionary names, where it names one that can be read.
    declared: Result<Option<Colour>, ImageError>,
    bytes: Cow<'o, [u8]>,
    codec: Option<(ImageFilter, Option<&'o Dictionary>)>,
}

impl<'o> Encoded<'o> {
    fn read(
        source: Source<'o>,
        objects: &'o Objects<'_>,
        budget: &Budget<'_>,
    ) -> Result<Self, ImageError> {
        let header = Header::parse(source.dict, objects, budget)?;
        let declared = match colour_of(source, &header, objects, budget) {
            Err(ImageError::Extraction(error)) => return Err(error.into()),
            declared => declared,
        };
        let components = declared
            .as_ref()
            .ok()
            .and_then(Option::as_ref)
            .map(Colour::components);
        let max_bytes = header.max_encoded_bytes(components, source.bytes.len(), budget);
        let filtered =
            filter::decode_at_most(max_bytes, source.dict, source.bytes, objects, budget)?;
        if filtered.bytes.is_empty() {
            return Err(ImageError::Damaged("it has no data"));
        }
        Ok(Self {
            header,
            declared,
            bytes: filtered.bytes,
            codec: filtered.image,
        })
    }

    /// Format and size, where the bytes themselves are a file that shows the right colours.
    fn file_format(&self) -> Option<(ImageFormat, (u32, u32))> {
        match self.codec?.0 {
            ImageFilter::Dct => {
                let frame = dct::Frame::find(&self.bytes)?;
                let plain = match self.declared.as_ref().ok()? {
                    None => matches!(frame.components, 1 | 3),
                    Some(colour) => colour.is_shown_by_jpeg(frame.components),
                };
                (plain && self.header.decodes_as_usual(frame.components))
                    .then_some((ImageFormat::Jpeg, (frame.width, frame.height)))
            }
            ImageFilter::Jpx => {
                let size = jpx::size(&self.bytes).or(self.header.size())?;
                Some((ImageFormat::Jpeg2000, size))
            }
            ImageFilter::CcittFax | ImageFilter::Jbig2 => None,
        }
    }

    /// Undoes the image filter, and finds the colour space that the samples are in.
    fn decode(
        self,
        objects: &Objects<'_>,
        budget: &Budget<'_>,
    ) -> Result<(Samples<'o>, Colour), ImageError> {
        let Self {
            header,
            declared,
            bytes,
            codec,
        } = self;
        let declared = declared?;
        let samples = match codec {
            None => {
                let components = declared.as_ref().map_or(1, Colour::components);
                let (width, height) = header.size().ok_or(ImageError::NoSize)?;
                Samples::new(width, height, components, header.bits, bytes, budget)?
            }
            Some((ImageFilter::CcittFax, params)) => {
                fax::decode(&bytes, &header, params, objects, budget)?
            }
            Some((ImageFilter::Jbig2, params)) => {
                jbig2::decode(&bytes, &header, params, objects, budget)?
            }
            Some((ImageFilter::Dct, params)) => {
                let transform =
                    params.and_then(|params| objects.integer(params, b"ColorTransform"));
                dct::decode(&bytes, transform, budget)?
            }
            Some((ImageFilter::Jpx, _)) => return jpx::decode(&bytes, declared, budget),
        };
        let colour = match declared {
            Some(colour) if colour.components() == samples.components => colour,
            _ => Colour::device(samples.components)
                .ok_or(ImageError::Unsupported("its number of components"))?,
        };
        Ok((samples, colour))
    }
}

/// The colour space that the dictionary names; gray for a stencil, `None` where it names none.
fn colour_of(
    source: Source<'_>,
    header: &Header,
    objects: &Objects<'_>,
    budget: &Budget<'_>,
) -> Result<Option<Colour>, ImageError> {
    if header.stencil {
        return Ok(Some(Colour::Gray));
    }
    let object = objects
        .lookup(source.dict, b"ColorSpace")
        .or_else(|| objects.lookup(source.dict, b"CS"));
    let parser = colour::Parser {
        objects,
        named: source.colour_spaces,
        profiles: source.profiles,
        budget,
    };
    object.map(|object| parser.parse(object)).transpose()
}

/// The gray levels of an image, one byte per pixel, `Decode` applied: what a soft mask is made of.
fn decode_gray<'o>(
    source: Source<'o>,
    objects: &'o Objects<'_>,
    budget: &Budget<'_>,
) -> Result<mask::Plane, ImageError> {
    let encoded = Encoded::read(source, objects, budget)?;
    let decode = encoded.header.decode.clone();
    let (samples, colour) = encoded.decode(objects, budget)?;
    if samples.components != 1 {
        return Err(ImageError::Unsupported("a mask in colour"));
    }
    let palette = Palette::new(&colour, samples.bits, decode.as_deref());
    mask::Plane::new(&samples, &palette, budget)
}

/// A stream of the document as an image.
fn stream_source<'o>(
    object: &'o Object,
    objects: &'o Objects<'_>,
    profiles: &'o Profiles,
) -> Option<Source<'o>> {
    match object {
        Object::Stream(stream) => Some(Source {
            dict: &stream.dict,
            bytes: objects.raw(stream),
            colour_spaces: None,
            profiles,
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
