//! Glyphs in the order in which they are drawn → lines, blocks, words: what a person would read.

mod bidi; // lines with right-to-left script, from visual to logical order
mod boxes; // blocks, lines and words with their boxes
mod lines; // glyphs to lines and blocks
mod markdown; // blocks to Markdown
mod replacement; // ActualText in place of the glyphs it stands for

use crate::font::GlyphText;
use crate::geometry::Point;
use crate::{Block, Link, Rect};

pub(crate) use bidi::visual_order;
use lines::Lines;
use markdown::Headings;
use replacement::Replacement;

/// Part of the ascent that capitals reach.
const CAPITAL_HEIGHT: f32 = 0.8;

/// What consecutive glyphs have in common.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Run {
    /// Unit vector on the displayed page along which the pen moves.
    pub(crate) direction: Point,
    /// Font size in points as displayed.
    pub(crate) size: f32,
    /// Set in a vertical writing mode.
    pub(crate) vertical: bool,
    /// Above the baseline, in em.
    pub(crate) ascent: f32,
    /// Below the baseline, in em; negative.
    pub(crate) descent: f32,
    pub(crate) bold: bool,
    pub(crate) italic: bool,
}

/// Collects the glyphs of one page after the other.
pub(crate) struct Collector {
    lines: Lines,
    replacement: Replacement,
    clip: Rect,
    run: Option<Run>,
    images: u64,
    /// Of all pages so far.
    headings: Headings,
}

impl Collector {
    /// For pages with at most `max_bytes` of text each.
    pub(crate) fn new(max_bytes: u64) -> Self {
        Self {
            lines: Lines::new(max_bytes),
            replacement: Replacement::default(),
            clip: Rect::default(),
            run: None,
            images: 0,
            headings: Headings::default(),
        }
    }

    /// Forgets the page before; the next one shows `clip`, in points.
    pub(crate) fn begin_page(&mut self, clip: Rect) {
        self.lines.clear();
        self.replacement = Replacement::default();
        self.clip = clip;
        self.run = None;
        self.images = 0;
    }

    /// Of the glyphs that follow those outside `clip` do not show.
    pub(crate) fn clip_to(&mut self, clip: Rect) {
        self.clip = clip;
    }

    /// The glyphs that follow look like this.
    pub(crate) fn begin_run(&mut self, run: Run) {
        if self.run != Some(run) {
            self.run = Some(run);
            self.lines.begin_run(run);
        }
    }

    /// A glyph of the current run; `advance` in points along the run's direction. Glyphs that
    /// lie outside the clip do not count.
    #[inline(always)]
    pub(crate) fn glyph(&mut self, text: &GlyphText, origin: Point, advance: f32) {
        if !self.is_shown(origin, advance) {
            return;
        }
        match text.ascii() {
            Some(character @ b' '..=b'~') if !self.replacement.is_active() => {
                self.lines.plain_glyph(character, origin, advance);
            }
            _ => self.any_glyph(text, origin, advance),
        }
    }

    #[inline(never)]
    fn any_glyph(&mut self, text: &GlyphText, origin: Point, advance: f32) {
        if self.replacement.is_active() {
            if let Some(run) = self.run {
                self.replacement.glyph(text.as_str(), origin, advance, run);
            }
        } else if text.is_stand_in() {
            self.lines.stand_in(text.as_str(), origin, advance);
        } else {
            self.lines.glyph(text.as_str(), origin, advance);
        }
    }

    /// An image is drawn, decoded or not.
    pub(crate) fn image_seen(&mut self) {
        self.images += 1;
    }

    /// What follows up to [`Collector::end_replacement`] reads as `text`.
    pub(crate) fn begin_replacement(&mut self, text: &str) {
        self.replacement.begin(text);
    }

    /// Ends the innermost replacement; where it holds no glyph its text lies at `origin`.
    pub(crate) fn end_replacement(&mut self, origin: Point) {
        let Some(glyphs) = self.replacement.end(origin) else {
            return;
        };
        for glyph in glyphs {
            if let Some(run) = glyph.run {
                self.begin_run(run);
            }
            if self.run.is_some() {
                self.lines.glyph(&glyph.text, glyph.origin, glyph.advance);
            }
        }
    }

    /// The page has images and nothing to read.
    pub(crate) fn needs_ocr(&self) -> bool {
        self.images > 0 && self.lines.is_blank()
    }

    /// Text beyond the limit was dropped.
    pub(crate) fn is_cut(&self) -> bool {
        self.lines.is_cut()
    }

    /// Puts right-to-left lines in logical order; to be called once a page, after its last glyph.
    pub(crate) fn finish(&mut self) {
        bidi::reorder(&mut self.lines);
    }

    /// Plain text: lines end in `\n`, blocks are separated by an empty line.
    pub(crate) fn text(&self) -> String {
        self.lines.text()
    }

    /// Blocks, lines and words with their boxes.
    pub(crate) fn blocks(&self) -> Vec<Block> {
        boxes::blocks(&self.lines)
    }

    /// The page as Markdown.
    pub(crate) fn markdown(&mut self, links: &[Link]) -> String {
        markdown::write(&self.blocks(), links, &mut self.headings)
    }

    /// Whether any part of the glyph, from its baseline to the height of a capital, is within the
    /// clip.
    #[inline]
    fn is_shown(&self, origin: Point, advance: f32) -> bool {
        let clip = self.clip;
        let Point { x, y } = origin;
        x > clip.x0 && x < clip.x1 && y > clip.y0 && y < clip.y1 || self.reaches_in(origin, advance)
    }

    /// For a glyph that starts outside the clip.
    #[cold]
    fn reaches_in(&self, origin: Point, advance: f32) -> bool {
        let Some(run) = &self.run else { return false };
        let clip = self.clip;
        let (up, direction) = (run.up(), run.direction);
        let height = run.ascent * run.size * CAPITAL_HEIGHT;
        let corners =
            [(0.0, 0.0), (0.0, height), (advance, 0.0), (advance, height)].map(|(along, above)| {
                Point {
                    x: origin.x + direction.x * along + up.x * above,
                    y: origin.y + direction.y * along + up.y * above,
                }
            });
        let beyond = |test: fn(&Point, &Rect) -> bool| corners.iter().all(|at| test(at, &clip));
        !(beyond(|at, clip| at.x <= clip.x0)
            || beyond(|at, clip| at.x >= clip.x1)
            || beyond(|at, clip| at.y <= clip.y0)
            || beyond(|at, clip| at.y >= clip.y1))
            && clip.x0 < clip.x1
            && clip.y0 < clip.y1
            && origin.x.is_finite()
            && origin.y.is_finite()
    }
}

impl Run {
    /// The unit vector towards the top of the glyphs.
    fn up(&self) -> Point {
        Point {
            x: self.direction.y,
            y: -self.direction.x,
        }
    }
}
