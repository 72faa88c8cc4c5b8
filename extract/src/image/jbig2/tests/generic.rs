//! Generic regions of every template, coded after the figures of the standard.

use super::*;

const SIZE: (i64, i64) = (77, 41);

/// The pixels of each template from left to right and from top to bottom (figures 3 to 6), with
/// the number of the adaptive one where it is one.
#[rustfmt::skip]
const TEMPLATES: [&[(i64, i64, usize)]; 5] = [
    &[
        (-2, -2, 4), (-1, -2, 0), (0, -2, 0), (1, -2, 0), (2, -2, 3),
        (-3, -1, 2), (-2, -1, 0), (-1, -1, 0), (0, -1, 0), (1, -1, 0), (2, -1, 0), (3, -1, 1),
        (-4, 0, 0), (-3, 0, 0), (-2, 0, 0), (-1, 0, 0),
    ],
    &[
        (-1, -2, 0), (0, -2, 0), (1, -2, 0), (2, -2, 0),
        (-2, -1, 0), (-1, -1, 0), (0, -1, 0), (1, -1, 0), (2, -1, 0), (3, -1, 1),
        (-3, 0, 0), (-2, 0, 0), (-1, 0, 0),
    ],
    &[
        (-1, -2, 0), (0, -2, 0), (1, -2, 0),
        (-2, -1, 0), (-1, -1, 0), (0, -1, 0), (1, -1, 0), (2, -1, 1),
        (-2, 0, 0), (-1, 0, 0),
    ],
    &[
        (-3, -1, 0), (-2, -1, 0), (-1, -1, 0), (0, -1, 0), (1, -1, 0), (2, -1, 1),
        (-4, 0, 0), (-3, 0, 0), (-2, 0, 0), (-1, 0, 0),
    ],
    // The extended template 0.
    &[
        (-2, -2, 11), (-1, -2, 4), (0, -2, 2), (1, -2, 5), (2, -2, 9),
        (-3, -1, 12), (-2, -1, 3), (-1, -1, 0), (0, -1, 0), (1, -1, 0), (2, -1, 6), (3, -1, 10),
        (-4, 0, 8), (-3, 0, 7), (-2, 0, 1), (-1, 0, 0),
    ],
];

/// The contexts of the flags of typical rows (figures 8 to 11).
const TYPICAL: [usize; 4] = [0x9b25, 0x0795, 0x00e5, 0x0195];

const EXTENDED: usize = 4;

/// A page of one region, coded with adaptive pixels at these places or at their nominal ones.
fn region(
    number: usize,
    places: &[(i8, i8)],
    is_typical: bool,
    pixel: impl Fn(i64, i64) -> u32,
) -> Vec<u8> {
    let template = TEMPLATES[number];
    let mut adaptive: Vec<_> = template
        .iter()
        .filter(|(.., adaptive)| *adaptive > 0)
        .collect();
    adaptive.sort_by_key(|(.., adaptive)| *adaptive);
    let nominal: Vec<_> = adaptive
        .iter()
        .map(|(dx, dy, _)| (*dx as i8, *dy as i8))
        .collect();
    let places = if places.is_empty() { &nominal } else { places };
    let digit = |x: i64, y: i64| {
        let pixel = &pixel;
        move |value: usize, (dx, dy, adaptive): &(i64, i64, usize)| {
            let (dx, dy) = match adaptive {
                0 => (*dx, *dy),
                _ => (places[adaptive - 1].0.into(), places[adaptive - 1].1.into()),
            };
            value << 1 | pixel(x + dx, y + dy) as usize
        }
    };
    let is_like_above = |y: i64| u32::from((0..SIZE.0).all(|x| pixel(x, y) == pixel(x, y - 1)));
    let coded = encode(
        SIZE,
        &mut vec![Context::default(); 1 << template.len()],
        |x, y| template.iter().fold(0, digit(x, y)),
        |x, y| (!is_typical || is_like_above(y) == 0).then(|| pixel(x, y)),
        |y| {
            let before = if y == 0 { 0 } else { is_like_above(y - 1) };
            is_typical.then(|| (TYPICAL[number % EXTENDED], is_like_above(y) ^ before))
        },
    );
    let number_bits = (number % EXTENDED) as u8;
    let flags = number_bits << 1 | u8::from(is_typical) << 3 | u8::from(number == EXTENDED) << 4;
    let (width, height) = (SIZE.0 as u32, SIZE.1 as u32);
    let mut data = place(width, height, 0, 0, OR);
    data.push(flags);
    data.extend(places.iter().flat_map(|(x, y)| [*x as u8, *y as u8]));
    data.extend(coded);
    [page(width, height, 0), segment(1, GENERIC, &[], &data)].concat()
}

#[test]
fn every_template_is_read() {
    let pixel = picture(SIZE.0, SIZE.1);
    let expected = drawn(SIZE.0, SIZE.1, pixel);
    for number in 0..TEMPLATES.len() {
        for is_typical in [false, true] {
            let data = region(number, &[], is_typical, pixel);
            assert_eq!(
                good(&data),
                expected,
                "template {number}, typical {is_typical}"
            );
        }
    }
}

#[test]
fn adaptive_pixels_may_be_anywhere_before() {
    let pixel = picture(SIZE.0, SIZE.1);
    let expected = drawn(SIZE.0, SIZE.1, pixel);
    let places = [
        (-1, 0),
        (-8, 0),
        (-9, 0),
        (-128, 0),
        (5, -1),
        (-17, -3),
        (127, -128),
        (0, -2),
        (8, -1),
        (-2, -2),
        (16, -40),
        (-5, 0),
    ];
    for (number, count) in [(0, 4), (1, 1), (2, 1), (3, 1), (EXTENDED, 12)] {
        for first in 0..places.len() {
            let places: Vec<_> = places
                .iter()
                .cycle()
                .skip(first)
                .take(count)
                .copied()
                .collect();
            let data = region(number, &places, first % 2 == 1, pixel);
            assert_eq!(good(&data), expected, "template {number}, {places:?}");
        }
    }
    for place in [(0, 0), (1, 0), (-3, 1)] {
        let data = region(3, &[place], false, |_, _| 0);
        assert_eq!(failed(&data), damaged("a jbig2 template looks ahead"));
    }
}

#[test]
fn large_areas_of_one_colour_are_read() {
    for colour in [0, 1] {
        let pixel = move |x: i64, y: i64| match (0..SIZE.0).contains(&x) && (0..SIZE.1).contains(&y)
        {
            true => colour,
            false => 0,
        };
        for number in 0..TEMPLATES.len() {
            let data = region(number, &[], false, pixel);
            assert_eq!(good(&data), drawn(SIZE.0, SIZE.1, pixel));
        }
    }
}
