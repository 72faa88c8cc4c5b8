//! Lines built from placed glyphs, read in logical order.

use proptest::prelude::*;

use super::*;
use crate::geometry::Point;
use crate::text::Run;

fn run() -> Run {
    Run {
        direction: Point { x: 1.0, y: 0.0 },
        size: 10.0,
        vertical: false,
        ascent: 0.8,
        descent: -0.2,
        bold: false,
        italic: false,
    }
}

/// Glyphs drawn from left to right, 5 points each.
fn drawn(visual: &str) -> String {
    let glyphs: Vec<_> = visual.chars().zip(0..).collect();
    placed(&glyphs)
}

/// Glyphs drawn in the given order at the given columns, 5 points each.
fn placed(glyphs: &[(char, u8)]) -> String {
    let mut lines = Lines::new(1_000);
    lines.begin_run(run());
    for (character, column) in glyphs {
        let origin = Point {
            x: 5.0 * f32::from(*column),
            y: 0.0,
        };
        lines.glyph(&character.to_string(), origin, 5.0);
    }
    reorder(&mut lines);
    lines.text()
}

#[test]
fn visual_hebrew_becomes_logical_and_numbers_stay() {
    assert_eq!(drawn("םולש"), "שלום\n");
    assert_eq!(drawn("123 םולש"), "שלום 123\n");
    assert_eq!(drawn("(םולש)"), "(שלום)\n");
}

#[test]
fn what_is_drawn_in_visual_order_reads_as_it_was() {
    for line in [
        "שלום",
        "שלום (12) עולם",
        "the word שלום here",
        "plain (text)",
    ] {
        let visual: String = visual_order(line).into_iter().collect();
        assert_eq!(drawn(&visual), format!("{line}\n"));
    }
    assert_eq!(visual_order("(א1"), ['1', 'א', ')']);
}

#[test]
fn a_word_within_a_latin_line_is_turned_in_its_place() {
    assert_eq!(drawn("the word םולש here"), "the word שלום here\n");
}

#[test]
fn a_glyph_of_unknown_text_goes_with_those_around_it() {
    let mut lines = Lines::new(1_000);
    lines.begin_run(run());
    for (text, x) in [("x", 0.0), ("y", 5.0), ("\u{5d1}", 10.0), ("z", 15.0)] {
        let origin = Point { x, y: 0.0 };
        match text {
            "\u{5d1}" => lines.glyph(text, origin, 5.0),
            _ => lines.stand_in(text, origin, 5.0),
        }
    }
    reorder(&mut lines);
    assert_eq!(lines.text(), "z\u{5d1}yx\n");

    let mut lines = Lines::new(1_000);
    lines.begin_run(run());
    lines.stand_in("\u{5d1}", Point::default(), 5.0);
    lines.stand_in("\u{5d2}", Point { x: 5.0, y: 0.0 }, 5.0);
    reorder(&mut lines);
    assert_eq!(
        lines.text(),
        "\u{5d1}\u{5d2}\n",
        "numbers have no direction"
    );
}

#[test]
fn words_drawn_in_logical_order_may_be_visual_inside() {
    let glyphs = [
        ('ב', 6),
        ('א', 7),
        (' ', 5),
        ('R', 3),
        ('S', 4),
        (' ', 2),
        ('ד', 0),
        ('ג', 1),
    ];
    assert_eq!(placed(&glyphs), "אב RS גד\n");
}

#[test]
fn strings_that_go_to_the_left_are_in_logical_order() {
    let glyphs = [
        (' ', 8),
        ('ו', 9),
        ('P', 5),
        ('y', 6),
        (' ', 7),
        ('ב', 2),
        ('א', 3),
    ];
    assert_eq!(placed(&glyphs), "ו Py אב\n");
}

/// Glyphs with their places and widths, drawn in this order.
fn with_widths(glyphs: &[(char, f32, f32)]) -> String {
    let mut lines = Lines::new(1_000);
    lines.begin_run(run());
    for (character, x, advance) in glyphs {
        lines.glyph(&character.to_string(), Point { x: *x, y: 0.0 }, *advance);
    }
    reorder(&mut lines);
    lines.text()
}

#[test]
fn a_mark_follows_the_letter_it_lies_on() {
    let (qamats, dagesh) = ('\u{5b8}', '\u{5bc}');
    // From left to right, marks before their letter.
    let visual = [
        ('ז', 0.0, 5.0),
        (dagesh, 5.0, 0.0),
        (qamats, 5.5, 0.0),
        ('פ', 5.0, 5.0),
        ('א', 10.0, 5.0),
    ];
    assert_eq!(with_widths(&visual), format!("אפ{qamats}{dagesh}ז\n"));
    // In reading order, marks behind their letter.
    let logical = [
        ('א', 10.0, 5.0),
        ('פ', 5.0, 5.0),
        (qamats, 7.0, 0.0),
        (dagesh, 7.0, 0.0),
        ('ז', 0.0, 5.0),
    ];
    assert_eq!(with_widths(&logical), format!("אפ{qamats}{dagesh}ז\n"));
}

#[test]
fn a_glyph_without_width_after_a_gap_is_kept() {
    let mut lines = Lines::new(1_000);
    lines.begin_run(run());
    for (text, x, advance) in [("א", 20.0, 5.0), ("a", 10.0, 5.0), ("b", 18.0, 0.0)] {
        lines.glyph(text, Point { x, y: 0.0 }, advance);
    }
    reorder(&mut lines);
    assert!(lines.text().contains('b'), "{}", lines.text());
}

#[test]
fn latin_lines_are_left_alone() {
    assert_eq!(drawn("plain (text)"), "plain (text)\n");
}

proptest! {
    #[test]
    fn no_character_is_lost(
        glyphs in prop::collection::vec(("[אבa1 (,]{1,3}", 0_u8..60, 0_u8..8), 0..40),
    ) {
        let mut lines = Lines::new(10_000);
        lines.begin_run(run());
        for (text, column, width) in &glyphs {
            let origin = Point { x: 5.0 * f32::from(*column), y: 0.0 };
            lines.glyph(text, origin, f32::from(*width));
        }
        let sorted = |lines: &Lines| {
            let mut letters: Vec<char> = lines
                .chars
                .iter()
                .filter(|char| char.part != Part::Gap)
                .map(|char| if char.character == ')' { '(' } else { char.character })
                .collect();
            letters.sort_unstable();
            letters
        };
        let before = sorted(&lines);
        reorder(&mut lines);
        prop_assert_eq!(sorted(&lines), before);
    }
}
