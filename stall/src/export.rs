//! All metrics, through the `metrics` facade; nothing without the feature `metrics`.

use crate::capture::CaptureMode;
use crate::report::{CaptureMethod, Class};

/// Whether a capture gave a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CaptureResult {
    /// Followed to the thread's first function.
    Complete,
    /// A stack, but cut off somewhere.
    Partial,
    /// The thread moved on before its stack could be taken.
    Moved,
    /// The system refused, or the thread did not answer.
    Failed,
}

impl CaptureResult {
    #[cfg(feature = "metrics")]
    fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Partial => "partial",
            Self::Moved => "moved",
            Self::Failed => "failed",
        }
    }
}

/// The place of a stall as labels.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(
    not(feature = "metrics"),
    expect(dead_code, reason = "labels are read to be exported only")
)]
pub(crate) struct Place<'a> {
    pub(crate) runtime: &'a str,
    /// `None` is the thread of `block_on`.
    pub(crate) worker: Option<usize>,
}

#[cfg(feature = "metrics")]
mod on {
    use metrics::{
        Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
    };

    use super::{CaptureMethod, CaptureMode, CaptureResult, Class, Place};

    /// Says what each metric means, to a recorder that is already installed.
    pub(crate) fn describe() {
        describe_histogram!(
            "tokio_worker_stall_seconds",
            Unit::Seconds,
            "Length of ended stalls, without starved time."
        );
        describe_counter!("tokio_worker_stalls_total", "Stalls detected.");
        describe_counter!(
            "tokio_worker_stall_sites_total",
            "Stalls by file and line, of at most 32 lines."
        );
        describe_gauge!(
            "tokio_worker_stalled_seconds",
            Unit::Seconds,
            "Age of the stall going on now, 0 for none."
        );
        describe_gauge!(
            "tokio_worker_starved_seconds_total",
            Unit::Seconds,
            "Time in which long polls got no CPU from the kernel. Only grows."
        );
        describe_histogram!(
            "tokio_runtime_schedule_latency_seconds",
            Unit::Seconds,
            "From waking a task to polling it."
        );
        describe_counter!(
            "stall_probe_captures_total",
            "Stacks taken, by way and result."
        );
        describe_gauge!(
            "stall_probe_capture_ready",
            "1 if this way of taking stacks works here."
        );
        describe_counter!(
            "stall_probe_suppressed_total",
            "Stalls counted but not reported one by one."
        );
        describe_gauge!(
            "stall_probe_cpu_seconds_total",
            Unit::Seconds,
            "CPU time of the probe's own threads. Only grows."
        );
    }

    /// Makes the series of a runtime exist at zero.
    pub(crate) fn runtime_seen(runtime: &str, workers: usize) {
        for worker in 0..workers {
            let labels = labels(Place {
                runtime,
                worker: Some(worker),
            });
            counter!("tokio_worker_stalls_total", &labels).increment(0);
            gauge!("tokio_worker_stalled_seconds", &labels).set(0.0);
            gauge!("tokio_worker_starved_seconds_total", &labels).increment(0.0);
        }
        counter!("stall_probe_suppressed_total").increment(0);
    }

    pub(crate) fn stall_started(place: Place<'_>) {
        counter!("tokio_worker_stalls_total", &labels(place)).increment(1);
    }

    pub(crate) fn stall_at(site: String) {
        counter!("tokio_worker_stall_sites_total", "site" => site).increment(1);
    }

    pub(crate) fn stall_ended(place: Place<'_>, class: Class, net_us: u64) {
        let mut labels = labels(place).to_vec();
        labels.push(("class", class.as_str().to_owned()));
        histogram!("tokio_worker_stall_seconds", &labels).record(net_us as f64 / 1e6);
    }

    pub(crate) fn stalled_now(place: Place<'_>, age_ns: u64) {
        gauge!("tokio_worker_stalled_seconds", &labels(place)).set(seconds(age_ns));
    }

    pub(crate) fn starved(place: Place<'_>, run_queue_ns: u64) {
        gauge!("tokio_worker_starved_seconds_total", &labels(place))
            .increment(seconds(run_queue_ns));
    }

    pub(crate) fn schedule_latency(runtime: &str, latency_ns: u64) {
        histogram!("tokio_runtime_schedule_latency_seconds", "runtime" => runtime.to_owned())
            .record(seconds(latency_ns));
    }

    pub(crate) fn capture(method: CaptureMethod, result: CaptureResult) {
        counter!("stall_probe_captures_total", "method" => method.as_str(), "result" => result.as_str()).increment(1);
    }

    /// 1 for each way of capture that works here.
    pub(crate) fn capture_mode(mode: CaptureMode) {
        for (method, works) in [
            (CaptureMethod::Peek, mode.can_peek()),
            (CaptureMethod::Signal, mode.can_signal()),
        ] {
            gauge!("stall_probe_capture_ready", "method" => method.as_str()).set(if works {
                1.0
            } else {
                0.0
            });
        }
    }

    pub(crate) fn suppressed() {
        counter!("stall_probe_suppressed_total").increment(1);
    }

    pub(crate) fn probe_cpu(used_ns: u64) {
        gauge!("stall_probe_cpu_seconds_total").increment(seconds(used_ns));
    }

    fn labels(place: Place<'_>) -> [(&'static str, String); 2] {
        let worker = place
            .worker
            .map_or_else(|| "block_on".to_owned(), |worker| worker.to_string());
        [("runtime", place.runtime.to_owned()), ("worker", worker)]
    }

    fn seconds(nanos: u64) -> f64 {
        nanos as f64 / 1e9
    }
}

#[cfg(not(feature = "metrics"))]
mod off {
    use super::{CaptureMethod, CaptureMode, CaptureResult, Class, Place};

    pub(crate) fn describe() {}
    pub(crate) fn runtime_seen(_runtime: &str, _workers: usize) {}
    pub(crate) fn stall_started(_place: Place<'_>) {}
    pub(crate) fn stall_at(_site: String) {}
    pub(crate) fn stall_ended(_place: Place<'_>, _class: Class, _net_us: u64) {}
    pub(crate) fn stalled_now(_place: Place<'_>, _age_ns: u64) {}
    pub(crate) fn starved(_place: Place<'_>, _run_queue_ns: u64) {}
    pub(crate) fn schedule_latency(_runtime: &str, _latency_ns: u64) {}
    pub(crate) fn capture(_method: CaptureMethod, _result: CaptureResult) {}
    pub(crate) fn capture_mode(_mode: CaptureMode) {}
    pub(crate) fn suppressed() {}
    pub(crate) fn probe_cpu(_used_ns: u64) {}
}

#[cfg(not(feature = "metrics"))]
pub(crate) use off::*;
#[cfg(feature = "metrics")]
pub(crate) use on::*;
