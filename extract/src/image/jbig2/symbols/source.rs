//! How the numbers of a symbol dictionary are coded: arithmetically or by Huffman tables.

use std::rc::Rc;

use super::header::Header;
use crate::image::jbig2::allowance::Allowance;
use crate::image::jbig2::arithmetic::{Context, Decoder};
use crate::image::jbig2::huffman::Table;
use crate::image::jbig2::integer::Integer;
use crate::image::jbig2::reader::Reader;
use crate::image::jbig2::text::{self, Coding, Statistics, bits_for, expected};
use crate::image::jbig2::{Result, damaged};

/// Numbers for which both codings have a table or statistics of their own.
#[derive(Clone, Copy, Debug)]
pub(super) enum Field {
    /// The difference of two heights: `IADH`, `SDHUFFDH`.
    Higher,
    /// The difference of two widths, out of band after the last one: `IADW`, `SDHUFFDW`.
    Wider,
    /// How many symbols make a new one: `IAAI`, `SDHUFFAGGINST`.
    Instances,
    /// How many symbols in turn are exported or not: `IAEX`, table B.1.
    Run,
}

const FIELDS: usize = 4;

/// The coded data of a dictionary.
pub(super) enum Source<'d> {
    Arithmetic {
        decoder: Decoder<'d>,
        numbers: Box<[Integer; FIELDS]>,
        aggregates: Box<Statistics>,
    },
    Huffman {
        reader: Reader<'d>,
        numbers: [Rc<Table>; FIELDS],
        /// The bytes of a bitmap.
        size: Rc<Table>,
        aggregates: Box<text::Tables>,
    },
}

impl<'d> Source<'d> {
    /// The rest of the segment; `total` is the number of symbols that there will be.
    pub(super) fn new(
        header: &Header,
        reader: &mut Reader<'d>,
        total: u64,
        allowance: &Allowance<'_>,
    ) -> Result<Self> {
        // Only aggregates name symbols.
        let symbol_bits = match header.refinement {
            None => 0,
            Some(_) => bits_for(usize::try_from(total).unwrap_or(usize::MAX)),
        };
        match &header.tables {
            None => Ok(Self::Arithmetic {
                decoder: Decoder::new(reader.rest()),
                numbers: Box::new(std::array::from_fn(|_| Integer::new())),
                aggregates: Box::new(Statistics::new(symbol_bits, allowance)?),
            }),
            Some(tables) => Ok(Self::Huffman {
                reader: Reader::new(reader.rest()),
                numbers: tables.numbers.clone(),
                size: Rc::clone(&tables.size),
                // At least one (6.5.8.2.3).
                aggregates: Box::new(text::Tables::of_aggregate(symbol_bits.max(1))),
            }),
        }
    }

    /// The next number, `None` if it is out of band.
    pub(super) fn number(&mut self, field: Field) -> Result<Option<i64>> {
        match self {
            Self::Arithmetic {
                decoder, numbers, ..
            } => Ok(numbers[field as usize].decode(decoder)),
            Self::Huffman {
                reader, numbers, ..
            } => numbers[field as usize].decode(reader),
        }
    }

    /// The decoder of symbols that are coded pixel by pixel.
    pub(super) fn decoder(&mut self) -> Result<&mut Decoder<'d>> {
        match self {
            Self::Arithmetic { decoder, .. } => Ok(decoder),
            Self::Huffman { .. } => Err(damaged("a jbig2 symbol")),
        }
    }

    /// How the symbols that make a new one are coded.
    pub(super) fn coding<'c>(&'c mut self, refinement: &'c mut [Context]) -> Box<dyn Coding + 'c> {
        match self {
            Self::Arithmetic {
                decoder,
                aggregates,
                ..
            } => Box::new(text::Arithmetic {
                decoder,
                statistics: aggregates,
                refinement,
            }),
            Self::Huffman {
                reader, aggregates, ..
            } => Box::new(text::Huffman {
                reader,
                tables: aggregates,
                refinement,
            }),
        }
    }

    /// Where a bitmap of several symbols starts, and its bytes, 0 if it is not compressed.
    pub(super) fn collective_bitmap(&mut self) -> Result<(&mut Reader<'d>, usize)> {
        match self {
            Self::Arithmetic { .. } => Err(damaged("a jbig2 bitmap of symbols")),
            Self::Huffman { reader, size, .. } => {
                let size = expected(size.decode(reader)?)?;
                reader.align();
                Ok((reader, usize::try_from(size).unwrap_or(0)))
            }
        }
    }
}
