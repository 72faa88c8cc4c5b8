//! Which font sizes of a page are headings: those clearly larger than the size of most of its text.

use std::collections::BTreeMap;

use crate::{Block, Word};

/// A heading is larger than the body by at least this factor.
const LARGER: f32 = 1.15;

/// Lines of the longest heading.
const MAX_LINES: usize = 4;

/// Heading sizes of a page, largest first, in tenths of a point.
pub(super) struct Headings {
    sizes: Vec<u32>,
}

impl Headings {
    pub(super) fn of(blocks: &[Block]) -> Self {
        let mut characters: BTreeMap<u32, usize> = BTreeMap::new();
        for word in blocks.iter().flat_map(words) {
            *characters.entry(tenths(word.size)).or_default() += word.text.chars().count();
        }
        let body = characters
            .iter()
            .max_by_key(|(_, count)| **count)
            .map_or(0, |(size, _)| *size);
        let sizes = characters
            .into_keys()
            .rev()
            .filter(|size| *size as f32 >= body as f32 * LARGER)
            .collect();
        Self { sizes }
    }

    /// 1 to 6; `None` for what is no heading.
    pub(super) fn level(&self, block: &Block) -> Option<usize> {
        if block.lines.len() > MAX_LINES {
            return None;
        }
        let smallest = words(block).map(|word| tenths(word.size)).min()?;
        let rank = self.sizes.iter().position(|size| *size == smallest)?;
        Some((rank + 1).min(6))
    }
}

fn words(block: &Block) -> impl Iterator<Item = &Word> {
    block.lines.iter().flat_map(|line| &line.words)
}

fn tenths(points: f32) -> u32 {
    (points * 10.0).round().clamp(0.0, 1e6) as u32
}
