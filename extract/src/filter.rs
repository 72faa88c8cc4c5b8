//! A stream's filter chain (ISO 32000-1, 7.4): encoded bytes in, plain bytes out, bounded on the way.

mod ascii; // ASCIIHexDecode and ASCII85Decode
mod brotli; // BrotliDecode
mod flate; // FlateDecode
mod lzw; // LZWDecode
mod output; // where decoded bytes go: capped per stream, charged to the document
mod predictor; // the PNG and TIFF predictors of Flate, Brotli and LZW
mod run_length; // RunLengthDecode

use std::borrow::Cow;

pub(crate) use self::output::Scratch;
use self::output::{Output, Stop};
use self::predictor::Predictor;
use crate::budget::Budget;
use crate::objects::{Dictionary, Object, Objects, Stream};
use crate::{ExtractError, WarningCode};

/// Filters applied one after the other; real files use two, rarely three.
const MAX_FILTERS: usize = 8;

/// A stream with its filters taken off, up to the first one that only makes sense for an image.
pub(crate) struct Filtered<'o> {
    /// The decoded bytes; those of the file itself where there was no filter.
    pub(crate) bytes: Cow<'o, [u8]>,
    /// The image filter that `bytes` are still encoded with, and its parameters.
    pub(crate) image: Option<(ImageFilter, Option<&'o Dictionary>)>,
}

/// The filters that yield pixels and not bytes of any meaning elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ImageFilter {
    /// `DCTDecode`: JPEG.
    Dct,
    /// `JPXDecode`: JPEG 2000.
    Jpx,
    /// `CCITTFaxDecode`: Group 3 and Group 4 facsimile.
    CcittFax,
    /// `JBIG2Decode`.
    Jbig2,
}

/// Takes the filters off a stream. Damage is a warning and yields what was decoded before it.
///
/// # Errors
/// Only what ends the whole extraction: cancellation and the document's budget.
pub(crate) fn decode_stream<'o>(
    stream: &'o Stream,
    objects: &'o Objects<'_>,
    budget: &Budget<'_>,
) -> Result<Filtered<'o>, ExtractError> {
    decode(&stream.dict, objects.raw(stream), objects, budget)
}

/// Takes the filters that `dict` names off `bytes`; `dict` may use the abbreviations of inline
/// images (ISO 32000-1, tables 93 and 94).
///
/// # Errors
/// Only what ends the whole extraction: cancellation and the document's budget.
pub(crate) fn decode<'o>(
    dict: &'o Dictionary,
    bytes: &'o [u8],
    objects: &'o Objects<'_>,
    budget: &Budget<'_>,
) -> Result<Filtered<'o>, ExtractError> {
    decode_at_most(budget.limits.max_stream_bytes, dict, bytes, objects, budget)
}

/// [`decode`] for data whose size is known from elsewhere: what lies beyond `max_bytes`, where that
/// is less than [`crate::Limits::max_stream_bytes`], is cut without a warning.
///
/// # Errors
/// Only what ends the whole extraction: cancellation and the document's budget.
pub(crate) fn decode_at_most<'o>(
    max_bytes: u64,
    dict: &'o Dictionary,
    bytes: &'o [u8],
    objects: &'o Objects<'_>,
    budget: &Budget<'_>,
) -> Result<Filtered<'o>, ExtractError> {
    let mut bytes = Cow::Borrowed(bytes);
    for (name, params) in chain(dict, objects, budget) {
        let byte_filter = match Filter::parse(name) {
            Some(Filter::Image(filter)) => {
                let image = Some((filter, params));
                return Ok(Filtered { bytes, image });
            }
            Some(Filter::Identity) => continue,
            Some(Filter::Bytes(filter)) => filter,
            None => {
                let name = String::from_utf8_lossy(name).into_owned();
                budget.warn(WarningCode::Unsupported, format!("unknown filter {name}"));
                break;
            }
        };
        bytes = Cow::Owned(apply(
            byte_filter,
            &bytes,
            params,
            max_bytes,
            objects,
            budget,
        )?);
    }
    Ok(Filtered { bytes, image: None })
}

enum Filter {
    Bytes(ByteFilter),
    Image(ImageFilter),
    Identity,
}

#[derive(Clone, Copy)]
enum ByteFilter {
    Flate,
    Brotli,
    Lzw,
    RunLength,
    Ascii85,
    AsciiHex,
}

impl Filter {
    fn parse(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"FlateDecode" | b"Fl" => Self::Bytes(ByteFilter::Flate),
            b"BrotliDecode" => Self::Bytes(ByteFilter::Brotli),
            b"LZWDecode" | b"LZW" => Self::Bytes(ByteFilter::Lzw),
            b"RunLengthDecode" | b"RL" => Self::Bytes(ByteFilter::RunLength),
            b"ASCII85Decode" | b"A85" => Self::Bytes(ByteFilter::Ascii85),
            b"ASCIIHexDecode" | b"AHx" => Self::Bytes(ByteFilter::AsciiHex),
            b"DCTDecode" | b"DCT" => Self::Image(ImageFilter::Dct),
            b"JPXDecode" => Self::Image(ImageFilter::Jpx),
            b"CCITTFaxDecode" | b"CCF" => Self::Image(ImageFilter::CcittFax),
            b"JBIG2Decode" => Self::Image(ImageFilter::Jbig2),
            // Strings and streams are decrypted where objects are read.
            b"Crypt" => Self::Identity,
            _ => return None,
        })
    }
}

/// The names in `Filter` with the dictionary in `DecodeParms` that belongs to each.
fn chain<'o>(
    dict: &'o Dictionary,
    objects: &'o Objects<'_>,
    budget: &Budget<'_>,
) -> Vec<(&'o [u8], Option<&'o Dictionary>)> {
    let either = |long: &[u8], short: &[u8]| {
        objects
            .lookup(dict, long)
            .or_else(|| objects.lookup(dict, short))
    };
    // In a stream dictionary `F` is a file specification: a string or a dictionary, never a name.
    let filters = either(b"Filter", b"F");
    let params = either(b"DecodeParms", b"DP");
    let params_at = |index: usize| match params {
        Some(Object::Array(items)) => objects.resolve(items.get(index)?).as_dict(),
        Some(Object::Dictionary(only)) if index == 0 => Some(only),
        _ => None,
    };
    match filters {
        Some(Object::Name(name)) => vec![(name.as_slice(), params_at(0))],
        Some(Object::Array(names)) => {
            if names.len() > MAX_FILTERS {
                let detail = format!("only the first {MAX_FILTERS} filters of a stream are used");
                budget.warn(WarningCode::Limit, detail);
            }
            names
                .iter()
                .take(MAX_FILTERS)
                .enumerate()
                .filter_map(|(index, name)| {
                    Some((objects.resolve(name).as_name()?, params_at(index)))
                })
                .collect()
        }
        _ => Vec::new(),
    }
}

fn apply(
    filter: ByteFilter,
    input: &[u8],
    params: Option<&Dictionary>,
    max_bytes: u64,
    objects: &Objects<'_>,
    budget: &Budget<'_>,
) -> Result<Vec<u8>, ExtractError> {
    let integer = |key: &[u8]| params.and_then(|params| objects.integer(params, key));
    let mut output = Output::new(input.len(), max_bytes, objects.scratch(), budget);
    let decoded = match filter {
        ByteFilter::Flate => flate::decode(input, &mut output),
        ByteFilter::Brotli => brotli::decode(input, &mut output),
        ByteFilter::Lzw => {
            let early_change = integer(b"EarlyChange").unwrap_or(1) != 0;
            lzw::decode(input, early_change, &mut output)
        }
        ByteFilter::RunLength => run_length::decode(input, &mut output),
        ByteFilter::Ascii85 => ascii::decode_85(input, &mut output),
        ByteFilter::AsciiHex => ascii::decode_hex(input, &mut output),
    };
    match decoded {
        Ok(()) => {}
        Err(Stop::Damaged(what)) => budget.warn(WarningCode::DamagedObject, what),
        Err(Stop::Full) if max_bytes < budget.limits.max_stream_bytes => {}
        Err(Stop::Full) => {
            budget.warn(
                WarningCode::Limit,
                format!("a stream was cut at {max_bytes} bytes"),
            );
        }
        Err(Stop::Extraction(error)) => return Err(error),
    }
    let has_predictor = matches!(
        filter,
        ByteFilter::Flate | ByteFilter::Brotli | ByteFilter::Lzw
    );
    output.finish(|bytes| {
        if has_predictor {
            match Predictor::parse(integer) {
                Ok(predictor) => predictor.undo(bytes),
                Err(what) => budget.warn(WarningCode::DamagedObject, what),
            }
        }
    })
}

#[cfg(test)]
mod tests;
