//! Which rows are headings: those set clearly larger than most of the text, and short ones that stand
//! out by their weight.

use std::collections::BTreeMap;

use crate::{Block, Word};

/// A heading is larger than the body by at least this factor.
const LARGER: f32 = 1.15;

/// Rows of the longest heading by size, and by weight.
const MAX_LARGE_ROWS: usize = 4;
const MAX_BOLD_ROWS: usize = 2;

/// Words of the longest heading by weight.
const MAX_BOLD_WORDS: usize = 16;

/// Larger sizes count as this one, in tenths of a point: a bound to how many there are.
const MAX_SIZE: f32 = 1e4;

/// CommonMark has no deeper heading.
const MAX_LEVEL: usize = 6;

/// What the text of a document looks like, as far as it is read. Pages are written one by one, so a
/// level that was given stays: all headings of one size are on one level.
#[derive(Default)]
pub(in crate::text) struct Headings {
    characters: BTreeMap<u32, usize>,
    words: usize,
    bold_words: usize,
    /// Sizes larger than the body, in tenths of a point, with their levels: a larger size never has
    /// a deeper one.
    levels: BTreeMap<u32, usize>,
    /// Of headings by weight, once there is one.
    bold_level: Option<usize>,
}

/// What makes a row a heading.
#[derive(Clone, Copy, PartialEq)]
enum Heading {
    Large(usize),
    Bold,
}

impl Headings {
    /// Takes in the text of another page.
    pub(super) fn look_at(&mut self, blocks: &[Block]) {
        let words = || {
            let lines = blocks.iter().flat_map(|block| &block.lines);
            lines.flat_map(|line| &line.words)
        };
        self.words += words().count();
        self.bold_words += words().filter(|word| word.bold).count();
        let characters = characters_by_size(words());
        for (size, count) in &characters {
            *self.characters.entry(*size).or_default() += count;
        }
        let body = self.body();
        for size in characters.into_keys().rev() {
            if is_larger(size, body) && !self.levels.contains_key(&size) {
                self.levels.insert(size, self.new_level(size));
            }
        }
    }

    /// In tenths of a point, of most of the text.
    fn body(&self) -> u32 {
        most(&self.characters)
    }

    /// Between the levels of the next larger and the next smaller size.
    fn new_level(&self, size: u32) -> usize {
        let level = |(_, level): (&u32, &usize)| *level;
        let larger = self.levels.range(size..).next().map(level);
        let smaller = self.levels.range(..size).next_back().map(level);
        match (larger, smaller) {
            (Some(larger), Some(smaller)) => smaller.min(larger + 1),
            (Some(larger), None) => larger + 1,
            (None, Some(smaller)) => smaller.saturating_sub(1).max(1),
            (None, None) => 1,
        }
    }

    /// The level of each row of a block, 1 to 6; `None` for what is no heading.
    pub(super) fn levels(&mut self, rows: &[Vec<&Word>]) -> Vec<Option<usize>> {
        let mut headings: Vec<_> = rows.iter().map(|row| self.heading(row)).collect();
        for same in headings.chunk_by_mut(|a, b| a == b) {
            let most = match same.first() {
                Some(Some(Heading::Large(_))) => MAX_LARGE_ROWS,
                _ => MAX_BOLD_ROWS,
            };
            if same.len() > most {
                same.fill(None);
            }
        }
        let level = |heading: Option<Heading>| match heading? {
            Heading::Large(level) => Some(level.min(MAX_LEVEL)),
            Heading::Bold => {
                let deepest = self.levels.values().max().copied().unwrap_or(0);
                Some(*self.bold_level.get_or_insert((deepest + 1).min(MAX_LEVEL)))
            }
        };
        headings.into_iter().map(level).collect()
    }

    fn heading(&self, row: &[&Word]) -> Option<Heading> {
        let size = most(&characters_by_size(row.iter().copied()));
        let body = self.body();
        if is_larger(size, body) {
            return self.levels.get(&size).copied().map(Heading::Large);
        }
        let bold_body = 2 * self.bold_words > self.words;
        let stands_out = !bold_body
            && size >= body
            && row.len() <= MAX_BOLD_WORDS
            && row.iter().all(|word| word.bold);
        let last = row.last()?.text.chars().last()?;
        (stands_out && (last.is_alphanumeric() || last == ')')).then_some(Heading::Bold)
    }
}

fn is_larger(size: u32, body: u32) -> bool {
    size as f32 >= body as f32 * LARGER
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
    (points * 10.0).round().clamp(0.0, MAX_SIZE) as u32
}
