//! Decode arrays (ISO 32000-1, 8.9.5.2) and one-component palettes.

use super::Colour;

/// Sample values to bytes that span the range of each component, as [`super::Converter`] takes them.
pub(in crate::image) struct ValueMap {
    /// One table per component; empty where samples need no mapping.
    tables: Vec<[u8; 256]>,
}

impl ValueMap {
    /// For samples of `bits` bits (of 16 the upper 8) through `decode`, or the default without one.
    pub(in crate::image) fn new(colour: &Colour, bits: usize, decode: Option<&[f32]>) -> Self {
        let components = colour.components();
        let decode = decode.filter(|decode| decode.len() >= 2 * components);
        if bits >= 8 && decode.is_none() {
            return Self { tables: Vec::new() };
        }
        let greatest = greatest_sample(bits);
        let tables = (0..components)
            .map(|component| {
                let [low, high] = colour.range(component);
                let [from, to] = match decode {
                    Some(decode) => [decode[2 * component], decode[2 * component + 1]],
                    None => [low, high],
                };
                let span = if high > low { high - low } else { 1.0 };
                std::array::from_fn(|sample| {
                    let share = sample.min(greatest) as f32 / greatest as f32;
                    super::to_byte((from + share * (to - from) - low) / span)
                })
            })
            .collect();
        Self { tables }
    }

    /// Maps interleaved samples in place.
    pub(in crate::image) fn apply(&self, values: &mut [u8]) {
        if self.tables.is_empty() {
            return;
        }
        for pixel in values.chunks_exact_mut(self.tables.len()) {
            for (value, table) in pixel.iter_mut().zip(&self.tables) {
                *value = table[usize::from(*value)];
            }
        }
    }
}

/// The colour of each sample value of a one-component image.
pub(in crate::image) struct Palette {
    colours: Vec<[u8; 3]>,
}

impl Palette {
    /// For samples of `bits` bits (of 16 the upper 8) through `decode`, or the default without one.
    pub(in crate::image) fn new(colour: &Colour, bits: usize, decode: Option<&[f32]>) -> Self {
        let greatest = greatest_sample(bits);
        let decode = decode.and_then(|decode| decode.first_chunk::<2>());
        let colours = (0..=greatest)
            .map(|sample| {
                let [from, to] = match (decode, colour) {
                    (Some(decode), _) => *decode,
                    (None, Colour::Indexed(_)) => [0.0, greatest as f32],
                    (None, _) => colour.range(0),
                };
                colour.rgb(&[from + sample as f32 / greatest as f32 * (to - from)])
            })
            .collect();
        Self { colours }
    }

    pub(in crate::image) fn colours(&self) -> &[[u8; 3]] {
        &self.colours
    }

    /// The colour of one sample value.
    pub(in crate::image) fn colour(&self, sample: u8) -> [u8; 3] {
        self.colours
            .get(usize::from(sample))
            .copied()
            .unwrap_or_default()
    }

    /// Whether every colour is a gray.
    pub(in crate::image) fn is_gray(&self) -> bool {
        self.colours.iter().all(|[r, g, b]| r == g && g == b)
    }

    /// Whether the colours are the grays that a PNG of the same depth gives these samples.
    pub(in crate::image) fn is_gray_ramp(&self) -> bool {
        self.colours.iter().eq(&self.ramp())
    }

    /// The same with black and white exchanged.
    pub(in crate::image) fn is_inverted_gray_ramp(&self) -> bool {
        self.colours.iter().rev().eq(&self.ramp())
    }

    fn ramp(&self) -> Vec<[u8; 3]> {
        let greatest = self.colours.len() - 1;
        (0..=greatest)
            .map(|level| [(level * 255 / greatest) as u8; 3])
            .collect()
    }
}

fn greatest_sample(bits: usize) -> usize {
    (1 << bits.min(8)) - 1
}
