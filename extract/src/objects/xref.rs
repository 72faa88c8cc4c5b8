//! Cross-reference tables and streams, newest first (ISO 32000-1, 7.5.4 to 7.5.8).

use std::collections::HashSet;

use super::Objects;
use super::indirect;
use super::lexer::{Lexer, Token, is_white};
use super::object::{Dictionary, Object};
use super::parse;
use crate::budget::Budget;
use crate::filter;

/// The largest object number (ISO 32000-1, annex C).
const MAX_NUMBER: u64 = 8_388_607;

/// Sections that `Prev` may chain: one per incremental update.
const MAX_SECTIONS: usize = 4_096;

/// Entries that are read: a stream can promise more objects than the file has bytes.
const MIN_ENTRIES: usize = 1 << 20;
const BYTES_PER_ENTRY: usize = 16;

/// How far from the end `startxref` may lie; some writers leave rubbish behind it.
const TAIL_BYTES: usize = 4_096;

/// Where an object lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Free,
    /// Bytes from the start of the file.
    Offset(u64),
    /// In an object stream, at this index.
    InStream {
        container: u32,
        index: u32,
    },
}

/// One entry of the cross-reference table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) number: u32,
    pub(super) generation: u16,
    pub(super) place: Place,
}

/// All sections of a file: entries sorted by number, the newest of each, and the newest trailer.
pub(super) struct Xref {
    pub(super) entries: Vec<Entry>,
    pub(super) trailer: Dictionary,
}

/// Follows `startxref` and every `Prev`; `None` where one of them does not lead to a section.
pub(super) fn read(bytes: &[u8], budget: &Budget<'_>) -> Option<Xref> {
    let mut reader = Reader {
        bytes,
        budget,
        entries: Vec::new(),
        trailer: None,
        visited: HashSet::new(),
    };
    let mut next = Some(start(bytes)?);
    while let Some(offset) = next {
        budget.check().ok()?;
        if reader.visited.len() >= MAX_SECTIONS || !reader.visited.insert(offset) {
            break;
        }
        next = reader.section(offset)?;
    }
    Some(Xref {
        entries: newest_of_each(reader.entries),
        trailer: reader.trailer?,
    })
}

/// Entries by number; of those with the same number, the first.
pub(super) fn newest_of_each(mut entries: Vec<Entry>) -> Vec<Entry> {
    entries.sort_by_key(|entry| entry.number);
    entries.dedup_by_key(|entry| entry.number);
    entries
}

/// Whether an object may have this number, and there is room for another entry.
pub(super) fn may_add(entries: &[Entry], bytes: &[u8], number: u64) -> bool {
    let most = MIN_ENTRIES.max(bytes.len() / BYTES_PER_ENTRY);
    number <= MAX_NUMBER && entries.len() < most
}

/// The offset behind the last `startxref`.
fn start(bytes: &[u8]) -> Option<u64> {
    const KEYWORD: &[u8] = b"startxref";
    let tail_start = bytes.len().saturating_sub(TAIL_BYTES);
    let tail = bytes.get(tail_start..)?;
    let found = tail
        .windows(KEYWORD.len())
        .rposition(|window| window == KEYWORD)?;
    match Lexer::new(tail, found + KEYWORD.len()).token()? {
        Token::Integer(offset) => u64::try_from(offset).ok(),
        _ => None,
    }
}

struct Reader<'r> {
    bytes: &'r [u8],
    budget: &'r Budget<'r>,
    entries: Vec<Entry>,
    trailer: Option<Dictionary>,
    visited: HashSet<u64>,
}

impl Reader<'_> {
    /// Reads one section and returns the offset of the one before it; `None` where there is none
    /// at `offset`.
    fn section(&mut self, offset: u64) -> Option<Option<u64>> {
        let start = usize::try_from(offset).ok()?;
        if start >= self.bytes.len() {
            return None;
        }
        let mut lexer = Lexer::new(self.bytes, start);
        let dict = if lexer.token()? == Token::Keyword(b"xref") {
            self.table(&mut lexer)?
        } else {
            self.stream(start)?
        };
        let previous = match dict.get(b"Prev") {
            Some(Object::Integer(previous)) => u64::try_from(*previous).ok(),
            Some(Object::Real(previous)) if *previous > 0.0 => Some(*previous as u64),
            _ => None,
        };
        self.trailer = Some(match self.trailer.take() {
            None => dict,
            Some(newest) if !newest.has(b"Root") => newest.or(dict),
            Some(newest) => newest,
        });
        Some(previous)
    }

    /// After `xref`: subsections, then the trailer dictionary. A hybrid file's `XRefStm` comes
    /// right after its table (ISO 32000-1, 7.5.8.4).
    fn table(&mut self, lexer: &mut Lexer<'_>) -> Option<Dictionary> {
        loop {
            match lexer.token()? {
                Token::Keyword(b"trailer") => break,
                Token::Integer(first) => {
                    let Token::Integer(count) = lexer.token()? else {
                        return None;
                    };
                    self.subsection(lexer, u64::try_from(first).ok()?, count)?;
                }
                _ => return None,
            }
        }
        let Some(Object::Dictionary(dict)) = parse::object(lexer, self.budget.limits.max_depth)
        else {
            return None;
        };
        if let Some(Object::Integer(offset)) = dict.get(b"XRefStm")
            && let Ok(start) = usize::try_from(*offset)
            && self.visited.insert(start as u64)
        {
            self.stream(start);
        }
        Some(dict)
    }

    fn subsection(&mut self, lexer: &mut Lexer<'_>, first: u64, count: i64) -> Option<()> {
        for index in 0..u64::try_from(count).ok()? {
            let (offset, generation, used) = match fixed_entry(lexer) {
                Some(entry) => entry,
                None => loose_entry(lexer)?,
            };
            let place = if used && offset > 0 {
                Place::Offset(offset)
            } else {
                Place::Free
            };
            self.add(first.checked_add(index)?, generation, place);
        }
        Some(())
    }

    fn add(&mut self, number: u64, generation: u64, place: Place) {
        if may_add(&self.entries, self.bytes, number) {
            self.entries.push(Entry {
                number: number as u32,
                generation: u16::try_from(generation).unwrap_or(u16::MAX),
                place,
            });
        }
    }

    /// A cross-reference stream at `start`; its dictionary is the trailer.
    fn stream(&mut self, start: usize) -> Option<Dictionary> {
        let found = indirect::read(self.bytes, start, self.budget.limits.max_depth)?;
        let Object::Dictionary(dict) = found.object else {
            return None;
        };
        let data_start = found.data_start?;
        let nothing = Objects::empty(self.budget);
        let length = match dict.get(b"Length") {
            Some(Object::Integer(length)) => usize::try_from(*length).ok(),
            _ => None,
        };
        let extent = indirect::extent(self.bytes, data_start, length);
        let data = self.bytes.get(extent)?;
        let decoded = filter::decode(&dict, data, &nothing, self.budget).ok()?;
        self.stream_entries(&dict, &decoded.bytes)?;
        Some(dict)
    }

    fn stream_entries(&mut self, dict: &Dictionary, data: &[u8]) -> Option<()> {
        let integers = |key: &[u8]| -> Option<Vec<u64>> {
            let items = dict.get(key)?.as_array()?;
            items
                .iter()
                .map(|item| u64::try_from(item.as_integer()?).ok())
                .collect()
        };
        let widths = integers(b"W")?;
        let &[kind_width, first_width, second_width, ..] = widths.as_slice() else {
            return None;
        };
        let widths = [kind_width, first_width, second_width];
        if widths.iter().any(|&width| width > 8) {
            return None;
        }
        let [kind_width, first_width, _] = widths.map(|width| width as usize);
        let size = widths.iter().sum::<u64>() as usize;
        if size == 0 {
            return None;
        }
        let index = integers(b"Index").unwrap_or_else(|| vec![0, MAX_NUMBER]);
        let mut records = data.chunks_exact(size);
        for range in index.chunks_exact(2) {
            for offset in 0..range[1] {
                let Some(record) = records.next() else {
                    return Some(());
                };
                let (kind, rest) = record.split_at(kind_width);
                let (first, second) = rest.split_at(first_width);
                let kind = if kind.is_empty() { 1 } else { big_endian(kind) };
                let (first, second) = (big_endian(first), big_endian(second));
                let number = range[0].saturating_add(offset);
                match kind {
                    0 => self.add(number, second, Place::Free),
                    1 => self.add(number, second, Place::Offset(first)),
                    2 => {
                        let container = u32::try_from(first).ok()?;
                        let index = u32::try_from(second).unwrap_or(u32::MAX);
                        self.add(number, 0, Place::InStream { container, index });
                    }
                    _ => {}
                }
            }
        }
        Some(())
    }
}

fn big_endian(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0, |value, &byte| value << 8 | u64::from(byte))
}

/// `oooooooooo ggggg n` and two bytes of line end, as the specification wants it.
fn fixed_entry(lexer: &mut Lexer<'_>) -> Option<(u64, u64, bool)> {
    let mut position = lexer.position();
    while is_white(*lexer.bytes().get(position)?) {
        position += 1;
    }
    let record = lexer.bytes().get(position..position + 18)?;
    let decimal = |digits: &[u8]| {
        digits.iter().try_fold(0_u64, |value, &digit| {
            digit
                .is_ascii_digit()
                .then(|| value * 10 + u64::from(digit - b'0'))
        })
    };
    let offset = decimal(&record[..10])?;
    let generation = decimal(&record[11..16])?;
    if record[10] != b' ' || record[16] != b' ' {
        return None;
    }
    let used = match record[17] {
        b'n' => true,
        b'f' => false,
        _ => return None,
    };
    lexer.seek(position + 18);
    Some((offset, generation, used))
}

/// The same with other widths and spacing.
fn loose_entry(lexer: &mut Lexer<'_>) -> Option<(u64, u64, bool)> {
    match (lexer.token()?, lexer.token()?, lexer.token()?) {
        (Token::Integer(offset), Token::Integer(generation), Token::Keyword(kind)) => {
            let used = match kind {
                b"n" => true,
                b"f" => false,
                _ => return None,
            };
            Some((
                u64::try_from(offset).ok()?,
                u64::try_from(generation).ok()?,
                used,
            ))
        }
        _ => None,
    }
}
