//! `Do` and inline images: forms are run, images are placed (ISO 32000-1, 8.9 and 8.10).

use super::images::{ImageKey, StoredImage};
use super::inline;
use super::interpreter::Interpreter;
use crate::geometry::rect_of_corners;
use crate::objects::lexer::Lexer;
use crate::objects::{Dictionary, Object, Stream};
use crate::{ExtractError, PlacedImage, Sha256, WarningCode, image};

impl<'o> Interpreter<'_, '_, 'o> {
    pub(super) fn draw_named_object(&mut self) -> Result<(), ExtractError> {
        let Some(Object::Stream(stream)) = self
            .operands
            .last_name()
            .and_then(|name| self.resource(b"XObject", name))
        else {
            return Ok(());
        };
        if self.is_hidden() || !self.is_content_visible(&stream.dict) {
            return Ok(());
        }
        match self.shared.objects.name(&stream.dict, b"Subtype") {
            Some(b"Image") => self.draw_image(stream),
            Some(b"Form") => self.enter_form(stream),
            None if stream.dict.has(b"BBox") => self.enter_form(stream),
            _ => Ok(()),
        }
    }

    /// Whether the `OC` entry of a form, image or annotation leaves it visible.
    pub(super) fn is_content_visible(&self, dict: &Dictionary) -> bool {
        dict.get(b"OC")
            .is_none_or(|group| self.shared.optional.is_visible(self.shared.objects, group))
    }

    fn draw_image(&mut self, stream: &'o Stream) -> Result<(), ExtractError> {
        let resources = self.resources();
        let (objects, budget) = (self.shared.objects, self.shared.budget);
        let key = ImageKey::Object(std::ptr::from_ref(stream));
        let profiles = &self.shared.profiles;
        let stored = self.shared.images.get(budget, key, || {
            let bytes = objects.raw(stream);
            image::decode(objects, &stream.dict, bytes, resources, profiles, budget)
        })?;
        self.place(stored);
        Ok(())
    }

    pub(super) fn draw_inline_image(&mut self, lexer: &mut Lexer<'_>) -> Result<(), ExtractError> {
        let before = lexer.position();
        let Some(inline) = inline::read(lexer, self.shared.budget.limits.max_depth) else {
            lexer.seek(before);
            self.warn(WarningCode::DamagedContent, "an inline image has no data");
            return Ok(());
        };
        if self.is_hidden() {
            return Ok(());
        }
        let resources = self.resources();
        let (objects, budget) = (self.shared.objects, self.shared.budget);
        let context = resources.map_or(0, |dict| std::ptr::from_ref(dict) as usize);
        let key = ImageKey::Inline(Sha256::of(inline.source), context);
        let profiles = &self.shared.profiles;
        let stored = self.shared.images.get(budget, key, || {
            image::decode(
                objects,
                &inline.dict,
                inline.data,
                resources,
                profiles,
                budget,
            )
        })?;
        self.place(stored);
        Ok(())
    }

    fn place(&mut self, stored: Option<StoredImage>) {
        self.collector.image_seen();
        let Some(stored) = stored else { return };
        if self.placed.len() as u64 >= self.shared.budget.limits.max_placed_images {
            self.warn(WarningCode::Limit, "the page draws too many images");
            return;
        }
        let unit_square = rect_of_corners(0.0, 0.0, 1.0, 1.0);
        self.placed.push(PlacedImage {
            sha256: stored.sha256,
            width: stored.width,
            height: stored.height,
            format: stored.format,
            bbox: self.state.ctm.bounds(unit_square),
        });
    }
}
