//! Images built in code, for each filter, colour space, depth and mask; limits; noise.

mod codecs;
mod colours;
mod limits;
mod masks;

use ::png as png_crate;
use lopdf::{Dictionary, Document, Object, Stream, StringFormat, dictionary};

use super::*;
use crate::{Cancel, Limits, Options, Warning};

/// What a decoder of PNG files sees in one of ours.
#[derive(Debug, PartialEq)]
struct Png {
    color: png_crate::ColorType,
    bits: u8,
    /// Rows of 8-bit channels, palettes resolved.
    pixels: Vec<u8>,
}

impl Png {
    fn read(image: &Image<'_>) -> Self {
        assert_eq!(image.format, ImageFormat::Png);
        let cursor = || std::io::Cursor::new(&image.bytes);
        let mut decoder = png_crate::Decoder::new(cursor());
        decoder.set_transformations(png_crate::Transformations::EXPAND);
        let mut reader = decoder.read_info().unwrap();
        let info = reader.info();
        assert_eq!((info.width, info.height), (image.width, image.height));
        let (color, bits) = (info.color_type, info.bit_depth as u8);
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let size = reader.next_frame(&mut pixels).unwrap().buffer_size();
        pixels.truncate(size);
        Self {
            color,
            bits,
            pixels,
        }
    }
}

/// A file whose objects from number 10 on are `streams`; images refer to them.
fn decode_with(
    streams: Vec<Stream>,
    dict: &Dictionary,
    bytes: &[u8],
    limits: &Limits,
) -> (Result<Image<'static>, ImageError>, Vec<Warning>) {
    let mut document = Document::with_version("1.7");
    let catalog =
        document.add_object(dictionary! { "Type" => "Catalog", "Pages" => dictionary! {} });
    document.trailer.set("Root", catalog);
    for (number, stream) in (10..).zip(streams) {
        document.objects.insert((number, 0), Object::Stream(stream));
        document.max_id = number;
    }
    let mut file = Vec::new();
    document.save_to(&mut file).unwrap();
    let cancel = Cancel::new();
    let budget = Budget::new(limits, &cancel);
    let objects = Objects::open(&file, &Options::default(), &budget).unwrap();
    let named = dictionary! { "Mine" => "DeviceRGB" }.into();
    let source = Source {
        dict: &dict.clone().into(),
        bytes,
        colour_spaces: Some(&named),
        profiles: &Profiles::default(),
    };
    let image = decode_file(source, &objects, &budget).map(Image::into_owned);
    (image, budget.take_warnings())
}

fn good(dict: &Dictionary, bytes: &[u8]) -> Image<'static> {
    good_with(Vec::new(), dict, bytes)
}

fn good_with(streams: Vec<Stream>, dict: &Dictionary, bytes: &[u8]) -> Image<'static> {
    let (image, warnings) = decode_with(streams, dict, bytes, &Limits::default());
    assert_eq!(warnings, []);
    image.unwrap()
}

fn failed(dict: &Dictionary, bytes: &[u8]) -> ImageError {
    decode_with(Vec::new(), dict, bytes, &Limits::default())
        .0
        .unwrap_err()
}

/// The dictionary of an image of this size and depth.
fn raster(width: i64, height: i64, bits: i64, space: impl Into<Object>) -> Dictionary {
    dictionary! {
        "Width" => width, "Height" => height, "BitsPerComponent" => bits, "ColorSpace" => space.into(),
    }
}

fn numbers<const N: usize>(values: [i64; N]) -> Object {
    values.map(Object::Integer).to_vec().into()
}

fn with(mut dict: Dictionary, key: &str, value: impl Into<Object>) -> Dictionary {
    dict.set(key, value);
    dict
}

fn reference(number: u32) -> Object {
    Object::Reference((number, 0))
}
