//! Where it was measured.

use std::fs;
use std::num::NonZeroUsize;

use serde::Serialize;

/// What a reader must know to compare numbers.
#[derive(Debug, Serialize)]
pub(super) struct Machine {
    pub(super) cores: usize,
    /// As the processor calls itself, when the system tells.
    pub(super) processor: Option<String>,
    /// Of the last minute before the run; anything above 0 was somebody else.
    pub(super) load_average: Option<f64>,
}

impl Machine {
    pub(super) fn here() -> Self {
        let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let name = processors
            .lines()
            .find(|line| line.starts_with("model name"));
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        Self {
            cores: std::thread::available_parallelism().map_or(1, NonZeroUsize::get),
            processor: name.and_then(|line| Some(line.split_once(':')?.1.trim().to_owned())),
            load_average: load
                .split(' ')
                .next()
                .and_then(|minute| minute.parse().ok()),
        }
    }
}
