//! What is left of damaged data.

use super::*;
use crate::WarningCode;

/// A row of four white and four black pixels.
fn row(y: u32) -> Vec<u8> {
    let coded = [1, 0b0011_0110, 0b1100_0000, 0, 0x10, 0x01];
    [place(8, 1, 0, y, OR), coded.to_vec()].concat()
}

fn damaged_but(rows: &[&str], data: &[u8]) {
    let (decoded, warnings) = decoded(data);
    assert_eq!(decoded.unwrap(), rows);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert_eq!(warnings[0].code, WarningCode::DamagedImage);
}

#[test]
fn what_comes_before_and_after_a_damaged_segment_is_kept() {
    let data = [
        page(8, 2, 0),
        segment(1, GENERIC, &[], &row(0)),
        segment(2, TEXT, &[9], &place(8, 8, 0, 0, OR)),
        segment(3, GENERIC, &[], &row(1)),
    ];
    damaged_but(&["....####", "....####"], &data.concat());
}

#[test]
fn a_stream_that_ends_early_gives_what_it_holds() {
    let data = [
        page(8, 2, 0),
        segment(1, GENERIC, &[], &row(0)),
        segment(2, GENERIC, &[], &row(1)),
    ]
    .concat();
    let second = data.len() - 11 - row(1).len();
    for end in 0..=data.len() {
        let (rows, warnings) = decoded(&data[..end]);
        match rows {
            Err(error) => assert!(end < second && matches!(error, ImageError::Damaged(_))),
            Ok(rows) => assert!(end >= 30 && rows.len() == 2),
        }
        let is_whole = [30, second, data.len()].contains(&end);
        assert!(warnings.is_empty() || !is_whole, "{end}: {warnings:?}");
    }
}

#[test]
fn padding_after_the_last_segment_is_no_damage() {
    let data = [
        page(8, 1, 0),
        segment(1, GENERIC, &[], &row(0)),
        b"\r\n\n".to_vec(),
    ]
    .concat();
    assert_eq!(good(&data), ["....####"]);
}

#[test]
fn a_facsimile_without_its_last_rows_is_white_there() {
    let mut region = row(0);
    region[7] = 3;
    let data = [page(8, 3, 0), segment(1, GENERIC, &[], &region)].concat();
    damaged_but(&["....####", "........", "........"], &data);
}

#[test]
fn data_without_a_page_is_refused() {
    assert_eq!(failed(b""), damaged("its jbig2 data has no page"));
    assert_eq!(
        failed(&segment(1, GENERIC, &[], &row(0))),
        damaged("its jbig2 data has no page")
    );
    assert_eq!(failed(&page(0, 4, 0)), damaged("its jbig2 page is empty"));
    assert_eq!(failed(b"\x97JB2\r\n\x1a\n\x01\0"), ENDS_EARLY);
}

#[test]
fn coloured_regions_are_not_supported() {
    let coloured = segment(1, GENERIC, &[], &place(8, 1, 0, 0, 8 | REPLACE));
    let error = failed(&[page(8, 1, 0), coloured].concat());
    assert_eq!(error, ImageError::Unsupported("a coloured jbig2 region"));
}
