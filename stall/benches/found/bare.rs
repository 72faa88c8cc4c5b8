//! A thread that only sleeps, beside the probe: when the machine wakes it late, it wakes the watchdog late too.

use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// As long as the watchdog's tick.
const SLEEP: Duration = Duration::from_micros(2500);
/// Later than this is late.
const LATE: Duration = Duration::from_millis(5);

/// From when it should have been awake until it was.
#[derive(Clone, Copy, Debug)]
struct Late {
    from: Instant,
    to: Instant,
}

static LATES: Mutex<Vec<Late>> = Mutex::new(Vec::new());

/// Starts the thread.
pub(crate) fn start() {
    thread::spawn(|| {
        loop {
            let from = Instant::now() + SLEEP;
            thread::sleep(SLEEP);
            let to = Instant::now();
            if to.saturating_duration_since(from) > LATE {
                lates().push(Late { from, to });
            }
        }
    });
}

/// True if it was late at some time between `begun` and `ended`.
pub(crate) fn was_late(begun: Instant, ended: Instant) -> bool {
    lates()
        .iter()
        .any(|late| late.from < ended && late.to > begun)
}

/// How often it was late so far, and by how much at most.
pub(crate) fn summary() -> String {
    let lates = lates();
    let most = lates.iter().map(|late| late.to - late.from).max();
    format!(
        "a thread that only sleeps, {SLEEP:?} at a time, was late by more than {LATE:?} {} times, by {:.1?} at most",
        lates.len(),
        most.unwrap_or_default()
    )
}

fn lates() -> std::sync::MutexGuard<'static, Vec<Late>> {
    LATES.lock().unwrap_or_else(PoisonError::into_inner)
}
