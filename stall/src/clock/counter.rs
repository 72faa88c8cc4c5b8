//! The time stamp counter of x86_64: half the cost of a system clock, which is this counter and some arithmetic.
//!
//! Used only where the kernel itself has found that it runs evenly and alike on all processors, and tells the time by it.

use std::fs;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Mutex, PoisonError};

use super::now_ns;

/// What the kernel tells the time by.
const CLOCK_SOURCE: &str = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
/// Between the two readings that the speed is taken from. Ages are at most some ticks of the watchdog when they are asked
/// for, so one in a thousand is exact enough.
const CALIBRATION_NS: u64 = 10_000_000;
/// Nanoseconds per count are kept as a multiple of 2⁻³².
const FRACTION_BITS: u32 = 32;

/// Nanoseconds per 2³² counts; 0 until that is known.
static SPEED: AtomicU64 = AtomicU64::new(0);
static CALIBRATION: Mutex<Calibration> = Mutex::new(Calibration::NotBegun);

enum Calibration {
    NotBegun,
    Begun(Reading),
    /// The speed is known, or the counter not to be trusted.
    Done,
}

/// The counter and the clock at the same time.
#[derive(Clone, Copy)]
struct Reading {
    count: u64,
    at_ns: u64,
}

/// The counter, once its speed is known.
#[inline]
pub(super) fn read() -> Option<u64> {
    (SPEED.load(Relaxed) != 0).then(count)
}

/// How long ago the counter was at `stamp`. 0 should it not have got there yet.
pub(super) fn age_ns(stamp: u64) -> u64 {
    let counts = u128::from(count().saturating_sub(stamp));
    let age_ns = (counts * u128::from(SPEED.load(Relaxed))) >> FRACTION_BITS;
    u64::try_from(age_ns).unwrap_or(u64::MAX)
}

/// See [`super::calibrate`].
pub(super) fn calibrate() {
    if SPEED.load(Relaxed) != 0 {
        return;
    }
    let mut calibration = CALIBRATION.lock().unwrap_or_else(PoisonError::into_inner);
    *calibration = match *calibration {
        Calibration::NotBegun if keeps_time() => Calibration::Begun(Reading::now()),
        Calibration::Begun(first) => {
            let last = Reading::now();
            match speed(first, last) {
                Some(speed) => {
                    SPEED.store(speed, Relaxed);
                    Calibration::Done
                }
                None => Calibration::Begun(first),
            }
        }
        Calibration::NotBegun | Calibration::Done => Calibration::Done,
    };
}

fn keeps_time() -> bool {
    fs::read_to_string(CLOCK_SOURCE).is_ok_and(|source| source.trim() == "tsc")
}

/// `None` if the readings are too close together.
fn speed(first: Reading, last: Reading) -> Option<u64> {
    let passed_ns = last.at_ns.checked_sub(first.at_ns)?;
    let counts = last.count.checked_sub(first.count)?;
    if passed_ns < CALIBRATION_NS || counts == 0 {
        return None;
    }
    u64::try_from((u128::from(passed_ns) << FRACTION_BITS) / u128::from(counts)).ok()
}

impl Reading {
    /// The closest together of some pairs: a thread can be interrupted between the two.
    fn now() -> Self {
        let pair = || {
            let before = count();
            let at_ns = now_ns();
            let after = count();
            (
                after.wrapping_sub(before),
                Self {
                    count: before,
                    at_ns,
                },
            )
        };
        let pairs: [_; 8] = std::array::from_fn(|_| pair());
        let closest = pairs.into_iter().min_by_key(|(apart, _)| *apart);
        closest.map_or_else(|| pair().1, |(_, reading)| reading)
    }
}

#[inline]
fn count() -> u64 {
    // SAFETY: every x86_64 processor has the counter. A system that forbids to read it takes the clock from programs too,
    // which read the counter for that, in the kernel's name; and this is not called where the clock is not the counter.
    unsafe { std::arch::x86_64::_rdtsc() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Reading = Reading {
        count: 1_000,
        at_ns: 5_000,
    };

    #[test]
    fn the_speed_is_the_time_for_each_count() {
        let last = Reading {
            count: 1_000 + 25_000_000,
            at_ns: 5_000 + 10_000_000,
        };
        // 0.4 ns for each, as multiple of 2⁻³².
        let speed = speed(FIRST, last).expect("long enough");
        assert_eq!(speed, (1 << FRACTION_BITS) * 4 / 10);
    }

    #[test]
    fn readings_close_together_say_nothing() {
        let last = Reading {
            count: 26_000,
            at_ns: 15_000,
        };
        assert_eq!(speed(FIRST, last), None);
    }
}
