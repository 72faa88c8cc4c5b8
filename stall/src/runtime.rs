//! Runtimes that are watched: their hooks, their counters, and a task in each that measures schedule latency.

use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::{Builder, Handle};
use tokio::sync::Notify;

use crate::clock::now_ns;
use crate::hooks::ThreadHooks;
use crate::watch::number_of;
use crate::{engine, export, slot};

/// One runtime, from `instrument` or `attach` until it is shut down.
#[derive(Debug)]
pub(crate) struct RuntimeEntry {
    name: Arc<str>,
    /// Tokio's id, 0 until the first of its threads has been seen.
    id: AtomicU64,
    /// Its threads call our park hooks.
    hooked: bool,
    /// It gets a latency task; a guard's runtime does not, so as not to disturb a test's count of tasks.
    measured: bool,
    handle: Mutex<Option<Handle>>,
    gone: AtomicBool,
    /// Guards that cover this runtime.
    guards: AtomicUsize,
    latency_task_claimed: AtomicBool,
    latency_task_runs: AtomicBool,
    /// When the latency task was last woken, 0 while no wake-up is under way.
    woken_ns: AtomicU64,
    wake: Notify,
}

impl RuntimeEntry {
    fn new(name: &str, hooked: bool, measured: bool) -> Arc<Self> {
        Arc::new(Self {
            name: name.into(),
            id: AtomicU64::new(0),
            hooked,
            measured,
            handle: Mutex::new(None),
            gone: AtomicBool::new(false),
            guards: AtomicUsize::new(0),
            latency_task_claimed: AtomicBool::new(false),
            latency_task_runs: AtomicBool::new(false),
            woken_ns: AtomicU64::new(0),
            wake: Notify::new(),
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn id(&self) -> u64 {
        self.id.load(Acquire)
    }

    pub(crate) fn is_hooked(&self) -> bool {
        self.hooked
    }

    /// True once the runtime has dropped its tasks.
    pub(crate) fn is_gone(&self) -> bool {
        self.gone.load(Acquire)
    }

    pub(crate) fn handle(&self) -> Option<Handle> {
        self.lock_handle().clone()
    }

    /// Tasks of ours in this runtime, which a count of the program's tasks must leave out.
    pub(crate) fn own_tasks(&self) -> usize {
        usize::from(self.latency_task_runs.load(Acquire) && !self.is_gone())
    }

    /// Sends the latency task a wake-up, unless the last one has not arrived yet.
    pub(crate) fn ping(&self) {
        if self
            .woken_ns
            .compare_exchange(0, now_ns(), Release, Relaxed)
            .is_ok()
        {
            self.wake.notify_one();
        }
    }

    /// Nobody drives the runtime any more: the wake-up under way would measure that, not latency.
    pub(crate) fn forget_ping(&self) {
        self.woken_ns.store(0, Release);
    }

    /// Spawns the latency task. Called from the watchdog's thread, never from a hook.
    pub(crate) fn start_latency_task(self: &Arc<Self>) {
        if !self.measured || self.latency_task_claimed.swap(true, Relaxed) {
            return;
        }
        let Some(handle) = self.handle() else { return };
        export::runtime_seen(&self.name, handle.metrics().num_workers());
        let gone = Gone(Arc::clone(self));
        handle.spawn(async move {
            loop {
                gone.0.wake.notified().await;
                let woken_ns = gone.0.woken_ns.swap(0, Acquire);
                if woken_ns != 0 {
                    export::schedule_latency(&gone.0.name, now_ns().saturating_sub(woken_ns));
                }
            }
        });
        self.latency_task_runs.store(true, Release);
    }

    pub(crate) fn add_guard(&self) {
        self.guards.fetch_add(1, AcqRel);
    }

    /// A runtime that only guards asked for is let go with the last of them.
    pub(crate) fn remove_guard(&self) {
        if self.guards.fetch_sub(1, AcqRel) == 1 && !self.measured {
            self.forget();
        }
    }

    /// The runtime is shut down, or need not be watched any more.
    fn forget(&self) {
        self.gone.store(true, Release);
        self.lock_handle().take();
    }

    /// Learns which runtime this is; true the first time.
    fn meet(&self, handle: &Handle) -> bool {
        let first = self.id.swap(number_of(&handle.id()), Release) == 0;
        if first {
            *self.lock_handle() = Some(handle.clone());
        }
        first
    }

    fn lock_handle(&self) -> std::sync::MutexGuard<'_, Option<Handle>> {
        self.handle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Dropped with the latency task, when the runtime shuts down: lets go of the runtime's handle.
struct Gone(Arc<RuntimeEntry>);

impl Drop for Gone {
    fn drop(&mut self) {
        self.0.forget();
    }
}

/// Sets our hooks on a runtime that is about to be built; `hooks` are the caller's own, called inside of ours.
pub(crate) fn instrument(builder: &mut Builder, name: &str, hooks: &ThreadHooks) {
    let entry = RuntimeEntry::new(name, true, true);
    let (on_thread_park, on_thread_unpark) =
        (hooks.on_thread_park.clone(), hooks.on_thread_unpark.clone());
    let parking = Arc::clone(&entry);
    builder.on_thread_park(move || {
        if let Some(slot) = slot::current() {
            // First: from here on a stack of this thread is not that of a task.
            slot.parks(parking.id.load(Relaxed), tokio::runtime::worker_index());
            if meet_at_hook(&parking) {
                slot.set_place(parking.id.load(Relaxed), tokio::runtime::worker_index());
            }
        }
        if let Some(own) = &on_thread_park {
            own();
        }
    });
    builder.on_thread_unpark(move || {
        if let Some(slot) = slot::current() {
            slot.unparks();
        }
        if let Some(own) = &on_thread_unpark {
            own();
        }
    });
    #[cfg(tokio_unstable)]
    bracket_polls(builder, &entry, hooks);
}

/// Watches a runtime that is already built. Returns its entry, the old one if it was known.
pub(crate) fn attach(handle: &Handle, name: &str, measured: bool) -> Arc<RuntimeEntry> {
    let entry = RuntimeEntry::new(name, false, measured);
    entry.meet(handle);
    engine::add_runtime(entry)
}

/// True the first time: then the runtime is known from here on.
#[inline]
fn meet_at_hook(entry: &Arc<RuntimeEntry>) -> bool {
    if entry.id.load(Relaxed) == 0
        && let Ok(handle) = Handle::try_current()
    {
        if entry.meet(&handle) {
            engine::add_runtime(Arc::clone(entry));
        }
        return true;
    }
    false
}

/// Every task's polls, exactly. Only with `--cfg tokio_unstable`.
#[cfg(tokio_unstable)]
fn bracket_polls(builder: &mut Builder, entry: &Arc<RuntimeEntry>, hooks: &ThreadHooks) {
    let (before, after) = (
        hooks.on_before_task_poll.clone(),
        hooks.on_after_task_poll.clone(),
    );
    let entry = Arc::clone(entry);
    builder.on_before_task_poll(move |task| {
        if let Some(own) = &before {
            own(task);
        }
        if let Some(slot) = slot::current() {
            if slot.worker().is_none() {
                slot.set_place(entry.id.load(Relaxed), tokio::runtime::worker_index());
            }
            slot.enter_poll(number_of(&task.id()));
        }
    });
    builder.on_after_task_poll(move |task| {
        if let Some(slot) = slot::current() {
            slot.leave_poll();
        }
        if let Some(own) = &after {
            own(task);
        }
    });
}
