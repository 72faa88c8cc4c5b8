//! Depths, colour spaces and Decode arrays.

use super::*;

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
    assert_eq!(png.pixels, [35, 31, 32, 237, 28, 36, 255, 255, 255]);
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
        tint.into(),
    ];
    let png = Png::read(&good(&raster(2, 1, 8, space), &[0, 255]));
    assert_eq!(png.pixels, [255, 255, 255, 237, 28, 36]);

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
fn inline_images_may_abbreviate_and_name_colour_spaces() {
    let dict = dictionary! {
        "W" => 1, "H" => 1, "BPC" => 8, "CS" => "Mine", "F" => "AHx",
    };
    assert_eq!(Png::read(&good(&dict, b"010203>")).pixels, [1, 2, 3]);
    let table = Object::String(vec![5, 6, 7], StringFormat::Literal);
    let dict = with(dict, "CS", vec!["I".into(), "RGB".into(), 0.into(), table]);
    assert_eq!(Png::read(&good(&dict, b"00>")).pixels, [5, 6, 7]);
}

proptest::proptest! {
    #[test]
    fn gray_samples_of_any_size_and_depth_survive(
        width in 1_usize..40,
        height in 1_usize..20,
        depth in 0_u32..4,
        seed in 1_u8..,
    ) {
        let bits = 1_usize << depth;
        let row_bytes = (width * bits).div_ceil(8);
        let data: Vec<u8> = (0..row_bytes * height).map(|at| (at as u8).wrapping_mul(seed)).collect();
        let dict = raster(width as i64, height as i64, bits as i64, "DeviceGray");
        let png = Png::read(&good(&dict, &data));
        let greatest = (1_u32 << bits) - 1;
        let expected: Vec<u8> = data
            .chunks(row_bytes)
            .flat_map(|row| {
                (0..width).map(move |x| {
                    let shift = 8 - bits - x * bits % 8;
                    let value = u32::from(row[x * bits / 8]) >> shift & greatest;
                    (value * 255 / greatest) as u8
                })
            })
            .collect();
        proptest::prop_assert_eq!(png.pixels, expected);
    }

    #[test]
    fn colour_samples_of_any_size_survive(width in 1_usize..40, height in 1_usize..20, seed in 1_u8..) {
        let data: Vec<u8> = (0..3 * width * height).map(|at| (at as u8).wrapping_mul(seed)).collect();
        let dict = raster(width as i64, height as i64, 8, "DeviceRGB");
        proptest::prop_assert_eq!(Png::read(&good(&dict, &data)).pixels, data);
    }
}
