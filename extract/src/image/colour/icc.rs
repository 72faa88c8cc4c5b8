//! ICCBased colour spaces (ISO 32000-1, 8.6.5.5; ISO 15076-1).

use std::sync::Arc;

use moxcms::{ColorProfile, Layout, Transform8BitExecutor, TransformOptions};

use super::to_byte;

/// The largest difference to plain gray or RGB that no one sees, in steps of 255.
const UNSEEN_DIFFERENCE: u8 = 6;

/// A profile whose colours differ from those of the device space with as many components.
pub(in crate::image) struct Profile {
    components: usize,
    transform: Arc<Transform8BitExecutor>,
}

impl Profile {
    /// Reads a profile. `None` where it cannot be used, or would show what plain gray or RGB shows.
    pub(super) fn parse(data: &[u8], components: usize) -> Option<Self> {
        let layout = match components {
            1 => Layout::Gray,
            3 => Layout::Rgb,
            4 => Layout::Rgba,
            _ => return None,
        };
        let profile = ColorProfile::new_from_slice(data).ok()?;
        let srgb = ColorProfile::new_srgb();
        let options = TransformOptions::default();
        let transform = profile
            .create_transform_8bit(layout, &srgb, Layout::Rgb, options)
            .ok()?;
        let profile = Self {
            components,
            transform,
        };
        (components == 4 || profile.is_seen()).then_some(profile)
    }

    pub(super) fn components(&self) -> usize {
        self.components
    }

    /// Fills `out` with RGB for interleaved components.
    pub(super) fn row(&self, values: &[u8], out: &mut [u8]) {
        let pixels = (values.len() / self.components).min(out.len() / 3);
        let values = &values[..pixels * self.components];
        if self
            .transform
            .transform(values, &mut out[..3 * pixels])
            .is_err()
        {
            out.fill(0);
        }
    }

    /// One colour from values of 0 to 1.
    pub(super) fn rgb(&self, values: &[f32]) -> [u8; 3] {
        let mut bytes = [0; 4];
        for (byte, value) in bytes.iter_mut().zip(values) {
            *byte = to_byte(*value);
        }
        let mut rgb = [0; 3];
        self.row(&bytes[..self.components], &mut rgb);
        rgb
    }

    /// Compares a grid of colours with themselves.
    fn is_seen(&self) -> bool {
        let grid: Vec<u8> = match self.components {
            1 => (0..=255).collect(),
            // Six levels of each component.
            _ => (0..216)
                .flat_map(|n| [n / 36, n / 6 % 6, n % 6].map(|level| level * 51))
                .collect(),
        };
        let mut shown = vec![0; grid.len() / self.components * 3];
        self.row(&grid, &mut shown);
        let channels_per_value = shown.len() / grid.len();
        let plain = grid
            .iter()
            .flat_map(|value| std::iter::repeat_n(*value, channels_per_value));
        plain
            .zip(&shown)
            .any(|(plain, shown)| plain.abs_diff(*shown) > UNSEEN_DIFFERENCE)
    }
}
