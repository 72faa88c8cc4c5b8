//! The operands that wait for their operator, kept flat and without an allocation of their own.

use std::ops::Range;

use crate::geometry::Matrix;
use crate::objects::lexer::{Lexer, Token, decode_hex, decode_literal, decode_name};
use crate::objects::{Dictionary, parse};

/// Operands kept for one operator; the longest `TJ` arrays of real files have a few thousand.
const MAX_OPERANDS: usize = 1 << 18;

/// One operand; strings, names and dictionaries lie in [`Operands`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Operand {
    Number(f32),
    Name(Span),
    String(Span),
    Dictionary(u32),
    ArrayStart,
    ArrayEnd,
}

/// Bytes of a name or string within [`Operands`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Span {
    start: u32,
    end: u32,
}

/// Reused from operator to operator.
#[derive(Default)]
pub(super) struct Operands {
    items: Vec<Operand>,
    bytes: Vec<u8>,
    dictionaries: Vec<Dictionary>,
    open_arrays: u32,
}

impl Operands {
    pub(super) fn clear(&mut self) {
        self.items.clear();
        self.bytes.clear();
        self.dictionaries.clear();
        self.open_arrays = 0;
    }

    /// Keeps an operand; `false` for a keyword, which is not one.
    pub(super) fn push(&mut self, token: Token<'_>, lexer: &mut Lexer<'_>, max_depth: u32) -> bool {
        let operand = match token {
            Token::Integer(value) => Operand::Number(value as f32),
            Token::Real(value) => Operand::Number(value),
            Token::Name(raw) => Operand::Name(self.decode(decode_name, raw)),
            Token::Literal(raw) => Operand::String(self.decode(decode_literal, raw)),
            Token::Hex(raw) => Operand::String(self.decode(decode_hex, raw)),
            Token::ArrayStart => {
                self.open_arrays = self.open_arrays.saturating_add(1);
                Operand::ArrayStart
            }
            Token::ArrayEnd => {
                self.open_arrays = self.open_arrays.saturating_sub(1);
                Operand::ArrayEnd
            }
            Token::DictStart => {
                let dictionary = parse::dictionary(lexer, max_depth);
                if self.dictionaries.len() < 16 {
                    self.dictionaries.push(dictionary);
                }
                Operand::Dictionary(self.dictionaries.len() as u32 - 1)
            }
            Token::DictEnd => return true,
            Token::Keyword(_) => return false,
        };
        if self.items.len() < MAX_OPERANDS {
            self.items.push(operand);
        }
        true
    }

    fn decode(&mut self, decode: fn(&[u8], &mut Vec<u8>), raw: &[u8]) -> Span {
        let start = self.bytes.len() as u32;
        decode(raw, &mut self.bytes);
        Span {
            start,
            end: self.bytes.len() as u32,
        }
    }

    /// An array was begun and not ended.
    pub(super) fn is_in_array(&self) -> bool {
        self.open_arrays > 0
    }

    /// Drops the last operand.
    pub(super) fn pop(&mut self) {
        self.items.pop();
    }

    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    pub(super) fn get(&self, index: usize) -> Option<Operand> {
        self.items.get(index).copied()
    }

    pub(super) fn bytes(&self, span: Span) -> &[u8] {
        let range: Range<usize> = span.start as usize..span.end as usize;
        self.bytes.get(range).unwrap_or_default()
    }

    /// The number that is `from_end` operands before the operator (0 is the last one).
    pub(super) fn number(&self, from_end: usize) -> Option<f32> {
        let index = self.items.len().checked_sub(from_end + 1)?;
        match self.items[index] {
            Operand::Number(value) => Some(value),
            _ => None,
        }
    }

    /// The last operand, where it is a name.
    pub(super) fn last_name(&self) -> Option<&[u8]> {
        match *self.items.last()? {
            Operand::Name(span) => Some(self.bytes(span)),
            _ => None,
        }
    }

    /// The first operand, where it is a name.
    pub(super) fn first_name(&self) -> Option<&[u8]> {
        match *self.items.first()? {
            Operand::Name(span) => Some(self.bytes(span)),
            _ => None,
        }
    }

    /// The last string among the operands.
    pub(super) fn last_string(&self) -> Option<&[u8]> {
        self.items.iter().rev().find_map(|item| match *item {
            Operand::String(span) => Some(self.bytes(span)),
            _ => None,
        })
    }

    /// The last dictionary written among the operands.
    pub(super) fn last_dictionary(&self) -> Option<&Dictionary> {
        match *self.items.last()? {
            Operand::Dictionary(index) => self.dictionaries.get(index as usize),
            _ => None,
        }
    }

    /// The last six numbers as a matrix.
    pub(super) fn matrix(&self) -> Option<Matrix> {
        Some(Matrix::new(
            self.number(5)?,
            self.number(4)?,
            self.number(3)?,
            self.number(2)?,
            self.number(1)?,
            self.number(0)?,
        ))
    }
}
