//! Bytes and bits of a segment, the highest bit first (T.88, 5.4).

use super::{ENDS_EARLY, Result};

/// Reads from the front; whatever the data lacks is an error.
#[derive(Clone)]
pub(super) struct Reader<'d> {
    data: &'d [u8],
    /// Bits of the first byte of `data` that are read already, 0 to 7.
    bit: u32,
}

impl<'d> Reader<'d> {
    pub(super) fn new(data: &'d [u8]) -> Self {
        Self { data, bit: 0 }
    }

    /// Skips to the next byte.
    pub(super) fn align(&mut self) {
        if self.bit > 0 {
            self.bit = 0;
            self.data = &self.data[1..];
        }
    }

    /// All whole bytes that are left.
    pub(super) fn rest(&mut self) -> &'d [u8] {
        self.align();
        std::mem::take(&mut self.data)
    }

    /// The whole bytes that are left, which stay.
    pub(super) fn peek(&self) -> &'d [u8] {
        &self.data[usize::from(self.bit > 0)..]
    }

    pub(super) fn take(&mut self, bytes: usize) -> Result<&'d [u8]> {
        self.align();
        let (taken, rest) = self.data.split_at_checked(bytes).ok_or(ENDS_EARLY)?;
        self.data = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let bytes = self.take(N)?;
        Ok(bytes.try_into().expect("as many as were asked for"))
    }

    pub(super) fn u8(&mut self) -> Result<u8> {
        self.array().map(u8::from_be_bytes)
    }

    pub(super) fn i8(&mut self) -> Result<i8> {
        self.array().map(i8::from_be_bytes)
    }

    pub(super) fn u16(&mut self) -> Result<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32> {
        self.array().map(u32::from_be_bytes)
    }

    pub(super) fn i32(&mut self) -> Result<i32> {
        self.array().map(i32::from_be_bytes)
    }

    pub(super) fn bit(&mut self) -> Result<u32> {
        let byte = *self.data.first().ok_or(ENDS_EARLY)?;
        let bit = byte >> (7 - self.bit) & 1;
        self.bit += 1;
        if self.bit == 8 {
            self.bit = 0;
            self.data = &self.data[1..];
        }
        Ok(bit.into())
    }

    /// An unsigned number of at most 32 bits.
    pub(super) fn bits(&mut self, count: u32) -> Result<u32> {
        let mut value = 0;
        for _ in 0..count {
            value = value << 1 | self.bit()?;
        }
        Ok(value)
    }
}
