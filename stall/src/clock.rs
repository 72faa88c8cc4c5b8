//! One monotonic clock for all threads, in nanoseconds since the first reading.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

static BASE: OnceLock<Instant> = OnceLock::new();

/// Nanoseconds since the first call in this process, never 0: 0 means "not set" in the slots.
pub(crate) fn now_ns() -> u64 {
    nanos(BASE.get_or_init(Instant::now).elapsed()).saturating_add(1)
}

/// A duration in nanoseconds, capped at 584 years.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
