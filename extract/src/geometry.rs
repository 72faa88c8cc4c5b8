//! Points and affine matrices (ISO 32000-1, 8.3).

use crate::Rect;

/// A point or a vector.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Point {
    pub(crate) x: f32,
    pub(crate) y: f32,
}

/// `[a b c d e f]`, applied to row vectors as in the specification.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Matrix {
    pub(crate) a: f32,
    pub(crate) b: f32,
    pub(crate) c: f32,
    pub(crate) d: f32,
    pub(crate) e: f32,
    pub(crate) f: f32,
}

impl Matrix {
    pub(crate) const IDENTITY: Self = Self::new(1.0, 0.0, 0.0, 1.0, 0.0, 0.0);

    pub(crate) const fn new(a: f32, b: f32, c: f32, d: f32, e: f32, f: f32) -> Self {
        Self { a, b, c, d, e, f }
    }

    /// From six numbers; the identity where there are fewer.
    pub(crate) fn from_numbers(numbers: &[f32]) -> Self {
        match *numbers {
            [a, b, c, d, e, f, ..] => Self::new(a, b, c, d, e, f),
            _ => Self::IDENTITY,
        }
    }

    /// The matrix that applies `self` first and `next` after it.
    pub(crate) fn then(&self, next: &Self) -> Self {
        Self {
            a: self.a * next.a + self.b * next.c,
            b: self.a * next.b + self.b * next.d,
            c: self.c * next.a + self.d * next.c,
            d: self.c * next.b + self.d * next.d,
            e: self.e * next.a + self.f * next.c + next.e,
            f: self.e * next.b + self.f * next.d + next.f,
        }
    }

    pub(crate) fn point(&self, x: f32, y: f32) -> Point {
        Point {
            x: x * self.a + y * self.c + self.e,
            y: x * self.b + y * self.d + self.f,
        }
    }

    /// Transforms a direction: the translation does not apply.
    pub(crate) fn vector(&self, x: f32, y: f32) -> Point {
        Point {
            x: x * self.a + y * self.c,
            y: x * self.b + y * self.d,
        }
    }

    /// The factor by which lengths grow, on average of all directions: √|det|.
    pub(crate) fn expansion(&self) -> f32 {
        (self.a * self.d - self.b * self.c).abs().sqrt()
    }

    /// The smallest upright box around the transformed `rect`.
    pub(crate) fn bounds(&self, rect: Rect) -> Rect {
        let corners = [
            self.point(rect.x0, rect.y0),
            self.point(rect.x1, rect.y0),
            self.point(rect.x0, rect.y1),
            self.point(rect.x1, rect.y1),
        ];
        let mut bounds = Rect {
            x0: corners[0].x,
            y0: corners[0].y,
            x1: corners[0].x,
            y1: corners[0].y,
        };
        for corner in &corners[1..] {
            bounds.x0 = bounds.x0.min(corner.x);
            bounds.y0 = bounds.y0.min(corner.y);
            bounds.x1 = bounds.x1.max(corner.x);
            bounds.y1 = bounds.y1.max(corner.y);
        }
        bounds
    }
}

/// The smallest box around both.
pub(crate) fn union(a: Rect, b: Rect) -> Rect {
    Rect {
        x0: a.x0.min(b.x0),
        y0: a.y0.min(b.y0),
        x1: a.x1.max(b.x1),
        y1: a.y1.max(b.y1),
    }
}

/// What both have in common; `x1 < x0` or `y1 < y0` where that is nothing.
pub(crate) fn intersection(a: Rect, b: Rect) -> Rect {
    Rect {
        x0: a.x0.max(b.x0),
        y0: a.y0.max(b.y0),
        x1: a.x1.min(b.x1),
        y1: a.y1.min(b.y1),
    }
}

/// The box from its corners in any order.
pub(crate) fn rect_of_corners(x0: f32, y0: f32, x1: f32, y1: f32) -> Rect {
    Rect {
        x0: x0.min(x1),
        y0: y0.min(y1),
        x1: x0.max(x1),
        y1: y0.max(y1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn then_applies_the_left_matrix_first() {
        let scale = Matrix::new(2.0, 0.0, 0.0, 3.0, 0.0, 0.0);
        let shift = Matrix::new(1.0, 0.0, 0.0, 1.0, 10.0, 20.0);
        assert_eq!(
            scale.then(&shift).point(1.0, 1.0),
            Point { x: 12.0, y: 23.0 }
        );
        assert_eq!(
            shift.then(&scale).point(1.0, 1.0),
            Point { x: 22.0, y: 63.0 }
        );
    }

    #[test]
    fn bounds_of_a_quarter_turn_stay_ordered() {
        let turn = Matrix::new(0.0, 1.0, -1.0, 0.0, 0.0, 0.0);
        let bounds = turn.bounds(rect_of_corners(0.0, 0.0, 4.0, 2.0));
        assert_eq!(bounds, rect_of_corners(-2.0, 0.0, 0.0, 4.0));
    }
}
