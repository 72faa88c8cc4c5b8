//! The probe as a program uses it: configure, install, instrument runtimes, read what it found.

use std::fmt;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio::runtime::{Builder, Handle};

use crate::capture::CaptureMode;
use crate::engine::{self, Engine};
#[cfg(feature = "json")]
use crate::folded;
use crate::hooks::ThreadHooks;
use crate::layer::StallLayer;
use crate::report::StallReport;
use crate::snapshot::StallSnapshot;
use crate::watch::Watched;
use crate::{export, runtime};

pub(crate) type OnStall = Arc<dyn Fn(&StallReport) + Send + Sync>;

/// The stall detector of this process. Cheap to clone; all clones are the same probe.
///
/// ```
/// use std::time::Duration;
///
/// let probe = stall::StallProbe::builder()
///     .threshold(Duration::from_millis(10))
///     .on_stall(|report| eprintln!("{report}"))
///     .install()?;
/// let mut builder = tokio::runtime::Builder::new_multi_thread();
/// let runtime = probe.instrument(builder.enable_all(), "main").build()?;
/// runtime.block_on(probe.watch(async { /* the program */ }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct StallProbe {
    engine: &'static Arc<Engine>,
    settings: Arc<Settings>,
}

/// What an installed probe goes by.
pub(crate) struct Settings {
    pub(crate) threshold: Duration,
    pub(crate) tick: Duration,
    pub(crate) hang_after: Duration,
    pub(crate) reports_per_minute: u32,
    pub(crate) on_stall: Option<OnStall>,
}

/// Why the probe could not be installed.
#[derive(Debug)]
pub enum InstallError {
    /// The threshold is shorter than four ticks, so stalls could slip through between two looks.
    ThresholdTooShort {
        /// The threshold asked for.
        threshold: Duration,
        /// The tick asked for.
        tick: Duration,
    },
    /// The tick is shorter than the 100 µs that the watchdog could keep.
    TickTooShort(Duration),
    /// The probe's threads could not be started.
    Threads(io::Error),
}

impl fmt::Display for InstallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ThresholdTooShort { threshold, tick } => {
                write!(
                    f,
                    "the threshold of {threshold:?} is shorter than four ticks of {tick:?}"
                )
            }
            Self::TickTooShort(tick) => {
                write!(f, "a tick of {tick:?} is shorter than {SHORTEST_TICK:?}")
            }
            Self::Threads(_) => f.write_str("the probe's threads could not be started"),
        }
    }
}

impl std::error::Error for InstallError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Threads(cause) => Some(cause),
            Self::ThresholdTooShort { .. } | Self::TickTooShort(_) => None,
        }
    }
}

const SHORTEST_TICK: Duration = Duration::from_micros(100);

/// Settings of a probe to be installed. Made by [`StallProbe::builder`].
pub struct StallProbeBuilder {
    threshold: Duration,
    tick: Option<Duration>,
    hang_after: Duration,
    reports_per_minute: u32,
    on_stall: Option<OnStall>,
}

impl StallProbeBuilder {
    /// From which length on a poll is a stall. Default: 10 ms.
    #[must_use]
    pub fn threshold(mut self, threshold: Duration) -> Self {
        self.threshold = threshold;
        self
    }

    /// How often the watchdog looks while there is work. Default: a quarter of the threshold, which is also the most.
    #[must_use]
    pub fn tick(mut self, tick: Duration) -> Self {
        self.tick = Some(tick);
        self
    }

    /// From which length on a stall is reported as a hang. Default: 30 s.
    #[must_use]
    pub fn hang_after(mut self, hang_after: Duration) -> Self {
        self.hang_after = hang_after;
        self
    }

    /// How many stalls are reported one by one per minute, each stack at most once. All are counted, and kept for
    /// [`StallProbe::recent`]; hangs are always reported. Default: 5.
    #[must_use]
    pub fn reports_per_minute(mut self, reports_per_minute: u32) -> Self {
        self.reports_per_minute = reports_per_minute;
        self
    }

    /// Called on the probe's own thread with each report: at the start of a stall, at 2, 4, 8, … times the threshold,
    /// and at its end.
    #[must_use]
    pub fn on_stall(mut self, on_stall: impl Fn(&StallReport) + Send + Sync + 'static) -> Self {
        self.on_stall = Some(Arc::new(on_stall));
        self
    }

    /// Starts the probe. Returns when it is ready: unwind tables and debug information read, ways of capture tried. That
    /// takes some tens of milliseconds, in a debug build up to a second.
    ///
    /// There is one probe per process: if one is installed already, that one is returned, with its own settings.
    /// Install the program's `metrics` recorder before, for the descriptions of the metrics.
    ///
    /// # Errors
    ///
    /// If the settings contradict each other or the two threads of the probe cannot be started.
    pub fn install(self) -> Result<StallProbe, InstallError> {
        let settings = self.checked()?;
        let engine = engine::start().map_err(InstallError::Threads)?;
        engine.wait_for_symbols();
        export::describe();
        export::capture_mode(engine.capture_mode());
        Ok(StallProbe {
            engine,
            settings: engine.install(settings),
        })
    }

    fn checked(self) -> Result<Settings, InstallError> {
        let tick = self.tick.unwrap_or(self.threshold / 4);
        if tick < SHORTEST_TICK {
            return Err(InstallError::TickTooShort(tick));
        }
        if self.threshold < tick * 4 {
            return Err(InstallError::ThresholdTooShort {
                threshold: self.threshold,
                tick,
            });
        }
        let Self {
            threshold,
            hang_after,
            reports_per_minute,
            on_stall,
            ..
        } = self;
        Ok(Settings {
            threshold,
            tick,
            hang_after,
            reports_per_minute,
            on_stall,
        })
    }
}

impl StallProbe {
    /// A probe with default settings, to be changed and installed.
    pub fn builder() -> StallProbeBuilder {
        StallProbeBuilder {
            threshold: Duration::from_millis(10),
            tick: None,
            hang_after: Duration::from_secs(30),
            reports_per_minute: 5,
            on_stall: None,
        }
    }

    /// The probe of this process, if one is installed.
    pub fn installed() -> Option<Self> {
        let engine = engine::running()?;
        Some(Self {
            engine,
            settings: engine.settings()?,
        })
    }

    /// Instruments a runtime that is about to be built; `name` is the label `runtime` of its metrics.
    ///
    /// From the first time one of its workers goes idle, all of them are watched (`worker_busy`), and schedule latency
    /// is measured by one task. With `--cfg tokio_unstable` every poll of every task is watched exactly. Takes tokio's
    /// `on_thread_park` and `on_thread_unpark` (and the poll hooks): if the program has its own, see
    /// [`Self::instrument_with`].
    ///
    /// On a current-thread runtime also [`watch`](Self::watch) the root future of `block_on`: only then does the probe
    /// know when the thread drives the runtime and when it does something else.
    pub fn instrument<'b>(&self, builder: &'b mut Builder, name: &str) -> &'b mut Builder {
        self.instrument_with(builder, name, &ThreadHooks::default())
    }

    /// Like [`Self::instrument`], and keeps the program's own hooks.
    pub fn instrument_with<'b>(
        &self,
        builder: &'b mut Builder,
        name: &str,
        hooks: &ThreadHooks,
    ) -> &'b mut Builder {
        runtime::instrument(builder, name, hooks);
        builder
    }

    /// Measures schedule latency of a runtime that somebody else built (`#[tokio::main]`, a test), by one task in it.
    ///
    /// Without hooks the probe cannot tell which thread is which worker of a multi-thread runtime: there, stalls are
    /// seen in [watched](Self::watch) futures only. A current-thread runtime with a watched root is watched whole. For
    /// an instrumented runtime this does nothing but make it known before its first worker goes idle.
    pub fn attach(&self, handle: &Handle, name: &str) {
        runtime::attach(handle, name, true);
    }

    /// Watches each poll of `future` exactly: the root of `block_on`, a spawned task, a request.
    pub fn watch<F: Future>(&self, future: F) -> Watched<F> {
        Watched::new(future)
    }

    /// A tower layer that watches each request.
    pub fn layer(&self) -> StallLayer {
        StallLayer::new()
    }

    /// How many stalls there have been since the probe was installed.
    pub fn stalls_total(&self) -> u64 {
        self.engine.stalls.load(Relaxed)
    }

    /// The newest stalls (at most 256), newest first, each in its latest phase.
    pub fn recent(&self) -> Vec<StallReport> {
        self.engine.recent.list()
    }

    /// What was found, and how it was looked for.
    pub fn snapshot(&self) -> StallSnapshot {
        self.engine.snapshot()
    }

    /// The same as JSON text, for a debug endpoint: everything that has happened up to now, written on the probe's own
    /// thread, as it can be megabytes.
    #[cfg(feature = "json")]
    pub async fn snapshot_json(&self) -> String {
        let answer = self.engine.snapshot_json().await;
        // The reporter lives as long as the process; were it gone, this thread would have to do.
        answer.unwrap_or_else(|_| folded::json(&self.snapshot()))
    }

    /// Waits until everything that has happened up to now is in [`Self::recent`] and [`Self::stalls_total`].
    pub async fn flush(&self) {
        // The reporter lives as long as the process; were it gone, there would be nothing to wait for.
        drop(self.engine.flush().await);
    }

    /// Which kinds of stacks this system lets the probe take.
    pub fn capture_mode(&self) -> CaptureMode {
        self.engine.capture_mode()
    }

    /// The threshold in force.
    pub fn threshold(&self) -> Duration {
        self.settings.threshold
    }
}

impl fmt::Debug for StallProbe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StallProbe")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("threshold", &self.threshold)
            .field("tick", &self.tick)
            .field("hang_after", &self.hang_after)
            .field("reports_per_minute", &self.reports_per_minute)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for StallProbeBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StallProbeBuilder")
            .field("threshold", &self.threshold)
            .finish_non_exhaustive()
    }
}
