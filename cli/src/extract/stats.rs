//! Time and memory of the extraction itself, as this process sees them.

use std::fs;
use std::time::{Duration, Instant};

use ::extract::{Document, ExtractError, Image, Page, Sink, SinkClosed, Summary};
use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;

/// The least of several runs.
#[derive(Default)]
pub(super) struct Stopwatch {
    cpu: Option<Duration>,
    wall: Option<Duration>,
    load: Option<Duration>,
}

/// What `--stats` prints.
#[derive(Serialize)]
pub(super) struct Stats {
    /// User and system time of all threads.
    cpu_ms: f64,
    wall_ms: f64,
    /// Until the document was opened and described.
    load_ms: f64,
    /// The most memory this process ever held; 0 where the system does not say.
    peak_bytes: u64,
}

impl Stopwatch {
    /// Runs `extract` with `sink` and keeps its times where they are the least so far.
    pub(super) fn measure(
        &mut self,
        sink: &mut dyn Sink,
        extract: impl FnOnce(&mut dyn Sink) -> Result<Summary, ExtractError>,
    ) -> Result<Summary, ExtractError> {
        let (began, cpu_before) = (Instant::now(), process_cpu());
        let mut timed = Timed {
            inner: sink,
            began,
            loaded: None,
        };
        let result = extract(&mut timed);
        let loaded = timed.loaded;
        keep_least(&mut self.cpu, process_cpu().saturating_sub(cpu_before));
        keep_least(&mut self.wall, began.elapsed());
        if let Some(loaded) = loaded {
            keep_least(&mut self.load, loaded);
        }
        result
    }

    pub(super) fn stats(&self) -> Stats {
        let millis = |time: Option<Duration>| time.unwrap_or_default().as_secs_f64() * 1e3;
        Stats {
            cpu_ms: millis(self.cpu),
            wall_ms: millis(self.wall),
            load_ms: millis(self.load),
            peak_bytes: peak_bytes().unwrap_or(0),
        }
    }
}

fn keep_least(least: &mut Option<Duration>, time: Duration) {
    *least = Some(least.map_or(time, |least| least.min(time)));
}

fn process_cpu() -> Duration {
    clock_gettime(ClockId::ProcessCPUTime)
        .try_into()
        .unwrap_or_default()
}

/// `VmHWM` of proc(5).
fn peak_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// Notes when the document arrives.
struct Timed<'s> {
    inner: &'s mut dyn Sink,
    began: Instant,
    loaded: Option<Duration>,
}

impl Sink for Timed<'_> {
    fn document(&mut self, document: Document) -> Result<(), SinkClosed> {
        self.loaded = Some(self.began.elapsed());
        self.inner.document(document)
    }

    fn image(&mut self, image: Image<'_>) -> Result<(), SinkClosed> {
        self.inner.image(image)
    }

    fn page(&mut self, page: Page) -> Result<(), SinkClosed> {
        self.inner.page(page)
    }
}

/// Takes everything and keeps nothing.
pub(super) struct Discard;

impl Sink for Discard {
    fn document(&mut self, _: Document) -> Result<(), SinkClosed> {
        Ok(())
    }

    fn image(&mut self, _: Image<'_>) -> Result<(), SinkClosed> {
        Ok(())
    }

    fn page(&mut self, _: Page) -> Result<(), SinkClosed> {
        Ok(())
    }
}
