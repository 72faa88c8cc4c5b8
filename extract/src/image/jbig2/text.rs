//! Text regions: symbols placed one after the other (T.88, 6.4 and 7.4.3).

mod codes; // prefixes of symbols, for Huffman coding
mod coding; // how the values of a region are coded

use std::rc::Rc;

pub(super) use self::coding::{
    Arithmetic, Coding, Field, Huffman, Statistics, SymbolCodes, Tables,
};
use super::allowance::{Allowance, STEP};
use super::arithmetic::Decoder;
use super::bitmap::Bitmap;
use super::reader::Reader;
use super::refinement::{self, Refinement};
use super::region::Operator;
use super::tables::TableChoice;
use super::{Result, damaged};

/// Which corner of a symbol its coordinates are those of (`REFCORNER`).
#[derive(Clone, Copy, Debug)]
struct Corner {
    is_right: bool,
    is_bottom: bool,
}

/// How symbols are placed (table 9).
#[derive(Clone, Debug)]
pub(super) struct Placement {
    /// `SBNUMINSTANCES`.
    instances: u32,
    /// Binary logarithm of the height of a strip, `SBSTRIPS`.
    strip_bits: u32,
    is_black: bool,
    operator: Operator,
    is_transposed: bool,
    corner: Corner,
    /// Added to the distance of two symbols, `SBDSOFFSET`.
    distance: i64,
    /// How symbols are refined, where they may be, `SBREFINE`.
    refinement: Option<refinement::Template>,
}

impl Placement {
    /// That of the symbols that a new symbol is made of (table 17).
    pub(super) fn of_aggregate(instances: u32, refinement: refinement::Template) -> Self {
        Self {
            instances,
            strip_bits: 0,
            is_black: false,
            operator: Operator::Or,
            is_transposed: false,
            corner: Corner {
                is_right: false,
                is_bottom: false,
            },
            distance: 0,
            refinement: Some(refinement),
        }
    }

    fn new(flags: u16) -> Result<Self> {
        let corner = flags >> 4 & 3;
        // Five bits with a sign.
        let distance = i64::from(flags >> 10 & 31);
        Ok(Self {
            instances: 0,
            strip_bits: u32::from(flags >> 2 & 3),
            is_black: flags & 0x200 != 0,
            operator: Operator::new(flags >> 7 & 3)?,
            is_transposed: flags & 0x40 != 0,
            corner: Corner {
                is_right: corner & 2 != 0,
                is_bottom: corner & 1 == 0,
            },
            distance: if distance < 16 {
                distance
            } else {
                distance - 32
            },
            refinement: None,
        })
    }
}

/// Reads the segment after its region information. Damage leaves the symbols before it, and is
/// given with them.
pub(super) fn read_region(
    (width, height): (u32, u32),
    reader: &mut Reader<'_>,
    symbols: &[Rc<Bitmap>],
    mut tables: TableChoice<'_>,
    allowance: &Allowance<'_>,
) -> Result<(Bitmap, Result<()>)> {
    let flags = reader.u16()?;
    let mut placement = Placement::new(flags)?;
    let is_huffman = flags & 1 != 0;
    let huffman_flags = if is_huffman { reader.u16()? } else { 0 };
    if flags & 2 != 0 {
        placement.refinement = Some(refinement::Template::read(flags >> 15, false, reader)?);
    }
    placement.instances = reader.u32()?;
    let mut region = Bitmap::new(width, height, allowance)?;
    if placement.is_black {
        region.blacken_all();
    }
    let mut contexts = refinement::new_contexts();
    let result = if is_huffman {
        let codes = codes::read(symbols.len(), reader, allowance)?;
        let tables = Tables::choose(huffman_flags, codes, &mut tables)?;
        let mut coding = Huffman {
            reader,
            tables: &tables,
            refinement: &mut contexts,
        };
        placement.draw(&mut region, symbols, &mut coding, allowance)
    } else {
        let mut coding = Arithmetic {
            decoder: &mut Decoder::new(reader.rest()),
            statistics: &mut Statistics::new(bits_for(symbols.len()), allowance)?,
            refinement: &mut contexts,
        };
        placement.draw(&mut region, symbols, &mut coding, allowance)
    };
    Ok((region, result))
}

/// The bits that tell `count` symbols apart, `SBSYMCODELEN`.
pub(super) fn bits_for(count: usize) -> u32 {
    usize::BITS - count.saturating_sub(1).leading_zeros()
}

impl Placement {
    /// The text region decoding procedure (6.4.5).
    pub(super) fn draw(
        &self,
        region: &mut Bitmap,
        symbols: &[Rc<Bitmap>],
        coding: &mut dyn Coding,
        allowance: &Allowance<'_>,
    ) -> Result<()> {
        let mut strip_t = -self.strip_distance(coding)?;
        let mut first_s: i64 = 0;
        let mut drawn = 0;
        while drawn < self.instances {
            allowance.spend(STEP)?;
            strip_t = strip_t.saturating_add(self.strip_distance(coding)?);
            first_s = first_s.saturating_add(expected(coding.number(Field::FirstS)?)?);
            let mut s = first_s;
            loop {
                // More symbols than the region declares are left out.
                if drawn == self.instances {
                    return Ok(());
                }
                let t = strip_t.saturating_add(coding.t_in_strip(self.strip_bits)?);
                let symbol = symbols.get(coding.symbol()?);
                let symbol = symbol.ok_or(damaged("a jbig2 symbol does not exist"))?;
                let refined = self.refine(symbol, coding, allowance)?;
                let symbol = refined.as_ref().unwrap_or(symbol);
                allowance.spend(STEP + u64::from(symbol.width) * u64::from(symbol.height) / 8)?;
                s = self.draw_symbol(region, symbol, (s, t));
                drawn += 1;
                let Some(distance) = coding.number(Field::NextS)? else {
                    break;
                };
                s = s.saturating_add(distance).saturating_add(self.distance);
            }
        }
        Ok(())
    }

    /// The distance of two strips (6.4.6).
    fn strip_distance(&self, coding: &mut dyn Coding) -> Result<i64> {
        Ok(expected(coding.number(Field::StripT)?)? << self.strip_bits)
    }

    /// The symbol as it is refined, if it is (6.4.11).
    fn refine(
        &self,
        symbol: &Bitmap,
        coding: &mut dyn Coding,
        allowance: &Allowance<'_>,
    ) -> Result<Option<Bitmap>> {
        let Some(template) = &self.refinement else {
            return Ok(None);
        };
        if !coding.is_refined()? {
            return Ok(None);
        }
        let wider = expected(coding.number(Field::Wider)?)?;
        let higher = expected(coding.number(Field::Higher)?)?;
        let x = expected(coding.number(Field::RefinementX)?)?;
        let y = expected(coding.number(Field::RefinementY)?)?;
        let refinement = Refinement {
            template,
            reference: symbol,
            offset: ((wider >> 1) + x, (higher >> 1) + y),
            size: (sum(symbol.width, wider)?, sum(symbol.height, higher)?),
        };
        coding.refine(&refinement, allowance).map(Some)
    }

    /// Draws a symbol at its place along and across the line, and gives the place of its end.
    fn draw_symbol(&self, region: &mut Bitmap, symbol: &Bitmap, (s, t): (i64, i64)) -> i64 {
        let (width, height) = (i64::from(symbol.width), i64::from(symbol.height));
        let (length, is_from_end) = if self.is_transposed {
            (height, self.corner.is_bottom)
        } else {
            (width, self.corner.is_right)
        };
        let end = s.saturating_add(length - 1);
        let corner_s = if is_from_end { end } else { s };
        let (mut x, mut y) = if self.is_transposed {
            (t, corner_s)
        } else {
            (corner_s, t)
        };
        if self.corner.is_right {
            x = x.saturating_sub(width - 1);
        }
        if self.corner.is_bottom {
            y = y.saturating_sub(height - 1);
        }
        region.draw(symbol, x, y, self.operator);
        end
    }
}

/// A value that must not be out of band.
pub(super) fn expected(value: Option<i64>) -> Result<i64> {
    value.ok_or(damaged("a jbig2 value is out of band"))
}

/// A side in pixels that changes by what was decoded.
pub(super) fn sum(side: u32, change: i64) -> Result<u32> {
    let sum = i64::from(side) + change;
    u32::try_from(sum).map_err(|_| damaged("a jbig2 symbol has no size"))
}
