//! Data built in code or taken from the standard; what hostile data costs.

mod annex_h;
mod damage;
mod generic;
mod hostile;
mod pages;
mod refinement;

use super::arithmetic::encoder::{Encoder, IntegerEncoder};
use super::arithmetic::{Context, Decoder};
use super::*;
use crate::{Cancel, ExtractError, Limits, Warning};

/// Segment types (T.88, 7.3).
const SYMBOLS: u8 = 0;
const TEXT: u8 = 6;
const PATTERNS: u8 = 16;
const HALFTONE: u8 = 22;
const GENERIC: u8 = 38;
const INTERMEDIATE_GENERIC: u8 = 36;
const REFINEMENT: u8 = 42;
const PAGE: u8 = 48;
const END_OF_STRIPE: u8 = 50;
const END_OF_FILE: u8 = 51;

/// Combination operators (7.4.1.5).
const OR: u8 = 0;
const REPLACE: u8 = 4;

/// A segment of page 1.
fn segment(number: u8, kind: u8, referred: &[u8], data: &[u8]) -> Vec<u8> {
    let header = segment_header(number, kind, referred, data.len() as u32);
    [&header, data].concat()
}

fn segment_header(number: u8, kind: u8, referred: &[u8], length: u32) -> Vec<u8> {
    let mut header = vec![0, 0, 0, number, kind, (referred.len() as u8) << 5];
    header.extend(referred);
    header.push(1);
    header.extend(length.to_be_bytes());
    header
}

/// A page information segment, number 0.
fn page(width: u32, height: u32, flags: u8) -> Vec<u8> {
    let stripes: [u8; 2] = if height == u32::MAX {
        [0x80, 1]
    } else {
        [0; 2]
    };
    let data = [
        numbers(&[width, height, 0, 0]),
        vec![flags],
        stripes.to_vec(),
    ];
    segment(0, PAGE, &[], &data.concat())
}

/// The region information field.
fn place(width: u32, height: u32, x: u32, y: u32, operator: u8) -> Vec<u8> {
    [numbers(&[width, height, x, y]), vec![operator]].concat()
}

fn numbers(numbers: &[u32]) -> Vec<u8> {
    numbers
        .iter()
        .flat_map(|number| number.to_be_bytes())
        .collect()
}

/// What the data gives within these limits: its rows, white as `.` and black as `#`.
fn decode_within(
    limits: &Limits,
    cancel: &Cancel,
    data: &[u8],
    globals: &[u8],
) -> (Result<Vec<String>>, Vec<Warning>) {
    let budget = Budget::new(limits, cancel);
    let samples = decode_page(data, globals, None, &budget);
    (
        samples.map(|samples| rows(&samples)),
        budget.take_warnings(),
    )
}

fn rows(samples: &Samples<'_>) -> Vec<String> {
    let mut packed = vec![0; samples.row_bytes()];
    let row = |y| {
        samples.copy_row(y, &mut packed);
        let is_white = |x: usize| packed[x / 8] >> (7 - x % 8) & 1 == 1;
        let pixels = (0..samples.width as usize).map(is_white);
        pixels.map(|white| if white { '.' } else { '#' }).collect()
    };
    (0..samples.height).map(row).collect()
}

fn decoded(data: &[u8]) -> (Result<Vec<String>>, Vec<Warning>) {
    decode_within(&Limits::default(), &Cancel::new(), data, &[])
}

fn good(data: &[u8]) -> Vec<String> {
    let (rows, warnings) = decoded(data);
    assert_eq!(warnings, []);
    rows.unwrap()
}

fn failed(data: &[u8]) -> ImageError {
    decoded(data).0.unwrap_err()
}

/// Something of everything: white, black, noise, and rows that repeat.
fn picture(width: i64, height: i64) -> impl Fn(i64, i64) -> u32 + Copy {
    move |x, y| {
        if x < 0 || y < 0 || x >= width || y >= height {
            return 0;
        }
        let noise = (x * x * 7 + y * 13 + x * y * y) >> 2 & 1;
        let black = match (x / 19 + y / 11) % 4 {
            0 => false,
            1 => true,
            2 => noise == 1,
            _ => x % 5 < 2,
        };
        u32::from(black)
    }
}

fn drawn(width: i64, height: i64, pixel: impl Fn(i64, i64) -> u32) -> Vec<String> {
    let character = |x, y| if pixel(x, y) == 1 { '#' } else { '.' };
    let row = |y| (0..width).map(|x| character(x, y)).collect();
    (0..height).map(row).collect()
}

/// Encodes a picture after the letter of the standard: of each row a flag with its context, if there
/// is one, then the pixels that are coded, each with its context.
fn encode(
    (width, height): (i64, i64),
    contexts: &mut [Context],
    context: impl Fn(i64, i64) -> usize,
    pixel: impl Fn(i64, i64) -> Option<u32>,
    flag: impl Fn(i64) -> Option<(usize, u32)>,
) -> Vec<u8> {
    let mut encoder = Encoder::new();
    for y in 0..height {
        if let Some((context, flag)) = flag(y) {
            encoder.bit(&mut contexts[context], flag);
        }
        for x in 0..width {
            if let Some(pixel) = pixel(x, y) {
                encoder.bit(&mut contexts[context(x, y)], pixel);
            }
        }
    }
    encoder.finish()
}

/// The test sequence of the standard (H.2).
#[test]
fn arithmetic_decoding_follows_the_test_sequence() {
    let encoded = b"\x84\xc7\x3b\xfc\xe1\xa1\x43\x04\x02\x20\x00\x00\x41\x0d\xbb\x86\
        \xf4\x31\x7f\xff\x88\xff\x37\x47\x1a\xdb\x6a\xdf\xff\xac";
    let expected = b"\x00\x02\x00\x51\x00\x00\x00\xc0\x03\x52\x87\x2a\xaa\xaa\xaa\xaa\
        \x82\xc0\x20\x00\xfc\xd7\x9e\xf6\xbf\x7f\xed\x90\x4f\x46\xa3\xbf";
    let mut context = Context::default();
    let mut decoder = Decoder::new(encoded);
    let bit = |byte: u8, _| byte << 1 | decoder.bit(&mut context) as u8;
    let mut bit = bit;
    let bytes: Vec<u8> = (0..32).map(|_| (0..8).fold(0, &mut bit)).collect();
    assert_eq!(bytes, expected);

    let mut encoder = Encoder::new();
    let mut context = Context::default();
    for byte in expected {
        for bit in (0..8).rev() {
            encoder.bit(&mut context, u32::from(byte >> bit & 1));
        }
    }
    assert_eq!(encoder.finish(), encoded);
}

#[test]
fn integers_of_all_sizes_are_read() {
    let values = [0, 3, 4, 19, 20, 83, 84, 339, 340, 4_435, 4_436, 1 << 31];
    let signed = values.iter().flat_map(|value| [Some(*value), Some(-value)]);
    // Minus zero is the out-of-band value.
    let signed: Vec<_> = signed
        .filter(|value| *value != Some(0))
        .chain([None, Some(0)])
        .collect();
    let mut encoder = Encoder::new();
    let mut statistics = IntegerEncoder::new();
    for value in &signed {
        statistics.encode(&mut encoder, *value);
    }
    let data = encoder.finish();
    let mut decoder = Decoder::new(&data);
    let mut integer = integer::Integer::new();
    for value in signed {
        assert_eq!(integer.decode(&mut decoder), value);
    }
}

#[test]
fn standard_tables_are_complete() {
    // Every bit sequence starts with a prefix, so that any data gives a value.
    for number in 1..=15 {
        let table = huffman::standard_table(number);
        for code in 0..1_u32 << 9 {
            let data = [&((code << 7) as u16).to_be_bytes()[..], &[0; 8]].concat();
            table.decode(&mut reader::Reader::new(&data)).unwrap();
        }
    }
    let last = huffman::standard_table(10);
    let value = |data: &[u8]| last.decode(&mut reader::Reader::new(data)).unwrap();
    assert_eq!(value(b"\xff\x00\x00\x00\x01"), Some(4_167));
    assert_eq!(value(b"\xfe\x00\x00\x00\x01"), Some(-23));
    assert_eq!(value(b"\x80"), None);
}

/// Table B.1 as a tables segment would state it (B.2).
#[test]
fn own_tables_are_read() {
    let limits = Limits::default();
    let cancel = Cancel::new();
    let budget = Budget::new(&limits, &cancel);
    let allowance = Allowance::new(0, &budget);
    // No out-of-band value, prefixes of 2 bits and ranges of 5 bits; from 0 to 65,808.
    let mut bits = String::new();
    for (prefix, range) in [(1, 4), (2, 8), (3, 16)] {
        bits += &format!("{prefix:02b}{range:05b}");
    }
    // No lower range; the upper one has a prefix of three bits.
    bits += "0011000";
    let lines = bits.as_bytes().chunks(8).map(|byte| {
        let byte = format!("{:0<8}", std::str::from_utf8(byte).unwrap());
        u8::from_str_radix(&byte, 2).unwrap()
    });
    let mut data = vec![0b100_0010];
    data.extend(numbers(&[0, 65_808]));
    data.extend(lines);
    let table = huffman::Table::read(&mut reader::Reader::new(&data), &allowance).unwrap();
    let standard = huffman::standard_table(1);
    for data in [[0x35; 6], [0x8f; 6], [0xd1; 6], [0xff; 6]] {
        let value = |table: &huffman::Table| table.decode(&mut reader::Reader::new(&data));
        assert_eq!(value(&table), value(&standard));
    }
}
