//! Gaps, baselines and blocks from built glyph positions.

use proptest::prelude::*;

use super::*;

fn run(size: f32) -> Run {
    Run {
        direction: Point { x: 1.0, y: 0.0 },
        size,
        vertical: false,
        ascent: 0.8,
        descent: -0.2,
        bold: false,
        italic: false,
    }
}

/// Glyphs half an em wide, at 10 points.
fn lines(glyphs: &[(&str, f32, f32)]) -> Lines {
    let mut lines = Lines::new(1_000);
    lines.begin_run(run(10.0));
    for (text, x, y) in glyphs {
        lines.glyph(text, Point { x: *x, y: *y }, 5.0);
    }
    lines
}

fn text(glyphs: &[(&str, f32, f32)]) -> String {
    lines(glyphs).text()
}

#[test]
fn kerning_joins_and_gaps_separate() {
    assert_eq!(text(&[("a", 0.0, 0.0), ("b", 6.0, 0.0)]), "ab\n");
    assert_eq!(text(&[("a", 0.0, 0.0), ("b", 8.0, 0.0)]), "a b\n");
    assert_eq!(text(&[("a", 0.0, 0.0), ("b", 40.0, 0.0)]), "a\nb\n");
    assert_eq!(
        text(&[("a", 0.0, 0.0), (" ", 5.0, 0.0), ("b", 13.0, 0.0)]),
        "a b\n"
    );
}

#[test]
fn superscripts_stay_on_the_line_and_far_baselines_start_a_block() {
    assert_eq!(text(&[("m", 0.0, 0.0), ("2", 5.0, -4.0)]), "m2\n");
    assert_eq!(text(&[("a", 0.0, 0.0), ("b", 0.0, 12.0)]), "a\nb\n");
    assert_eq!(text(&[("a", 0.0, 0.0), ("b", 0.0, 40.0)]), "a\n\nb\n");
    assert_eq!(text(&[("a", 0.0, 100.0), ("b", 0.0, 0.0)]), "a\n\nb\n");
}

#[test]
fn a_glyph_drawn_twice_at_one_place_counts_once() {
    assert_eq!(
        text(&[("a", 0.0, 0.0), ("a", 0.0, 0.0), ("a", 5.0, 0.0)]),
        "aa\n"
    );
    assert_eq!(
        text(&[("a", 0.0, 0.0), ("a", 0.3, 0.2), ("a", 0.0, 0.3)]),
        "a\n"
    );
    assert_eq!(text(&[("a", 0.0, 0.0), ("a", 0.8, 0.0)]), "aa\n");
}

#[test]
fn a_gap_is_no_space_in_a_script_without_spaces() {
    assert_eq!(text(&[("体", 0.0, 0.0), ("A", 8.0, 0.0)]), "体A\n");
    assert_eq!(text(&[("ก", 0.0, 0.0), ("ข", 8.0, 0.0)]), "กข\n");
    assert_eq!(text(&[("가", 0.0, 0.0), ("나", 8.0, 0.0)]), "가 나\n");
}

#[test]
fn right_to_left_glyphs_may_be_drawn_from_the_right() {
    assert_eq!(
        text(&[("א", 20.0, 0.0), ("ב", 15.0, 0.0), ("ג", 7.0, 0.0)]),
        "אב ג\n"
    );
}

#[test]
fn a_foreign_word_in_a_right_to_left_line_takes_its_place() {
    let word = [
        ("א", 40.0, 0.0),
        (" ", 35.0, 0.0),
        ("x", 20.0, 0.0),
        ("y", 25.0, 0.0),
    ];
    assert_eq!(text(&word), "א xy\n");
    let mut after = word.to_vec();
    after.extend([(" ", 15.0, 0.0), ("ב", 10.0, 0.0)]);
    assert_eq!(text(&after), "א xy ב\n");
}

#[test]
fn separators_and_control_characters_do_not_end_lines() {
    assert_eq!(
        text(&[("a\u{2029}b\tc\u{7}", 0.0, 0.0), ("d", 5.0, 0.0)]),
        "a b cd\n"
    );
}

#[test]
fn text_beyond_the_limit_is_cut() {
    let mut lines = Lines::new(3);
    lines.begin_run(run(10.0));
    lines.glyph("abcdef", Point::default(), 5.0);
    assert_eq!(lines.text(), "abc\n");
    assert!(lines.is_cut());
}

proptest! {
    #[test]
    fn no_character_is_lost_or_moved(glyphs in prop::collection::vec(("[a-z]", -50.0_f32..50.0, -50.0_f32..50.0), 0..50)) {
        let mut glyphs: Vec<_> = glyphs.iter().map(|(text, x, y)| (text.as_str(), *x, *y)).collect();
        // The same letter again may be there to look bold.
        glyphs.dedup_by_key(|glyph| glyph.0);
        let expected: String = glyphs.iter().map(|glyph| glyph.0).collect();
        let found: String = text(&glyphs).split_whitespace().collect();
        prop_assert_eq!(found, expected);
    }
}

#[test]
fn every_right_to_left_character_is_known() {
    for character in '\0'..=char::MAX {
        let strong = matches!(bidi_class(character), BidiClass::R | BidiClass::AL);
        assert_eq!(is_rtl(character), strong, "{:x}", u32::from(character));
    }
}

#[test]
fn right_to_left_script_goes_on_before_what_the_line_has() {
    assert_eq!(
        text(&[("a", 100.0, 0.0), ("b", 105.0, 0.0), ("\u{5d0}", 95.0, 0.0)]),
        "ab\u{5d0}\n"
    );
    assert_eq!(
        text(&[("a", 100.0, 0.0), ("b", 105.0, 0.0), ("c", 95.0, 0.0)]),
        "ab\nc\n"
    );
}

#[test]
fn text_in_another_direction_starts_a_block() {
    let beside = |second: Run| {
        let mut lines = lines(&[("a", 0.0, 0.0)]);
        lines.begin_run(second);
        lines.glyph("b", Point { x: 5.0, y: 0.0 }, 5.0);
        lines.text()
    };
    assert_eq!(beside(run(12.0)), "ab\n");
    let direction = Point { x: 0.0, y: 1.0 };
    let turned = Run {
        direction,
        ..run(10.0)
    };
    assert_eq!(beside(turned), "a\n\nb\n");
}
