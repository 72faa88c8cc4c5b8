//! Stencils, masks, colour keys and mattes.

use super::*;

#[test]
fn a_stencil_is_white_where_it_paints() {
    let dict = dictionary! { "W" => 8, "H" => 1, "IM" => true };
    let png = Png::read(&good(&dict, &[0b0111_1111]));
    assert_eq!((png.bits, &png.pixels[..2]), (1, &[255, 0][..]));
    let png = Png::read(&good(&with(dict, "D", numbers([1, 0])), &[0b0111_1111]));
    assert_eq!(png.pixels[..2], [0, 255]);
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
    assert_eq!(png.pixels, [1, 0, 2, 255, 3, 127, 4, 255]);

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
