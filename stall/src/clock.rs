//! One monotonic clock for all threads, in nanoseconds since the first reading; and stamps, which cost less to take.

use std::sync::OnceLock;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
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

/// Set in stamps of the processor's counter, which are all taken after those in nanoseconds: so they are in order.
#[cfg(all(target_os = "linux", target_arch = "x86_64", not(miri)))]
const IS_COUNT: u64 = 1 << 63;

/// A moment, as cheaply as this machine can tell: by the processor's own counter, where that keeps time. Never 0, and
/// greater than those taken before.
#[inline]
pub(crate) fn stamp() -> u64 {
    #[cfg(all(target_os = "linux", target_arch = "x86_64", not(miri)))]
    if let Some(count) = counter::read() {
        return count | IS_COUNT;
    }
    now_ns()
}

/// When a stamp was taken, on the clock of [`now_ns`]; that of 0, which is none, is 0.
pub(crate) fn stamp_ns(stamp: u64) -> u64 {
    #[cfg(all(target_os = "linux", target_arch = "x86_64", not(miri)))]
    if stamp & IS_COUNT != 0 {
        let age_ns = counter::age_ns(stamp & !IS_COUNT);
        // Read last: to a thread that is interrupted between the two, what began at the stamp seems shorter, not longer.
        return now_ns().saturating_sub(age_ns).max(1);
    }
    stamp
}

/// When something happened last: stamped by one thread, and asked for by another.
#[derive(Debug, Default)]
pub(crate) struct Moment {
    stamp: AtomicU64,
    /// What the stamp last asked for was, and when that is: it must not change with the speed of the counter.
    asked: AtomicU64,
    answer_ns: AtomicU64,
}

impl Moment {
    /// It happens.
    #[inline]
    pub(crate) fn is_now(&self) {
        self.stamp.store(stamp(), Release);
    }

    /// It never happened.
    pub(crate) fn clear(&self) {
        self.stamp.store(0, Release);
    }

    /// When it happened last, for comparison with others only; 0 if it never did.
    pub(crate) fn stamp(&self) -> u64 {
        self.stamp.load(Acquire)
    }

    /// When it happened last, on the clock of [`now_ns`], 0 if it never did. Exact if it is asked for soon after. For one
    /// thread only, the watchdog's.
    pub(crate) fn ns(&self) -> u64 {
        let stamp = self.stamp();
        if self.asked.load(Relaxed) != stamp {
            self.answer_ns.store(stamp_ns(stamp), Relaxed);
            self.asked.store(stamp, Relaxed);
        }
        self.answer_ns.load(Relaxed)
    }
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
    fn a_moment_does_not_change() {
        calibrate();
        let moment = Moment::default();
        assert_eq!(moment.ns(), 0);
        moment.is_now();
        let first = moment.ns();
        assert!(first > 0);
        assert_eq!(moment.ns(), first);
        moment.clear();
        assert_eq!((moment.stamp(), moment.ns()), (0, 0));
    }

    #[test]
    fn stamps_are_in_order() {
        let first = stamp();
        calibrate();
        assert!(first <= stamp());
    }

    #[test]
    fn no_stamp_is_no_time() {
        assert_eq!(stamp_ns(0), 0);
        assert_ne!(stamp(), 0);
    }
}
