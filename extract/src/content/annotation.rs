//! Appearance streams of annotations and form fields, drawn after the page (ISO 32000-1, 12.5.5).

use super::interpreter::Interpreter;
use crate::ExtractError;
use crate::geometry::Matrix;
use crate::objects::{Dictionary, Object, Stream, as_dict};
use crate::page::boxes::rectangle;

/// Annotation flags that keep an annotation off the screen (ISO 32000-1, table 165).
const HIDDEN: i64 = 1 << 1;
const NO_VIEW: i64 = 1 << 5;

impl<'o> Interpreter<'_, '_, 'o> {
    /// Draws annotations in order, then the widgets of form fields.
    pub(super) fn run_annotations(&mut self, page: &'o Dictionary) -> Result<(), ExtractError> {
        let objects = self.shared.objects;
        let annotations = objects.array(page, b"Annots").unwrap_or_default();
        for widgets in [false, true] {
            for annotation in annotations {
                self.shared.budget.check()?;
                let Some(dict) = as_dict(objects.resolve(annotation)) else {
                    continue;
                };
                let is_widget = objects.name(dict, b"Subtype") == Some(b"Widget");
                if is_widget == widgets && self.is_annotation_visible(dict) {
                    self.draw_annotation(dict)?;
                }
            }
        }
        Ok(())
    }

    fn is_annotation_visible(&self, dict: &Dictionary) -> bool {
        let objects = self.shared.objects;
        let flags = objects.integer(dict, b"F").unwrap_or(0);
        flags & (HIDDEN | NO_VIEW) == 0
            && objects.name(dict, b"Subtype") != Some(b"Popup")
            && self.is_content_visible(dict)
    }

    fn draw_annotation(&mut self, dict: &'o Dictionary) -> Result<(), ExtractError> {
        if self.needs_appearance(dict) {
            return self.write_annotation(dict);
        }
        let Some(appearance) = self.normal_appearance(dict) else {
            return self.write_annotation(dict);
        };
        if !self.is_content_visible(&appearance.dict) {
            return Ok(());
        }
        match self.placement(dict, appearance) {
            Some(placement) => self.run_form_alone(appearance, &placement),
            None => Ok(()),
        }
    }

    /// The normal appearance, of the annotation's state where there are several.
    fn normal_appearance(&self, dict: &'o Dictionary) -> Option<&'o Stream> {
        let objects = self.shared.objects;
        match objects.lookup(objects.dict(dict, b"AP")?, b"N")? {
            Object::Stream(stream) => Some(stream),
            Object::Dictionary(states) => {
                let state = objects.name(dict, b"AS")?;
                objects.stream(states, state)
            }
            _ => None,
        }
    }

    /// The matrix `A` that moves the transformed appearance box onto the annotation's rectangle
    /// (ISO 32000-1, 12.5.5, algorithm 8.1).
    fn placement(&self, dict: &Dictionary, appearance: &Stream) -> Option<Matrix> {
        let objects = self.shared.objects;
        let target = rectangle(&objects.numbers(dict, b"Rect")?)?;
        let form_box = rectangle(&objects.numbers(&appearance.dict, b"BBox")?)?;
        let matrix = objects
            .numbers(&appearance.dict, b"Matrix")
            .map_or(Matrix::IDENTITY, |numbers| Matrix::from_numbers(&numbers));
        let source = matrix.bounds(form_box);
        let scale = |target: f32, source: f32| if source > 0.0 { target / source } else { 1.0 };
        let x = scale(target.x1 - target.x0, source.x1 - source.x0);
        let y = scale(target.y1 - target.y0, source.y1 - source.y0);
        Some(Matrix::new(
            x,
            0.0,
            0.0,
            y,
            target.x0 - source.x0 * x,
            target.y0 - source.y0 * y,
        ))
    }
}
