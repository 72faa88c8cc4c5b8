//! Regions that refine another one or the page, coded after the figures of the standard.

use super::*;

const SIZE: (i64, i64) = (53, 33);

/// The pixels of each template (figures 12 and 13): of the picture itself, and of the reference.
const TEMPLATES: [[&[(i64, i64)]; 2]; 2] = [
    [
        &[(-1, -1), (0, -1), (1, -1), (-1, 0)],
        &[
            (-1, -1),
            (0, -1),
            (1, -1),
            (-1, 0),
            (0, 0),
            (1, 0),
            (-1, 1),
            (0, 1),
            (1, 1),
        ],
    ],
    [
        &[(-1, -1), (0, -1), (1, -1), (-1, 0)],
        &[(0, -1), (-1, 0), (0, 0), (1, 0), (0, 1), (1, 1)],
    ],
];

/// Where the adaptive pixels of template 0 are, its own and that of the reference.
type Places = ((i8, i8), (i8, i8));

const NOMINAL: Places = ((-1, -1), (-1, -1));

/// The segment data of a region that refines `reference`.
fn refined(
    number: usize,
    (own, other): Places,
    is_typical: bool,
    pixel: impl Fn(i64, i64) -> u32,
    reference: impl Fn(i64, i64) -> u32,
) -> Vec<u8> {
    let [own_pixels, other_pixels] = TEMPLATES[number];
    let (mut own_pixels, mut other_pixels) = (own_pixels.to_vec(), other_pixels.to_vec());
    if number == 0 {
        own_pixels[0] = (own.0.into(), own.1.into());
        other_pixels[0] = (other.0.into(), other.1.into());
    }
    let around = |x, y| (-1..2).flat_map(move |dy| (-1..2).map(move |dx| (x + dx, y + dy)));
    let is_even =
        |x, y| around(x, y).all(|near: (i64, i64)| reference(near.0, near.1) == reference(x, y));
    let is_typical_row = |y| {
        let is_like = |x| !is_even(x, y) || pixel(x, y) == reference(x, y);
        u32::from(is_typical && (0..SIZE.0).all(is_like))
    };
    // Only the pixel itself is black, in the reference.
    let centre = other_pixels.iter().rev().position(|place| *place == (0, 0));
    let coded = encode(
        SIZE,
        &mut vec![Context::default(); 1 << (own_pixels.len() + other_pixels.len())],
        |x, y| {
            let own = own_pixels.iter().map(|(dx, dy)| pixel(x + dx, y + dy));
            let other = other_pixels
                .iter()
                .map(|(dx, dy)| reference(x + dx, y + dy));
            own.chain(other)
                .fold(0, |value, pixel| value << 1 | pixel as usize)
        },
        |x, y| (is_typical_row(y) == 0 || !is_even(x, y)).then(|| pixel(x, y)),
        |y| {
            let before = if y == 0 { 0 } else { is_typical_row(y - 1) };
            is_typical.then(|| (1 << centre.unwrap(), is_typical_row(y) ^ before))
        },
    );
    let mut data = place(SIZE.0 as u32, SIZE.1 as u32, 0, 0, REPLACE);
    data.push(number as u8 | u8::from(is_typical) << 1);
    if number == 0 {
        data.extend([own.0, own.1, other.0, other.1].map(|place| place as u8));
    }
    data.extend(coded);
    data
}

/// The picture with some pixels changed in most rows.
fn worse(x: i64, y: i64) -> u32 {
    let is_inside = (0..SIZE.0).contains(&x) && (0..SIZE.1).contains(&y);
    let is_changed = is_inside && (x + 3 * y) % 13 == 0 && y % 7 < 4;
    picture(SIZE.0, SIZE.1)(x, y) ^ u32::from(is_changed)
}

/// A white region, coded as a facsimile of rows like the one above, a bit each.
fn blank(width: u32, height: u32) -> Vec<u8> {
    let rows = vec![0xff; height.div_ceil(8) as usize];
    [place(width, height, 0, 0, REPLACE), vec![1], rows].concat()
}

/// A page on which nothing is refined into the worse picture, and that into the picture.
fn page_of(number: usize, places: Places, is_typical: bool, kind: u8) -> Vec<u8> {
    let blank = blank(SIZE.0 as u32, SIZE.1 as u32);
    let pixel = picture(SIZE.0, SIZE.1);
    let first = refined(number, places, is_typical, worse, |_, _| 0);
    let second = refined(number, places, is_typical, pixel, worse);
    let (first_of, second_of): (&[u8], &[u8]) = match kind {
        INTERMEDIATE_GENERIC => (&[1], &[2]),
        // The page itself is refined.
        _ => (&[], &[]),
    };
    let first_kind = if kind == INTERMEDIATE_GENERIC {
        40
    } else {
        REFINEMENT
    };
    [
        page(SIZE.0 as u32, SIZE.1 as u32, 0),
        segment(1, kind, &[], &blank),
        segment(2, first_kind, first_of, &first),
        segment(3, REFINEMENT, second_of, &second),
    ]
    .concat()
}

#[test]
fn regions_and_the_page_are_refined() {
    let expected = drawn(SIZE.0, SIZE.1, picture(SIZE.0, SIZE.1));
    for number in [0, 1] {
        for is_typical in [false, true] {
            for kind in [GENERIC, INTERMEDIATE_GENERIC] {
                let data = page_of(number, NOMINAL, is_typical, kind);
                let rows = good(&data);
                assert_eq!(rows, expected, "template {number}, typical {is_typical}");
            }
        }
    }
}

#[test]
fn adaptive_pixels_may_be_anywhere() {
    let expected = drawn(SIZE.0, SIZE.1, picture(SIZE.0, SIZE.1));
    let places = [
        ((-1, 0), (0, 0)),
        ((-8, 0), (127, 127)),
        ((-9, 0), (-128, -128)),
        ((3, -1), (9, 2)),
        ((-17, -4), (-1, -1)),
        ((-1, -1), (-8, 5)),
    ];
    for places in places {
        for is_typical in [false, true] {
            let rows = good(&page_of(0, places, is_typical, GENERIC));
            assert_eq!(rows, expected, "{places:?}");
        }
    }
}

#[test]
fn what_is_refined_must_exist_and_fit() {
    let data = refined(1, NOMINAL, false, worse, |_, _| 0);
    let page = page(SIZE.0 as u32, SIZE.1 as u32, 0);
    let missing = [page.clone(), segment(1, REFINEMENT, &[0], &data)].concat();
    assert_eq!(
        failed(&missing),
        damaged("a jbig2 region to refine does not exist")
    );
    let blank = blank(8, 8);
    let small = [
        page,
        segment(1, INTERMEDIATE_GENERIC, &[], &blank),
        segment(2, REFINEMENT, &[1], &data),
    ];
    assert_eq!(
        failed(&small.concat()),
        damaged("a jbig2 region to refine is of another size")
    );
}
