//! Which Huffman table a segment uses for a value: a standard one or one of its own.

use std::rc::Rc;

use super::huffman::{Table, standard_table};
use super::{Result, damaged};

/// The tables segments that a segment refers to, used in their order (T.88, 7.4.2.1.6 and 7.4.3.1.6).
pub(super) struct TableChoice<'t> {
    own: std::slice::Iter<'t, Rc<Table>>,
}

impl<'t> TableChoice<'t> {
    pub(super) fn new(own: &'t [Rc<Table>]) -> Self {
        Self { own: own.iter() }
    }

    /// Selects by two bits of the flags: one of the `standard` ones, or 3 for the next of its own.
    pub(super) fn by_two_bits(&mut self, bits: u16, standard: &[usize]) -> Result<Rc<Table>> {
        match standard.get(usize::from(bits & 3)) {
            Some(number) => Ok(standard_table(*number)),
            None if bits & 3 == 3 => self.next_own(),
            None => Err(damaged("a jbig2 table selection is unknown")),
        }
    }

    /// Selects by one bit of the flags: the `standard` one or the next of its own.
    pub(super) fn by_bit(&mut self, bit: u16, standard: usize) -> Result<Rc<Table>> {
        match bit & 1 {
            0 => Ok(standard_table(standard)),
            _ => self.next_own(),
        }
    }

    fn next_own(&mut self) -> Result<Rc<Table>> {
        let own = self.own.next();
        own.cloned().ok_or(damaged("a jbig2 table does not exist"))
    }
}
