//! Lines with right-to-left script that were drawn from left to right, put into logical order.

use unicode_bidi::{BidiClass, BidiInfo, Level, bidi_class};

use super::lines::{Char, LineSpan, Lines, is_rtl};

/// Characters of one line that are put in order; longer lines are not text.
const MAX_LINE_CHARS: usize = 10_000;

/// Reorders every line of `lines` whose right-to-left characters advance to the right.
pub(super) fn reorder(lines: &mut Lines) {
    for index in 0..lines.lines.len() {
        let span = lines.lines[index];
        if !span.rtl || (span.end - span.start) as usize > MAX_LINE_CHARS {
            continue;
        }
        let line = lines.line(&span);
        if is_visual(lines, line) {
            let logical = logical_order(line);
            replace(lines, &span, &logical);
        }
    }
}

/// Whether neighbouring right-to-left characters mostly lie one after the other to the right.
fn is_visual(lines: &Lines, line: &[Char]) -> bool {
    let mut balance = 0_i64;
    for pair in line.windows(2) {
        if !(is_rtl(pair[0].character) && is_rtl(pair[1].character)) {
            continue;
        }
        let direction = lines.runs[pair[1].run as usize].direction;
        let step = direction.x * (pair[1].origin.x - pair[0].origin.x)
            + direction.y * (pair[1].origin.y - pair[0].origin.y);
        balance += match step {
            step if step > 0.0 => 1,
            step if step < 0.0 => -1,
            _ => 0,
        };
    }
    balance > 0
}

/// The bidirectional algorithm (Unicode Standard Annex 9) is its own inverse for lines without
/// explicit embeddings: applied to visual order, it gives logical order.
fn logical_order(line: &[Char]) -> Vec<Char> {
    let visual: String = line.iter().map(|char| char.character).collect();
    let strong = |class: fn(char) -> bool| line.iter().filter(|c| class(c.character)).count();
    let ltr = strong(|character| bidi_class(character) == BidiClass::L);
    let base = if strong(is_rtl) >= ltr {
        Level::rtl()
    } else {
        Level::ltr()
    };
    let info = BidiInfo::new(&visual, Some(base));
    let mut logical = Vec::with_capacity(line.len());
    for paragraph in &info.paragraphs {
        let (levels, runs) = info.visual_runs(paragraph, paragraph.range.clone());
        for run in runs {
            let start = visual[..run.start].chars().count();
            let count = visual[run.clone()].chars().count();
            let chars = line.get(start..start + count).unwrap_or_default();
            if levels.get(run.start).is_some_and(Level::is_rtl) {
                logical.extend(chars.iter().rev().copied().map(mirrored));
            } else {
                logical.extend_from_slice(chars);
            }
        }
    }
    logical
}

/// Brackets in right-to-left runs are drawn as their mirror image (UAX 9, rule L4).
fn mirrored(mut char: Char) -> Char {
    char.character = match char.character {
        '(' => ')',
        ')' => '(',
        '[' => ']',
        ']' => '[',
        '{' => '}',
        '}' => '{',
        '<' => '>',
        '>' => '<',
        '«' => '»',
        '»' => '«',
        other => other,
    };
    char
}

fn replace(lines: &mut Lines, span: &LineSpan, logical: &[Char]) {
    if let Some(place) = lines
        .chars
        .get_mut(span.start as usize..span.end as usize)
        .filter(|place| place.len() == logical.len())
    {
        place.copy_from_slice(logical);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Point;
    use crate::text::Run;

    /// Glyphs drawn from left to right, 5 points each.
    fn drawn(visual: &str) -> String {
        let mut lines = Lines::new(1_000);
        lines.begin_run(Run {
            direction: Point { x: 1.0, y: 0.0 },
            size: 10.0,
            vertical: false,
            ascent: 0.8,
            descent: -0.2,
            bold: false,
            italic: false,
        });
        for (index, character) in visual.chars().enumerate() {
            let origin = Point {
                x: 5.0 * index as f32,
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
    fn a_word_within_a_latin_line_is_turned_in_its_place() {
        assert_eq!(drawn("the word םולש here"), "the word שלום here\n");
    }

    #[test]
    fn latin_lines_are_left_alone() {
        assert_eq!(drawn("plain (text)"), "plain (text)\n");
    }
}
