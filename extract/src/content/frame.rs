//! Frames: a page, form or glyph whose content is being run, and the resources it sees
//! (ISO 32000-1, 7.8.3, 8.10 and 9.6.5).

use std::rc::Rc;

use crate::objects::{Dictionary, Object, Stream};

use super::interpreter::Interpreter;
use crate::geometry::{Matrix, intersection};
use crate::page::boxes::rectangle;
use crate::{ExtractError, WarningCode};

/// A content stream that is being run.
pub(super) struct Frame<'o> {
    pub(super) bytes: Rc<Vec<u8>>,
    pub(super) position: usize,
    pub(super) resources: Option<&'o Dictionary>,
    /// The form, by address; `None` for the page itself.
    pub(super) form: Option<*const Stream>,
    /// The structure elements that its marked content belongs to.
    pub(super) parents: Option<&'o [Object]>,
    /// Type 3 glyphs that show text, to be run before the stream goes on; the next one is last.
    pub(super) glyphs: Vec<(&'o Stream, Option<&'o Dictionary>, Matrix)>,
    /// Text and line matrix to go back to after a glyph.
    pub(super) matrices: Option<(Matrix, Matrix)>,
    /// Saved states and marks that belong to the frames below.
    pub(super) states_below: usize,
    pub(super) marks_below: usize,
}

impl<'o> Interpreter<'_, '_, 'o> {
    /// Starts a form unless it is running already or the nesting is too deep.
    pub(super) fn enter_form(&mut self, form: &'o Stream) -> Result<(), ExtractError> {
        let resources = self.shared.objects.dict(&form.dict, b"Resources");
        if !self.enter_stream(form, resources)? {
            return Ok(());
        }
        let objects = self.shared.objects;
        if let Some(matrix) = objects.numbers(&form.dict, b"Matrix") {
            self.state.ctm = Matrix::from_numbers(&matrix).then(&self.state.ctm);
        }
        if let Some(form_box) = objects
            .numbers(&form.dict, b"BBox")
            .and_then(|numbers| rectangle(&numbers))
        {
            let shown = self.state.ctm.bounds(form_box);
            self.state.clip = intersection(self.state.clip, shown);
        }
        Ok(())
    }

    /// Starts a form or glyph; `false` where it does not start.
    fn enter_stream(
        &mut self,
        form: &'o Stream,
        resources: Option<&'o Dictionary>,
    ) -> Result<bool, ExtractError> {
        let address = std::ptr::from_ref(form);
        if self.frames.iter().any(|frame| frame.form == Some(address)) {
            self.warn(WarningCode::DamagedContent, "a form draws itself");
            return Ok(false);
        }
        if self.frames.len() >= self.shared.budget.limits.max_depth as usize {
            self.warn(WarningCode::Limit, "forms are nested too deeply");
            return Ok(false);
        }
        let (objects, budget) = (self.shared.objects, self.shared.budget);
        let bytes = self.shared.streams.form(objects, budget, form)?;
        let resources = resources.or(self.resources());
        self.enter(bytes, resources, Some(address), &form.dict);
        Ok(true)
    }

    /// Leaves glyphs to be run before the stream goes on.
    pub(super) fn queue_glyphs(
        &mut self,
        mut glyphs: Vec<(&'o Stream, Option<&'o Dictionary>, Matrix)>,
    ) {
        if let Some(frame) = self.frames.last_mut() {
            glyphs.reverse();
            frame.glyphs = glyphs;
        }
    }

    /// Starts the next queued glyph of the running stream; `false` where there is none.
    pub(super) fn enter_glyph(&mut self) -> Result<bool, ExtractError> {
        let next = self.frames.last_mut().and_then(|frame| frame.glyphs.pop());
        let Some((glyph, resources, to_display)) = next else {
            return Ok(false);
        };
        self.count_operator()?;
        let (text_matrix, line_matrix) = (self.text_matrix, self.line_matrix);
        if self.enter_stream(glyph, resources)? {
            if let Some(frame) = self.frames.last_mut() {
                frame.matrices = Some((text_matrix, line_matrix));
            }
            self.state.ctm = to_display;
        }
        Ok(true)
    }

    pub(super) fn enter(
        &mut self,
        bytes: Rc<Vec<u8>>,
        resources: Option<&'o Dictionary>,
        form: Option<*const Stream>,
        owner: &Dictionary,
    ) {
        let parents = self.shared.structure.parents(self.shared.objects, owner);
        self.saved.push(self.state.clone());
        self.frames.push(Frame {
            bytes,
            position: 0,
            resources,
            form,
            parents,
            glyphs: Vec::new(),
            matrices: None,
            states_below: self.saved.len(),
            marks_below: self.marks.len(),
        });
    }

    pub(super) fn leave(&mut self) {
        let Some(frame) = self.frames.pop() else {
            return;
        };
        self.close_marks(frame.marks_below);
        self.saved.truncate(frame.states_below);
        self.unsaved = 0;
        if let Some(state) = self.saved.pop() {
            self.state = state;
        }
        if let Some((text_matrix, line_matrix)) = frame.matrices {
            self.text_matrix = text_matrix;
            self.line_matrix = line_matrix;
        }
    }

    /// Whether a Type 3 glyph is being run; the glyphs that it shows stand for themselves.
    pub(super) fn is_in_glyph(&self) -> bool {
        self.frames.iter().any(|frame| frame.matrices.is_some())
    }

    pub(super) fn has_glyphs(&self) -> bool {
        self.frames
            .last()
            .is_some_and(|frame| !frame.glyphs.is_empty())
    }

    /// The resources of the running stream.
    pub(super) fn resources(&self) -> Option<&'o Dictionary> {
        self.frames.last().and_then(|frame| frame.resources)
    }

    /// The structure element that marked content of the running stream belongs to.
    pub(super) fn parent_element(&self, identifier: i64) -> Option<&'o Object> {
        let parents = self.frames.last()?.parents?;
        parents.get(usize::try_from(identifier).ok()?)
    }

    /// A named resource of the running stream, as written: it may be a reference. What a form lacks
    /// is looked for where the form is drawn, as viewers do.
    pub(super) fn resource_entry(&self, category: &[u8], name: &[u8]) -> Option<&'o Object> {
        let objects = self.shared.objects;
        let frames = self.frames.iter().rev();
        let mut resources = frames.filter_map(|frame| frame.resources);
        resources.find_map(|resources| objects.dict(resources, category)?.get(name))
    }

    /// A named resource of the running stream.
    pub(super) fn resource(&self, category: &[u8], name: &[u8]) -> Option<&'o Object> {
        let entry = self.resource_entry(category, name)?;
        Some(self.shared.objects.resolve(entry))
    }
}
