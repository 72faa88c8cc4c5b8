//! What a debug endpoint shows: the newest stalls, and how they were looked for.

use serde::{Deserialize, Serialize};

use crate::capture::CaptureMode;
use crate::report::StallReport;

/// The probe's findings at one moment. Made by [`crate::StallProbe::snapshot`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StallSnapshot {
    /// From which length on a poll is a stall, in microseconds.
    pub threshold_us: u64,
    /// Which stacks the system lets the probe take.
    pub capture: CaptureMode,
    /// Stalls since the probe was installed.
    pub stalls_total: u64,
    /// The newest of them (at most 256), newest first, each in its latest phase.
    pub stalls: Vec<StallReport>,
}
