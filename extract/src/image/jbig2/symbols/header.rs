//! What a symbol dictionary says of its coding (T.88, 7.4.2.1).

use std::rc::Rc;

use crate::image::jbig2::Result;
use crate::image::jbig2::generic;
use crate::image::jbig2::huffman::{Table, standard_table};
use crate::image::jbig2::reader::Reader;
use crate::image::jbig2::refinement;
use crate::image::jbig2::tables::TableChoice;

/// Everything before the coded data.
pub(super) struct Header {
    /// The tables of numbers where these are coded by Huffman tables, `SDHUFF`.
    pub(super) tables: Option<Tables>,
    /// Of symbols that are coded pixel by pixel.
    pub(super) template: generic::Template,
    /// Of symbols that are made of others, which all of them are then, `SDREFAGG`.
    pub(super) refinement: Option<refinement::Template>,
    /// Goes on with the statistics of the last dictionary that it refers to.
    pub(super) uses_retained: bool,
    /// Keeps its statistics for another dictionary.
    pub(super) retains: bool,
    pub(super) exported_symbols: u32,
    pub(super) new_symbols: u32,
}

/// The Huffman tables of a dictionary.
pub(super) struct Tables {
    /// In the order of [`super::Field`].
    pub(super) numbers: [Rc<Table>; 4],
    /// The bytes of the bitmap of all symbols of a height, `SDHUFFBMSIZE`.
    pub(super) size: Rc<Table>,
}

impl Header {
    pub(super) fn read(reader: &mut Reader<'_>, tables: TableChoice<'_>) -> Result<Self> {
        let flags = reader.u16()?;
        let is_huffman = flags & 1 != 0;
        let tables = match is_huffman {
            true => Some(Tables::choose(flags, tables)?),
            false => None,
        };
        let number = (flags >> 10 & 3) as u8;
        let template = match is_huffman {
            true => generic::Template::nominal(number),
            false => generic::Template::read(number, false, reader)?,
        };
        let refinement = match flags & 2 {
            0 => None,
            _ => Some(refinement::Template::read(flags >> 12 & 1, false, reader)?),
        };
        Ok(Self {
            tables,
            template,
            refinement,
            uses_retained: flags & 0x100 != 0,
            retains: flags & 0x200 != 0,
            exported_symbols: reader.u32()?,
            new_symbols: reader.u32()?,
        })
    }

    /// Whether all symbols of one height are coded in one bitmap.
    pub(super) fn is_collective(&self) -> bool {
        self.tables.is_some() && self.refinement.is_none()
    }
}

impl Tables {
    fn choose(flags: u16, mut tables: TableChoice<'_>) -> Result<Self> {
        let higher = tables.by_two_bits(flags >> 2, &[4, 5])?;
        let wider = tables.by_two_bits(flags >> 4, &[2, 3])?;
        let size = tables.by_bit(flags >> 6, 1)?;
        let instances = tables.by_bit(flags >> 7, 1)?;
        Ok(Self {
            numbers: [higher, wider, instances, standard_table(1)],
            size,
        })
    }
}
