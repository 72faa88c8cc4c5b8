//! Damage, limits and noise.

use std::io::Write as _;

use proptest::prelude::*;

use super::*;

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
