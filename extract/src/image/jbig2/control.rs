//! Runs the segments of a page, one after the other (T.88, clauses 7 and 8).

use std::collections::BTreeMap;
use std::rc::Rc;

use super::allowance::{Allowance, ITEM, STEP};
use super::bitmap::Bitmap;
use super::huffman::Table;
use super::page::PageInformation;
use super::patterns::{self, Patterns};
use super::reader::Reader;
use super::region::RegionInformation;
use super::segment::{Kind, RegionKind, Segment, Use};
use super::symbols::{self, Dictionary, Retained};
use super::tables::TableChoice;
use super::{ENDS_EARLY, Result, damaged, generic, halftone, refinement, text};
use crate::image::ImageError;

/// A page, as far as it could be decoded.
pub(super) struct Decoded {
    pub(super) bitmap: Bitmap,
    /// Regions drawn.
    pub(super) regions: u64,
    /// What was wrong first.
    pub(super) damage: Option<ImageError>,
}

/// Draws the regions of the page. Damage costs the segment that it is in, and what refers to it.
pub(super) fn decode<'d>(
    segments: impl Iterator<Item = Segment<'d>>,
    page: &PageInformation,
    height: u32,
    allowance: &Allowance<'_>,
) -> Result<Decoded> {
    let mut bitmap = Bitmap::new(page.width, height, allowance)?;
    if page.is_black {
        bitmap.blacken_all();
    }
    let mut control = Control {
        page: bitmap,
        regions: 0,
        damage: None,
        results: BTreeMap::new(),
        allowance,
    };
    let mut is_begun = false;
    for segment in segments {
        allowance.spend(STEP)?;
        let is_other_page = segment.page != 0 && segment.page != page.number;
        if is_other_page {
            continue;
        }
        if segment.is_cut {
            control.note(ENDS_EARLY)?;
        }
        match segment.kind {
            Kind::PageInformation if is_begun => break,
            Kind::PageInformation => is_begun = true,
            Kind::EndOfPage | Kind::EndOfFile => break,
            _ => control.run_segment(&segment)?,
        }
    }
    Ok(Decoded {
        bitmap: control.page,
        regions: control.regions,
        damage: control.damage,
    })
}

/// What a segment leaves for others to refer to.
enum Stored {
    Symbols(Dictionary),
    Patterns(Patterns),
    Table(Rc<Table>),
    Region(Bitmap),
}

struct Control<'b> {
    page: Bitmap,
    regions: u64,
    damage: Option<ImageError>,
    /// By segment number.
    results: BTreeMap<u32, Stored>,
    allowance: &'b Allowance<'b>,
}

/// A region, and whether there was damage that left a part of it.
type Region = (Bitmap, Result<()>);

impl Control<'_> {
    /// Decodes one segment and keeps or draws what it holds.
    ///
    /// # Errors
    /// Those which end the image; damage is noted.
    fn run_segment(&mut self, segment: &Segment<'_>) -> Result<()> {
        let mut reader = Reader::new(segment.data);
        let stored = match segment.kind {
            Kind::SymbolDictionary => self.read_symbols(segment, &mut reader).map(Stored::Symbols),
            Kind::PatternDictionary => {
                patterns::read(&mut reader, self.allowance).map(Stored::Patterns)
            }
            Kind::Tables => {
                Table::read(&mut reader, self.allowance).map(|table| Stored::Table(Rc::new(table)))
            }
            Kind::Region(kind, usage) => match self.run_region(segment, kind, usage) {
                Ok(Some(region)) => Ok(Stored::Region(region)),
                Ok(None) => return Ok(()),
                Err(error) => Err(error),
            },
            _ => return Ok(()),
        };
        match stored {
            Ok(stored) => {
                self.allowance.spend(ITEM)?;
                self.results.insert(segment.number, stored);
                Ok(())
            }
            Err(error) => self.note(error),
        }
    }

    /// Keeps the first damage; other errors end the image.
    fn note(&mut self, error: ImageError) -> Result<()> {
        match error {
            ImageError::Damaged(_) | ImageError::Unsupported(_) => {
                self.damage.get_or_insert(error);
                Ok(())
            }
            error => Err(error),
        }
    }

    /// Draws a region onto the page, or gives it where others refine it.
    fn run_region(
        &mut self,
        segment: &Segment<'_>,
        kind: RegionKind,
        usage: Use,
    ) -> Result<Option<Bitmap>> {
        let mut reader = Reader::new(segment.data);
        let mut place = RegionInformation::read(&mut reader)?;
        if let Some(rows) = segment.rows {
            place.height = place.height.min(rows);
        }
        let (region, result) = match kind {
            RegionKind::Text => self.read_text(segment, &place, &mut reader)?,
            RegionKind::Halftone => self.read_halftone(segment, &place, &mut reader)?,
            RegionKind::Generic => {
                let (region, is_cut) = generic::read_region(&place, &mut reader, self.allowance)?;
                (region, complete(is_cut))
            }
            RegionKind::Refinement => (self.refine(segment, &place, &mut reader)?, Ok(())),
        };
        if let Err(error) = result {
            self.note(error)?;
        }
        if usage == Use::Intermediate {
            return Ok(Some(region));
        }
        let (x, y) = (i64::from(place.x), i64::from(place.y));
        self.page.draw(&region, x, y, place.operator);
        self.regions += 1;
        Ok(None)
    }

    fn read_symbols(&self, segment: &Segment<'_>, reader: &mut Reader<'_>) -> Result<Dictionary> {
        let referred = self.referred(segment)?;
        let retained = referred.retained.as_deref();
        let tables = TableChoice::new(&referred.tables);
        symbols::read(reader, referred.symbols, tables, retained, self.allowance)
    }

    fn read_text(
        &self,
        segment: &Segment<'_>,
        place: &RegionInformation,
        reader: &mut Reader<'_>,
    ) -> Result<Region> {
        let referred = self.referred(segment)?;
        let tables = TableChoice::new(&referred.tables);
        let symbols = &referred.symbols;
        text::read_region(place.size(), reader, symbols, tables, self.allowance)
    }

    fn read_halftone(
        &self,
        segment: &Segment<'_>,
        place: &RegionInformation,
        reader: &mut Reader<'_>,
    ) -> Result<Region> {
        let patterns = segment
            .referred()
            .find_map(|number| match self.results.get(&number) {
                Some(Stored::Patterns(patterns)) => Some(patterns),
                _ => None,
            });
        let patterns = patterns.ok_or(damaged("a jbig2 halftone has no patterns"))?;
        let (region, is_cut) =
            halftone::read_region(place.size(), reader, patterns, self.allowance)?;
        Ok((region, complete(is_cut)))
    }

    /// Refines the region that is referred to, which is of no further use then, or the page itself
    /// (7.4.7.5).
    fn refine(
        &mut self,
        segment: &Segment<'_>,
        place: &RegionInformation,
        reader: &mut Reader<'_>,
    ) -> Result<Bitmap> {
        let is_region = |number: &u32| matches!(self.results.get(number), Some(Stored::Region(_)));
        let number = segment.referred().find(is_region);
        let reference = match number.and_then(|number| self.results.remove(&number)) {
            Some(Stored::Region(region)) => region,
            _ if segment.referred().next().is_some() => {
                return Err(damaged("a jbig2 region to refine does not exist"));
            }
            _ => self
                .page
                .area((place.x, place.y), place.size(), self.allowance)?,
        };
        if (reference.width, reference.height) != place.size() {
            return Err(damaged("a jbig2 region to refine is of another size"));
        }
        refinement::read_region(&reference, reader, self.allowance)
    }

    /// Everything that a segment refers to, but regions and patterns.
    fn referred(&self, segment: &Segment<'_>) -> Result<ReferredTo> {
        let mut referred = ReferredTo::default();
        for number in segment.referred() {
            self.allowance.spend(STEP)?;
            match self.results.get(&number) {
                Some(Stored::Symbols(dictionary)) => {
                    let symbols = &dictionary.symbols;
                    self.allowance.spend(8 * STEP * symbols.len() as u64)?;
                    referred.symbols.extend_from_slice(symbols);
                    // The last one counts (7.4.2.2).
                    referred.retained = dictionary.retained.clone();
                }
                Some(Stored::Table(table)) => referred.tables.push(Rc::clone(table)),
                Some(_) => {}
                None => return Err(damaged("a jbig2 segment to refer to does not exist")),
            }
        }
        Ok(referred)
    }
}

#[derive(Default)]
struct ReferredTo {
    symbols: Vec<Rc<Bitmap>>,
    tables: Vec<Rc<Table>>,
    retained: Option<Rc<Retained>>,
}

fn complete(is_cut: bool) -> Result<()> {
    if is_cut { Err(ENDS_EARLY) } else { Ok(()) }
}
