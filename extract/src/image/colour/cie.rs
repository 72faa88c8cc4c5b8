//! CalGray, CalRGB and Lab (ISO 32000-1, 8.6.5): CIE-based colours to sRGB.

use super::to_byte;
use crate::objects::{Dictionary, Objects};

/// CIE 1931 XYZ of the illuminant D50 (ISO 15076-1).
const D50: [f32; 3] = [0.9642, 1.0, 0.8249];

/// XYZ relative to D50, to linear sRGB (IEC 61966-2-1, adapted by Bradford).
const D50_TO_SRGB: [[f32; 3]; 3] = [
    [3.133_856, -1.616_867, -0.490_615],
    [-0.978_768, 1.916_142, 0.033_454],
    [0.071_945, -0.228_991, 1.405_243],
];

/// One gray component with a gamma.
pub(in crate::image) struct CalGray {
    gamma: f32,
}

impl CalGray {
    pub(super) fn parse(dict: &Dictionary, objects: &Objects<'_>) -> Self {
        let gamma = objects.number(dict, b"Gamma").filter(|gamma| *gamma > 0.0);
        Self {
            gamma: gamma.unwrap_or(1.0),
        }
    }

    pub(super) fn rgb(&self, value: f32) -> [u8; 3] {
        [to_byte(encode(value.clamp(0.0, 1.0).powf(self.gamma))); 3]
    }
}

/// Three components, each with a gamma, and their XYZ.
pub(in crate::image) struct CalRgb {
    white: [f32; 3],
    gamma: [f32; 3],
    /// XYZ of each component at 1.
    matrix: [[f32; 3]; 3],
}

impl CalRgb {
    pub(super) fn parse(dict: &Dictionary, objects: &Objects<'_>) -> Self {
        let numbers = |key: &[u8]| objects.numbers(dict, key).unwrap_or_default();
        let matrix = match numbers(b"Matrix").as_chunks::<3>().0 {
            [a, b, c, ..] => [*a, *b, *c],
            _ => [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        };
        let gamma = numbers(b"Gamma").first_chunk().copied().unwrap_or([1.0; 3]);
        Self {
            white: white_point(dict, objects),
            gamma,
            matrix,
        }
    }

    pub(super) fn rgb(&self, values: [f32; 3]) -> [u8; 3] {
        let mut xyz = [0.0; 3];
        for ((value, gamma), column) in values.iter().zip(self.gamma).zip(self.matrix) {
            let light = value.clamp(0.0, 1.0).powf(gamma);
            for (sum, share) in xyz.iter_mut().zip(column) {
                *sum += light * share;
            }
        }
        for (value, white) in xyz.iter_mut().zip(self.white) {
            *value /= white;
        }
        relative_xyz_to_srgb(xyz)
    }
}

/// CIE 1976 L*a*b*.
pub(in crate::image) struct Lab {
    /// Least and greatest a*, least and greatest b*.
    range: [f32; 4],
}

impl Lab {
    pub(super) fn parse(dict: &Dictionary, objects: &Objects<'_>) -> Self {
        let range = objects.numbers(dict, b"Range").unwrap_or_default();
        Self {
            range: range
                .first_chunk()
                .copied()
                .unwrap_or([-100.0, 100.0, -100.0, 100.0]),
        }
    }

    pub(super) fn range(&self, component: usize) -> [f32; 2] {
        let [a_low, a_high, b_low, b_high] = self.range;
        match component {
            0 => [0.0, 100.0],
            1 => [a_low, a_high],
            _ => [b_low, b_high],
        }
    }

    /// The white point cancels out: it is what the result is relative to.
    pub(super) fn rgb(&self, [lightness, a, b]: [f32; 3]) -> [u8; 3] {
        let m = (lightness + 16.0) / 116.0;
        relative_xyz_to_srgb([m + a / 500.0, m, m - b / 200.0].map(|x| {
            if x >= 6.0 / 29.0 {
                x * x * x
            } else {
                108.0 / 841.0 * (x - 4.0 / 29.0)
            }
        }))
    }
}

fn white_point(dict: &Dictionary, objects: &Objects<'_>) -> [f32; 3] {
    let white = objects.numbers(dict, b"WhitePoint").unwrap_or_default();
    match white.first_chunk() {
        Some(white) if white.iter().all(|value| *value > 0.0) => *white,
        _ => D50,
    }
}

/// XYZ where white is `[1, 1, 1]`.
fn relative_xyz_to_srgb(relative: [f32; 3]) -> [u8; 3] {
    let [x, y, z] = [
        relative[0] * D50[0],
        relative[1] * D50[1],
        relative[2] * D50[2],
    ];
    D50_TO_SRGB
        .map(|[from_x, from_y, from_z]| to_byte(encode(from_x * x + from_y * y + from_z * z)))
}

/// Linear light to the sRGB signal (IEC 61966-2-1).
pub(super) fn encode(light: f32) -> f32 {
    if light <= 0.003_130_8 {
        12.92 * light
    } else {
        1.055 * light.powf(1.0 / 2.4) - 0.055
    }
}
