//! Images built in code, for each filter, colour space, depth and mask; limits; noise.

use std::io::Write as _;

use lopdf::{Document, Stream, StringFormat, dictionary};
use proptest::prelude::*;

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

use ::png as png_crate;

impl Png {
    fn read(image: &Image) -> Self {
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
) -> (Result<Image, ImageError>, Vec<Warning>) {
    let mut document = Document::with_version("1.7");
    let catalog = document.add_object(dictionary! { "Type" => "Catalog" });
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
    let named = dictionary! { "Mine" => "DeviceRGB" };
    let source = Source {
        dict,
        bytes,
        colour_spaces: Some(&named),
    };
    let image = decode_file(source, &objects, &budget);
    (image, budget.take_warnings())
}

fn good(dict: &Dictionary, bytes: &[u8]) -> Image {
    good_with(Vec::new(), dict, bytes)
}

fn good_with(streams: Vec<Stream>, dict: &Dictionary, bytes: &[u8]) -> Image {
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

#[test]
fn gray_keeps_its_depth() {
    for (bits, bytes) in [
        (1, vec![0b1010_0000]),
        (2, vec![0b0001_1011]),
        (4, vec![0x0f, 0x80]),
    ] {
        let png = Png::read(&good(&raster(3, 1, bits, "DeviceGray"), &bytes));
        assert_eq!(
            (png.color, png.bits),
            (png_crate::ColorType::Grayscale, bits as u8)
        );
    }
    let png = Png::read(&good(&raster(4, 1, 2, "DeviceGray"), &[0b0001_1011]));
    assert_eq!(png.pixels, [0, 85, 170, 255]);
    let png = Png::read(&good(&raster(2, 1, 16, "DeviceGray"), &[1, 2, 3, 4]));
    assert_eq!((png.bits, png.pixels), (16, vec![1, 2, 3, 4]));
}

#[test]
fn rgb_of_any_depth_is_read() {
    let png = Png::read(&good(&raster(2, 1, 8, "DeviceRGB"), &[1, 2, 3, 4, 5, 6]));
    assert_eq!(
        (png.color, png.pixels),
        (png_crate::ColorType::Rgb, vec![1, 2, 3, 4, 5, 6])
    );
    let png = Png::read(&good(
        &raster(1, 2, 4, "DeviceRGB"),
        &[0x0f, 0x80, 0xf0, 0x10],
    ));
    assert_eq!(png.pixels, [0, 255, 136, 255, 0, 17]);
    let png = Png::read(&good(&raster(1, 1, 16, "DeviceRGB"), &[1, 2, 3, 4, 5, 6]));
    assert_eq!((png.bits, png.pixels), (16, vec![1, 2, 3, 4, 5, 6]));
}

#[test]
fn cmyk_becomes_rgb() {
    let bytes = [0, 0, 0, 255, 0, 255, 255, 0, 0, 0, 0, 0];
    let png = Png::read(&good(&raster(3, 1, 8, "DeviceCMYK"), &bytes));
    assert_eq!(png.pixels, [0, 0, 0, 255, 0, 0, 255, 255, 255]);
}

#[test]
fn a_decode_array_inverts() {
    let dict = with(raster(2, 1, 8, "DeviceGray"), "Decode", numbers([1, 0]));
    assert_eq!(Png::read(&good(&dict, &[0, 200])).pixels, [255, 55]);
    let dict = with(raster(8, 1, 1, "DeviceGray"), "Decode", numbers([1, 0]));
    let png = Png::read(&good(&dict, &[0b1100_0000]));
    assert_eq!((png.bits, &png.pixels[..3]), (1, &[0, 0, 255][..]));
    let dict = with(
        raster(1, 1, 8, "DeviceRGB"),
        "Decode",
        numbers([1, 0, 0, 1, 0, 1]),
    );
    assert_eq!(Png::read(&good(&dict, &[0, 10, 20])).pixels, [255, 10, 20]);
}

#[test]
fn a_palette_stays_a_palette() {
    let table = Object::String(vec![9, 8, 7, 1, 2, 3], StringFormat::Hexadecimal);
    let space = vec!["Indexed".into(), "DeviceRGB".into(), 1.into(), table];
    let png = Png::read(&good(&raster(2, 1, 1, space.clone()), &[0b0100_0000]));
    assert_eq!((png.color, png.bits), (png_crate::ColorType::Indexed, 1));
    assert_eq!(png.pixels, [9, 8, 7, 1, 2, 3]);
    // An index past the end counts as the last one.
    let png = Png::read(&good(&raster(1, 1, 8, space), &[77]));
    assert_eq!(png.pixels, [1, 2, 3]);
}

#[test]
fn cie_spaces_show_their_white_as_white() {
    let white = || Object::Array(vec![0.9505_f32.into(), 1.0_f32.into(), 1.089_f32.into()]);
    let lab = dictionary! { "WhitePoint" => white(), "Range" => numbers([-128, 127, -128, 127]) };
    let png = Png::read(&good(
        &raster(2, 1, 8, vec!["Lab".into(), lab.into()]),
        &[255, 128, 128, 0, 128, 128],
    ));
    assert_eq!(png.pixels, [255, 255, 255, 0, 0, 0]);

    let matrix = [
        0.4124_f32, 0.2126, 0.0193, 0.3576, 0.7152, 0.1192, 0.1805, 0.0722, 0.9505,
    ];
    let cal_rgb = dictionary! {
        "WhitePoint" => white(),
        "Gamma" => vec![2.2_f32.into(), 2.2_f32.into(), 2.2_f32.into()],
        "Matrix" => matrix.map(Object::from).to_vec(),
    };
    let space = vec!["CalRGB".into(), cal_rgb.into()];
    let png = Png::read(&good(
        &raster(2, 1, 8, space),
        &[255, 255, 255, 200, 100, 50],
    ));
    for (value, expected) in png.pixels.iter().zip([255_u8, 255, 255, 200, 100, 50]) {
        assert!(value.abs_diff(expected) <= 6, "{png:?}");
    }

    let cal_gray = dictionary! { "WhitePoint" => white(), "Gamma" => 1 };
    let png = Png::read(&good(
        &raster(2, 1, 8, vec!["CalGray".into(), cal_gray.into()]),
        &[255, 55],
    ));
    assert_eq!(png.color, png_crate::ColorType::Grayscale);
    assert_eq!(png.pixels, [255, 128]);
}

#[test]
fn a_separation_goes_through_its_tint_transform() {
    let tint = dictionary! {
        "FunctionType" => 2, "N" => 1, "Domain" => numbers([0, 1]),
        "C0" => numbers([0, 0, 0, 0]), "C1" => numbers([0, 1, 1, 0]),
    };
    let space = vec![
        "Separation".into(),
        "Red".into(),
        "DeviceCMYK".into(),
        tint.clone().into(),
    ];
    let png = Png::read(&good(&raster(2, 1, 8, space), &[0, 255]));
    assert_eq!(png.pixels, [255, 255, 255, 255, 0, 0]);

    let program = Stream::new(
        dictionary! {
            "FunctionType" => 4, "Domain" => numbers([0, 1, 0, 1]), "Range" => numbers([0, 1, 0, 1, 0, 1]),
        },
        b"{ 0 }".to_vec(),
    );
    let names = Object::Array(vec!["Spot1".into(), "Spot2".into()]);
    let space = vec!["DeviceN".into(), names, "DeviceRGB".into(), reference(10)];
    let png = Png::read(&good_with(
        vec![program],
        &raster(1, 1, 8, space),
        &[255, 51],
    ));
    assert_eq!(png.pixels, [255, 51, 0]);
}

#[test]
fn an_icc_profile_that_cannot_be_read_falls_back_to_its_components() {
    let profile = Stream::new(dictionary! { "N" => 3 }, b"not a profile".to_vec());
    let dict = raster(1, 1, 8, vec!["ICCBased".into(), reference(10)]);
    assert_eq!(
        Png::read(&good_with(vec![profile], &dict, &[1, 2, 3])).pixels,
        [1, 2, 3]
    );
}

#[test]
fn an_icc_profile_is_applied_where_it_shows() {
    let wide = moxcms::ColorProfile::new_pro_photo_rgb().encode().unwrap();
    let same = moxcms::ColorProfile::new_srgb().encode().unwrap();
    let dict = raster(1, 1, 8, vec!["ICCBased".into(), reference(10)]);
    let decode = |profile: Vec<u8>| {
        let stream = Stream::new(dictionary! { "N" => 3 }, profile);
        Png::read(&good_with(vec![stream], &dict, &[200, 100, 100])).pixels
    };
    assert_eq!(decode(same), [200, 100, 100]);
    let [red, green, ..] = decode(wide)[..] else {
        panic!("no pixel")
    };
    assert!(red > 210 && green < 100, "{red} {green}");
}

#[test]
fn a_stencil_is_black_where_it_paints() {
    let dict = dictionary! { "W" => 8, "H" => 1, "IM" => true };
    let png = Png::read(&good(&dict, &[0b0111_1111]));
    assert_eq!((png.bits, &png.pixels[..2]), (1, &[0, 255][..]));
    let png = Png::read(&good(&with(dict, "D", numbers([1, 0])), &[0b0111_1111]));
    assert_eq!(png.pixels[..2], [255, 0]);
}

#[test]
fn inline_images_may_abbreviate_and_name_colour_spaces() {
    let dict = dictionary! {
        "W" => 1, "H" => 1, "BPC" => 8, "CS" => "Mine", "F" => "AHx",
    };
    assert_eq!(Png::read(&good(&dict, b"010203>")).pixels, [1, 2, 3]);
    let table = Object::String(vec![5, 6, 7], StringFormat::Literal);
    let dict = with(dict, "CS", vec!["I".into(), "RGB".into(), 0.into(), table]);
    assert_eq!(Png::read(&good(&dict, b"00>")).pixels, [5, 6, 7]);
}

#[test]
fn masks_become_alpha() {
    let base = raster(2, 2, 8, "DeviceGray");
    let soft = Stream::new(raster(2, 2, 8, "DeviceGray"), vec![0, 50, 100, 255]);
    let dict = with(base.clone(), "SMask", reference(10));
    let png = Png::read(&good_with(vec![soft], &dict, &[1, 2, 3, 4]));
    assert_eq!(png.color, png_crate::ColorType::GrayscaleAlpha);
    assert_eq!(png.pixels, [1, 0, 2, 50, 3, 100, 4, 255]);

    let stencil = dictionary! { "Width" => 4, "Height" => 2, "ImageMask" => true };
    let hard = Stream::new(stencil, vec![0b1100_0000, 0b0100_0000]);
    let dict = with(base.clone(), "Mask", reference(10));
    let png = Png::read(&good_with(vec![hard], &dict, &[1, 2, 3, 4]));
    assert_eq!(png.pixels, [1, 0, 2, 255, 3, 128, 4, 255]);

    let dict = with(base, "Mask", numbers([2, 3]));
    assert_eq!(
        Png::read(&good(&dict, &[1, 2, 3, 4])).pixels,
        [1, 255, 2, 0, 3, 0, 4, 255]
    );
    let dict = with(
        raster(2, 1, 8, "DeviceRGB"),
        "Mask",
        numbers([1, 1, 2, 2, 3, 3]),
    );
    assert_eq!(
        Png::read(&good(&dict, &[1, 2, 3, 1, 2, 4])).pixels,
        [1, 2, 3, 0, 1, 2, 4, 255]
    );
}

#[test]
fn a_mask_that_hides_nothing_costs_no_channel() {
    let soft = Stream::new(raster(1, 1, 8, "DeviceGray"), vec![255]);
    let dict = with(raster(1, 1, 8, "DeviceRGB"), "SMask", reference(10));
    let png = Png::read(&good_with(vec![soft], &dict, &[1, 2, 3]));
    assert_eq!(png.color, png_crate::ColorType::Rgb);
}

#[test]
fn a_matte_is_taken_out_again() {
    let mask = with(raster(2, 1, 8, "DeviceGray"), "Matte", numbers([0, 0, 0]));
    let dict = with(raster(2, 1, 8, "DeviceRGB"), "SMask", reference(10));
    let soft = Stream::new(mask, vec![51, 255]);
    let png = Png::read(&good_with(vec![soft], &dict, &[20, 10, 0, 9, 8, 7]));
    assert_eq!(png.pixels, [100, 50, 0, 51, 9, 8, 7, 255]);
}

#[test]
fn a_mask_that_cannot_be_read_is_a_warning() {
    let dict = with(raster(1, 1, 8, "DeviceGray"), "SMask", reference(10));
    let mask = Stream::new(dictionary! { "Width" => 1 }, vec![1]);
    let (image, warnings) = decode_with(vec![mask], &dict, &[7], &Limits::default());
    assert_eq!(Png::read(&image.unwrap()).pixels, [7]);
    assert_eq!(warnings.len(), 1);
}

/// A facsimile of Group 4, 8 columns: a row like the one above it is the code `1`.
#[test]
fn facsimiles_are_read_and_missing_rows_are_white() {
    // Row 1: horizontal mode 001, white run 4 (1011), black run 4 (011); row 2: vertical 0 twice.
    let bits = [0b0011_0110, 0b1111_1000];
    let params = |black_is_1: bool| {
        dictionary! { "K" => -1, "Columns" => 8, "EndOfBlock" => false, "BlackIs1" => black_is_1 }
    };
    let dict = |params: Dictionary| {
        let dict = with(raster(8, 2, 1, "DeviceGray"), "Filter", "CCITTFaxDecode");
        with(dict, "DecodeParms", params)
    };
    let png = Png::read(&good(&dict(params(false)), &bits));
    assert_eq!(png.pixels[..8], [255, 255, 255, 255, 0, 0, 0, 0]);
    assert_eq!(png.pixels[8..], png.pixels[..8]);
    let png = Png::read(&good(&dict(params(true)), &bits));
    assert_eq!(png.pixels[..8], [0, 0, 0, 0, 255, 255, 255, 255]);

    let tall = with(dict(params(false)), "Height", 3);
    let (image, _) = decode_with(Vec::new(), &tall, &bits[..1], &Limits::default());
    if let Ok(image) = image {
        assert_eq!(Png::read(&image).pixels[16..], [255; 8]);
    }
}

#[test]
fn a_jpeg_that_is_a_file_leaves_byte_for_byte() {
    let header = [
        0xff, 0xd8, 0xff, 0xe0, 0, 4, 0, 0, 0xff, 0xc0, 0, 17, 8, 0, 5, 0, 7, 3, 1, 0x11, 0, 2,
        0x11, 0, 3, 0x11, 0, 0xff, 0xd9,
    ];
    let dict = with(raster(7, 5, 8, "DeviceRGB"), "Filter", "DCTDecode");
    let image = good(&dict, &header);
    assert_eq!(
        (image.format, image.width, image.height),
        (ImageFormat::Jpeg, 7, 5)
    );
    assert_eq!(image.bytes, header);
    assert_eq!(image.sha256, Sha256::of(&header));
    // Shown through another space, the bytes alone would show the wrong colours.
    let dict = with(dict, "ColorSpace", "DeviceCMYK");
    assert!(matches!(failed(&dict, &header), ImageError::Damaged(_)));
}

#[test]
fn damaged_images_are_typed_errors() {
    assert_eq!(
        failed(&raster(1, 1, 8, "DeviceGray"), b""),
        ImageError::Damaged("it has no data")
    );
    assert_eq!(
        failed(&dictionary! { "ColorSpace" => "DeviceGray" }, b"x"),
        ImageError::NoSize
    );
    for filter in ["DCTDecode", "CCITTFaxDecode", "JBIG2Decode"] {
        let dict = with(raster(9, 9, 8, "DeviceGray"), "Filter", filter);
        assert!(
            matches!(failed(&dict, b"noise"), ImageError::Damaged(_)),
            "{filter}"
        );
    }
    for space in ["Pattern", "Nowhere"] {
        failed(&raster(1, 1, 8, space), b"xxxx");
    }
    let endless = Object::Array(vec!["Indexed".into(), reference(10), 1.into(), 1.into()]);
    failed(&raster(1, 1, 8, endless), b"x");
}

#[test]
fn missing_rows_are_zero() {
    assert_eq!(
        Png::read(&good(&raster(2, 2, 8, "DeviceGray"), &[9, 8, 7])).pixels,
        [9, 8, 7, 0]
    );
}

#[test]
fn huge_images_are_refused_before_anything_is_allocated() {
    let limits = Limits::default();
    assert_eq!(
        failed(&raster(60_000, 60_000, 8, "DeviceRGB"), b"x"),
        ImageError::TooLarge {
            width: 60_000,
            height: 60_000
        }
    );
    let side = i64::from(limits.max_image_side);
    for filter in ["CCITTFaxDecode", "Identity"] {
        let dict = with(raster(side, side, 16, "DeviceRGB"), "Filter", filter);
        let dict = with(dict, "DecodeParms", dictionary! { "Columns" => side });
        let limits = Limits {
            max_image_bytes: 1 << 20,
            ..limits.clone()
        };
        let (image, _) = decode_with(Vec::new(), &dict, b"x", &limits);
        assert!(
            matches!(image, Err(ImageError::TooLarge { .. })),
            "{filter}: {image:?}"
        );
    }
}

#[test]
fn a_bomb_in_an_image_stops_at_the_limit() {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&vec![0; 4 << 20]).unwrap();
    let bomb = encoder.finish().unwrap();
    let limits = Limits {
        max_document_bytes: 1 << 20,
        ..Limits::default()
    };
    let dict = with(raster(1, 1, 8, "DeviceGray"), "Filter", "FlateDecode");
    let (image, _) = decode_with(Vec::new(), &dict, &bomb, &limits);
    assert_eq!(Png::read(&image.unwrap()).pixels, [0]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn noise_never_panics(
        bytes in proptest::collection::vec(any::<u8>(), 0..400),
        filter in prop::sample::select(vec![
            "DCTDecode", "JPXDecode", "CCITTFaxDecode", "JBIG2Decode", "RunLengthDecode", "None",
        ]),
        space in prop::sample::select(vec!["DeviceGray", "DeviceRGB", "DeviceCMYK", "Mine"]),
        bits in prop::sample::select(vec![1_i64, 2, 4, 8, 16, 7]),
        size in (-1..70_i64, 0..70_i64), k in -1..2_i64,
        decode in proptest::collection::vec(-2.0..2.0_f32, 0..9),
        key in proptest::collection::vec(-9..300_i64, 0..9),
        stencil in any::<bool>(),
    ) {
        let dict = dictionary! {
            "Width" => size.0, "Height" => size.1, "BitsPerComponent" => bits, "Filter" => filter,
            "ColorSpace" => space, "ImageMask" => stencil,
            "Decode" => decode.into_iter().map(Object::from).collect::<Vec<_>>(),
            "Mask" => key.into_iter().map(Object::from).collect::<Vec<_>>(),
            "DecodeParms" => dictionary! { "K" => k, "Columns" => size.0 },
        };
        let limits = Limits { max_image_bytes: 1 << 22, ..Limits::default() };
        let _ = decode_with(Vec::new(), &dict, &bytes, &limits);
    }
}
