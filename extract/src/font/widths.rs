//! Widths of CIDFonts: `W`, `DW`, `W2` and `DW2` (ISO 32000-1, 9.7.4.3).

use super::range_map::RangeMap;
use crate::objects::{Dictionary, Object, Objects, as_number};

/// Ranges kept of one array; each CID can have one of its own.
const MAX_RANGES: usize = 65_536;

/// `DW2` where it is not given: position and displacement.
const DEFAULT_VERTICAL: (f32, f32) = (0.88, -1.0);

/// Horizontal and vertical metrics by CID, in em.
#[derive(Debug)]
pub(super) struct CidWidths {
    default: f32,
    widths: RangeMap<Run>,
    /// The widths of all runs, one after the other.
    listed: Vec<f32>,
    default_vertical: (f32, f32),
    vertical: RangeMap<(f32, f32, f32)>,
}

/// The widths of a range of CIDs.
#[derive(Clone, Copy, Debug)]
enum Run {
    Same(f32),
    /// From here on in the list.
    Listed(usize),
}

impl CidWidths {
    /// Reads the dictionary of a CIDFont; `vertical` tells whether the second set is needed.
    pub(super) fn read(objects: &Objects<'_>, font: &Dictionary, vertical: bool) -> Self {
        let default = objects.number(font, b"DW").unwrap_or(1000.0) / 1000.0;
        let mut listed = Vec::new();
        let mut runs = Vec::new();
        for run in Runs::new(objects, objects.array(font, b"W").unwrap_or_default(), 1) {
            match run {
                (first, Values::Listed(values)) => {
                    let last = first.saturating_add(values.len() as u32 - 1);
                    runs.push((first, last, Run::Listed(listed.len())));
                    listed.extend(values);
                }
                (first, Values::Same(last, values)) => {
                    let width = values.first().copied().unwrap_or(default);
                    runs.push((first, last, Run::Same(width)));
                }
            }
        }
        let default_vertical = match objects.numbers(font, b"DW2").as_deref() {
            Some([position, displacement, ..]) => (position / 1000.0, displacement / 1000.0),
            _ => DEFAULT_VERTICAL,
        };
        let vertical = if vertical {
            read_vertical(objects, font)
        } else {
            Vec::new()
        };
        Self {
            default,
            widths: RangeMap::collect(runs),
            listed,
            default_vertical,
            vertical: RangeMap::collect(vertical),
        }
    }

    /// One em for every CID but those in `half`.
    pub(super) fn full_and_half(half: [(u32, u32); 2]) -> Self {
        let half = half.map(|(first, last)| (first, last, Run::Same(0.5)));
        Self {
            default: 1.0,
            widths: RangeMap::collect(half),
            listed: Vec::new(),
            default_vertical: DEFAULT_VERTICAL,
            vertical: RangeMap::collect([]),
        }
    }

    pub(super) fn width(&self, cid: u32) -> f32 {
        match self.widths.get(cid) {
            Some((Run::Same(width), _)) => width,
            Some((Run::Listed(start), offset)) => self
                .listed
                .get(start.saturating_add(offset as usize))
                .copied()
                .unwrap_or(self.default),
            None => self.default,
        }
    }

    /// `(w1y, vx, vy)`; by default the position vector points from the middle of the glyph's top.
    pub(super) fn vertical(&self, cid: u32) -> (f32, f32, f32) {
        let (position, displacement) = self.default_vertical;
        self.vertical.get(cid).map_or_else(
            || (displacement, self.width(cid) / 2.0, position),
            |(metrics, _)| metrics,
        )
    }
}

fn read_vertical(objects: &Objects<'_>, font: &Dictionary) -> Vec<(u32, u32, (f32, f32, f32))> {
    let mut vertical = Vec::new();
    for run in Runs::new(objects, objects.array(font, b"W2").unwrap_or_default(), 3) {
        match run {
            (first, Values::Listed(values)) => {
                for (cid, metrics) in (first..=u32::MAX).zip(values.as_chunks().0) {
                    let [w1y, vx, vy] = *metrics;
                    vertical.push((cid, cid, (w1y, vx, vy)));
                }
            }
            (first, Values::Same(last, values)) => {
                if let [w1y, vx, vy] = values[..] {
                    vertical.push((first, last, (w1y, vx, vy)));
                }
            }
        }
    }
    vertical
}

/// What an array says from one CID on, in em.
enum Values {
    /// `c [v…]`: one or more values for each CID in turn; never empty.
    Listed(Vec<f32>),
    /// `c_first c_last v…`: the same values up to this CID.
    Same(u32, Vec<f32>),
}

/// Reads the two forms that `W` and `W2` mix.
struct Runs<'o> {
    objects: &'o Objects<'o>,
    items: std::slice::Iter<'o, Object>,
    /// Values that belong to one CID.
    size: usize,
    left: usize,
}

impl<'o> Runs<'o> {
    fn new(objects: &'o Objects<'o>, items: &'o [Object], size: usize) -> Self {
        Self {
            objects,
            items: items.iter(),
            size,
            left: MAX_RANGES,
        }
    }

    fn next_object(&mut self) -> Option<&'o Object> {
        self.items.next().map(|item| self.objects.resolve(item))
    }
}

impl Iterator for Runs<'_> {
    type Item = (u32, Values);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            self.left = self.left.checked_sub(1)?;
            let Some(first) = as_number(self.next_object()?) else {
                continue;
            };
            let first = first as u32;
            match self.next_object()? {
                Object::Array(values) => {
                    let values: Vec<f32> = values
                        .iter()
                        .take(MAX_RANGES)
                        .map(|value| as_number(self.objects.resolve(value)).unwrap_or(0.0) / 1000.0)
                        .collect();
                    if !values.is_empty() {
                        return Some((first, Values::Listed(values)));
                    }
                }
                last => {
                    let Some(last) = as_number(last) else {
                        continue;
                    };
                    let values = (0..self.size)
                        .filter_map(|_| as_number(self.next_object()?))
                        .map(|value| value / 1000.0)
                        .collect();
                    return Some((first, Values::Same(last as u32, values)));
                }
            }
        }
    }
}
