//! `ActualText`: a text that stands for the glyphs of a marked-content sequence (ISO 32000-1, 14.9.4).

use super::Run;
use crate::geometry::Point;

/// Glyphs kept within one sequence; a text that long replaces a page, not a ligature.
const MAX_GLYPHS: usize = 100_000;

/// A glyph that waits for the end of its sequence.
pub(super) struct WaitingGlyph {
    pub(super) text: String,
    pub(super) origin: Point,
    pub(super) advance: f32,
    /// `None`: the run that is current anyway.
    pub(super) run: Option<Run>,
}

/// The outermost open sequence with `ActualText`; those inside it do not count.
#[derive(Default)]
pub(super) struct Replacement {
    depth: u32,
    text: String,
    glyphs: Vec<WaitingGlyph>,
}

impl Replacement {
    pub(super) fn is_active(&self) -> bool {
        self.depth > 0
    }

    pub(super) fn begin(&mut self, text: &str) {
        self.depth += 1;
        if self.depth == 1 {
            text.clone_into(&mut self.text);
            self.glyphs.clear();
        }
    }

    pub(super) fn glyph(&mut self, text: &str, origin: Point, advance: f32, run: Run) {
        if self.glyphs.len() < MAX_GLYPHS {
            self.glyphs.push(WaitingGlyph {
                text: text.to_owned(),
                origin,
                advance,
                run: Some(run),
            });
        }
    }

    /// At the end of the outermost sequence: its glyphs, with the replaced text.
    ///
    /// Glyphs at either end that already read as the text does keep their place; the first of
    /// those between takes what is left of the text, and the others read as nothing.
    pub(super) fn end(&mut self, origin: Point) -> Option<Vec<WaitingGlyph>> {
        self.depth = self.depth.saturating_sub(1);
        if self.depth > 0 {
            return None;
        }
        let mut glyphs = std::mem::take(&mut self.glyphs);
        let mut rest = std::mem::take(&mut self.text);
        if glyphs.is_empty() {
            return Some(vec![WaitingGlyph {
                text: rest,
                origin,
                advance: 0.0,
                run: None,
            }]);
        }
        let mut start = 0;
        let mut used = 0;
        while let Some(glyph) = glyphs.get(start)
            && !glyph.text.is_empty()
            && rest[used..].starts_with(&glyph.text)
        {
            used += glyph.text.len();
            start += 1;
        }
        rest.drain(..used);
        let mut end = glyphs.len();
        while end > start
            && let Some(glyph) = glyphs.get(end - 1)
            && !glyph.text.is_empty()
            && rest.ends_with(&glyph.text)
        {
            rest.truncate(rest.len() - glyph.text.len());
            end -= 1;
        }
        match glyphs.get_mut(start..end) {
            Some([first, others @ ..]) => {
                first.text = rest;
                for other in others {
                    other.text.clear();
                }
            }
            _ => {
                if let Some(last) = start.checked_sub(1).and_then(|last| glyphs.get_mut(last)) {
                    last.text.push_str(&rest);
                } else if let Some(first) = glyphs.first_mut() {
                    first.text.insert_str(0, &rest);
                }
            }
        }
        Some(glyphs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replaced(actual: &str, glyphs: &[&str]) -> Vec<String> {
        let run = Run {
            direction: Point { x: 1.0, y: 0.0 },
            size: 10.0,
            vertical: false,
            ascent: 0.8,
            descent: -0.2,
            bold: false,
            italic: false,
        };
        let mut replacement = Replacement::default();
        replacement.begin(actual);
        for glyph in glyphs {
            replacement.glyph(glyph, Point::default(), 1.0, run);
        }
        let glyphs = replacement.end(Point::default()).unwrap();
        glyphs.into_iter().map(|glyph| glyph.text).collect()
    }

    #[test]
    fn only_what_differs_moves() {
        assert_eq!(
            replaced("office", &["o", "?", "c", "e"]),
            ["o", "ffi", "c", "e"]
        );
        assert_eq!(replaced("ab", &["a", "-", "b"]), ["a", "", "b"]);
        assert_eq!(replaced("abc", &["a", "c"]), ["ab", "c"]);
        assert_eq!(replaced("x", &[]), ["x"]);
        assert_eq!(replaced("", &["a", "b"]), ["", ""]);
    }

    #[test]
    fn the_outer_sequence_wins() {
        let mut replacement = Replacement::default();
        replacement.begin("outer");
        replacement.begin("inner");
        assert!(replacement.end(Point::default()).is_none());
        assert_eq!(replacement.end(Point::default()).unwrap()[0].text, "outer");
        assert!(!replacement.is_active());
    }
}
