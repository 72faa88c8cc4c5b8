//! Text operators: where each glyph lies (ISO 32000-1, 9.3 and 9.4).

use std::rc::Rc;

use super::interpreter::Interpreter;
use super::operands::Operand;
use super::pen::Pen;
use crate::font::Font;
use crate::geometry::{Matrix, Point};
use crate::objects::as_dict;
use crate::text::Run;

impl<'r, 'o> Interpreter<'_, 'r, 'o> {
    pub(super) fn execute_text(&mut self, operator: &[u8]) {
        match operator {
            b"Tj" => self.show_string(),
            b"TJ" => self.show_array(),
            b"'" => {
                self.next_line();
                self.show_string();
            }
            b"\"" => {
                self.set_spacing_before_show();
                self.next_line();
                self.show_string();
            }
            b"BT" => self.set_text_matrix(Matrix::IDENTITY),
            b"Tm" => {
                if let Some(matrix) = self.operands.matrix() {
                    self.set_text_matrix(matrix);
                }
            }
            b"Td" => {
                if let Some([x, y]) = self.numbers() {
                    self.move_line(x, y);
                }
            }
            b"TD" => {
                if let Some([x, y]) = self.numbers() {
                    self.state.leading = -y;
                    self.move_line(x, y);
                }
            }
            b"T*" => self.next_line(),
            b"Tf" => self.set_font(),
            _ => self.set_text_state(operator),
        }
    }

    /// The operators that set one number of the text state.
    fn set_text_state(&mut self, operator: &[u8]) {
        let Some(number) = self.operands.number(0) else {
            return;
        };
        match operator {
            b"Tc" => self.state.char_spacing = number,
            b"Tw" => self.state.word_spacing = number,
            b"Tz" => self.state.horizontal_scale = number / 100.0,
            b"TL" => self.state.leading = number,
            b"Ts" => self.state.rise = number,
            _ => {}
        }
    }

    fn set_text_matrix(&mut self, matrix: Matrix) {
        self.text_matrix = matrix;
        self.line_matrix = matrix;
    }

    fn move_line(&mut self, x: f32, y: f32) {
        let shift = Matrix::new(1.0, 0.0, 0.0, 1.0, x, y);
        let moved = shift.then(&self.line_matrix);
        self.set_text_matrix(moved);
    }

    fn next_line(&mut self) {
        self.move_line(0.0, -self.state.leading);
    }

    fn set_spacing_before_show(&mut self) {
        if let (Some(word), Some(char)) = (self.operands.number(2), self.operands.number(1)) {
            self.state.word_spacing = word;
            self.state.char_spacing = char;
        }
    }

    /// `Tf`; a font that the resources lack is replaced, as viewers do, by a standard one.
    fn set_font(&mut self) {
        if let Some(size) = self.operands.number(0) {
            self.state.font_size = size;
        }
        let Some(name) = self.operands.first_name() else {
            return;
        };
        let dict = self.resource(b"Font", name).and_then(as_dict);
        let font = match dict {
            Some(dict) => self.load_font(dict),
            None => self.fallback_font(),
        };
        self.state.font = Some(font);
    }

    fn fallback_font(&mut self) -> Rc<Font> {
        let (objects, budget) = (self.shared.objects, self.shared.budget);
        self.shared.fonts.fallback(objects, budget)
    }

    fn show_string(&mut self) {
        let Some(Operand::String(_)) = self
            .operands
            .len()
            .checked_sub(1)
            .and_then(|last| self.operand(last))
        else {
            return;
        };
        let Some(mut pen) = self.pen() else { return };
        if let Some(bytes) = self.operands.last_string() {
            pen.show(bytes, self.collector);
        }
        self.put_down(pen);
    }

    fn show_array(&mut self) {
        let Some(mut pen) = self.pen() else { return };
        for index in 0..self.operands.len() {
            match self.operands.get(index) {
                Some(Operand::String(span)) => {
                    pen.show(self.operands.bytes(span), self.collector);
                }
                Some(Operand::Number(thousandths)) => pen.adjust(thousandths),
                _ => {}
            }
        }
        self.put_down(pen);
    }

    /// Producers set spacing between the strings of a `TJ` array, where no operator may stand
    /// (ISO 32000-1, 7.8.2): it is obeyed, and the array goes on.
    pub(super) fn execute_in_array(&mut self, operator: &[u8]) -> bool {
        let is_spacing = matches!(operator, b"Tc" | b"Tw");
        if is_spacing {
            self.set_text_state(operator);
            self.operands.pop();
        }
        is_spacing
    }

    fn pen(&mut self) -> Option<Pen<'r, 'o>> {
        let state = &self.state;
        let font = Rc::clone(state.font.as_ref()?);
        let scale = state.horizontal_scale;
        let glyph_space = Matrix::new(
            state.font_size * scale,
            0.0,
            0.0,
            state.font_size,
            0.0,
            state.rise,
        );
        let to_page = self.text_matrix.then(&state.ctm);
        let linear = glyph_space.then(&to_page);
        let vertical = font.vertical();
        let along = if vertical {
            linear.vector(0.0, -1.0)
        } else {
            linear.vector(1.0, 0.0)
        };
        let length = along.x.hypot(along.y);
        let direction = if length > 0.0 && length.is_finite() {
            Point {
                x: along.x / length,
                y: along.y / length,
            }
        } else {
            Point { x: 1.0, y: 0.0 }
        };
        self.collector.clip_to(state.clip);
        self.collector.begin_run(Run {
            direction,
            size: linear.expansion(),
            vertical,
            ascent: font.ascent(),
            descent: font.descent(),
            bold: font.bold(),
            italic: font.italic(),
        });
        Some(Pen {
            objects: self.shared.objects,
            budget: self.shared.budget,
            visible: !self.is_hidden(),
            font_size: state.font_size,
            char_spacing: state.char_spacing,
            word_spacing: state.word_spacing,
            scale,
            em_length: length,
            vertical,
            place: to_page.point(0.0, state.rise),
            page_x: to_page.vector(1.0, 0.0),
            page_y: to_page.vector(0.0, 1.0),
            moved: Point::default(),
            runs_glyphs: font.has_glyph_streams() && !self.is_in_glyph(),
            glyph_streams: Vec::new(),
            font,
        })
    }

    /// Leaves the text matrix where the pen is, and the glyphs that show text to be run.
    fn put_down(&mut self, pen: Pen<'_, 'o>) {
        let moved = self.text_matrix.point(pen.moved.x, pen.moved.y);
        self.text_matrix.e = moved.x;
        self.text_matrix.f = moved.y;
        if pen.glyph_streams.is_empty() {
            return;
        }
        let objects = self.shared.objects;
        let resources = self
            .shared
            .fonts
            .dictionary(&pen.font)
            .and_then(|dict| objects.dict(dict, b"Resources"));
        let glyphs = pen
            .glyph_streams
            .into_iter()
            .map(|(stream, to_display)| (stream, resources, to_display))
            .collect();
        self.queue_glyphs(glyphs);
    }
}
