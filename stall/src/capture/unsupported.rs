//! Systems for which there is no way to take a stack yet: detection works, reports have no frames.

use super::{Activity, CaptureMode, RawStack};
use crate::report::Frame;
use crate::slot::ThreadSlot;

/// Nothing to exchange with a handler.
#[derive(Debug)]
pub(crate) struct SignalCell;

impl SignalCell {
    pub(crate) fn new() -> Self {
        Self
    }
}

pub(crate) struct Capturer;

impl Capturer {
    pub(crate) fn new() -> Self {
        Self
    }

    pub(crate) fn try_out(
        &mut self,
        _sleeper: Option<&'static ThreadSlot>,
    ) -> (CaptureMode, Vec<u64>) {
        (CaptureMode::NoStacks, Vec::new())
    }

    pub(crate) fn take(
        &mut self,
        _slot: &'static ThreadSlot,
        _seq: Option<u64>,
        _activity: Activity,
    ) -> Option<RawStack> {
        None
    }
}

pub(crate) struct Symbols;

impl Symbols {
    pub(crate) fn new() -> Self {
        Self
    }

    pub(crate) fn frames(&mut self, _addresses: &[u64]) -> Vec<Frame> {
        Vec::new()
    }

    pub(crate) fn build_id(&self) -> Option<String> {
        None
    }
}
