//! The cross-reference of a damaged file, made anew from the objects that lie in it (ISO 32000-1,
//! 7.3.8 and 7.3.10).

use super::lexer::{Lexer, is_white};
use super::object::{Dictionary, Object};
use super::xref::{self, Entry, Place, Xref};
use super::{indirect, parse};
use crate::ExtractError;
use crate::budget::Budget;

/// How far behind the keyword `trailer` its dictionary may end.
const MAX_TRAILER_BYTES: usize = 16_384;

/// Digits of an object number and of a generation.
const MAX_NUMBER_DIGITS: usize = 10;
const MAX_GENERATION_DIGITS: usize = 5;

/// Objects found between two looks at the budget.
const OBJECTS_PER_CHECK: usize = 256;

/// What a search of the whole file found.
pub(super) struct Found {
    /// Of objects that are written more than once, the last.
    pub(super) xref: Xref,
    /// Number and offset of each object stream, in the order of the file.
    pub(super) containers: Vec<(u32, u64)>,
}

/// Searches the whole file, once from its start to its end.
pub(super) fn search(bytes: &[u8], budget: &Budget<'_>) -> Result<Found, ExtractError> {
    let mut search = Search {
        bytes,
        max_depth: budget.limits.max_depth,
        position: 0,
        open: None,
        next_stream_end: 0,
        entries: Vec::new(),
        containers: Vec::new(),
        trailer: Dictionary::default(),
    };
    while let Some((keyword, at)) = search.next_keyword() {
        search.position = at + keyword.len();
        match keyword {
            b"obj" => search.object(at),
            b"stream" => search.stream(at),
            _ => search.trailer(at),
        }
        if search.entries.len().is_multiple_of(OBJECTS_PER_CHECK) {
            budget.check()?;
        }
    }
    search.entries.reverse();
    Ok(Found {
        xref: Xref {
            entries: xref::newest_of_each(search.entries),
            trailer: search.trailer,
        },
        containers: search.containers,
    })
}

/// The object whose header was read last.
#[derive(Clone, Copy)]
struct Open {
    number: u32,
    offset: u64,
    /// Behind its keyword.
    body: usize,
}

struct Search<'s> {
    bytes: &'s [u8],
    max_depth: u32,
    position: usize,
    open: Option<Open>,
    /// Where the next `endstream` lies, as far as it is known.
    next_stream_end: usize,
    entries: Vec<Entry>,
    containers: Vec<(u32, u64)>,
    /// All trailers together; where they differ, the last.
    trailer: Dictionary,
}

impl Search<'_> {
    fn next_keyword(&self) -> Option<(&'static [u8], usize)> {
        let rest = self.bytes.get(self.position..)?;
        rest.iter().enumerate().find_map(|(index, first)| {
            let keyword: &'static [u8] = match first {
                b'o' => b"obj",
                b's' => b"stream",
                b't' => b"trailer",
                _ => return None,
            };
            let found = rest[index..].starts_with(keyword);
            found.then_some((keyword, self.position + index))
        })
    }

    /// `12 0 obj`, of which `obj` lies at `at`.
    fn object(&mut self, at: usize) {
        let Some((number, generation, offset)) = header(&self.bytes[..at]) else {
            return;
        };
        if !xref::may_add(&self.entries, self.bytes, u64::from(number)) {
            return;
        }
        self.open = Some(Open {
            number,
            offset: offset as u64,
            body: self.position,
        });
        self.entries.push(Entry {
            number,
            generation,
            place: Place::Offset(offset as u64),
        });
    }

    /// The data of a stream is not searched: it may hold a file with objects of its own.
    fn stream(&mut self, at: usize) {
        let Some(open) = self.open.take() else {
            return;
        };
        let mut lexer = Lexer::new(&self.bytes[..at], open.body);
        let Some(Object::Dictionary(dict)) = parse::object(&mut lexer, self.max_depth) else {
            return;
        };
        lexer.skip_white();
        if lexer.position() != at {
            return;
        }
        match dict.get(b"Type").and_then(Object::as_name) {
            Some(b"ObjStm") => self.containers.push((open.number, open.offset)),
            Some(b"XRef") => self.add_trailer(&dict),
            _ => {}
        }
        let length = dict.get(b"Length").and_then(Object::as_integer);
        let length = length.and_then(|length| usize::try_from(length).ok());
        let data = self.bytes.get(self.position..).unwrap_or_default();
        let start = self.position + indirect::line_end(data);
        let end = length.and_then(|length| indirect::confirmed_end(self.bytes, start, length));
        self.position = end.or_else(|| self.stream_end()).unwrap_or(start);
    }

    /// The next `endstream`; the file is searched for each of them once.
    fn stream_end(&mut self) -> Option<usize> {
        if self.next_stream_end < self.position {
            let rest = self.bytes.get(self.position..).unwrap_or_default();
            let found = indirect::find(rest, b"endstream");
            self.next_stream_end = found.map_or(usize::MAX, |found| self.position + found);
        }
        (self.next_stream_end != usize::MAX).then_some(self.next_stream_end)
    }

    fn trailer(&mut self, at: usize) {
        let end = self.bytes.len().min(at.saturating_add(MAX_TRAILER_BYTES));
        let mut lexer = Lexer::new(&self.bytes[..end], self.position);
        if let Some(Object::Dictionary(dict)) = parse::object(&mut lexer, self.max_depth) {
            self.add_trailer(&dict);
            self.position = lexer.position();
        }
    }

    fn add_trailer(&mut self, dict: &Dictionary) {
        self.trailer = dict.clone().or(std::mem::take(&mut self.trailer));
    }
}

/// The number, the generation and the offset of the object whose header ends `before` its keyword.
fn header(before: &[u8]) -> Option<(u32, u16, usize)> {
    let (before, _) = without_white(before);
    let (before, generation) = without_digits(before, MAX_GENERATION_DIGITS)?;
    let (before, white) = without_white(before);
    let (rest, number) = without_digits(before, MAX_NUMBER_DIGITS)?;
    let generation = u16::try_from(generation).unwrap_or(u16::MAX);
    let number = u32::try_from(number).ok()?;
    (white > 0).then_some((number, generation, rest.len()))
}

/// What comes before the white space at the end, and how much white space there is.
fn without_white(bytes: &[u8]) -> (&[u8], usize) {
    let white = bytes.iter().rev().take_while(|byte| is_white(**byte));
    let white = white.count();
    (&bytes[..bytes.len() - white], white)
}

/// What comes before the digits at the end, and their value; `None` where there are none or too many.
fn without_digits(bytes: &[u8], most: usize) -> Option<(&[u8], u64)> {
    let digits = bytes.iter().rev().take_while(|byte| byte.is_ascii_digit());
    let digits = digits.take(most + 1).count();
    let (rest, digits) = bytes.split_at(bytes.len() - digits);
    let value = digits
        .iter()
        .fold(0_u64, |value, digit| value * 10 + u64::from(digit - b'0'));
    (1..=most).contains(&digits.len()).then_some((rest, value))
}

#[cfg(test)]
mod tests;
