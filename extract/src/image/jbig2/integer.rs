//! Arithmetic coding of integers (T.88, annex A).

use super::Result;
use super::allowance::Allowance;
use super::arithmetic::{Context, Decoder, contexts};

/// Table A.1: the bits of a value, and what is added to it, by the number of 1 bits before it.
const RANGES: [(u32, i64); 6] = [(2, 0), (4, 4), (6, 20), (8, 84), (12, 340), (32, 4_436)];

/// One of the procedures `IADH`, `IADW` and so on: what is known of its contexts.
#[derive(Clone)]
pub(super) struct Integer([Context; 512]);

impl Integer {
    pub(super) fn new() -> Self {
        Self([Context::default(); 512])
    }

    /// The next value, `None` for the out-of-band one (A.2).
    pub(super) fn decode(&mut self, decoder: &mut Decoder<'_>) -> Option<i64> {
        let mut previous = 1;
        let mut bit = || {
            let bit = decoder.bit(&mut self.0[previous]);
            previous = match previous << 1 | bit as usize {
                longer if previous < 256 => longer,
                longer => longer & 511 | 256,
            };
            bit
        };
        let is_negative = bit() == 1;
        let mut range = 0;
        while range + 1 < RANGES.len() && bit() == 1 {
            range += 1;
        }
        let (bits, base) = RANGES[range];
        let mut value = 0;
        for _ in 0..bits {
            value = value << 1 | i64::from(bit());
        }
        match (is_negative, value + base) {
            (true, 0) => None,
            (true, value) => Some(-value),
            (false, value) => Some(value),
        }
    }
}

/// The procedure `IAID`: identifiers of symbols.
#[derive(Clone)]
pub(super) struct SymbolId {
    contexts: Vec<Context>,
    bits: u32,
}

impl SymbolId {
    /// Identifiers below `2^bits`, where `bits` is no more than what counts symbols that exist.
    pub(super) fn new(bits: u32, allowance: &Allowance<'_>) -> Result<Self> {
        allowance.spend(8 << bits)?;
        Ok(Self {
            contexts: contexts(bits),
            bits,
        })
    }

    /// The next identifier (A.3).
    pub(super) fn decode(&mut self, decoder: &mut Decoder<'_>) -> usize {
        let mut previous = 1_usize;
        for _ in 0..self.bits {
            let bit = decoder.bit(&mut self.contexts[previous]);
            previous = previous << 1 | bit as usize;
        }
        previous - (1 << self.bits)
    }
}
