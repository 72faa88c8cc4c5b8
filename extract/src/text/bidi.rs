//! Lines with right-to-left script, put into logical order from where their glyphs lie.

use unicode_bidi::{BidiClass, BidiInfo, Level, bidi_class};

use super::lines::{Char, JOINED, Lines, dot, is_rtl};
use crate::geometry::Point;

/// Characters of one line that are put in order; longer lines are not text.
const MAX_LINE_CHARS: usize = 10_000;

/// Reorders every line of `lines` that has right-to-left characters.
///
/// Producers draw such lines in logical order, in visual order, or word by word in one and within
/// the word in the other: only the places of the glyphs tell what is read when.
pub(super) fn reorder(lines: &mut Lines) {
    if !lines.lines.iter().any(|span| span.rtl) {
        return;
    }
    let mut chars = Vec::with_capacity(lines.chars.len());
    let mut spans = Vec::with_capacity(lines.lines.len());
    for span in &lines.lines {
        let start = chars.len() as u32;
        let line = lines.line(span);
        if span.rtl && line.len() <= MAX_LINE_CHARS {
            chars.extend(logical_order(lines, line));
        } else {
            chars.extend_from_slice(line);
        }
        let mut span = *span;
        span.start = start;
        span.end = chars.len() as u32;
        spans.push(span);
    }
    lines.chars = chars;
    lines.lines = spans;
}

/// Glyphs sorted by place are in visual order. The bidirectional algorithm (Unicode Standard Annex
/// 9) is its own inverse for lines without explicit embeddings: applied to visual order, it gives
/// logical order.
fn logical_order(lines: &Lines, line: &[Char]) -> Vec<Char> {
    let clusters = visual_order(lines, line);
    let visual: String = clusters
        .iter()
        .filter_map(|cluster| cluster.character())
        .collect();
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
            let run_clusters = clusters.get(start..start + count).unwrap_or_default();
            if levels.get(run.start).is_some_and(Level::is_rtl) {
                let reversed = run_clusters.iter().rev();
                logical.extend(reversed.flat_map(|cluster| cluster.chars()).map(mirrored));
            } else {
                logical.extend(run_clusters.iter().flat_map(|cluster| cluster.chars()));
            }
        }
    }
    logical
}

/// Characters that keep their order: those of a ligature, a letter and its marks, a space that was
/// seen as a gap.
enum Cluster<'l> {
    Glyph(&'l [Char]),
    Gap(Char),
}

impl Cluster<'_> {
    fn character(&self) -> Option<char> {
        self.chars().next().map(|char| char.character)
    }

    fn chars(&self) -> impl Iterator<Item = Char> {
        let (glyph, gap) = match self {
            Self::Glyph(chars) => (*chars, None),
            Self::Gap(space) => (&[][..], Some(*space)),
        };
        glyph.iter().copied().chain(gap)
    }
}

fn visual_order<'l>(lines: &Lines, line: &'l [Char]) -> Vec<Cluster<'l>> {
    let mut placed: Vec<(f32, f32, &[Char])> = line
        .chunk_by(|_, next| next.advance == 0.0 && next.character != ' ')
        .filter(|chars| !is_seen_gap(&chars[0]))
        .map(|chars| {
            let start = dot(lines.runs[chars[0].run as usize].direction, chars[0].origin);
            let end = start + chars[0].advance;
            (start.min(end), start.max(end), chars)
        })
        .collect();
    placed.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut clusters = Vec::with_capacity(placed.len());
    let mut before: Option<(f32, &Char)> = None;
    for (low, high, chars) in placed {
        let first = &chars[0];
        if let Some((end, last)) = before
            && low - end > JOINED * lines.runs[first.run as usize].size
            && !last.character.is_whitespace()
            && !first.character.is_whitespace()
        {
            clusters.push(Cluster::Gap(Char {
                character: ' ',
                run: last.run,
                origin: gap_origin(lines, last),
                advance: 0.0,
            }));
        }
        clusters.push(Cluster::Glyph(chars));
        before = Some((high, first));
    }
    clusters
}

/// A space that was not drawn, but inserted for a gap in drawing order.
fn is_seen_gap(char: &Char) -> bool {
    char.character == ' ' && char.advance == 0.0
}

fn gap_origin(lines: &Lines, last: &Char) -> Point {
    let direction = lines.runs[last.run as usize].direction;
    Point {
        x: last.origin.x + direction.x * last.advance,
        y: last.origin.y + direction.y * last.advance,
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Point;
    use crate::text::Run;

    /// Glyphs drawn from left to right, 5 points each.
    fn drawn(visual: &str) -> String {
        let glyphs: Vec<_> = visual.chars().zip(0..).collect();
        placed(&glyphs)
    }

    /// Glyphs drawn in the given order at the given columns, 5 points each.
    fn placed(glyphs: &[(char, u8)]) -> String {
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
    fn a_word_within_a_latin_line_is_turned_in_its_place() {
        assert_eq!(drawn("the word םולש here"), "the word שלום here\n");
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
    fn latin_lines_are_left_alone() {
        assert_eq!(drawn("plain (text)"), "plain (text)\n");
    }
}
