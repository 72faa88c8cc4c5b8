//! Pages: stripes, combination operators, files with headers of their own.

use super::*;

/// A generic region coded as a facsimile: rows of four white and four black pixels.
fn halves(rows: u32, x: u32, y: u32, operator: u8) -> Vec<u8> {
    let mut data = place(8, rows, x, y, operator);
    data.push(1);
    // Horizontal mode 001, white run 1011, black run 011; then vertical mode 1 twice.
    let bits = format!(
        "0011011011{}000000000001000000000001",
        "11".repeat(rows as usize - 1)
    );
    let bits = format!("{bits:0<width$}", width = bits.len().next_multiple_of(8));
    let byte = |at: usize| u8::from_str_radix(&bits[at..at + 8], 2).unwrap();
    data.extend((0..bits.len()).step_by(8).map(byte));
    data
}

#[test]
fn operators_combine_regions_with_the_page() {
    let first = halves(1, 0, 0, OR);
    for (operator, expected) in [
        (OR, "....######.."),
        (1, "......##...."),
        (2, "....##..##.."),
        (3, "..##..##...."),
        (REPLACE, "......####.."),
    ] {
        let second = halves(1, 2, 0, operator);
        let data = [
            page(12, 1, 0),
            segment(1, GENERIC, &[], &first),
            segment(2, GENERIC, &[], &second),
        ];
        assert_eq!(good(&data.concat()), [expected]);
    }
    let unknown = [
        page(12, 1, 0),
        segment(1, GENERIC, &[], &halves(1, 0, 0, 5)),
    ]
    .concat();
    assert_eq!(
        failed(&unknown),
        damaged("a jbig2 combination operator is unknown")
    );
}

#[test]
fn the_page_may_be_black() {
    let data = [
        page(10, 2, 4),
        segment(1, GENERIC, &[], &halves(1, 1, 0, 1)),
    ]
    .concat();
    assert_eq!(good(&data), ["#....#####", "##########"]);
}

#[test]
fn regions_are_clipped_to_the_page() {
    let data = [
        page(10, 2, 0),
        segment(1, GENERIC, &[], &halves(3, 4, 1, OR)),
    ]
    .concat();
    assert_eq!(good(&data), ["..........", "........##"]);
    let far = [
        page(10, 1, 0),
        segment(1, GENERIC, &[], &halves(1, u32::MAX, u32::MAX, OR)),
    ]
    .concat();
    assert_eq!(good(&far), [".........."]);
}

#[test]
fn stripes_tell_the_height_of_a_page() {
    let stripe = |number, last_row: u32| segment(number, END_OF_STRIPE, &[], &numbers(&[last_row]));
    let data = [
        page(8, u32::MAX, 0),
        segment(1, GENERIC, &[], &halves(1, 0, 0, OR)),
        stripe(2, 0),
        segment(3, GENERIC, &[], &halves(1, 0, 2, OR)),
        stripe(4, 3),
    ];
    assert_eq!(
        good(&data.concat()),
        ["....####", "........", "....####", "........"]
    );
    assert_eq!(failed(&data[0]), damaged("its jbig2 page is empty"));
}

#[test]
fn a_region_of_unknown_length_ends_at_its_marker() {
    let mut data = halves(9, 0, 0, OR);
    // The end of the facsimile is what tells its length, then comes the number of rows.
    data.truncate(data.len() - 3);
    data.extend(b"\x00\x00\x00\x00\x00\x02");
    let segments = [
        page(8, 3, 0),
        segment_header(1, GENERIC, &[], u32::MAX),
        data,
        segment(2, GENERIC, &[], &halves(1, 0, 2, OR)),
    ];
    let rows = decoded(&segments.concat()).0.unwrap();
    assert_eq!(rows, ["....####"; 3]);
}

#[test]
fn files_have_their_segments_in_either_order() {
    let region = halves(1, 0, 0, OR);
    let parts = [
        (segment(0, PAGE, &[], &page(8, 1, 0)[11..]), 11),
        (segment(1, GENERIC, &[], &region), 11),
        (segment(2, END_OF_FILE, &[], &[]), 11),
    ];
    let id = b"\x97JB2\r\n\x1a\n";
    let all: Vec<u8> = parts
        .iter()
        .flat_map(|(segment, _)| segment.clone())
        .collect();
    let sequential = [&id[..], &[1, 0, 0, 0, 1], &all].concat();
    assert_eq!(good(&sequential), ["....####"]);
    let pages_unknown = [&id[..], &[3], &all].concat();
    assert_eq!(good(&pages_unknown), ["....####"]);
    let headers = parts
        .iter()
        .flat_map(|(segment, header)| segment[..*header].to_vec());
    let data = parts
        .iter()
        .flat_map(|(segment, header)| segment[*header..].to_vec());
    let random: Vec<u8> = headers.chain(data).collect();
    assert_eq!(
        good(&[&id[..], &[0, 0, 0, 0, 1], &random].concat()),
        ["....####"]
    );
}

#[test]
fn segments_of_other_pages_are_left_out() {
    let mut other = segment(1, GENERIC, &[], &halves(1, 0, 0, OR));
    other[6] = 2;
    let data = [page(8, 1, 0), other, page(8, 1, 4)].concat();
    assert_eq!(good(&data), ["........"]);
}
