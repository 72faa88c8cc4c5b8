//! The operator loop: content streams run on an explicit stack of frames, never on Rust's.

use std::rc::Rc;

use super::Shared;
use super::frame::Frame;
use super::marked::Mark;
use super::operands::{Operand, Operands};
use super::path::Path;
use super::state::State;
use crate::font::Font;
use crate::geometry::Matrix;
use crate::objects::lexer::{Lexer, Token};
use crate::objects::{Dictionary, Object, Stream};
use crate::page::PageNode;
use crate::page::boxes::Geometry;
use crate::text::Collector;
use crate::{ExtractError, PlacedImage, WarningCode};

/// Saved states per page; deeper `q` are counted and not stored.
const MAX_SAVED_STATES: usize = 2_048;

/// Reading this many operands costs as much as running an operator.
const OPERANDS_PER_OPERATOR: u64 = 64;

/// Runs the content of one page.
pub(super) struct Interpreter<'i, 'r, 'o> {
    pub(super) shared: &'i mut Shared<'r, 'o>,
    pub(super) collector: &'i mut Collector,
    pub(super) state: State,
    pub(super) path: Path,
    pub(super) text_matrix: Matrix,
    pub(super) line_matrix: Matrix,
    pub(super) marks: Vec<Mark>,
    pub(super) unmarked: u64,
    pub(super) operands: Operands,
    pub(super) placed: Vec<PlacedImage>,
    pub(super) frames: Vec<Frame<'o>>,
    pub(super) saved: Vec<State>,
    pub(super) unsaved: u64,
    operators: u64,
    operands_read: u64,
    pub(super) page: Geometry,
}

impl<'i, 'r, 'o> Interpreter<'i, 'r, 'o> {
    pub(super) fn new(
        shared: &'i mut Shared<'r, 'o>,
        page: &PageNode<'o>,
        collector: &'i mut Collector,
    ) -> Self {
        let page = page.geometry;
        Self {
            shared,
            collector,
            state: State::new(page.to_display, page.bounds()),
            path: Path::default(),
            text_matrix: Matrix::IDENTITY,
            line_matrix: Matrix::IDENTITY,
            marks: Vec::new(),
            unmarked: 0,
            operands: Operands::default(),
            placed: Vec::new(),
            frames: Vec::new(),
            saved: Vec::new(),
            unsaved: 0,
            operators: 0,
            operands_read: 0,
            page,
        }
    }

    pub(super) fn into_placed_images(self) -> Vec<PlacedImage> {
        self.placed
    }

    /// Runs a page's own content to its end.
    pub(super) fn run(
        &mut self,
        contents: Rc<Vec<u8>>,
        page: &PageNode<'o>,
    ) -> Result<(), ExtractError> {
        self.enter(contents, page.resources, None, page.dict);
        self.run_frames()
    }

    /// Runs a form from a fresh state, as annotations do.
    pub(super) fn run_form_alone(
        &mut self,
        form: &'o Stream,
        placement: &Matrix,
    ) -> Result<(), ExtractError> {
        self.saved.clear();
        self.marks.clear();
        self.unsaved = 0;
        self.state = State::new(placement.then(&self.page.to_display), self.page.bounds());
        self.text_matrix = Matrix::IDENTITY;
        self.line_matrix = Matrix::IDENTITY;
        self.enter_form(form)?;
        self.run_frames()
    }

    fn run_frames(&mut self) -> Result<(), ExtractError> {
        loop {
            if self.enter_glyph()? {
                continue;
            }
            let Some(frame) = self.frames.last() else {
                return Ok(());
            };
            let bytes = Rc::clone(&frame.bytes);
            let mut lexer = Lexer::new(&bytes, frame.position);
            let depth = self.frames.len();
            let ended = self.run_frame(&mut lexer, depth)?;
            if ended {
                self.leave();
            } else if let Some(frame) = self.frames.get_mut(depth - 1) {
                frame.position = lexer.position();
            }
        }
    }

    /// Runs until the stream ends (`true`) or a form or glyph is to be run first (`false`).
    fn run_frame(&mut self, lexer: &mut Lexer<'_>, depth: usize) -> Result<bool, ExtractError> {
        self.operands.clear();
        let max_depth = self.shared.budget.limits.max_depth;
        while let Some(token) = lexer.token_in_place() {
            if let Token::Keyword(operator) = token {
                self.count_operator()?;
                if self.operators > self.shared.budget.limits.max_operators {
                    lexer.seek(usize::MAX);
                    return Ok(true);
                }
                if self.operands.is_in_array() && self.execute_in_array(operator) {
                    continue;
                }
                self.execute(operator, lexer)?;
                self.operands.clear();
                if self.frames.len() != depth || self.has_glyphs() {
                    return Ok(false);
                }
            } else {
                self.operands.push(token, lexer, max_depth);
                self.operands_read += 1;
                if self.operands_read.is_multiple_of(OPERANDS_PER_OPERATOR) {
                    self.count_operator()?;
                    if self.operators > self.shared.budget.limits.max_operators {
                        return Ok(true);
                    }
                }
            }
        }
        Ok(true)
    }

    pub(super) fn count_operator(&mut self) -> Result<(), ExtractError> {
        self.operators += 1;
        if self.operators.is_multiple_of(256) {
            self.shared.budget.check()?;
        }
        if self.operators == self.shared.budget.limits.max_operators + 1 {
            self.warn(WarningCode::Limit, "the page has too many operators");
        }
        Ok(())
    }

    fn execute(&mut self, operator: &[u8], lexer: &mut Lexer<'_>) -> Result<(), ExtractError> {
        match operator {
            b"q" => self.save(),
            b"Q" => self.restore(),
            b"cm" => {
                if let Some(matrix) = self.operands.matrix() {
                    self.state.ctm = matrix.then(&self.state.ctm);
                }
            }
            b"gs" => self.set_graphics_state(),
            b"Do" => self.draw_named_object()?,
            b"BI" => self.draw_inline_image(lexer)?,
            b"BMC" => self.begin_marked_content(false),
            b"BDC" => self.begin_marked_content(true),
            b"EMC" => self.end_marked_content(),
            _ if self.execute_path(operator) => {}
            _ => self.execute_text(operator),
        }
        Ok(())
    }

    fn save(&mut self) {
        if self.saved.len() < MAX_SAVED_STATES {
            self.saved.push(self.state.clone());
        } else {
            self.unsaved += 1;
        }
    }

    /// A `Q` without its `q` does nothing; it cannot reach below the running form.
    fn restore(&mut self) {
        if self.unsaved > 0 {
            self.unsaved -= 1;
            return;
        }
        let floor = self.frames.last().map_or(0, |frame| frame.states_below);
        if self.saved.len() > floor
            && let Some(state) = self.saved.pop()
        {
            self.state = state;
        }
    }

    /// `gs`: of an `ExtGState` only the font matters here (ISO 32000-1, table 58).
    fn set_graphics_state(&mut self) {
        let objects = self.shared.objects;
        let Some(entry) = self
            .operands
            .last_name()
            .and_then(|name| self.resource(b"ExtGState", name))
        else {
            return;
        };
        let Object::Dictionary(entry) = entry else {
            return;
        };
        if let Some([font, size, ..]) = objects.array(entry, b"Font")
            && let Some(font) = crate::objects::as_dict(objects.resolve(font))
            && let Some(size) = crate::objects::as_number(objects.resolve(size))
        {
            self.state.font = Some(self.load_font(font));
            self.state.font_size = size;
        }
    }

    pub(super) fn load_font(&mut self, dict: &'o Dictionary) -> Rc<Font> {
        let (objects, budget) = (self.shared.objects, self.shared.budget);
        self.shared.fonts.get(objects, dict, budget)
    }

    pub(super) fn warn(&self, code: WarningCode, detail: &str) {
        self.shared.budget.warn(code, detail);
    }

    /// The last operands as numbers, `N` of them.
    pub(super) fn numbers<const N: usize>(&self) -> Option<[f32; N]> {
        let mut numbers = [0.0; N];
        for (index, number) in numbers.iter_mut().rev().enumerate() {
            *number = self.operands.number(index)?;
        }
        Some(numbers)
    }

    /// The operand at `index`, counted from the first.
    pub(super) fn operand(&self, index: usize) -> Option<Operand> {
        self.operands.get(index)
    }
}
