//! How the values of a text region are coded: arithmetically or by Huffman tables (T.88, 6.4.6 to
//! 6.4.11).

use std::rc::Rc;

use super::expected;
use crate::image::jbig2::Result;
use crate::image::jbig2::allowance::Allowance;
use crate::image::jbig2::arithmetic::{Context, Decoder};
use crate::image::jbig2::bitmap::Bitmap;
use crate::image::jbig2::huffman::{Table, standard_table};
use crate::image::jbig2::integer::{Integer, SymbolId};
use crate::image::jbig2::reader::Reader;
use crate::image::jbig2::refinement::Refinement;
use crate::image::jbig2::tables::TableChoice;

/// Numbers for which both codings have a table or statistics of their own.
#[derive(Clone, Copy, Debug)]
pub(in crate::image::jbig2) enum Field {
    /// The distance of two strips: `IADT`, `SBHUFFDT`.
    StripT,
    /// Where a strip starts: `IAFS`, `SBHUFFFS`.
    FirstS,
    /// The distance of two symbols, out of band after the last one: `IADS`, `SBHUFFDS`.
    NextS,
    /// By how much a refined symbol is wider: `IARDW`, `SBHUFFRDW`.
    Wider,
    /// By how much it is higher: `IARDH`, `SBHUFFRDH`.
    Higher,
    /// Where in it the symbol is: `IARDX`, `SBHUFFRDX`.
    RefinementX,
    /// The same downwards: `IARDY`, `SBHUFFRDY`.
    RefinementY,
}

const FIELDS: usize = 7;

/// The values of a text region, in the order in which they are asked for.
pub(in crate::image::jbig2) trait Coding {
    /// The next number, `None` if it is out of band.
    fn number(&mut self, field: Field) -> Result<Option<i64>>;

    /// The place of a symbol in a strip of `2^bits` rows (6.4.9).
    fn t_in_strip(&mut self, bits: u32) -> Result<i64>;

    /// The index of a symbol (6.4.10).
    fn symbol(&mut self) -> Result<usize>;

    /// Whether the symbol is refined, `RI`.
    fn is_refined(&mut self) -> Result<bool>;

    /// Decodes the refined symbol.
    fn refine(&mut self, refinement: &Refinement<'_>, allowance: &Allowance<'_>) -> Result<Bitmap>;
}

/// What is known of the contexts of all values but bitmaps.
pub(in crate::image::jbig2) struct Statistics {
    numbers: [Integer; FIELDS],
    t_in_strip: Integer,
    is_refined: Integer,
    symbol: SymbolId,
}

impl Statistics {
    /// Statistics in their initial state, for symbols that are told apart by `symbol_bits` bits.
    pub(in crate::image::jbig2) fn new(
        symbol_bits: u32,
        allowance: &Allowance<'_>,
    ) -> Result<Self> {
        Ok(Self {
            numbers: std::array::from_fn(|_| Integer::new()),
            t_in_strip: Integer::new(),
            is_refined: Integer::new(),
            symbol: SymbolId::new(symbol_bits, allowance)?,
        })
    }
}

/// Everything is coded arithmetically, `SBHUFF` = 0.
pub(in crate::image::jbig2) struct Arithmetic<'c, 'd> {
    pub(in crate::image::jbig2) decoder: &'c mut Decoder<'d>,
    pub(in crate::image::jbig2) statistics: &'c mut Statistics,
    pub(in crate::image::jbig2) refinement: &'c mut [Context],
}

impl Coding for Arithmetic<'_, '_> {
    fn number(&mut self, field: Field) -> Result<Option<i64>> {
        Ok(self.statistics.numbers[field as usize].decode(self.decoder))
    }

    fn t_in_strip(&mut self, bits: u32) -> Result<i64> {
        match bits {
            0 => Ok(0),
            _ => expected(self.statistics.t_in_strip.decode(self.decoder)),
        }
    }

    fn symbol(&mut self) -> Result<usize> {
        Ok(self.statistics.symbol.decode(self.decoder))
    }

    fn is_refined(&mut self) -> Result<bool> {
        Ok(expected(self.statistics.is_refined.decode(self.decoder))? != 0)
    }

    fn refine(&mut self, refinement: &Refinement<'_>, allowance: &Allowance<'_>) -> Result<Bitmap> {
        refinement.decode(self.decoder, self.refinement, allowance)
    }
}

/// How symbols are told apart.
pub(in crate::image::jbig2) enum SymbolCodes {
    Prefixes(Box<Table>),
    /// Numbers of so many bits.
    Numbers(u32),
}

/// The tables of all values.
pub(in crate::image::jbig2) struct Tables {
    numbers: [Rc<Table>; FIELDS],
    /// The bytes of a refined symbol, `SBHUFFRSIZE`.
    size: Rc<Table>,
    symbols: SymbolCodes,
}

impl Tables {
    /// Those that the flags of a text region select (7.4.3.1.2 and 7.4.3.1.6).
    pub(super) fn choose(
        flags: u16,
        symbols: SymbolCodes,
        tables: &mut TableChoice<'_>,
    ) -> Result<Self> {
        let first_s = tables.by_two_bits(flags, &[6, 7])?;
        let next_s = tables.by_two_bits(flags >> 2, &[8, 9, 10])?;
        let strip_t = tables.by_two_bits(flags >> 4, &[11, 12, 13])?;
        let wider = tables.by_two_bits(flags >> 6, &[14, 15])?;
        let higher = tables.by_two_bits(flags >> 8, &[14, 15])?;
        let x = tables.by_two_bits(flags >> 10, &[14, 15])?;
        let y = tables.by_two_bits(flags >> 12, &[14, 15])?;
        Ok(Self {
            numbers: [strip_t, first_s, next_s, wider, higher, x, y],
            size: tables.by_bit(flags >> 14, 1)?,
            symbols,
        })
    }

    /// Those of the symbols that a new symbol is made of (table 17).
    pub(in crate::image::jbig2) fn of_aggregate(symbol_bits: u32) -> Self {
        Self {
            numbers: [11, 6, 8, 15, 15, 15, 15].map(standard_table),
            size: standard_table(1),
            symbols: SymbolCodes::Numbers(symbol_bits),
        }
    }
}

/// All but refined bitmaps is coded by Huffman tables, `SBHUFF` = 1.
pub(in crate::image::jbig2) struct Huffman<'c, 'd> {
    pub(in crate::image::jbig2) reader: &'c mut Reader<'d>,
    pub(in crate::image::jbig2) tables: &'c Tables,
    pub(in crate::image::jbig2) refinement: &'c mut [Context],
}

impl Coding for Huffman<'_, '_> {
    fn number(&mut self, field: Field) -> Result<Option<i64>> {
        self.tables.numbers[field as usize].decode(self.reader)
    }

    fn t_in_strip(&mut self, bits: u32) -> Result<i64> {
        self.reader.bits(bits).map(i64::from)
    }

    fn symbol(&mut self) -> Result<usize> {
        match &self.tables.symbols {
            SymbolCodes::Prefixes(table) => Ok(expected(table.decode(self.reader)?)? as usize),
            SymbolCodes::Numbers(bits) => Ok(self.reader.bits(*bits)? as usize),
        }
    }

    fn is_refined(&mut self) -> Result<bool> {
        Ok(self.reader.bit()? == 1)
    }

    fn refine(&mut self, refinement: &Refinement<'_>, allowance: &Allowance<'_>) -> Result<Bitmap> {
        let size = expected(self.tables.size.decode(self.reader)?)?;
        self.reader.align();
        let size = usize::try_from(size).unwrap_or(0);
        let mut decoder = Decoder::new(self.reader.take(size)?);
        refinement.decode(&mut decoder, self.refinement, allowance)
    }
}
