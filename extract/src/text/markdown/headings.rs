//! Which rows of a page are headings: those set clearly larger than most of its text, and short ones
//! that stand out by their weight.

use std::collections::BTreeMap;

use crate::{Block, Word};

/// A heading is larger than the body by at least this factor.
const LARGER: f32 = 1.15;

/// Rows of the longest heading by size, and by weight.
const MAX_LARGE_ROWS: usize = 4;
const MAX_BOLD_ROWS: usize = 2;

/// Words of the longest heading by weight.
const MAX_BOLD_WORDS: usize = 16;

/// CommonMark has no deeper heading.
const MAX_LEVEL: usize = 6;

/// What the text of a page looks like.
pub(super) struct Headings {
    /// Larger than the body, largest first, in tenths of a point.
    sizes: Vec<u32>,
    /// Of most of the text, in tenths of a point.
    body: u32,
    /// Most of the text is bold: weight tells nothing.
    bold_body: bool,
}

impl Headings {
    pub(super) fn of(blocks: &[Block]) -> Self {
        let words = || {
            let lines = blocks.iter().flat_map(|block| &block.lines);
            lines.flat_map(|line| &line.words)
        };
        let characters = characters_by_size(words());
        let body = most(&characters);
        let sizes = characters
            .into_keys()
            .rev()
            .filter(|size| *size as f32 >= body as f32 * LARGER)
            .collect();
        let bold = words().filter(|word| word.bold).count();
        Self {
            sizes,
            body,
            bold_body: 2 * bold > words().count(),
        }
    }

    /// The level of each row of a block, 1 to 6; `None` for what is no heading.
    pub(super) fn levels(&self, rows: &[Vec<&Word>]) -> Vec<Option<usize>> {
        let mut levels: Vec<Option<usize>> = rows.iter().map(|row| self.level(row)).collect();
        for same in levels.chunk_by_mut(|a, b| a == b) {
            let is_large = same
                .first()
                .copied()
                .flatten()
                .is_some_and(|level| level <= self.sizes.len());
            let most = if is_large {
                MAX_LARGE_ROWS
            } else {
                MAX_BOLD_ROWS
            };
            if same.len() > most {
                same.fill(None);
            }
        }
        levels
            .into_iter()
            .map(|level| level.map(|level| level.min(MAX_LEVEL)))
            .collect()
    }

    fn level(&self, row: &[&Word]) -> Option<usize> {
        let size = most(&characters_by_size(row.iter().copied()));
        if let Some(rank) = self.sizes.iter().position(|large| *large == size) {
            return Some(rank + 1);
        }
        let stands_out = !self.bold_body
            && size >= self.body
            && row.len() <= MAX_BOLD_WORDS
            && row.iter().all(|word| word.bold);
        let last = row.last()?.text.chars().last()?;
        (stands_out && (last.is_alphanumeric() || last == ')')).then_some(self.sizes.len() + 1)
    }
}

fn characters_by_size<'w>(words: impl Iterator<Item = &'w Word>) -> BTreeMap<u32, usize> {
    let mut characters = BTreeMap::new();
    for word in words {
        *characters.entry(tenths(word.size)).or_default() += word.text.chars().count();
    }
    characters
}

/// The size that most characters have; the larger one of two.
fn most(characters: &BTreeMap<u32, usize>) -> u32 {
    characters
        .iter()
        .max_by_key(|(_, count)| **count)
        .map_or(0, |(size, _)| *size)
}

fn tenths(points: f32) -> u32 {
    (points * 10.0).round().clamp(0.0, 1e6) as u32
}
