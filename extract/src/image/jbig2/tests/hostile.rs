//! Data that claims too much, or that never ends: a typed error, and soon.

use proptest::prelude::*;

use super::*;

/// So little that a loop that is not paid for shows.
fn little() -> Limits {
    Limits {
        max_image_bytes: 1 << 16,
        ..Limits::default()
    }
}

fn refused(data: &[u8]) -> ImageError {
    decode_within(&little(), &Cancel::new(), data, &[])
        .0
        .unwrap_err()
}

fn with_page(segments: &[Vec<u8>]) -> Vec<u8> {
    [page(8, 8, 0), segments.concat()].concat()
}

const TOO_COSTLY: ImageError = ImageError::TooCostly("its jbig2 data");

fn too_large(width: u64, height: u64) -> ImageError {
    ImageError::TooLarge { width, height }
}

/// A symbol dictionary of template 2: symbols of one height, all but the first of the same width,
/// then runs of symbols that are exported or not.
fn dictionary(new: u32, exported: u32, size: (i64, i64), count: usize, runs: &[i64]) -> Vec<u8> {
    let mut encoder = Encoder::new();
    let [mut heights, mut widths, mut ends] = std::array::from_fn(|_| IntegerEncoder::new());
    let mut contexts = vec![Context::default(); 1 << 10];
    heights.encode(&mut encoder, Some(size.1));
    for index in 0..count {
        let wider = if index == 0 { size.0 } else { 0 };
        widths.encode(&mut encoder, Some(wider));
        for _ in 0..size.0 * size.1 {
            // One black pixel at most: what is around it is white.
            encoder.bit(&mut contexts[0], 1);
        }
    }
    widths.encode(&mut encoder, None);
    for run in runs {
        ends.encode(&mut encoder, Some(*run));
    }
    let header = [vec![8, 0, 2, 0xff], numbers(&[exported, new])].concat();
    [header, encoder.finish()].concat()
}

/// A text region that places the first symbol again and again.
fn text(declared: u32, instances: usize) -> Vec<u8> {
    let mut encoder = Encoder::new();
    let [mut strips, mut firsts, mut distances] = std::array::from_fn(|_| IntegerEncoder::new());
    strips.encode(&mut encoder, Some(0));
    strips.encode(&mut encoder, Some(0));
    firsts.encode(&mut encoder, Some(1));
    for _ in 1..instances {
        distances.encode(&mut encoder, Some(2));
    }
    distances.encode(&mut encoder, None);
    let header = [place(8, 2, 0, 1, OR), vec![0, 0x10], numbers(&[declared])].concat();
    [header, encoder.finish()].concat()
}

#[test]
fn sound_symbols_are_placed() {
    let symbols = segment(1, SYMBOLS, &[], &dictionary(1, 1, (1, 1), 1, &[0, 1]));
    let text = segment(2, TEXT, &[1], &text(3, 3));
    let rows = good(&with_page(&[symbols, text]));
    assert_eq!(rows[..3], ["........", ".#.#.#..", "........"]);
}

/// The arithmetic decoder goes on after the end of its data: runs of no symbols would never end.
#[test]
fn exporting_no_symbols_for_ever_ends() {
    for runs in [&[0; 2][..], &[0; 99]] {
        let symbols = segment(1, SYMBOLS, &[], &dictionary(1, 1, (1, 1), 1, runs));
        let expected = damaged("a jbig2 dictionary exports nothing for ever");
        assert_eq!(
            refused(&with_page(std::slice::from_ref(&symbols))),
            expected
        );
        // What does not need the symbols is drawn.
        let blank = [place(8, 1, 0, 0, OR), vec![1, 0x80]].concat();
        let data = with_page(&[symbols, segment(2, GENERIC, &[], &blank)]);
        let (rows, warnings) = decoded(&data);
        assert_eq!(
            (rows.unwrap(), warnings.len()),
            (vec!["........".to_owned(); 8], 1)
        );
    }
}

#[test]
fn huge_regions_are_refused_before_anything_is_allocated() {
    let (huge, nothing) = (60_000, [0; 16]);
    for (kind, header) in [
        (GENERIC, &[6, 2, 0xff][..]),
        (GENERIC, &[1]),
        (TEXT, &[0, 0x10, 0, 0, 0, 1]),
        (REFINEMENT, &[1]),
    ] {
        let region = [&place(huge, huge, 0, 0, OR), header, &nothing].concat();
        let error = refused(&with_page(&[segment(1, kind, &[], &region)]));
        assert_eq!(error, too_large(huge.into(), huge.into()), "{kind}");
    }
    for (width, height) in [
        (u32::MAX, u32::MAX),
        (u32::MAX, 1),
        (1, u32::MAX),
        (0, u32::MAX),
    ] {
        let region = [place(width, height, 0, 0, OR), vec![6, 2, 0xff]].concat();
        let error = refused(&with_page(&[segment(1, GENERIC, &[], &region)]));
        assert_eq!(error, too_large(width.into(), height.into()));
    }
    let limits = Limits::default();
    let side = limits.max_image_side;
    assert_eq!(
        failed(&page(side + 1, 1, 0)),
        too_large(u64::from(side) + 1, 1)
    );
    assert_eq!(
        refused(&page(side, side, 0)),
        too_large(side.into(), side.into())
    );
}

#[test]
fn symbols_without_number_are_refused() {
    let dictionaries = [
        // Symbols without pixels, far more than the allowance covers.
        dictionary(u32::MAX, 0, (0, 0), 300, &[]),
        // Symbols that are made of others: identifiers of 32 bits.
        [vec![8, 2, 2, 0xff], vec![0xff; 4], numbers(&[0, u32::MAX])].concat(),
    ];
    for data in dictionaries {
        let error = refused(&with_page(&[segment(1, SYMBOLS, &[], &data)]));
        assert_eq!(error, TOO_COSTLY);
    }
    let large = dictionary(u32::MAX, 0, (60_000, 60_000), 0, &[]);
    let symbol = segment(1, SYMBOLS, &[], &large);
    assert!(matches!(
        refused(&with_page(&[symbol])),
        ImageError::Damaged(_) | ImageError::TooLarge { .. }
    ));
    let more = dictionary(1, 1, (1, 1), 2, &[]);
    assert_eq!(
        refused(&with_page(&[segment(1, SYMBOLS, &[], &more)])),
        damaged("a jbig2 dictionary has more symbols than it says")
    );
}

#[test]
fn instances_without_number_are_refused() {
    let symbols = segment(1, SYMBOLS, &[], &dictionary(1, 1, (1, 1), 1, &[0, 1]));
    let text = segment(2, TEXT, &[1], &text(u32::MAX, 6_000));
    assert_eq!(refused(&with_page(&[symbols, text])), TOO_COSTLY);
}

#[test]
fn more_instances_than_declared_are_left_out() {
    let symbols = segment(1, SYMBOLS, &[], &dictionary(1, 1, (1, 1), 1, &[0, 1]));
    let text = segment(2, TEXT, &[1], &text(2, 3));
    assert_eq!(good(&with_page(&[symbols, text]))[1], ".#.#....");
}

#[test]
fn references_without_number_are_refused() {
    // A count of 2^29 - 1 of which there are none.
    let header = [&[0, 0, 0, 1, TEXT][..], &[0xff; 4], &[0; 64]].concat();
    assert_eq!(refused(&with_page(&[header])), ENDS_EARLY);
    // The same dictionary again and again, by a segment number that leaves a byte per reference.
    let symbols = segment(1, SYMBOLS, &[], &dictionary(1, 1, (1, 1), 1, &[0, 1]));
    let count: u32 = 9_000;
    let mut flood = [vec![0, 0, 0, 2, TEXT], numbers(&[7 << 29 | count])].concat();
    flood.extend(vec![0; (count as usize + 1).div_ceil(8)]);
    flood.extend(vec![1; count as usize]);
    let data = text(1, 1);
    flood.push(1);
    flood.extend((data.len() as u32).to_be_bytes());
    flood.extend(data);
    assert_eq!(refused(&with_page(&[symbols, flood])), TOO_COSTLY);
}

#[test]
fn huge_halftones_are_refused() {
    // One pattern of 8x8 pixels, for which no values are coded at all, or two.
    let one = segment(1, PATTERNS, &[], &[0, 8, 8, 0, 0, 0, 0]);
    let two = segment(1, PATTERNS, &[], &[0, 8, 8, 0, 0, 0, 1]);
    let halftone = |flags: u8, width: u32, height: u32| {
        let grid = [numbers(&[width, height, 0, 0]), vec![1, 0, 1, 0]].concat();
        let data = [place(8, 8, 0, 0, OR), vec![flags], grid].concat();
        segment(2, HALFTONE, &[1], &data)
    };
    for size in [(u32::MAX, u32::MAX), (1 << 20, 1 << 20)] {
        let error = refused(&with_page(&[one.clone(), halftone(0, size.0, size.1)]));
        assert_eq!(error, TOO_COSTLY);
        let large = too_large(size.0.into(), size.1.into());
        let skipping = halftone(8, size.0, size.1);
        assert_eq!(refused(&with_page(&[one.clone(), skipping])), large);
        for flags in [0, 1] {
            let halftone = halftone(flags, size.0, size.1);
            assert_eq!(refused(&with_page(&[two.clone(), halftone])), large);
        }
    }
    let narrow = halftone(0, 0, u32::MAX);
    assert_eq!(refused(&with_page(&[one, narrow])), TOO_COSTLY);
}

#[test]
fn patterns_without_number_are_refused() {
    let patterns = segment(1, PATTERNS, &[], &[0, 1, 1, 0xff, 0xff, 0xff, 0xff]);
    let too_many = damaged("a jbig2 dictionary has too many patterns");
    assert_eq!(refused(&with_page(&[patterns])), too_many);
    let no_width = segment(1, PATTERNS, &[], &[1, 0, 1, 0xff, 0xff, 0xff, 0xff]);
    assert_eq!(refused(&with_page(&[no_width])), TOO_COSTLY);
    let many = segment(1, PATTERNS, &[], &[0, 1, 1, 0, 0xff, 0xff, 0xff]);
    assert_eq!(refused(&with_page(&[many])), too_large(1 << 24, 1));
}

#[test]
fn cancellation_ends_it() {
    let cancel = Cancel::new();
    cancel.cancel();
    let (rows, _) = decode_within(&Limits::default(), &cancel, &page(8, 8, 0), &[]);
    assert_eq!(
        rows.unwrap_err(),
        ImageError::Extraction(ExtractError::Cancelled)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn changed_files_never_panic(
        changes in proptest::collection::vec((13..annex_h::FILE.len(), any::<u8>()), 1..9),
        page in 0..3_usize,
        is_cut in any::<prop::sample::Index>(),
    ) {
        let mut file = annex_h::FILE.to_vec();
        for (index, byte) in changes {
            file[index] = byte;
        }
        let data = &file[annex_h::PAGES[page].clone()];
        let globals = &file[annex_h::SHARED];
        let _ = decode_within(&little(), &Cancel::new(), data, globals);
        let _ = decode_within(&little(), &Cancel::new(), &data[..is_cut.index(data.len())], globals);
        let _ = decode_within(&little(), &Cancel::new(), &file, &[]);
    }
}
