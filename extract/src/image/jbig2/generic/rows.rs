//! One row of a generic region: a context is shifted along it.

use super::template::{SHAPES, Template};
use crate::image::jbig2::adaptive::Moved;
use crate::image::jbig2::arithmetic::{Context, Decoder};
use crate::image::jbig2::bitmap::Above;

/// More than one template has (`GBAT1` to `GBAT12`).
const MAX_MOVED: usize = 12;

/// Decodes a row. Pixels that are black in `skip` are white without being coded.
pub(super) fn decode(
    template: &Template,
    skip: &[u8],
    decoder: &mut Decoder<'_>,
    contexts: &mut [Context],
    above: Above<'_>,
    row: &mut [u8],
    width: u32,
) {
    let decode = match (
        template.number,
        template.moved.is_empty() && skip.is_empty(),
    ) {
        (0, true) => decode_row::<0, { 1 << SHAPES[0].bits }, true>,
        (0, false) => decode_row::<0, { 1 << SHAPES[0].bits }, false>,
        (1, true) => decode_row::<1, { 1 << SHAPES[1].bits }, true>,
        (1, false) => decode_row::<1, { 1 << SHAPES[1].bits }, false>,
        (2, true) => decode_row::<2, { 1 << SHAPES[2].bits }, true>,
        (2, false) => decode_row::<2, { 1 << SHAPES[2].bits }, false>,
        (_, true) => decode_row::<3, { 1 << SHAPES[3].bits }, true>,
        (_, false) => decode_row::<3, { 1 << SHAPES[3].bits }, false>,
    };
    // In a variable of its own the decoder can stay in registers.
    let mut local = decoder.clone();
    decode(template, skip, &mut local, contexts, above, row, width);
    *decoder = local;
}

/// `PLAIN` where no pixel is skipped and all adaptive ones are at their nominal places.
fn decode_row<const TEMPLATE: usize, const CONTEXTS: usize, const PLAIN: bool>(
    template: &Template,
    skip: &[u8],
    decoder: &mut Decoder<'_>,
    contexts: &mut [Context],
    above: Above<'_>,
    row: &mut [u8],
    width: u32,
) {
    let shape = const { SHAPES[TEMPLATE] };
    let all = const { (1 << SHAPES[TEMPLATE].bits) - 1 };
    let contexts: &mut [Context; CONTEXTS] = contexts
        .try_into()
        .expect("there are as many contexts as the template has");
    let byte = |row: &[u8], index: usize| row.get(index).copied().unwrap_or(0);
    let (above_2, above_1) = (above.up(2), above.up(1));
    let (mut above_2_now, mut above_1_now) = (byte(above_2, 0), byte(above_1, 0));
    let mut context = shape.start(above_2_now, above_1_now);
    let mut left = width;
    // The pixels before the next one, the nearest in the lowest bit.
    let mut before = 0;
    for index in 0..row.len() {
        let (above_2_next, above_1_next) = (byte(above_2, index + 1), byte(above_1, index + 1));
        let entering = (
            eight_after(above_2_now, above_2_next, shape.ahead_2 + 1),
            eight_after(above_1_now, above_1_next, shape.ahead_1 + 1),
        );
        (above_2_now, above_1_now) = (above_2_next, above_1_next);
        let pixels = left.min(8);
        left -= pixels;
        let windows = match PLAIN {
            true => [0; MAX_MOVED],
            false => windows(&template.moved, above, row, index),
        };
        let skipped = if PLAIN { 0 } else { byte(skip, index) };
        if pixels == 8 && skipped == 0 {
            let is_white = context == 0
                && entering == (0, 0)
                && (PLAIN || before & 0xff == 0 && windows == [0; MAX_MOVED]);
            if is_white && decoder.skip_eight(contexts[0], 0) {
                before = 0;
                continue;
            }
            let is_black = PLAIN
                && context == all
                && entering.1 == 0xff
                && (TEMPLATE == 3 || entering.0 == 0xff);
            if is_black && decoder.skip_eight(contexts[CONTEXTS - 1], 1) {
                row[index] = 0xff;
                continue;
            }
        }
        for bit in (8 - pixels..8).rev() {
            let mut seen = context;
            if !PLAIN {
                seen &= template.fixed;
                for (moved, window) in template.moved.iter().zip(windows) {
                    seen |= moved.pixel(window, before, bit);
                }
            }
            let mut pixel = 0;
            if PLAIN || skipped >> bit & 1 == 0 {
                pixel = decoder.bit(&mut contexts[seen as usize % CONTEXTS]);
            }
            before = before << 1 | pixel;
            context = shape.next(context, pixel, entering, bit);
        }
        row[index] = (before << (8 - pixels)) as u8;
    }
}

/// The eight pixels from number `first` on, 0 to 8, of two bytes.
#[inline(always)]
fn eight_after(byte: u8, next: u8, first: u32) -> u8 {
    (u16::from_be_bytes([byte, next]) >> (8 - first)) as u8
}

/// What eight pixels see of each adaptive pixel that is decoded before all of them.
fn windows(moved: &[Moved], above: Above<'_>, row: &[u8], index: usize) -> [u8; MAX_MOVED] {
    let mut windows = [0; MAX_MOVED];
    for (window, moved) in windows.iter_mut().zip(moved) {
        *window = moved.window(above, row, index);
    }
    windows
}
