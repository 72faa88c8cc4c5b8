//! One monotonic clock for all threads, in nanoseconds since the first reading; and stamps, which cost less to take.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

#[cfg(all(target_os = "linux", target_arch = "x86_64", not(miri)))]
mod counter;

static BASE: OnceLock<Instant> = OnceLock::new();

/// Nanoseconds since the first call in this process, never 0: 0 means "not set" in the slots.
pub(crate) fn now_ns() -> u64 {
    nanos(BASE.get_or_init(Instant::now).elapsed()).saturating_add(1)
}

/// A duration in nanoseconds, capped at 584 years.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Set in stamps that are nanoseconds; those of the processor's counter are even.
const IS_NANOS: u64 = 1;

/// A moment, as cheaply as this machine can tell: by the processor's own counter, where that keeps time. Never 0.
#[inline]
pub(crate) fn stamp() -> u64 {
    #[cfg(all(target_os = "linux", target_arch = "x86_64", not(miri)))]
    if let Some(count) = counter::read() {
        return count & !IS_NANOS;
    }
    now_ns() | IS_NANOS
}

/// When a stamp was taken, on the clock of [`now_ns`]; that of 0, which is none, is 0.
pub(crate) fn stamp_ns(stamp: u64) -> u64 {
    if stamp == 0 || stamp & IS_NANOS != 0 {
        return stamp;
    }
    #[cfg(all(target_os = "linux", target_arch = "x86_64", not(miri)))]
    return now_ns().saturating_sub(counter::age_ns(stamp)).max(1);
    #[cfg(not(all(target_os = "linux", target_arch = "x86_64", not(miri))))]
    stamp
}

/// Finds out how fast the processor's counter runs, where it keeps time; stamps are taken by it from then on. Called now
/// and then by the watchdog.
pub(crate) fn calibrate() {
    #[cfg(all(target_os = "linux", target_arch = "x86_64", not(miri)))]
    counter::calibrate();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_tells_when_it_was_taken() {
        calibrate();
        let asked = Instant::now();
        while asked.elapsed() < Duration::from_millis(50) {
            std::thread::yield_now();
        }
        calibrate();
        let before = now_ns();
        let stamp = stamp();
        let after = now_ns();
        let told = stamp_ns(stamp);
        // A thread that is interrupted while it converts is off by as much.
        let slack = nanos(Duration::from_millis(20));
        assert!(
            (before.saturating_sub(slack)..=after + slack).contains(&told),
            "{told} is not in {before}..={after}"
        );
    }

    #[test]
    fn no_stamp_is_no_time() {
        assert_eq!(stamp_ns(0), 0);
        assert_ne!(stamp(), 0);
    }
}
