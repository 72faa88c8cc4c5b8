//! Facsimile, JPEG, JPEG 2000 and JBIG2 data.

use super::*;

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
    assert_eq!(*image.bytes, header);
    assert_eq!(image.sha256, Sha256::of(&header));
    // Shown through another space, the bytes alone would show the wrong colours.
    let dict = with(dict, "ColorSpace", "DeviceCMYK");
    assert!(matches!(failed(&dict, &header), ImageError::Damaged(_)));
}

/// A baseline JPEG of 8x8 pixels in which every component of every pixel is 136: one block per
/// component, a DC coefficient of 4 times the quantiser 16, and no AC coefficients.
fn flat_jpeg(components: u8) -> Vec<u8> {
    let mut jpeg = vec![0xff, 0xd8, 0xff, 0xdb, 0, 67, 0];
    jpeg.extend([16; 64]);
    jpeg.extend([0xff, 0xc0, 0, 8 + 3 * components, 8, 0, 8, 0, 8, components]);
    (1..=components).for_each(|id| jpeg.extend([id, 0x11, 0]));
    // One code of two bits in each table: DC category 3, and the end of the block.
    for (table, symbol) in [(0x00, 3), (0x10, 0)] {
        jpeg.extend([0xff, 0xc4, 0, 20, table, 0, 1]);
        jpeg.extend([0; 14]);
        jpeg.push(symbol);
    }
    jpeg.extend([0xff, 0xda, 0, 6 + 2 * components, components]);
    (1..=components).for_each(|id| jpeg.extend([id, 0]));
    jpeg.extend([0, 63, 0]);
    let block = "00".to_owned() + "100" + "00";
    let mut bits = block.repeat(components.into());
    bits.extend(std::iter::repeat_n('1', (8 - bits.len() % 8) % 8));
    let bytes = bits.as_bytes().chunks(8);
    jpeg.extend(bytes.map(|byte| byte.iter().fold(0, |value, bit| value << 1 | (bit - b'0'))));
    jpeg.extend([0xff, 0xd9]);
    jpeg
}

#[test]
fn a_jpeg_that_needs_decoding_becomes_a_png() {
    let dict = with(raster(8, 8, 8, "DeviceGray"), "Filter", "DCTDecode");
    assert_eq!(good(&dict, &flat_jpeg(1)).format, ImageFormat::Jpeg);
    let dict = with(dict, "Decode", numbers([1, 0]));
    assert_eq!(Png::read(&good(&dict, &flat_jpeg(1))).pixels, [119; 64]);

    let dict = with(raster(8, 8, 8, "DeviceCMYK"), "Filter", "DCT");
    let png = Png::read(&good(&dict, &flat_jpeg(4)));
    let plain = Png::read(&good(&raster(8, 8, 8, "DeviceCMYK"), &[136; 256]));
    assert_eq!(png, plain);
}

#[test]
fn a_jpeg_2000_leaves_byte_for_byte() {
    let bytes = b"\xff\x4f\xff\x51 and so on";
    let dict = with(raster(3, 2, 8, "DeviceRGB"), "Filter", "JPXDecode");
    let image = good(&dict, bytes);
    assert_eq!(
        (image.format, image.width, image.height),
        (ImageFormat::Jpeg2000, 3, 2)
    );
    assert_eq!(*image.bytes, *bytes);
}

/// T.88, 7.4.8 and 7.4.6: a page of 8x2 pixels with one generic region that is coded as facsimile.
#[test]
fn jbig2_is_read_with_and_without_a_file_header() {
    let mut region = vec![0, 0, 0, 8, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    // Two rows of four white and four black pixels, then the end of the block.
    region.extend([0x36, 0xf0, 0x01, 0x00, 0x10]);
    let page = [0, 0, 0, 8, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let segment = |number: u8, kind: u8, data: &[u8]| {
        let mut segment = vec![0, 0, 0, number, kind, 0, 1, 0, 0, 0, data.len() as u8];
        segment.extend(data);
        segment
    };
    let embedded = [segment(0, 48, &page), segment(1, 38, &region)].concat();
    let dict = with(raster(8, 2, 1, "DeviceGray"), "Filter", "JBIG2Decode");
    let expected = [[255; 4], [0; 4], [255; 4], [0; 4]].concat();
    assert_eq!(Png::read(&good(&dict, &embedded)).pixels, expected);

    let file = [&b"\x97JB2\r\n\x1a\n\x01\0\0\0\x01"[..], &embedded].concat();
    assert_eq!(Png::read(&good(&dict, &file)).pixels, expected);
}
