//! The pen that text is shown with: from the codes of a string to glyphs with their places
//! (ISO 32000-1, 9.4.4).

use std::rc::Rc;

use crate::objects::Stream;

use crate::budget::Budget;
use crate::font::{Font, Glyph};
use crate::geometry::{Matrix, Point};
use crate::objects::Objects;
use crate::text::Collector;

/// Glyphs of one operator that are run because they show text.
const MAX_GLYPH_STREAMS: usize = 1_000;

/// Moves over the page while strings are shown.
pub(super) struct Pen<'r, 'o> {
    pub(super) objects: &'o Objects<'o>,
    pub(super) budget: &'r Budget<'r>,
    pub(super) font: Rc<Font>,
    pub(super) font_size: f32,
    pub(super) char_spacing: f32,
    pub(super) word_spacing: f32,
    pub(super) scale: f32,
    /// One em along the writing direction, in points on the displayed page.
    pub(super) em_length: f32,
    pub(super) vertical: bool,
    pub(super) visible: bool,
    /// On the displayed page.
    pub(super) place: Point,
    /// The unit vectors of text space on the displayed page.
    pub(super) page_x: Point,
    pub(super) page_y: Point,
    /// Since the pen was taken up, in text space.
    pub(super) moved: Point,
    /// Whether the font may have glyphs that show text themselves.
    pub(super) runs_glyphs: bool,
    /// These glyphs, each with its place.
    pub(super) glyph_streams: Vec<(&'o Stream, Matrix)>,
}

impl<'o> Pen<'_, 'o> {
    pub(super) fn show(&mut self, bytes: &[u8], collector: &mut Collector) {
        let font = Rc::clone(&self.font);
        let (objects, budget) = (self.objects, self.budget);
        font.each_glyph(bytes, objects, budget, |glyph| {
            let spacing = self.spacing(glyph);
            let em = match glyph.vertical {
                Some((advance, _, _)) => -advance,
                None => glyph.width,
            };
            let is_run = self.runs_glyphs && self.put_aside(&font, glyph.code);
            if self.visible && !is_run {
                collector.glyph(&glyph.text, self.place, em * self.em_length);
            }
            if self.vertical {
                self.advance_down(spacing - em * self.font_size);
            } else {
                self.advance_across((em * self.font_size + spacing) * self.scale);
            }
        });
    }

    /// After a glyph, in unscaled text space units; part of one has none of its own.
    fn spacing(&self, glyph: &Glyph) -> f32 {
        match (glyph.len, glyph.is_space) {
            (0, _) => 0.0,
            (_, true) => self.char_spacing + self.word_spacing,
            _ => self.char_spacing,
        }
    }

    /// Keeps a glyph that shows text to be run where the pen is; `false` where it is no such glyph.
    #[inline(never)]
    fn put_aside(&mut self, font: &Font, code: u32) -> bool {
        let Some((stream, font_matrix)) = font.glyph_stream(code, self.objects, self.budget) else {
            return false;
        };
        if !self.visible || self.glyph_streams.len() >= MAX_GLYPH_STREAMS {
            return true;
        }
        let em = Matrix::new(
            self.font_size * self.scale,
            0.0,
            0.0,
            self.font_size,
            0.0,
            0.0,
        );
        let (x, y) = (self.page_x, self.page_y);
        let text_space = Matrix::new(x.x, x.y, y.x, y.y, self.place.x, self.place.y);
        let to_display = font_matrix.then(&em).then(&text_space);
        self.glyph_streams.push((stream, to_display));
        true
    }

    /// A number in a `TJ` array: thousandths of an em, backwards.
    pub(super) fn adjust(&mut self, thousandths: f32) {
        let shift = -thousandths / 1000.0 * self.font_size;
        if self.vertical {
            self.advance_down(shift);
        } else {
            self.advance_across(shift * self.scale);
        }
    }

    fn advance_across(&mut self, x: f32) {
        self.moved.x += x;
        self.place.x += x * self.page_x.x;
        self.place.y += x * self.page_x.y;
    }

    fn advance_down(&mut self, y: f32) {
        self.moved.y += y;
        self.place.x += y * self.page_y.x;
        self.place.y += y * self.page_y.y;
    }
}
