//! Prefixes of symbols, for Huffman coding (T.88, 7.4.3.1.7).

use super::SymbolCodes;
use crate::image::jbig2::allowance::{Allowance, STEP};
use crate::image::jbig2::huffman::{Line, Table};
use crate::image::jbig2::reader::Reader;
use crate::image::jbig2::{Result, damaged};

/// Codes of prefix lengths, and of runs of them.
const RUN_CODES: i32 = 35;

/// Reads the lengths of the prefixes of `count` symbols and assigns these.
pub(super) fn read(
    count: usize,
    reader: &mut Reader<'_>,
    allowance: &Allowance<'_>,
) -> Result<SymbolCodes> {
    let mut run_codes = Vec::new();
    for code in 0..RUN_CODES {
        run_codes.push((reader.bits(4)? as u8, Line::Range(code, 0)));
    }
    let run_codes = Table::new(&run_codes)?;
    let mut lines = Vec::new();
    while lines.len() < count {
        let previous = lines.last().map(|(length, _)| *length);
        let (length, times) = match run_codes.decode(reader)? {
            Some(length @ 0..=31) => (length as u8, 1),
            Some(32) => {
                let previous = previous.ok_or(damaged("a jbig2 run of prefixes"))?;
                (previous, reader.bits(2)? + 3)
            }
            Some(33) => (0, reader.bits(3)? + 3),
            _ => (0, reader.bits(7)? + 11),
        };
        for _ in 0..times {
            allowance.spend(STEP * 8)?;
            lines.push((length, Line::Range(lines.len() as i32, 0)));
        }
    }
    reader.align();
    // A run that ends after the last symbol has prefixes that stand for nothing.
    Ok(SymbolCodes::Prefixes(Box::new(Table::new(&lines)?)))
}
