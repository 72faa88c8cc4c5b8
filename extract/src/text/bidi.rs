//! Lines with right-to-left script, put into logical order from where their glyphs lie.

use std::borrow::Cow;
use std::iter;

use unicode_bidi::{BidiClass, BidiInfo, Level, bidi_class};

use super::lines::{Char, JOINED, LineStart, Lines, Part, SAME_LINE, dot, is_rtl};
use crate::geometry::Point;

/// Characters of one line that are put in order; longer lines are not text.
const MAX_LINE_CHARS: usize = 10_000;

/// How far, in em, a string may reach over the one drawn before it.
const KERNED_BACK: f32 = 0.3;

/// How far, in em, a mark may start before the letter it lies on.
const ON_LETTER: f32 = 0.02;

/// Of the steps from one string to the next.
const MOST: (usize, usize) = (2, 3);

/// Reorders every line of `lines` that has right-to-left characters.
///
/// Producers draw such lines in logical order, in visual order, or word by word in one and within
/// the word in the other: only the places of the glyphs tell what is read when.
pub(super) fn reorder(lines: &mut Lines) {
    if !lines.lines.iter().any(|line| line.rtl) {
        return;
    }
    let mut chars = Vec::with_capacity(lines.chars.len());
    let mut starts = Vec::with_capacity(lines.lines.len());
    for (line, visual) in lines.each_line() {
        starts.push(LineStart {
            start: chars.len() as u32,
            ..*line
        });
        if line.rtl && visual.len() <= MAX_LINE_CHARS {
            chars.extend(logical_order(lines, visual));
        } else {
            chars.extend_from_slice(visual);
        }
    }
    lines.chars = chars;
    lines.lines = starts;
}

/// The characters of a line of text from left to right, as they are drawn.
pub(crate) fn visual_order(line: &str) -> Vec<char> {
    let characters = || line.chars();
    if !characters().any(is_rtl) {
        return characters().collect();
    }
    let info = BidiInfo::new(line, Some(base_level(characters())));
    let starts = line.char_indices().map(|(start, _)| start);
    let levels: Vec<Level> = starts.map(|start| info.levels[start]).collect();
    let drawn: Vec<char> = characters()
        .zip(&levels)
        .map(|(character, level)| match level.is_rtl() {
            true => mirror_image(character),
            false => character,
        })
        .collect();
    let order = BidiInfo::reorder_visual(&levels);
    order.into_iter().map(|index| drawn[index]).collect()
}

/// In a line that goes to the right as a whole, only words that go to the left are turned.
///
/// Programs that set one string after the other in reading order place each to the left of the one
/// before it, whatever the order within a string: then each string is turned by itself. In any other
/// line the places of all glyphs count.
fn logical_order(lines: &Lines, line: &[Char]) -> Vec<Char> {
    let line = &marks_behind_letters(lines, line);
    let clusters = clusters(lines, line);
    let mut logical: Vec<Char> = Vec::with_capacity(line.len());
    if base_level(clusters.iter().map(Cluster::character)).is_ltr() {
        for part in line.chunk_by(|a, b| !is_strong_ltr(a) && !is_strong_ltr(b)) {
            let (before, part, after) = right_to_left_within(part);
            logical.extend(before);
            turn(&self::clusters(lines, part), &mut logical);
            logical.extend(after);
        }
        return logical;
    }
    match leftward_strings(&clusters) {
        Some(strings) => {
            let mut before: Option<&[Cluster<'_>]> = None;
            for string in strings {
                if let Some(([.., end], [start, ..])) = Some(string).zip(before)
                    && logical.last().is_none_or(|char| char.character != ' ')
                {
                    logical.extend(end.gap_to(start));
                }
                turn(string, &mut logical);
                before = Some(string);
            }
        }
        None => turn(&clusters, &mut logical),
    }
    logical
}

/// A mark follows its letter in text, but where glyphs are drawn from left to right it comes before
/// it (UAX 9, rule L3): such marks lie on the letter that is drawn after them.
fn marks_behind_letters<'l>(lines: &Lines, line: &'l [Char]) -> Cow<'l, [Char]> {
    if !line.iter().any(is_mark) {
        return Cow::Borrowed(line);
    }
    let glyphs: Vec<&[Char]> = line.chunk_by(|_, next| next.part == Part::Rest).collect();
    let mut ordered = Vec::with_capacity(line.len());
    let mut rest = glyphs.as_slice();
    while let [first, ..] = rest {
        let marks = rest.iter().take_while(|glyph| is_mark(&glyph[0])).count();
        let (before, after) = rest.split_at(marks);
        let lies_on = |letter: &&&[Char]| {
            let start = place(lines, &first[0]);
            let letter = &letter[0];
            let size = lines.runs[letter.run as usize].size;
            let low = place(lines, letter) - ON_LETTER * size;
            (low..low + letter.advance).contains(&start)
        };
        match after.first().filter(|_| marks > 0).filter(lies_on) {
            Some(letter) => {
                ordered.extend_from_slice(letter);
                ordered.extend(before.iter().rev().copied().flatten());
                rest = &after[1..];
            }
            None => {
                let (done, left) = rest.split_at(marks.max(1));
                ordered.extend(done.iter().copied().flatten());
                rest = left;
            }
        }
    }
    Cow::Owned(ordered)
}

/// A glyph that does not move the pen and belongs to a letter.
fn is_mark(char: &Char) -> bool {
    char.part == Part::Glyph && char.advance == 0.0 && bidi_class(char.character) == BidiClass::NSM
}

/// Where the glyph starts, along the direction of its line.
fn place(lines: &Lines, char: &Char) -> f32 {
    dot(lines.runs[char.run as usize].direction, char.origin)
}

/// What lies before, between and after the first and the last right-to-left character.
fn right_to_left_within(part: &[Char]) -> (&[Char], &[Char], &[Char]) {
    let is_rtl = |char: &Char| is_rtl(in_its_direction(char));
    let start = part.iter().position(is_rtl).unwrap_or(part.len());
    let end = part.iter().rposition(is_rtl).map_or(start, |last| last + 1);
    let rest = part.get(end..).unwrap_or_default();
    let marks = rest
        .iter()
        .take_while(|char| char.part == Part::Rest)
        .count();
    let (before, rest) = part.split_at(start);
    let (within, after) = rest.split_at(end - start + marks);
    (before, within, after)
}

fn is_strong_ltr(char: &Char) -> bool {
    bidi_class(in_its_direction(char)) == BidiClass::L
}

/// The character, or a neutral one in place of a number that only happens to be that of a letter: a
/// glyph of which nothing is known goes with those around it.
fn in_its_direction(char: &Char) -> char {
    let is_letter = |class| matches!(class, BidiClass::L | BidiClass::R | BidiClass::AL);
    if char.part == Part::StandIn && is_letter(bidi_class(char.character)) {
        return char::REPLACEMENT_CHARACTER;
    }
    char.character
}

/// Characters that keep their order: those of a ligature, a letter and its marks.
#[derive(Clone, Copy)]
struct Cluster<'l> {
    chars: &'l [Char],
    /// Along the direction of the line.
    low: f32,
    high: f32,
    /// Of the font, in points.
    size: f32,
    /// Where the pen was after its first character.
    pen: Point,
}

impl Cluster<'_> {
    /// Stands for all its characters; text that mixes directions is in order as it is.
    fn character(&self) -> char {
        let mut chars = self.chars.iter();
        let char = chars
            .find(|char| is_strong_ltr(char))
            .or(self.chars.first());
        char.map_or(' ', in_its_direction)
    }

    /// Whether `next` goes on, to the right, where this one ends.
    fn continues_in(&self, next: &Self) -> bool {
        next.low + next.high > self.low + self.high && next.low - self.high <= SAME_LINE * self.size
    }

    /// The space that is seen between this cluster and `right`, where neither is one.
    fn gap_to(&self, right: &Self) -> Option<Char> {
        let first = self.chars.first()?;
        let is_gap = right.low - self.high > JOINED * right.size
            && !self.character().is_whitespace()
            && !right.character().is_whitespace();
        is_gap.then_some(Char {
            character: ' ',
            run: first.run,
            origin: self.pen,
            advance: 0.0,
            part: Part::Gap,
        })
    }
}

/// The clusters of a line in drawing order.
fn clusters<'l>(lines: &Lines, line: &'l [Char]) -> Vec<Cluster<'l>> {
    line.chunk_by(|before, next| {
        let is_mark = next.part == Part::Glyph && next.advance == 0.0 && next.character != ' ';
        next.part == Part::Rest || (is_mark && before.part != Part::Gap)
    })
    .filter(|chars| chars[0].part != Part::Gap)
    .map(|chars| {
        let Char {
            run,
            origin,
            advance,
            ..
        } = chars[0];
        let run = &lines.runs[run as usize];
        let start = dot(run.direction, origin);
        Cluster {
            chars,
            low: start.min(start + advance),
            high: start.max(start + advance),
            size: run.size,
            pen: Point {
                x: origin.x + run.direction.x * advance,
                y: origin.y + run.direction.y * advance,
            },
        }
    })
    .collect()
}

/// The strings of a line, each drawn from left to right, where most lie to the left of the one before
/// them; marks and the spaces at the end of a line are drawn anywhere.
fn leftward_strings<'c, 'l>(clusters: &'c [Cluster<'l>]) -> Option<Vec<&'c [Cluster<'l>]>> {
    let strings: Vec<&[Cluster<'_>]> = clusters
        .chunk_by(|before, next| before.continues_in(next))
        .collect();
    let is_leftward = |pair: &&[&[Cluster<'_>]]| match (pair[0], pair[1]) {
        ([right, ..], [.., left]) => left.high <= right.low + KERNED_BACK * right.size,
        _ => true,
    };
    let steps = strings.len().saturating_sub(1);
    let leftward = strings.windows(2).filter(is_leftward).count();
    (leftward * MOST.1 >= steps * MOST.0).then_some(strings)
}

/// Glyphs sorted by place are in visual order. The bidirectional algorithm (Unicode Standard Annex
/// 9) is its own inverse for lines without explicit embeddings: applied to visual order, it gives
/// logical order.
fn turn(clusters: &[Cluster<'_>], logical: &mut Vec<Char>) {
    let mut placed = clusters.to_vec();
    placed.sort_by(|a, b| a.low.total_cmp(&b.low));
    let visual = with_gaps(&placed);
    let text: String = visual.iter().map(|(character, _)| character).collect();
    let indices: Vec<usize> = visual
        .iter()
        .enumerate()
        .flat_map(|(index, (character, _))| iter::repeat_n(index, character.len_utf8()))
        .collect();
    let info = BidiInfo::new(
        &text,
        Some(base_level(clusters.iter().map(Cluster::character))),
    );
    for paragraph in &info.paragraphs {
        let (levels, runs) = info.visual_runs(paragraph, paragraph.range.clone());
        for run in runs {
            let Some((first, last)) = indices
                .get(run.clone())
                .and_then(|run| run.first().zip(run.last()))
            else {
                continue;
            };
            let run_clusters = visual.get(*first..=*last).unwrap_or_default();
            if levels.get(run.start).is_some_and(Level::is_rtl) {
                let reversed = run_clusters.iter().rev();
                logical.extend(reversed.flat_map(|(_, chars)| chars.iter()).map(mirrored));
            } else {
                logical.extend(run_clusters.iter().flat_map(|(_, chars)| chars.iter()));
            }
        }
    }
}

/// Right to left unless most strong characters go the other way.
fn base_level(characters: impl Iterator<Item = char>) -> Level {
    let (mut right_to_left, mut left_to_right) = (0, 0);
    for character in characters {
        if is_rtl(character) {
            right_to_left += 1;
        } else if bidi_class(character) == BidiClass::L {
            left_to_right += 1;
        }
    }
    if right_to_left >= left_to_right {
        Level::rtl()
    } else {
        Level::ltr()
    }
}

/// The characters of each cluster with the one that stands for them, and a space for each gap between
/// two clusters.
fn with_gaps<'l>(placed: &[Cluster<'l>]) -> Vec<(char, Cow<'l, [Char]>)> {
    let mut visual = Vec::with_capacity(placed.len());
    let mut before: Option<&Cluster<'_>> = None;
    for cluster in placed {
        if let Some(gap) = before.and_then(|before| before.gap_to(cluster)) {
            visual.push((' ', Cow::Owned(vec![gap])));
        }
        visual.push((cluster.character(), Cow::Borrowed(cluster.chars)));
        before = Some(cluster);
    }
    visual
}

fn mirrored(char: &Char) -> Char {
    Char {
        character: mirror_image(char.character),
        ..*char
    }
}

/// Brackets in right-to-left runs are drawn as their mirror image (UAX 9, rule L4).
fn mirror_image(character: char) -> char {
    match character {
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
    }
}

#[cfg(test)]
mod tests;
