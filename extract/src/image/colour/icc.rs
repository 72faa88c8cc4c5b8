//! ICCBased colour spaces (ISO 32000-1, 8.6.5.5; ISO 15076-1).

use crate::objects::Stream;
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use moxcms::{ColorProfile, Layout, ToneReprCurve, Transform8BitExecutor, TransformOptions};

use super::cie::encode;
use super::to_byte;

/// The largest difference to plain gray or RGB that no one sees, in steps of 255.
const UNSEEN_DIFFERENCE: u8 = 6;

/// Profiles kept ready per document; a transform of four components holds megabytes.
const MAX_KEPT: usize = 16;

/// The profiles of one document: preparing one takes longer than converting most images.
#[derive(Default)]
pub(crate) struct Profiles {
    /// By the address of the stream, which does not move while the document's objects live.
    ready: RefCell<HashMap<*const Stream, Option<Profile>>>,
}

impl Profiles {
    /// What `load` yields, which runs once per stream as long as there is room.
    pub(super) fn get<E>(
        &self,
        stream: &Stream,
        load: impl FnOnce() -> Result<Option<Profile>, E>,
    ) -> Result<Option<Profile>, E> {
        let key = std::ptr::from_ref(stream);
        if let Some(known) = self.ready.borrow().get(&key) {
            return Ok(known.clone());
        }
        let profile = load()?;
        let mut ready = self.ready.borrow_mut();
        if ready.len() < MAX_KEPT {
            ready.insert(key, profile.clone());
        }
        Ok(profile)
    }
}

/// A profile whose colours differ from those of the device space with as many components.
#[derive(Clone)]
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
        if is_like_srgb(&profile) {
            return None;
        }
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

/// Whether primaries and tone curves are those of sRGB: most profiles are, and to see it takes far
/// less than to prepare a transform.
fn is_like_srgb(profile: &ColorProfile) -> bool {
    const UNSEEN_XYZ: f64 = 0.005;
    let curves = [&profile.red_trc, &profile.green_trc, &profile.blue_trc];
    if !profile.is_matrix_shaper() || profile.lut_a_to_b_perceptual.is_some() {
        return false;
    }
    let (own, srgb) = (
        profile.colorant_matrix(),
        ColorProfile::new_srgb().colorant_matrix(),
    );
    let pairs = own.v.as_flattened().iter().zip(srgb.v.as_flattened());
    pairs
        .into_iter()
        .all(|(own, srgb)| (own - srgb).abs() <= UNSEEN_XYZ)
        && curves.into_iter().flatten().all(is_curve_like_srgb)
}

fn is_curve_like_srgb(curve: &ToneReprCurve) -> bool {
    let Ok(curve) = curve.make_linear_evaluator() else {
        return false;
    };
    (0..=16).all(|step| {
        let signal = step as f32 / 16.0;
        let shown = encode(curve.evaluate_value(signal));
        (shown - signal).abs() * 255.0 <= f32::from(UNSEEN_DIFFERENCE)
    })
}
