//! Path operators, as far as they clip: of a clipping path its bounding box counts (ISO 32000-1, 8.5).

use super::interpreter::Interpreter;
use crate::Rect;
use crate::geometry::{intersection, union};

/// The path that is being built.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Path {
    /// On the displayed page; `None` while the path is empty.
    bounds: Option<Rect>,
    /// `W` or `W*` was met.
    clips: bool,
}

impl Path {
    fn add(&mut self, x: f32, y: f32) {
        let point = Rect {
            x0: x,
            y0: y,
            x1: x,
            y1: y,
        };
        self.bounds = Some(self.bounds.map_or(point, |bounds| union(bounds, point)));
    }
}

impl Interpreter<'_, '_, '_> {
    /// `false` where the operator is none of those that build, end or clip to a path.
    pub(super) fn execute_path(&mut self, operator: &[u8]) -> bool {
        match operator {
            b"m" | b"l" => self.add_points::<2>(),
            b"v" | b"y" => self.add_points::<4>(),
            b"c" => self.add_points::<6>(),
            b"re" => {
                if let Some([x, y, width, height]) = self.numbers() {
                    for (x, y) in [
                        (x, y),
                        (x + width, y),
                        (x, y + height),
                        (x + width, y + height),
                    ] {
                        self.add_point(x, y);
                    }
                }
            }
            b"W" | b"W*" => self.path.clips = true,
            b"n" | b"f" | b"F" | b"f*" | b"S" | b"s" | b"B" | b"B*" | b"b" | b"b*" => {
                self.end_path();
            }
            b"h" => {}
            _ => return false,
        }
        true
    }

    fn add_points<const N: usize>(&mut self) {
        if let Some(numbers) = self.numbers::<N>() {
            for pair in numbers.chunks_exact(2) {
                self.add_point(pair[0], pair[1]);
            }
        }
    }

    fn add_point(&mut self, x: f32, y: f32) {
        let point = self.state.ctm.point(x, y);
        self.path.add(point.x, point.y);
    }

    fn end_path(&mut self) {
        let path = std::mem::take(&mut self.path);
        if let (true, Some(bounds)) = (path.clips, path.bounds) {
            self.state.clip = intersection(self.state.clip, bounds);
        }
    }
}
