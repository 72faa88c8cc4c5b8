//! Marked content: optional content that hides, `ActualText` that replaces (ISO 32000-1, 14.6 and 14.9.4).

use super::interpreter::Interpreter;
use super::operands::Operand;
use crate::objects::{Dictionary, as_dict, text_string};

/// Marked-content sequences kept open at a time; deeper ones are counted and not looked at.
const MAX_MARKS: usize = 4_096;

/// One open marked-content sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    hidden: bool,
    replaced: bool,
}

impl Interpreter<'_, '_, '_> {
    /// Whether an enclosing sequence belongs to optional content that is off.
    pub(super) fn is_hidden(&self) -> bool {
        self.marks.last().is_some_and(|mark| mark.hidden)
    }

    /// `BMC`, or `BDC` with its property list.
    pub(super) fn begin_marked_content(&mut self, has_properties: bool) {
        if self.marks.len() >= MAX_MARKS {
            self.unmarked += 1;
            return;
        }
        let mut mark = Mark {
            hidden: self.is_hidden(),
            replaced: false,
        };
        if has_properties {
            mark.hidden |= !self.is_group_visible();
            if !mark.hidden
                && let Some(text) = self.actual_text()
            {
                self.collector.begin_replacement(&text);
                mark.replaced = true;
            }
        }
        self.marks.push(mark);
    }

    pub(super) fn end_marked_content(&mut self) {
        if self.unmarked > 0 {
            self.unmarked -= 1;
            return;
        }
        if let Some(mark) = self.marks.pop()
            && mark.replaced
        {
            self.end_replacement();
        }
    }

    /// Closes what a form left open.
    pub(super) fn close_marks(&mut self, down_to: usize) {
        self.unmarked = 0;
        while self.marks.len() > down_to {
            self.end_marked_content();
        }
    }

    /// Text of a sequence that shows no glyph lies where the next glyph would.
    fn end_replacement(&mut self) {
        let place = self.text_matrix.point(0.0, self.state.rise);
        let origin = self.state.ctm.point(place.x, place.y);
        self.collector.end_replacement(origin);
    }

    fn is_group_visible(&self) -> bool {
        if self.operands.first_name() != Some(b"OC") {
            return true;
        }
        let Some(entry) = self
            .operands
            .last_name()
            .and_then(|name| self.resource_entry(b"Properties", name))
        else {
            return true;
        };
        self.shared.optional.is_visible(self.shared.objects, entry)
    }

    /// What the sequence reads as by its own property list, or by its structure element.
    fn actual_text(&mut self) -> Option<String> {
        let objects = self.shared.objects;
        let properties = self.properties()?;
        if let Some(text) = objects.string(properties, b"ActualText") {
            return Some(text_string(text));
        }
        let identifier = objects.integer(properties, b"MCID")?;
        let parent = self.parent_element(identifier)?;
        let structure = &mut self.shared.structure;
        structure.actual_text(objects, parent, identifier)
    }

    /// The sequence's property list, inline or named.
    fn properties(&self) -> Option<&Dictionary> {
        match self.operand(self.operands.len().checked_sub(1)?)? {
            Operand::Dictionary(_) => self.operands.last_dictionary(),
            Operand::Name(span) => {
                as_dict(self.resource(b"Properties", self.operands.bytes(span))?)
            }
            _ => None,
        }
    }
}
