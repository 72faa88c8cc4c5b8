//! The part of the graphics state that decides where text and images lie (ISO 32000-1, 8.4 and 9.3).

use std::rc::Rc;

use crate::Rect;
use crate::font::Font;
use crate::geometry::Matrix;

/// What `q` saves and `Q` restores.
#[derive(Clone)]
pub(super) struct State {
    /// User space → displayed page.
    pub(super) ctm: Matrix,
    /// Around what the clipping path shows, on the displayed page.
    pub(super) clip: Rect,
    pub(super) font: Option<Rc<Font>>,
    /// `Tf` size, in unscaled text space units.
    pub(super) font_size: f32,
    /// `Tc`, in unscaled text space units.
    pub(super) char_spacing: f32,
    /// `Tw`, in unscaled text space units.
    pub(super) word_spacing: f32,
    /// `Tz` divided by 100.
    pub(super) horizontal_scale: f32,
    /// `TL`, in unscaled text space units.
    pub(super) leading: f32,
    /// `Ts`, in unscaled text space units.
    pub(super) rise: f32,
}

impl State {
    pub(super) fn new(ctm: Matrix, clip: Rect) -> Self {
        Self {
            ctm,
            clip,
            font: None,
            font_size: 1.0,
            char_spacing: 0.0,
            word_spacing: 0.0,
            horizontal_scale: 1.0,
            leading: 0.0,
            rise: 0.0,
        }
    }
}
