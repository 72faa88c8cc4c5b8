//! Each font dictionary of a document loaded once.

use std::collections::HashMap;
use std::rc::Rc;

use crate::budget::Budget;
use crate::font::Font;
use crate::objects::{Dictionary, Objects};

/// Fonts by the address of their dictionary, which does not move while the objects live.
#[derive(Default)]
pub(super) struct FontCache<'o> {
    fonts: HashMap<*const Dictionary, (Rc<Font>, &'o Dictionary)>,
    fallback: Option<Rc<Font>>,
}

impl<'o> FontCache<'o> {
    pub(super) fn get(
        &mut self,
        objects: &'o Objects<'o>,
        dict: &'o Dictionary,
        budget: &Budget<'_>,
    ) -> Rc<Font> {
        let (font, _) = self
            .fonts
            .entry(std::ptr::from_ref(dict))
            .or_insert_with(|| (Rc::new(Font::load(objects, dict, budget)), dict));
        Rc::clone(font)
    }

    /// The dictionary that a font was loaded from.
    pub(super) fn dictionary(&self, font: &Rc<Font>) -> Option<&'o Dictionary> {
        let mut fonts = self.fonts.values();
        fonts.find_map(|(loaded, dict)| Rc::ptr_eq(loaded, font).then_some(*dict))
    }

    /// What stands in for a font that the resources do not have.
    pub(super) fn fallback(&mut self, objects: &Objects<'_>, budget: &Budget<'_>) -> Rc<Font> {
        let font = self
            .fallback
            .get_or_insert_with(|| Rc::new(Font::load(objects, &Dictionary::default(), budget)));
        Rc::clone(font)
    }
}
