//! Glyphs → lines and blocks, in drawing order, by the distance from each glyph to the pen.

use unicode_bidi::{BidiClass, bidi_class};

use super::Run;
use crate::geometry::Point;

/// Distances in em of the glyph that is being placed. A gap up to `JOINED` is kerning; beyond it
/// there is a space, beyond `SAME_LINE` another line (a table cell, a column). A baseline may move
/// by `SAME_BASELINE` within a line (superscripts) and by `SAME_BLOCK` within a block.
pub(super) const JOINED: f32 = 0.15;
pub(super) const SAME_LINE: f32 = 0.8;
const SAME_BASELINE: f32 = 0.8;
const SAME_BLOCK: f32 = 1.6;

/// How far apart, in em, the copies of a glyph lie that are drawn to make it look bold.
const REPEATED: f32 = 0.05;

/// How far back, in em, a part of a right-to-left line may start.
const LONGEST_JUMP: f32 = 60.0;

/// Directions whose cosine is below this belong to different lines.
const SAME_DIRECTION: f32 = 0.999;

/// One character and where it lies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Char {
    pub(super) character: char,
    /// Index into [`Lines::runs`].
    pub(super) run: u32,
    /// On the baseline, where the pen starts.
    pub(super) origin: Point,
    /// In points along the run's direction.
    pub(super) advance: f32,
    pub(super) part: Part,
}

/// What a character is of what was drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The first or only character of a glyph.
    Glyph,
    /// The same, but nothing told what the glyph says: the character is no more than a number.
    StandIn,
    /// Another character of the same glyph.
    Rest,
    /// A space that is not drawn, but seen between two glyphs.
    Gap,
}

/// A line: characters that follow each other on one baseline, up to the start of the next line.
#[derive(Clone, Copy, Debug)]
pub(super) struct LineStart {
    pub(super) start: u32,
    /// Index of the block.
    pub(super) block: u32,
    /// It has characters of a right-to-left script.
    pub(super) rtl: bool,
}

/// The characters of a page, their lines and blocks.
pub(super) struct Lines {
    pub(super) chars: Vec<Char>,
    pub(super) runs: Vec<Run>,
    pub(super) lines: Vec<LineStart>,
    blocks: u32,
    /// The last run has no character yet.
    run_is_new: bool,
    /// Where the last glyph started and ended.
    last_origin: Point,
    pen: Point,
    /// How far back the last line reaches, along its direction, where it has right-to-left script.
    line_low: Option<f32>,
    last_character: char,
    max_bytes: u64,
    bytes_left: u64,
    cut: bool,
}

/// Where a glyph goes, seen from the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Join,
    Space,
    Line,
    Block,
    /// The same glyph again at almost the same place, to look bold.
    Repeat,
}

impl Lines {
    pub(super) fn new(max_bytes: u64) -> Self {
        Self {
            chars: Vec::new(),
            runs: Vec::new(),
            lines: Vec::new(),
            blocks: 0,
            run_is_new: true,
            last_origin: Point::default(),
            pen: Point::default(),
            line_low: None,
            last_character: '\0',
            max_bytes,
            bytes_left: max_bytes,
            cut: false,
        }
    }

    /// Forgets everything but its memory, which the next page can use.
    pub(super) fn clear(&mut self) {
        let mut chars = std::mem::take(&mut self.chars);
        let mut runs = std::mem::take(&mut self.runs);
        let mut lines = std::mem::take(&mut self.lines);
        chars.clear();
        runs.clear();
        lines.clear();
        *self = Self {
            chars,
            runs,
            lines,
            ..Self::new(self.max_bytes)
        };
    }

    pub(super) fn begin_run(&mut self, run: Run) {
        self.runs.push(run);
        self.run_is_new = true;
    }

    pub(super) fn is_cut(&self) -> bool {
        self.cut
    }

    /// Nothing but white space so far.
    pub(super) fn is_blank(&self) -> bool {
        self.chars.iter().all(|char| char.character.is_whitespace())
    }

    /// A glyph of the last run; it may stand for several characters, or for none.
    pub(super) fn glyph(&mut self, text: &str, origin: Point, advance: f32) {
        self.put(text, Part::Glyph, origin, advance);
    }

    /// A glyph of which nothing told what it says.
    pub(super) fn stand_in(&mut self, text: &str, origin: Point, advance: f32) {
        self.put(text, Part::StandIn, origin, advance);
    }

    /// [`Lines::glyph`] for what most glyphs are: one character of ASCII that is no control.
    #[inline]
    pub(super) fn plain_glyph(&mut self, character: u8, origin: Point, advance: f32) {
        self.put_first(char::from(character), false, Part::Glyph, origin, advance);
    }

    fn put(&mut self, text: &str, part: Part, origin: Point, advance: f32) {
        let mut characters = text
            .chars()
            .map(space_for_break)
            .filter(|character| !character.is_control());
        let Some(first) = characters.next() else {
            self.move_pen(origin, advance);
            return;
        };
        let rtl = part == Part::Glyph && is_rtl(first);
        if !self.put_first(first, rtl, part, origin, advance) {
            return;
        }
        for character in characters {
            self.push(character, self.pen, 0.0, Part::Rest);
            self.last_character = character;
        }
    }

    /// Puts the first character of a glyph where it belongs, and the pen behind it; `false` for the
    /// copy of a glyph that is already there.
    #[inline]
    fn put_first(
        &mut self,
        character: char,
        rtl: bool,
        part: Part,
        origin: Point,
        advance: f32,
    ) -> bool {
        let Some(run) = self.runs.last() else {
            return false;
        };
        let direction = run.direction;
        let end = moved(origin, direction, advance);
        match self.step(run, character, rtl, origin, end) {
            Step::Repeat => return false,
            Step::Join => {}
            Step::Space => self.push_gap(),
            Step::Line => self.open_line(false),
            Step::Block => self.open_line(true),
        }
        if let Some(low) = self.low(rtl) {
            self.line_low = Some(low.min(dot(direction, origin)));
            if let Some(line) = self.lines.last_mut() {
                line.rtl = true;
            }
        }
        self.push(character, origin, advance, part);
        self.last_character = character;
        self.last_origin = origin;
        self.pen = end;
        true
    }

    /// How far back the last line reaches, along its direction, where that matters: if it has
    /// right-to-left script or gets some now.
    #[inline]
    fn low(&self, rtl: bool) -> Option<f32> {
        match self.line_low {
            None if rtl => Some(self.find_low()),
            low => low,
        }
    }

    fn find_low(&self) -> f32 {
        let start = self.lines.last().map_or(0, |line| line.start as usize);
        let chars = self.chars.get(start..).unwrap_or_default();
        chars
            .iter()
            .filter(|char| matches!(char.part, Part::Glyph | Part::StandIn))
            .map(|char| dot(self.runs[char.run as usize].direction, char.origin))
            .fold(f32::INFINITY, f32::min)
    }

    /// Of a glyph that says nothing.
    fn move_pen(&mut self, origin: Point, advance: f32) {
        if let Some(run) = self.runs.last() {
            self.pen = moved(origin, run.direction, advance);
            self.last_origin = origin;
        }
    }

    fn step(&self, run: &Run, character: char, rtl: bool, origin: Point, end: Point) -> Step {
        let mut before = run;
        if self.run_is_new {
            match self.run_before() {
                Some(other) if is_parallel(run, other) => before = other,
                _ => return Step::Block,
            }
        }
        let way = Point {
            x: origin.x - self.pen.x,
            y: origin.y - self.pen.y,
        };
        let down = run.direction.x * way.y - run.direction.y * way.x;
        let gap = dot(run.direction, way);
        let same_place = REPEATED * run.size;
        if character == self.last_character
            && close(origin, self.last_origin, same_place)
            && close(end, self.pen, same_place)
            && end != origin
        {
            return Step::Repeat;
        }
        if down.abs() >= run.size * SAME_BASELINE {
            let block = run.size.max(before.size) * SAME_BLOCK;
            return if down > 0.0 && down <= block {
                Step::Line
            } else {
                Step::Block
            };
        }
        if let Some(low) = self.low(rtl) {
            let gap_back = low - dot(run.direction, end);
            if gap_back.abs() < gap.abs() {
                return self.backward_step(run, gap_back);
            }
        }
        self.horizontal_step(run, gap)
    }

    /// The run of the last character.
    fn run_before(&self) -> Option<&Run> {
        self.runs.get(self.chars.last()?.run as usize)
    }

    /// In a line with right-to-left script, `gap` points before all that the line has so far. What
    /// is drawn forwards starts far back, so that it ends where the line went on; spaces between
    /// are seen once the whole line is there.
    fn backward_step(&self, run: &Run, gap: f32) -> Step {
        if gap > run.size * SAME_LINE && gap <= run.size * LONGEST_JUMP {
            return Step::Join;
        }
        self.horizontal_step(run, gap)
    }

    /// On the same baseline, `gap` points from the end of the glyph before.
    fn horizontal_step(&self, run: &Run, gap: f32) -> Step {
        if gap.abs() < run.size * JOINED {
            Step::Join
        } else if gap.abs() > run.size * SAME_LINE {
            Step::Line
        } else if gap < 0.0
            || self.last_character == ' '
            || run.vertical
            || has_no_spaces(self.last_character)
        {
            Step::Join
        } else {
            Step::Space
        }
    }

    #[inline(never)]
    fn push_gap(&mut self) {
        self.push(' ', self.pen, 0.0, Part::Gap);
    }

    #[inline(never)]
    fn open_line(&mut self, new_block: bool) {
        if new_block || self.blocks == 0 {
            self.blocks += 1;
        }
        self.line_low = None;
        let at = self.chars.len() as u32;
        self.lines.push(LineStart {
            start: at,
            block: self.blocks,
            rtl: false,
        });
    }

    #[inline]
    fn push(&mut self, character: char, origin: Point, advance: f32, part: Part) {
        let bytes = character.len_utf8() as u64;
        if bytes > self.bytes_left {
            self.cut = true;
            self.bytes_left = 0;
            return;
        }
        self.bytes_left -= bytes;
        self.chars.push(Char {
            character,
            run: self.runs.len() as u32 - 1,
            origin,
            advance,
            part,
        });
        self.run_is_new = false;
    }

    /// The lines, each with its characters.
    pub(super) fn each_line(&self) -> impl Iterator<Item = (&LineStart, &[Char])> {
        let ends = self.lines.iter().skip(1).map(|next| next.start as usize);
        let ends = ends.chain([self.chars.len()]);
        self.lines.iter().zip(ends).map(|(line, end)| {
            let chars = self.chars.get(line.start as usize..end);
            (line, chars.unwrap_or_default())
        })
    }

    pub(super) fn text(&self) -> String {
        let mut text = String::with_capacity(self.chars.len() + 2 * self.lines.len());
        let mut block = 0;
        for (line, chars) in self.each_line() {
            let line_start = text.len();
            if line.block != block && !text.is_empty() {
                text.push('\n');
            }
            let content_start = text.len();
            text.extend(chars.iter().map(|char| char.character));
            let trimmed = text.trim_end_matches(' ').len().max(content_start);
            if trimmed == content_start {
                text.truncate(line_start);
                continue;
            }
            text.truncate(trimmed);
            text.push('\n');
            block = line.block;
        }
        text
    }
}

/// A strong right-to-left character (Unicode Standard Annex 9: classes R and AL); the blocks that
/// have any are few.
pub(super) fn is_rtl(character: char) -> bool {
    matches!(
        character,
        '\u{590}'..='\u{8ff}'
            | '\u{200f}'
            | '\u{fb1d}'..='\u{fdff}'
            | '\u{fe70}'..='\u{feff}'
            | '\u{10800}'..='\u{10fff}'
            | '\u{1e800}'..='\u{1efff}'
    ) && matches!(bidi_class(character), BidiClass::R | BidiClass::AL)
}

/// Lines end where the layout says: a break or tab among the glyphs is a space.
fn space_for_break(character: char) -> char {
    match character {
        '\t'..='\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => ' ',
        other => other,
    }
}

/// Whether text of both can stand in one line.
fn is_parallel(a: &Run, b: &Run) -> bool {
    a.vertical == b.vertical && dot(a.direction, b.direction) >= SAME_DIRECTION
}

/// `distance` along the unit vector `direction`.
fn moved(from: Point, direction: Point, distance: f32) -> Point {
    Point {
        x: from.x + direction.x * distance,
        y: from.y + direction.y * distance,
    }
}

/// The scalar product: how far `b` lies along the unit vector `a`.
pub(super) fn dot(a: Point, b: Point) -> f32 {
    a.x * b.x + a.y * b.y
}

fn close(a: Point, b: Point, distance: f32) -> bool {
    (a.x - b.x).abs() <= distance && (a.y - b.y).abs() <= distance
}

/// Of a script that is written without spaces between words: those that break lines by dictionary
/// (Unicode Standard Annex 14, class SA) or anywhere (class ID). A gap in it is justification, or
/// what sets foreign words apart.
fn has_no_spaces(character: char) -> bool {
    matches!(
        character,
        '\u{e00}'..='\u{eff}'
            | '\u{1000}'..='\u{109f}'
            | '\u{1780}'..='\u{17ff}'
            | '\u{2e80}'..='\u{312f}'
            | '\u{3190}'..='\u{9fff}'
            | '\u{f900}'..='\u{faff}'
            | '\u{ff00}'..='\u{ffef}'
            | '\u{20000}'..='\u{3ffff}'
    )
}

#[cfg(test)]
mod tests;
