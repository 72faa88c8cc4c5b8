//! Function objects (ISO 32000-1, 7.10): numbers in, numbers out.

mod postscript; // type 4
mod sampled; // type 0

use self::postscript::Program;
use self::sampled::Table;
use super::ImageError;
use crate::budget::Budget;
use crate::filter;
use crate::objects::{Dictionary, Object, Objects, as_dict};

/// Functions within stitching functions.
const MAX_DEPTH: u32 = 8;

/// Functions in one array or stitching function.
const MAX_PARTS: usize = 256;

/// Inputs and outputs of one function.
const MAX_VALUES: usize = 32;

const DAMAGED: ImageError = ImageError::Damaged("a function of its colour space");

/// A function of one or more numbers.
pub(super) struct Function {
    domain: Vec<[f32; 2]>,
    /// Empty where outputs are not clipped.
    range: Vec<[f32; 2]>,
    kind: Kind,
}

enum Kind {
    Sampled(Table),
    Exponential {
        at_zero: Vec<f32>,
        at_one: Vec<f32>,
        exponent: f32,
    },
    Stitching {
        parts: Vec<Function>,
        bounds: Vec<f32>,
        encode: Vec<[f32; 2]>,
    },
    PostScript(Program),
    /// An array of functions with one output each.
    Joined(Vec<Function>),
    Identity,
}

impl Function {
    /// Reads a function dictionary, stream, array of functions, or the name `Identity`.
    pub(super) fn parse(
        object: &Object,
        objects: &Objects<'_>,
        budget: &Budget<'_>,
    ) -> Result<Self, ImageError> {
        parse(object, objects, budget, MAX_DEPTH)
    }

    /// The value at `inputs`, which are clipped to the domain.
    pub(super) fn eval(&self, inputs: &[f32]) -> Vec<f32> {
        let mut inputs = inputs.to_vec();
        clip(&mut inputs, &self.domain);
        let first = inputs.first().copied().unwrap_or(0.0);
        let mut outputs = match &self.kind {
            Kind::Sampled(table) => table.eval(&inputs, &self.domain),
            Kind::Exponential {
                at_zero,
                at_one,
                exponent,
            } => {
                let share = first.powf(*exponent);
                at_zero
                    .iter()
                    .zip(at_one)
                    .map(|(zero, one)| zero + share * (one - zero))
                    .collect()
            }
            Kind::Stitching {
                parts,
                bounds,
                encode,
            } => {
                let [start, end] = self.domain.first().copied().unwrap_or([0.0, 1.0]);
                let index = bounds
                    .partition_point(|bound| *bound <= first)
                    .min(parts.len() - 1);
                let low = index.checked_sub(1).map_or(start, |before| bounds[before]);
                let high = bounds.get(index).copied().unwrap_or(end);
                parts[index].eval(&[interpolate(first, [low, high], encode[index])])
            }
            Kind::PostScript(program) => program.run(&inputs, self.range.len()),
            Kind::Joined(parts) => parts
                .iter()
                .map(|part| part.eval(&inputs).first().copied().unwrap_or(0.0))
                .collect(),
            Kind::Identity => inputs,
        };
        clip(&mut outputs, &self.range);
        outputs
    }
}

/// `value` moved from one interval to the other.
fn interpolate(value: f32, from: [f32; 2], to: [f32; 2]) -> f32 {
    let width = from[1] - from[0];
    if width == 0.0 {
        return to[0];
    }
    to[0] + (value - from[0]) / width * (to[1] - to[0])
}

fn clip(values: &mut [f32], intervals: &[[f32; 2]]) {
    for (value, [low, high]) in values.iter_mut().zip(intervals) {
        // Not `clamp`, which panics where a damaged file has the ends the wrong way round.
        *value = value.min(*high).max(*low);
    }
}

fn parse(
    object: &Object,
    objects: &Objects<'_>,
    budget: &Budget<'_>,
    depth: u32,
) -> Result<Function, ImageError> {
    let depth = depth.checked_sub(1).ok_or(DAMAGED)?;
    let object = objects.resolve(object);
    if let Object::Array(items) = object {
        let parts = parse_all(items, objects, budget, depth)?;
        return Ok(Function {
            domain: Vec::new(),
            range: Vec::new(),
            kind: Kind::Joined(parts),
        });
    }
    if let Object::Name(_) = object {
        return Ok(Function {
            domain: Vec::new(),
            range: Vec::new(),
            kind: Kind::Identity,
        });
    }
    let dict = as_dict(object).ok_or(DAMAGED)?;
    let domain = intervals(dict, b"Domain", objects).filter(|domain| !domain.is_empty());
    let domain = domain.ok_or(DAMAGED)?;
    let range = intervals(dict, b"Range", objects).unwrap_or_default();
    let data = || match object {
        Object::Stream(stream) => Ok(filter::decode_stream(stream, objects, budget)?.bytes),
        _ => Err(DAMAGED),
    };
    let kind = match objects.integer(dict, b"FunctionType") {
        Some(0) => {
            let table = Table::parse(dict, &data()?, domain.len(), &range, objects);
            Kind::Sampled(table.ok_or(DAMAGED)?)
        }
        Some(2) => exponential(dict, objects),
        Some(3) => stitching(dict, objects, budget, depth)?,
        Some(4) => Kind::PostScript(Program::parse(&data()?).ok_or(DAMAGED)?),
        _ => return Err(DAMAGED),
    };
    Ok(Function {
        domain,
        range,
        kind,
    })
}

fn parse_all(
    items: &[Object],
    objects: &Objects<'_>,
    budget: &Budget<'_>,
    depth: u32,
) -> Result<Vec<Function>, ImageError> {
    budget.check()?;
    if items.is_empty() || items.len() > MAX_PARTS {
        return Err(DAMAGED);
    }
    items
        .iter()
        .map(|item| parse(item, objects, budget, depth))
        .collect()
}

fn exponential(dict: &Dictionary, objects: &Objects<'_>) -> Kind {
    Kind::Exponential {
        at_zero: objects.numbers(dict, b"C0").unwrap_or_else(|| vec![0.0]),
        at_one: objects.numbers(dict, b"C1").unwrap_or_else(|| vec![1.0]),
        exponent: objects.number(dict, b"N").unwrap_or(1.0),
    }
}

fn stitching(
    dict: &Dictionary,
    objects: &Objects<'_>,
    budget: &Budget<'_>,
    depth: u32,
) -> Result<Kind, ImageError> {
    let items = objects.array(dict, b"Functions").ok_or(DAMAGED)?;
    let parts = parse_all(items, objects, budget, depth)?;
    let bounds = objects.numbers(dict, b"Bounds").unwrap_or_default();
    let encode = intervals(dict, b"Encode", objects).unwrap_or_default();
    if bounds.len() + 1 != parts.len() || encode.len() < parts.len() {
        return Err(DAMAGED);
    }
    Ok(Kind::Stitching {
        parts,
        bounds,
        encode,
    })
}

fn intervals(dict: &Dictionary, key: &[u8], objects: &Objects<'_>) -> Option<Vec<[f32; 2]>> {
    let numbers = objects.numbers(dict, key)?;
    (numbers.len() <= 2 * MAX_VALUES).then(|| numbers.as_chunks::<2>().0.to_vec())
}

#[cfg(test)]
mod tests;
