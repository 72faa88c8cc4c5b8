//! Media box, crop box, user unit and rotation → the page as it is displayed (ISO 32000-1, 14.11.2).

use crate::Rect;
use crate::geometry::{Matrix, intersection, rect_of_corners};

/// US Letter, which readers fall back to where no usable `MediaBox` is found.
const DEFAULT_MEDIA_BOX: Rect = Rect {
    x0: 0.0,
    y0: 0.0,
    x1: 612.0,
    y1: 792.0,
};

/// Where a page's user space lies on the displayed page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Geometry {
    /// Points across, as displayed.
    pub(crate) width: f32,
    /// Points down, as displayed.
    pub(crate) height: f32,
    /// Clockwise: 0, 90, 180 or 270.
    pub(crate) rotation: u16,
    /// User space → points from the top left of the displayed page, y down.
    pub(crate) to_display: Matrix,
}

/// The attributes of one page that decide its geometry, as written.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Attributes {
    pub(crate) media_box: Option<Rect>,
    pub(crate) crop_box: Option<Rect>,
    pub(crate) rotate: i64,
    pub(crate) user_unit: f32,
}

impl Geometry {
    pub(crate) fn new(attributes: &Attributes) -> Self {
        let media = attributes
            .media_box
            .filter(|rect| !is_empty(rect))
            .unwrap_or(DEFAULT_MEDIA_BOX);
        let page = attributes
            .crop_box
            .filter(|rect| !is_empty(rect))
            .map(|crop| intersection(crop, media))
            .filter(|rect| rect.x1 - rect.x0 >= 1.0 && rect.y1 - rect.y0 >= 1.0)
            .unwrap_or(media);
        let unit = if attributes.user_unit.is_finite() && attributes.user_unit > 0.0 {
            attributes.user_unit
        } else {
            1.0
        };
        let (width, height) = ((page.x1 - page.x0) * unit, (page.y1 - page.y0) * unit);
        let rotation = quarter_turns(attributes.rotate);
        let (shift_x, shift_y) = (-page.x0 * unit, -page.y0 * unit);
        let upright = Matrix::new(unit, 0.0, 0.0, unit, shift_x, shift_y);
        let turn = match rotation {
            90 => Matrix::new(0.0, 1.0, 1.0, 0.0, 0.0, 0.0),
            180 => Matrix::new(-1.0, 0.0, 0.0, 1.0, width, 0.0),
            270 => Matrix::new(0.0, -1.0, -1.0, 0.0, height, width),
            _ => Matrix::new(1.0, 0.0, 0.0, -1.0, 0.0, height),
        };
        let sideways = rotation % 180 == 90;
        Self {
            width: if sideways { height } else { width },
            height: if sideways { width } else { height },
            rotation,
            to_display: upright.then(&turn),
        }
    }

    /// The whole displayed page.
    pub(crate) fn bounds(&self) -> Rect {
        Rect {
            x0: 0.0,
            y0: 0.0,
            x1: self.width,
            y1: self.height,
        }
    }
}

/// A rectangle from the four numbers of an array (ISO 32000-1, 7.9.5).
pub(crate) fn rectangle(numbers: &[f32]) -> Option<Rect> {
    match *numbers {
        [x0, y0, x1, y1, ..] if [x0, y0, x1, y1].iter().all(|n| n.is_finite()) => {
            Some(rect_of_corners(x0, y0, x1, y1))
        }
        _ => None,
    }
}

fn is_empty(rect: &Rect) -> bool {
    rect.x1 <= rect.x0 || rect.y1 <= rect.y0
}

/// `Rotate` has to be a multiple of 90; other values are rounded to one.
fn quarter_turns(degrees: i64) -> u16 {
    match degrees.rem_euclid(360) {
        45..135 => 90,
        135..225 => 180,
        225..315 => 270,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Point;

    fn attributes(rotate: i64) -> Attributes {
        Attributes {
            media_box: rectangle(&[100.0, 50.0, 300.0, 150.0]),
            crop_box: None,
            rotate,
            user_unit: 1.0,
        }
    }

    #[test]
    fn every_rotation_puts_the_lower_left_corner_where_viewers_do() {
        let expected = [
            (0, 0.0, 100.0),
            (90, 0.0, 0.0),
            (180, 200.0, 0.0),
            (270, 100.0, 200.0),
        ];
        for (rotate, x, y) in expected {
            let geometry = Geometry::new(&attributes(rotate));
            assert_eq!(
                geometry.to_display.point(100.0, 50.0),
                Point { x, y },
                "{rotate}"
            );
            let size = if rotate % 180 == 0 {
                (200.0, 100.0)
            } else {
                (100.0, 200.0)
            };
            assert_eq!((geometry.width, geometry.height), size, "{rotate}");
        }
        assert_eq!(Geometry::new(&attributes(-90)).rotation, 270);
    }

    #[test]
    fn the_crop_box_is_cut_to_the_media_box() {
        let geometry = Geometry::new(&Attributes {
            crop_box: rectangle(&[250.0, 100.0, 900.0, 900.0]),
            ..attributes(0)
        });
        assert_eq!((geometry.width, geometry.height), (50.0, 50.0));
    }

    #[test]
    fn an_empty_media_box_is_a_letter_page() {
        let geometry = Geometry::new(&Attributes {
            media_box: rectangle(&[0.0, 0.0, 0.0, 0.0]),
            ..Attributes::default()
        });
        assert_eq!((geometry.width, geometry.height), (612.0, 792.0));
    }

    #[test]
    fn the_user_unit_scales_the_page() {
        let geometry = Geometry::new(&Attributes {
            user_unit: 2.0,
            ..attributes(0)
        });
        assert_eq!((geometry.width, geometry.height), (400.0, 200.0));
        assert_eq!(
            geometry.to_display.point(300.0, 150.0),
            Point { x: 400.0, y: 0.0 }
        );
    }
}
