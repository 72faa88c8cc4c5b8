//! What exists once per process: the two threads of the probe and the lists they work from.

use std::io;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, mpsc};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::capture::CaptureMode;
use crate::clock::nanos;
use crate::guard::GuardState;
use crate::probe::Settings;
use crate::reporter::{self, Question, Recent};
use crate::runtime::RuntimeEntry;
use crate::snapshot::StallSnapshot;
use crate::watchdog;
use crate::watchdog::numbered::Numbered;

/// Messages to the reporter that may wait; more are dropped and counted as suppressed.
const REPORTER_QUEUE: usize = 1024;
/// How long to wait for the unwind tables and the debug information; they take milliseconds, in a debug build up to
/// seconds.
const WARM_UP_LIMIT: Duration = Duration::from_secs(10);

static ENGINE: OnceLock<Arc<Engine>> = OnceLock::new();

/// Shared by the watchdog, the reporter and the callers.
#[derive(Debug, Default)]
pub(crate) struct Engine {
    lists: Mutex<Lists>,
    /// Bumped with each change of `lists`.
    version: AtomicU64,
    /// Questions that the watchdog has not passed on yet.
    questions: Mutex<Vec<Question>>,
    capture_mode: OnceLock<CaptureMode>,
    /// Gets a message when the reporter has read the debug information.
    symbols: Mutex<Option<mpsc::Receiver<()>>>,
    pub(crate) recent: Recent,
    pub(crate) stalls: AtomicU64,
}

/// What to watch and for whom.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lists {
    pub(crate) settings: Option<Arc<Settings>>,
    pub(crate) guards: Vec<Arc<GuardState>>,
    pub(crate) runtimes: Numbered<u64, Arc<RuntimeEntry>>,
}

/// The engine, started at the first call. Returns when the unwind tables are loaded and captures were tried.
pub(crate) fn start() -> io::Result<&'static Arc<Engine>> {
    static STARTING: Mutex<()> = Mutex::new(());
    let _one_at_a_time = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(engine) = ENGINE.get() {
        return Ok(engine);
    }
    let engine = Arc::new(Engine::default());
    let (messages, inbox) = mpsc::sync_channel(REPORTER_QUEUE);
    reporter::spawn(Arc::clone(&engine), inbox)?;
    let ready = watchdog::spawn(Arc::clone(&engine), messages)?
        .recv_timeout(WARM_UP_LIMIT)
        .map_err(|_| io::Error::other("the watchdog did not become ready"))?;
    engine.capture_mode.get_or_init(|| ready.mode);
    *engine.lock_symbols() = Some(ready.symbols);
    Ok(ENGINE.get_or_init(|| engine))
}

/// The engine if it runs.
pub(crate) fn running() -> Option<&'static Arc<Engine>> {
    ENGINE.get()
}

/// Adds a runtime to the list, unless it is there already: then returns that entry.
pub(crate) fn add_runtime(entry: Arc<RuntimeEntry>) -> Arc<RuntimeEntry> {
    let Some(engine) = running() else {
        return entry;
    };
    let mut lists = engine.lock_lists();
    let entry = match lists.runtimes.get(&entry.id()) {
        Some(known) if !known.is_gone() => return Arc::clone(known),
        _ => entry,
    };
    lists.runtimes.insert(entry.id(), Arc::clone(&entry));
    engine.lists_changed(lists);
    entry
}

/// See [`RuntimeEntry::forget_ping`].
pub(crate) fn forget_pending_wakeup(runtime: u64) {
    if let Some(engine) = running()
        && let Some(entry) = engine.lock_lists().runtimes.get(&runtime)
    {
        entry.forget_ping();
    }
}

impl Engine {
    /// Puts the probe's settings in force if there are none yet; returns those in force.
    pub(crate) fn install(&self, settings: Settings) -> Arc<Settings> {
        let mut lists = self.lock_lists();
        if let Some(installed) = &lists.settings {
            return Arc::clone(installed);
        }
        let settings = Arc::new(settings);
        lists.settings = Some(Arc::clone(&settings));
        self.lists_changed(lists);
        settings
    }

    /// The settings of the installed probe.
    pub(crate) fn settings(&self) -> Option<Arc<Settings>> {
        self.lock_lists().settings.clone()
    }

    pub(crate) fn add_guard(&self, guard: Arc<GuardState>) {
        let mut lists = self.lock_lists();
        lists.guards.push(guard);
        self.lists_changed(lists);
    }

    pub(crate) fn remove_guard(&self, id: u64) {
        let mut lists = self.lock_lists();
        lists.guards.retain(|guard| guard.id() != id);
        self.lists_changed(lists);
    }

    pub(crate) fn runtime(&self, id: u64) -> Option<Arc<RuntimeEntry>> {
        self.lock_lists().runtimes.get(&id).cloned()
    }

    /// The lists if they changed since `version`, without runtimes that are gone.
    pub(crate) fn lists_since(&self, version: &mut u64) -> Option<Lists> {
        let now = self.version.load(Acquire);
        if now == *version {
            return None;
        }
        *version = now;
        let mut lists = self.lock_lists();
        lists.runtimes.retain(|_, runtime| !runtime.is_gone());
        Some(lists.clone())
    }

    /// Something in the lists changed by itself (a runtime is gone).
    pub(crate) fn touch(&self) {
        self.version.fetch_add(1, AcqRel);
    }

    /// Completes when everything that has happened up to now is in the reports.
    pub(crate) fn flush(&self) -> oneshot::Receiver<()> {
        let (done, flushed) = oneshot::channel();
        self.ask(Question::Flush(done));
        flushed
    }

    /// The [snapshot](Self::snapshot) as JSON text, made on the reporter's thread.
    #[cfg(feature = "json")]
    pub(crate) fn snapshot_json(&self) -> oneshot::Receiver<String> {
        let (answer, answered) = oneshot::channel();
        self.ask(Question::SnapshotJson(answer));
        answered
    }

    pub(crate) fn snapshot(&self) -> StallSnapshot {
        let threshold = self.settings().map(|settings| settings.threshold);
        StallSnapshot {
            threshold_us: threshold.map_or(0, |threshold| nanos(threshold) / 1000),
            capture: self.capture_mode(),
            stalls_total: self.stalls.load(Relaxed),
            stalls: self.recent.list(),
        }
    }

    fn ask(&self, question: Question) {
        self.lock_questions().push(question);
        watchdog::wake();
    }

    pub(crate) fn take_questions(&self) -> Vec<Question> {
        std::mem::take(&mut *self.lock_questions())
    }

    fn lock_questions(&self) -> MutexGuard<'_, Vec<Question>> {
        self.questions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn capture_mode(&self) -> CaptureMode {
        self.capture_mode
            .get()
            .copied()
            .unwrap_or(CaptureMode::NoStacks)
    }

    /// Waits until the first report need not wait for the debug information to be read.
    pub(crate) fn wait_for_symbols(&self) {
        if let Some(symbols) = self.lock_symbols().take() {
            // Late symbols only delay the first report.
            let _ = symbols.recv_timeout(WARM_UP_LIMIT);
        }
    }

    fn lock_symbols(&self) -> MutexGuard<'_, Option<mpsc::Receiver<()>>> {
        self.symbols.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lists_changed(&self, lists: MutexGuard<'_, Lists>) {
        drop(lists);
        self.touch();
        watchdog::wake();
    }

    fn lock_lists(&self) -> MutexGuard<'_, Lists> {
        self.lists.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
