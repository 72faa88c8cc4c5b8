//! Filters against their definitions, against each other's encoders, and against noise.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::{DeflateEncoder, ZlibEncoder};
use lopdf::{Dictionary, Document, Object, dictionary};
use proptest::prelude::*;

use super::*;
use crate::{Cancel, Limits, Options, Warning};

/// Decodes `bytes` as the data of a stream with `dict`, in a file that holds only that.
fn decode_alone(
    dict: &Dictionary,
    bytes: &[u8],
    limits: &Limits,
) -> (Result<Vec<u8>, ExtractError>, Vec<Warning>) {
    let mut document = Document::with_version("1.7");
    let parms = dictionary! { "Predictor" => 12, "Columns" => 3 };
    document.objects.insert((7, 0), Object::Dictionary(parms));
    document
        .objects
        .insert((8, 0), Object::Name(b"FlateDecode".to_vec()));
    document.max_id = 8;
    let catalog =
        document.add_object(dictionary! { "Type" => "Catalog", "Pages" => dictionary! {} });
    document.trailer.set("Root", catalog);
    let mut file = Vec::new();
    document.save_to(&mut file).unwrap();
    let cancel = Cancel::new();
    let budget = Budget::new(limits, &cancel);
    let objects = Objects::open(&file, &Options::default(), &budget).unwrap();
    let decoded = decode(&dict.clone().into(), bytes, &objects, &budget)
        .map(|filtered| filtered.bytes.to_vec());
    (decoded, budget.take_warnings())
}

fn named(filter: &str) -> Dictionary {
    dictionary! { "Filter" => filter }
}

fn good(dict: &Dictionary, bytes: &[u8]) -> Vec<u8> {
    let (decoded, warnings) = decode_alone(dict, bytes, &Limits::default());
    assert_eq!(warnings, []);
    decoded.unwrap()
}

fn damaged(dict: &Dictionary, bytes: &[u8]) -> Vec<u8> {
    let (decoded, warnings) = decode_alone(dict, bytes, &Limits::default());
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    decoded.unwrap()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn lzw(bytes: &[u8], early_change: bool) -> Vec<u8> {
    let mut encoder = if early_change {
        weezl::encode::Encoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8)
    } else {
        weezl::encode::Encoder::new(weezl::BitOrder::Msb, 8)
    };
    encoder.encode(bytes).unwrap()
}

#[test]
fn bytes_without_a_filter_are_borrowed_from_the_file() {
    assert_eq!(good(&Dictionary::new(), b"BT ET"), b"BT ET");
}

#[test]
fn flate_ignores_what_follows_the_data() {
    let mut data = zlib(b"hello");
    data.extend_from_slice(b"\r\ngarbage");
    assert_eq!(good(&named("FlateDecode"), &data), b"hello");
    assert_eq!(good(&named("Fl"), &data), b"hello");
}

#[test]
fn flate_accepts_a_stray_end_of_line_and_bare_deflate_data() {
    let mut shifted = b"\r\n".to_vec();
    shifted.extend(zlib(b"hello"));
    assert_eq!(good(&named("FlateDecode"), &shifted), b"hello");

    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(b"hello").unwrap();
    let bare = encoder.finish().unwrap();
    assert_eq!(good(&named("FlateDecode"), &bare), b"hello");

    let mut wrong_check = zlib(b"hello");
    wrong_check[1] ^= 1;
    assert_eq!(good(&named("FlateDecode"), &wrong_check), b"hello");
}

#[test]
fn damaged_flate_yields_what_was_decoded_before_the_damage() {
    let text: Vec<u8> = (0..20_000_u32)
        .flat_map(|n| n.to_string().into_bytes())
        .collect();
    let data = zlib(&text);
    let decoded = damaged(&named("FlateDecode"), &data[..data.len() / 2]);
    assert!(decoded.len() > text.len() / 3);
    assert!(text.starts_with(&decoded));
}

#[test]
fn lzw_decodes_the_example_of_the_standard() {
    // ISO 32000-1, 7.4.4.2, example 1.
    let data = [0x80, 0x0b, 0x60, 0x50, 0x22, 0x0c, 0x0c, 0x85, 0x01];
    assert_eq!(
        good(&named("LZWDecode"), &data),
        [45, 45, 45, 45, 45, 65, 45, 45, 45, 66]
    );
}

#[test]
fn brotli_decodes_and_may_have_a_predictor() {
    // RFC 7932, 9.2: a window of 64 KiB, an uncompressed meta-block of 5 bytes, the empty last one.
    let hello = b"\x40\x00\x10hello\x03";
    assert_eq!(good(&named("BrotliDecode"), hello), b"hello");
    assert_eq!(damaged(&named("BrotliDecode"), &hello[..6]), b"hel");
    let up = dictionary! { "Predictor" => 12, "Columns" => 4 };
    let dict = dictionary! { "Filter" => "BrotliDecode", "DecodeParms" => up };
    assert_eq!(good(&dict, b"\x40\x00\x10\x00abcd\x03"), b"abcd");
}

#[test]
fn run_length_decodes_literals_and_repeats() {
    let data = [2, b'a', b'b', b'c', 254, b'x', 128, b'?'];
    assert_eq!(good(&named("RunLengthDecode"), &data), b"abcxxx");
    assert_eq!(damaged(&named("RL"), &[5, b'a', b'b']), b"ab");
    assert_eq!(damaged(&named("RL"), &[200]), b"");
}

#[test]
fn hexadecimal_pads_an_odd_digit() {
    assert_eq!(
        good(&named("ASCIIHexDecode"), b"68 65\n6C6c 6F7>ff"),
        b"hellop"
    );
    assert_eq!(damaged(&named("AHx"), b"68?65>"), b"he");
}

#[test]
fn base_85_decodes_groups_zeros_and_a_short_end() {
    assert_eq!(
        good(&named("ASCII85Decode"), b"<~9jqo^BlbD-~>"),
        b"Man is d"
    );
    assert_eq!(good(&named("A85"), b"z9jqo~>"), b"\0\0\0\0Man");
    assert_eq!(good(&named("A85"), b"9jqo^"), b"Man ");
    assert_eq!(good(&named("A85"), b"!~>"), b"");
}

#[test]
fn a_chain_with_indirect_names_and_parameters_is_undone_in_order() {
    let rows = [2, 1, 2, 3, 2, 1, 1, 1];
    let hex: Vec<u8> = zlib(&rows)
        .iter()
        .flat_map(|b| format!("{b:02X}").into_bytes())
        .collect();
    let dict = dictionary! {
        "Filter" => vec!["AHx".into(), Object::Reference((8, 0))],
        "DecodeParms" => vec![Object::Null, Object::Reference((7, 0))],
    };
    assert_eq!(good(&dict, &hex), [1, 2, 3, 2, 3, 4]);
}

#[test]
fn inline_abbreviations_name_filter_and_parameters() {
    let dict = dictionary! {
        "F" => "Fl",
        "DP" => dictionary! { "Predictor" => 2, "Columns" => 3 },
    };
    assert_eq!(good(&dict, &zlib(&[1, 1, 1, 5, 1, 1])), [1, 2, 3, 5, 6, 7]);
}

#[test]
fn an_image_filter_stops_the_chain_and_keeps_its_parameters() {
    let dict = dictionary! {
        "Filter" => vec!["AHx".into(), "CCF".into()],
        "DecodeParms" => vec![Object::Null, dictionary! { "K" => -1 }.into()],
    };
    let (limits, cancel) = (Limits::default(), Cancel::new());
    let budget = Budget::new(&limits, &cancel);
    let mut document = Document::with_version("1.7");
    let catalog =
        document.add_object(dictionary! { "Type" => "Catalog", "Pages" => dictionary! {} });
    document.trailer.set("Root", catalog);
    let mut file = Vec::new();
    document.save_to(&mut file).unwrap();
    let objects = Objects::open(&file, &Options::default(), &budget).unwrap();
    let dict = dict.into();
    let filtered = decode(&dict, b"4142>", &objects, &budget).unwrap();
    assert_eq!(&*filtered.bytes, b"AB");
    let (filter, params) = filtered.image.unwrap();
    assert_eq!(filter, ImageFilter::CcittFax);
    assert_eq!(objects.integer(params.unwrap(), b"K"), Some(-1));
}

#[test]
fn an_unknown_filter_is_a_warning() {
    assert_eq!(damaged(&named("Rot13"), b"uryyb"), b"uryyb");
}

#[test]
fn every_png_filter_is_undone() {
    let dict = dictionary! {
        "Filter" => "Fl",
        "DecodeParms" => dictionary! { "Predictor" => 15, "Columns" => 2, "Colors" => 2 },
    };
    let rows = [
        [0, 10, 20, 30, 40], // none
        [1, 1, 2, 3, 4],     // sub: 1 2 4 6
        [2, 1, 1, 1, 1],     // up: 2 3 5 7
        [3, 1, 1, 1, 1],     // average: 2 2 (2+5)/2+1 (2+7)/2+1
        [4, 1, 1, 1, 1],     // paeth: 3 3 5 6
    ];
    let expected = [
        10, 20, 30, 40, 1, 2, 4, 6, 2, 3, 5, 7, 2, 2, 4, 5, 3, 3, 5, 6,
    ];
    assert_eq!(good(&dict, &zlib(rows.as_flattened())), expected);
    let short = &rows.as_flattened()[..22];
    assert_eq!(good(&dict, &zlib(short)), expected[..17]);
}

#[test]
fn the_tiff_predictor_adds_samples_of_any_depth() {
    let dict = |bits: i64, colors: i64| {
        dictionary! {
            "Filter" => "Fl",
            "DecodeParms" => dictionary! {
                "Predictor" => 2, "Columns" => 4, "Colors" => colors, "BitsPerComponent" => bits,
            },
        }
    };
    assert_eq!(good(&dict(8, 1), &zlib(&[250, 5, 5, 1])), [250, 255, 4, 5]);
    assert_eq!(good(&dict(4, 1), &zlib(&[0x1f, 0x11])), [0x10, 0x12]);
    assert_eq!(good(&dict(1, 1), &zlib(&[0b1010_0000])), [0b1100_0000]);
    assert_eq!(
        good(&dict(2, 2), &zlib(&[0b0110_0101, 0b0101_0101])),
        [0b0110_1011, 0b1100_0001]
    );
    assert_eq!(
        good(&dict(16, 1), &zlib(&[0, 255, 0, 1, 255, 255, 0, 2])),
        [0, 255, 1, 0, 0, 255, 1, 1]
    );
}

#[test]
fn impossible_predictor_parameters_leave_the_bytes_alone() {
    let dict = dictionary! {
        "Filter" => "Fl",
        "DecodeParms" => dictionary! { "Predictor" => 12, "Columns" => i64::MAX },
    };
    assert_eq!(damaged(&dict, &zlib(b"abc")), b"abc");
}

#[test]
fn a_bomb_is_cut_at_the_limit_of_a_stream() {
    let bomb = zlib(&vec![0; 1 << 20]);
    let limits = Limits {
        max_stream_bytes: 100_000,
        ..Limits::default()
    };
    let (decoded, warnings) = decode_alone(&named("Fl"), &bomb, &limits);
    assert_eq!(decoded.unwrap().len(), 100_000);
    assert_eq!(warnings[0].code, WarningCode::Limit);
}

#[test]
fn a_chain_of_bombs_stops_at_the_limit_of_the_document() {
    let bomb = zlib(&zlib(&vec![0; 8 << 20]));
    let dict = dictionary! { "Filter" => vec!["Fl".into(), "Fl".into()] };
    let limits = Limits {
        max_document_bytes: 1 << 20,
        ..Limits::default()
    };
    let (decoded, _) = decode_alone(&dict, &bomb, &limits);
    assert!(
        matches!(decoded, Err(ExtractError::MemoryLimit(_))),
        "{decoded:?}"
    );
}

#[test]
fn small_streams_are_charged_too() {
    let limits = Limits {
        max_document_bytes: 4,
        ..Limits::default()
    };
    let (decoded, _) = decode_alone(&named("AHx"), b"0102030405>", &limits);
    assert!(matches!(decoded, Err(ExtractError::MemoryLimit(_))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn noise_never_panics(
        bytes in proptest::collection::vec(any::<u8>(), 0..600),
        filter in prop::sample::select(vec!["Fl", "LZW", "RL", "A85", "AHx"]),
        predictor in 0..16_i64, columns in 0..40_i64, colors in 0..6_i64,
        bits in prop::sample::select(vec![1_i64, 2, 4, 8, 16, 3]),
        early_change in 0..2_i64,
        zip in any::<bool>(),
    ) {
        let dict = dictionary! {
            "Filter" => filter,
            "DecodeParms" => dictionary! {
                "Predictor" => predictor, "Columns" => columns, "Colors" => colors,
                "BitsPerComponent" => bits, "EarlyChange" => early_change,
            },
        };
        let data = if zip { zlib(&bytes) } else { bytes };
        let limits = Limits { max_stream_bytes: 1 << 16, ..Limits::default() };
        prop_assert!(decode_alone(&dict, &data, &limits).0.unwrap().len() <= 1 << 16);
    }

    #[test]
    fn what_an_encoder_wrote_comes_back(bytes in proptest::collection::vec(0..9_u8, 0..2_000)) {
        prop_assert_eq!(&good(&named("Fl"), &zlib(&bytes)), &bytes);
        prop_assert_eq!(&good(&named("LZW"), &lzw(&bytes, true)), &bytes);
        let late = dictionary! {
            "Filter" => "LZW", "DecodeParms" => dictionary! { "EarlyChange" => 0 },
        };
        prop_assert_eq!(&good(&late, &lzw(&bytes, false)), &bytes);
        let hex: Vec<u8> = bytes.iter().flat_map(|b| format!("{b:02x}").into_bytes()).collect();
        prop_assert_eq!(&good(&named("AHx"), &hex), &bytes);
    }
}
