//! Where decoded bytes go: capped per stream and charged to the document while they are written.

use std::cell::Cell;

use crate::ExtractError;
use crate::budget::Budget;

/// Bytes written between two looks at the document's budget; also the cancel granularity.
const CHARGE_STEP_BYTES: usize = 64 << 10;

/// How many bytes come out for each that goes in, mostly; what is more makes the output grow by as
/// much again as it has.
const USUAL_RATIO: usize = 3;
const MIN_GROWTH_BYTES: usize = 1 << 10;

/// The largest output that is copied to memory of its own, and how much memory is kept for that.
const MAX_SCRATCH_BYTES: usize = 1 << 20;

/// Memory that one stream after the other is decoded into. To find a size by growing takes new
/// memory for every stream, which the system clears before it hands it out: of a document with
/// small streams that took longer than to inflate them.
#[derive(Default)]
pub(crate) struct Scratch(Cell<Vec<u8>>);

/// The bytes of one stream so far.
pub(super) struct Output<'b> {
    bytes: Vec<u8>,
    scratch: &'b Scratch,
    charged_bytes: usize,
    max_bytes: usize,
    budget: &'b Budget<'b>,
}

/// Why a decoder stopped before the end of its input; what it wrote until then stays.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The input is not what the filter's definition asks for.
    Damaged(&'static str),
    /// [`crate::Limits::max_stream_bytes`] is reached.
    Full,
    /// The whole extraction ends.
    Extraction(ExtractError),
}

impl<'b> Output<'b> {
    /// An empty output of at most `max_bytes` for a stream of `encoded_bytes`.
    pub(super) fn new(
        encoded_bytes: usize,
        max_bytes: u64,
        scratch: &'b Scratch,
        budget: &'b Budget<'b>,
    ) -> Self {
        let max_bytes = usize::try_from(max_bytes).unwrap_or(usize::MAX);
        let expected = encoded_bytes.saturating_mul(USUAL_RATIO).min(max_bytes);
        let mut bytes = scratch.0.take();
        bytes.reserve_exact(expected);
        Self {
            bytes,
            scratch,
            charged_bytes: 0,
            max_bytes,
            budget,
        }
    }

    /// Charges what is not yet charged and hands out everything that was written, changed by `change`.
    pub(super) fn finish(
        mut self,
        change: impl FnOnce(&mut Vec<u8>),
    ) -> Result<Vec<u8>, ExtractError> {
        self.charge()?;
        change(&mut self.bytes);
        if self.bytes.capacity() > MAX_SCRATCH_BYTES {
            return Ok(self.bytes);
        }
        let bytes = self.bytes.as_slice().to_vec();
        self.bytes.clear();
        self.scratch.0.set(self.bytes);
        Ok(bytes)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(super) fn push(&mut self, byte: u8) -> Result<(), Stop> {
        self.extend(&[byte])
    }

    pub(super) fn extend(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        let room = self.max_bytes.saturating_sub(self.bytes.len());
        self.bytes
            .extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.settle()?;
        if bytes.len() > room {
            return Err(Stop::Full);
        }
        Ok(())
    }

    pub(super) fn repeat(&mut self, byte: u8, count: usize) -> Result<(), Stop> {
        let room = self.max_bytes.saturating_sub(self.bytes.len());
        let len = self.bytes.len() + count.min(room);
        self.bytes.resize(len, byte);
        self.settle()?;
        if count > room {
            return Err(Stop::Full);
        }
        Ok(())
    }

    /// Lets `write` append to the bytes, within their spare capacity, which is at least one byte.
    pub(super) fn append_with<T>(
        &mut self,
        write: impl FnOnce(&mut Vec<u8>) -> T,
    ) -> Result<T, Stop> {
        if self.bytes.len() >= self.max_bytes {
            return Err(Stop::Full);
        }
        if self.bytes.len() == self.bytes.capacity() {
            let more = self.bytes.len().max(MIN_GROWTH_BYTES);
            let room = self.max_bytes - self.bytes.len();
            self.bytes.reserve_exact(more.min(room));
        }
        let written = write(&mut self.bytes);
        self.settle()?;
        if self.bytes.len() > self.max_bytes {
            self.bytes.truncate(self.max_bytes);
            self.charged_bytes = self.charged_bytes.min(self.max_bytes);
            return Err(Stop::Full);
        }
        Ok(written)
    }

    fn settle(&mut self) -> Result<(), Stop> {
        if self.bytes.len() - self.charged_bytes >= CHARGE_STEP_BYTES {
            self.charge().map_err(Stop::Extraction)?;
        }
        Ok(())
    }

    fn charge(&mut self) -> Result<(), ExtractError> {
        let more = self.bytes.len() - self.charged_bytes;
        self.charged_bytes = self.bytes.len();
        self.budget.charge_inflated(more as u64)
    }
}
