//! Symbol dictionaries (T.88, 6.5 and 7.4.2).

mod header; // what the dictionary says of its coding
mod source; // how its numbers are coded

use std::rc::Rc;

use self::header::Header;
use self::source::{Field, Source};
use super::allowance::{Allowance, ITEM, STEP};
use super::arithmetic::Context;
use super::bitmap::Bitmap;
use super::generic;
use super::reader::Reader;
use super::refinement::{self, Refinement};
use super::tables::TableChoice;
use super::text::{self, Placement, expected, sum};
use super::{Result, damaged};

/// What other segments can refer to.
pub(super) struct Dictionary {
    /// The symbols that it exports.
    pub(super) symbols: Vec<Rc<Bitmap>>,
    /// Kept for dictionaries that go on with them.
    pub(super) retained: Option<Rc<Retained>>,
}

/// What is known of the contexts of bitmaps.
#[derive(Clone)]
pub(super) struct Retained {
    generic: Vec<Context>,
    refinement: Vec<Context>,
}

/// Decodes a dictionary, given the symbols and the statistics of those that it refers to.
pub(super) fn read(
    reader: &mut Reader<'_>,
    symbols: Vec<Rc<Bitmap>>,
    tables: TableChoice<'_>,
    retained: Option<&Retained>,
    allowance: &Allowance<'_>,
) -> Result<Dictionary> {
    let header = Header::read(reader, tables)?;
    let total = symbols.len() as u64 + u64::from(header.new_symbols);
    let contexts = match retained {
        Some(retained) if header.uses_retained => {
            if retained.generic.len() != header.template.contexts().len() {
                return Err(damaged("a jbig2 dictionary goes on with another template"));
            }
            retained.clone()
        }
        _ => Retained {
            generic: header.template.contexts(),
            refinement: refinement::new_contexts(),
        },
    };
    let mut decoding = Decoding {
        source: Source::new(&header, reader, total, allowance)?,
        header: &header,
        symbols,
        end: usize::try_from(total).unwrap_or(usize::MAX),
        contexts,
        allowance,
    };
    decoding.decode_symbols()?;
    let symbols = decoding.exported()?;
    let retained = header.retains.then(|| Rc::new(decoding.contexts));
    Ok(Dictionary { symbols, retained })
}

/// A dictionary that is being decoded.
struct Decoding<'s, 'd> {
    header: &'s Header,
    source: Source<'d>,
    /// Those of other dictionaries, then the new ones.
    symbols: Vec<Rc<Bitmap>>,
    /// How many there will be.
    end: usize,
    contexts: Retained,
    allowance: &'s Allowance<'s>,
}

impl Decoding<'_, '_> {
    /// The new symbols, by height (6.5.5).
    fn decode_symbols(&mut self) -> Result<()> {
        let mut height = 0;
        while self.symbols.len() < self.end {
            self.allowance.spend(STEP)?;
            height = sum(height, expected(self.source.number(Field::Higher)?)?)?;
            if self.header.is_collective() {
                self.decode_collective(height)?;
                continue;
            }
            let mut width = 0;
            while let Some(wider) = self.source.number(Field::Wider)? {
                width = sum(width, wider)?;
                self.check_count(self.symbols.len())?;
                let symbol = match &self.header.refinement {
                    None => self.decode_pixels((width, height))?,
                    Some(template) => self.decode_aggregate(template, (width, height))?,
                };
                self.symbols.push(Rc::new(symbol));
            }
        }
        Ok(())
    }

    fn check_count(&self, count: usize) -> Result<()> {
        if count >= self.end {
            return Err(damaged("a jbig2 dictionary has more symbols than it says"));
        }
        Ok(())
    }

    /// A symbol coded pixel by pixel (6.5.8.1).
    fn decode_pixels(&mut self, size: (u32, u32)) -> Result<Bitmap> {
        let decoder = self.source.decoder()?;
        generic::decode(
            &self.header.template,
            None,
            decoder,
            &mut self.contexts.generic,
            size,
            self.allowance,
        )
    }

    /// A symbol made of others (6.5.8.2).
    fn decode_aggregate(
        &mut self,
        template: &refinement::Template,
        size: (u32, u32),
    ) -> Result<Bitmap> {
        let instances = expected(self.source.number(Field::Instances)?)?;
        let instances = u32::try_from(instances).map_err(|_| damaged("a jbig2 aggregate"))?;
        let mut coding = self.source.coding(&mut self.contexts.refinement);
        if instances != 1 {
            let mut symbol = Bitmap::new(size.0, size.1, self.allowance)?;
            let placement = Placement::of_aggregate(instances, *template);
            placement.draw(&mut symbol, &self.symbols, &mut *coding, self.allowance)?;
            return Ok(symbol);
        }
        let reference = self.symbols.get(coding.symbol()?);
        let x = expected(coding.number(text::Field::RefinementX)?)?;
        let y = expected(coding.number(text::Field::RefinementY)?)?;
        let refinement = Refinement {
            template,
            reference: reference.ok_or(damaged("a jbig2 symbol does not exist"))?,
            offset: (x, y),
            size,
        };
        coding.refine(&refinement, self.allowance)
    }

    /// All symbols of one height, side by side in one bitmap (6.5.5 and 6.5.9).
    fn decode_collective(&mut self, height: u32) -> Result<()> {
        let (mut width, mut total) = (0, 0);
        let mut widths = Vec::new();
        while let Some(wider) = self.source.number(Field::Wider)? {
            self.allowance.spend(ITEM)?;
            self.check_count(self.symbols.len() + widths.len())?;
            width = sum(width, wider)?;
            total = sum(total, width.into())?;
            widths.push(width);
        }
        let (reader, length) = self.source.collective_bitmap()?;
        let bitmap = match length {
            0 => {
                let rows = u64::from(total.div_ceil(8)) * u64::from(height);
                let rows = reader.take(usize::try_from(rows).unwrap_or(usize::MAX))?;
                Bitmap::from_rows(total, height, rows, self.allowance)?
            }
            length => {
                let data = reader.take(length)?;
                generic::decode_facsimile(data, (total, height), self.allowance)?.bitmap
            }
        };
        let mut x = 0;
        for width in widths {
            let symbol = bitmap.area((x, 0), (width, height), self.allowance)?;
            self.symbols.push(Rc::new(symbol));
            x += width;
        }
        Ok(())
    }

    /// The symbols that other segments see: runs that are left out and runs that are exported, in
    /// turn (6.5.10).
    ///
    /// Two runs of none in a row change nothing; without a bound on them there could be any number,
    /// as the arithmetic decoder goes on after the end of the data.
    fn exported(&mut self) -> Result<Vec<Rc<Bitmap>>> {
        let mut exported = Vec::new();
        let (mut is_exported, mut is_empty) = (false, false);
        let mut index = 0;
        while index < self.symbols.len() {
            self.allowance.spend(STEP)?;
            let length = expected(self.source.number(Field::Run)?)?;
            let end = usize::try_from(length).ok();
            let end = end.and_then(|length| index.checked_add(length));
            let run = end.and_then(|end| self.symbols.get(index..end));
            let run = run.ok_or(damaged("a jbig2 dictionary exports symbols it has not"))?;
            if run.is_empty() && is_empty {
                return Err(damaged("a jbig2 dictionary exports nothing for ever"));
            }
            if is_exported {
                self.allowance.spend(STEP * run.len() as u64)?;
                exported.extend_from_slice(run);
            }
            index += run.len();
            is_exported = !is_exported;
            is_empty = run.is_empty();
        }
        if exported.len() != self.header.exported_symbols as usize {
            return Err(damaged(
                "a jbig2 dictionary exports other symbols than it says",
            ));
        }
        Ok(exported)
    }
}
