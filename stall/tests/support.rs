//! The one probe of a test binary, and how a test finds its own stalls among those of the others.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use stall::{Phase, StallProbe, StallReport};

/// How long a test waits for what must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// The probe of this process, with the threshold of all tests.
pub(crate) fn probe() -> &'static StallProbe {
    static PROBE: LazyLock<StallProbe> = LazyLock::new(|| {
        StallProbe::builder()
            .threshold(Duration::from_millis(10))
            .install()
            .expect("a probe")
    });
    &PROBE
}

/// The newest stall in the scope `case`, when it is over; `None` if there was none.
pub(crate) fn stall_of(case: &str) -> Option<StallReport> {
    let asked = Instant::now();
    loop {
        let stall = stall_so_far(case)?;
        // The end of a stretch without maintenance shows when the worker parks, shortly after the poll.
        if stall.phase == Phase::Ended || asked.elapsed() > PATIENCE {
            return Some(stall);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// The newest stall in the scope `case` as it is now.
pub(crate) fn stall_so_far(case: &str) -> Option<StallReport> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    runtime.block_on(probe().flush());
    let is_of_case =
        |stall: &StallReport| stall.fields.get("case").is_some_and(|found| found == case);
    probe().recent().into_iter().find(is_of_case)
}
