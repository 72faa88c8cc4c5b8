//! Type 0: a table of samples, interpolated (ISO 32000-1, 7.10.2).

use super::{clip, interpolate};
use crate::objects::{Dictionary, Objects};

/// Inputs between whose samples the value is interpolated; with more, the nearest sample is taken.
const MAX_INTERPOLATED_INPUTS: usize = 4;

/// Samples on a grid, the first input varying fastest.
pub(super) struct Table {
    /// Samples along each input, at least 1.
    sizes: Vec<usize>,
    encode: Vec<[f32; 2]>,
    outputs: usize,
    /// Already decoded, one output after the other.
    values: Vec<f32>,
}

impl Table {
    /// Reads the entries of the function dictionary; `None` where they make no table.
    pub(super) fn parse(
        dict: &Dictionary,
        data: &[u8],
        inputs: usize,
        range: &[[f32; 2]],
        objects: &Objects<'_>,
    ) -> Option<Self> {
        let sizes: Vec<usize> = objects
            .numbers(dict, b"Size")?
            .iter()
            .map(|size| *size as usize)
            .collect();
        let bits = objects.integer(dict, b"BitsPerSample")?;
        if sizes.len() != inputs || sizes.contains(&0) || range.is_empty() {
            return None;
        }
        let bits = matches!(bits, 1 | 2 | 4 | 8 | 12 | 16 | 24 | 32).then_some(bits as usize)?;
        let points = sizes
            .iter()
            .try_fold(1_usize, |points, size| points.checked_mul(*size))?;
        let count = points.checked_mul(range.len())?;
        if count.checked_mul(bits)?.div_ceil(8) > data.len() {
            return None;
        }
        let decode = super::intervals(dict, b"Decode", objects)
            .filter(|decode| decode.len() >= range.len())
            .unwrap_or_else(|| range.to_vec());
        let encode = super::intervals(dict, b"Encode", objects)
            .filter(|encode| encode.len() >= inputs)
            .unwrap_or_else(|| sizes.iter().map(|size| [0.0, (*size - 1) as f32]).collect());
        let greatest = ((1_u64 << bits) - 1) as f32;
        let values = (0..count)
            .map(|index| {
                let sample = read_bits(data, index * bits, bits) as f32;
                interpolate(sample, [0.0, greatest], decode[index % range.len()])
            })
            .collect();
        Some(Self {
            sizes,
            encode,
            outputs: range.len(),
            values,
        })
    }

    /// The outputs at `inputs`, which lie within `domain`.
    pub(super) fn eval(&self, inputs: &[f32], domain: &[[f32; 2]]) -> Vec<f32> {
        let mut places = vec![0.0; self.sizes.len()];
        for (index, place) in places.iter_mut().enumerate() {
            let value = inputs.get(index).copied().unwrap_or(0.0);
            *place = interpolate(value, domain[index], self.encode[index]);
        }
        let grid: Vec<[f32; 2]> = self
            .sizes
            .iter()
            .map(|size| [0.0, (*size - 1) as f32])
            .collect();
        clip(&mut places, &grid);
        if places.len() > MAX_INTERPOLATED_INPUTS {
            places.iter_mut().for_each(|place| *place = place.round());
        }
        let mut outputs = vec![0.0; self.outputs];
        self.add_corners(&places, 0, 0, 1, 1.0, &mut outputs);
        outputs
    }

    /// Adds the samples around `places`, each by its weight, one input after the other.
    fn add_corners(
        &self,
        places: &[f32],
        input: usize,
        point: usize,
        step: usize,
        weight: f32,
        outputs: &mut [f32],
    ) {
        let (Some(place), Some(size)) = (places.get(input), self.sizes.get(input)) else {
            let samples = self.values.iter().skip(point * self.outputs);
            for (output, sample) in outputs.iter_mut().zip(samples) {
                *output += weight * sample;
            }
            return;
        };
        let below = (*place as usize).min(size - 1);
        let above_weight = place - below as f32;
        for (offset, share) in [(0, 1.0 - above_weight), (1, above_weight)] {
            if share > 0.0 && below + offset < *size {
                let point = point + (below + offset) * step;
                self.add_corners(
                    places,
                    input + 1,
                    point,
                    step * size,
                    weight * share,
                    outputs,
                );
            }
        }
    }
}

/// Big-endian, up to 32 bits, within `data`.
fn read_bits(data: &[u8], start: usize, bits: usize) -> u32 {
    let mut value = 0_u64;
    for byte in start / 8..(start + bits).div_ceil(8) {
        value = value << 8 | u64::from(data.get(byte).copied().unwrap_or(0));
    }
    let unused = (8 - (start + bits) % 8) % 8;
    (value >> unused & ((1 << bits) - 1)) as u32
}
