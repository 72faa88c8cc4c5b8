//! One slot per watched thread: what the thread is doing, written by itself, read by the watchdog.
//!
//! The only shared writes on the path of a poll are stores to the thread's own cache lines. A slot is never
//! freed, only handed to the next thread, so that a pointer to it (in a queued signal) is always good.

use std::cell::Cell;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, AtomicUsize};
use std::sync::{Mutex, PoisonError};

use crate::capture::SignalCell;
use crate::clock::{Moment, now_ns};
use crate::watchdog::Mark;
use crate::{os, watchdog};

mod poll;

use std::sync::atomic;

use poll::PollCell;
pub(crate) use poll::RunningPoll;

/// The value of [`ThreadSlot::worker`] on a thread that is not a worker (the thread of `block_on`).
const NO_WORKER: usize = usize::MAX;

#[repr(align(128))]
#[derive(Debug)]
pub(crate) struct ThreadSlot {
    in_use: AtomicBool,
    tid: AtomicI32,
    cpu_clock: AtomicI32,
    stack_end: AtomicUsize,
    stack_root: AtomicU64,
    name: Mutex<String>,

    poll: PollCell,
    /// The poll counter when this thread took the slot.
    seq_at_start: AtomicU64,
    /// When that was, and the CPU time that it had used by then.
    started_ns: AtomicU64,
    cpu_ns_at_start: AtomicU64,
    /// Hooked polls inside of the running poll.
    #[cfg(tokio_unstable)]
    inner_polls: AtomicU64,
    /// Id of the innermost [`crate::scope`] being polled, 0 for none.
    scope: AtomicU64,
    /// Id of the innermost guard being polled, 0 for none.
    guard: AtomicU64,

    /// Tokio's id of the runtime this thread was last seen in.
    runtime: AtomicU64,
    worker: AtomicUsize,
    /// Tokio's id of the current-thread runtime that a watched root future drives here, 0 for none.
    drives: AtomicU64,
    parked: Moment,
    unparked: Moment,

    /// Mailbox between the watchdog and the signal handler.
    pub(crate) signal: SignalCell,
}

static SLOTS: Mutex<Vec<&'static ThreadSlot>> = Mutex::new(Vec::new());

/// Bumped whenever a thread takes or leaves a slot.
static SLOTS_VERSION: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static CURRENT: Cell<Option<&'static ThreadSlot>> = const { Cell::new(None) };
    static LEAVE: LeaveOnExit = const { LeaveOnExit };
}

struct LeaveOnExit;

impl Drop for LeaveOnExit {
    fn drop(&mut self) {
        if let Some(slot) = CURRENT.replace(None) {
            slot.leave();
        }
    }
}

/// The slot of this thread, taken at the first call. `None` while the thread is being torn down.
#[inline]
pub(crate) fn current() -> Option<&'static ThreadSlot> {
    CURRENT.get().or_else(take_slot)
}

/// All slots in use, and the version of that list.
pub(crate) fn in_use() -> (u64, Vec<&'static ThreadSlot>) {
    let slots = SLOTS.lock().unwrap_or_else(PoisonError::into_inner);
    let list = slots
        .iter()
        .copied()
        .filter(|slot| slot.in_use.load(Acquire))
        .collect();
    (SLOTS_VERSION.load(Acquire), list)
}

/// The version of the list that [`in_use`] returns.
pub(crate) fn version() -> u64 {
    SLOTS_VERSION.load(Acquire)
}

#[cold]
fn take_slot() -> Option<&'static ThreadSlot> {
    LEAVE.try_with(|_| ()).ok()?;
    let slot = {
        let mut slots = SLOTS.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = slots
            .iter()
            .copied()
            .find(|slot| !slot.in_use.load(Acquire))
            .unwrap_or_else(|| {
                let slot: &'static ThreadSlot = Box::leak(Box::new(ThreadSlot::new()));
                slots.push(slot);
                slot
            });
        slot.enter_thread();
        SLOTS_VERSION.fetch_add(1, Release);
        slot
    };
    CURRENT.set(Some(slot));
    Some(slot)
}

impl ThreadSlot {
    fn new() -> Self {
        Self {
            in_use: AtomicBool::new(false),
            tid: AtomicI32::new(0),
            cpu_clock: AtomicI32::new(0),
            stack_end: AtomicUsize::new(0),
            stack_root: AtomicU64::new(0),
            name: Mutex::new(String::new()),
            poll: PollCell::new(),
            seq_at_start: AtomicU64::new(0),
            started_ns: AtomicU64::new(0),
            cpu_ns_at_start: AtomicU64::new(0),
            #[cfg(tokio_unstable)]
            inner_polls: AtomicU64::new(0),
            scope: AtomicU64::new(0),
            guard: AtomicU64::new(0),
            runtime: AtomicU64::new(0),
            worker: AtomicUsize::new(NO_WORKER),
            drives: AtomicU64::new(0),
            parked: Moment::default(),
            unparked: Moment::default(),
            signal: SignalCell::new(),
        }
    }

    /// Fills in who the calling thread is. `seq` goes on from where the last owner left it, so it never repeats.
    fn enter_thread(&self) {
        let thread = os::this_thread();
        self.tid.store(thread.tid, Relaxed);
        self.cpu_clock.store(thread.cpu_clock, Relaxed);
        self.stack_end.store(thread.stack_end, Relaxed);
        self.stack_root.store(thread.stack_root, Relaxed);
        let name = std::thread::current()
            .name()
            .unwrap_or("unnamed")
            .to_owned();
        *self.name.lock().unwrap_or_else(PoisonError::into_inner) = name;
        for cleared in [&self.scope, &self.guard, &self.runtime, &self.drives] {
            cleared.store(0, Relaxed);
        }
        self.parked.clear();
        self.unparked.clear();
        self.worker.store(NO_WORKER, Relaxed);
        self.seq_at_start.store(self.seq(), Relaxed);
        self.started_ns.store(now_ns(), Relaxed);
        self.cpu_ns_at_start.store(os::own_cpu_time_ns(), Relaxed);
        self.in_use.store(true, Release);
    }

    fn leave(&self) {
        self.poll.leave();
        self.drives.store(0, Relaxed);
        self.in_use.store(false, Release);
        SLOTS_VERSION.fetch_add(1, Release);
    }

    /// See [`PollCell::begin`].
    #[inline]
    pub(crate) fn begin_poll(&self, start: u64, task: u64) -> bool {
        self.poll.begin(start, task)
    }

    /// Marks the end of the poll that `begin_poll` started.
    #[inline]
    pub(crate) fn end_poll(&self) {
        self.poll.end(now_ns);
    }

    /// `begin_poll` for a caller that cannot keep whether it was the outermost: tokio's hooks, which also see the tasks
    /// of a `LocalSet` inside of its own poll.
    #[cfg(tokio_unstable)]
    #[inline]
    pub(crate) fn enter_poll(&self, task: u64) {
        if !self.begin_poll(0, task) {
            self.inner_polls
                .store(self.inner_polls.load(Relaxed) + 1, Relaxed);
        }
    }

    /// Ends what `enter_poll` began.
    #[cfg(tokio_unstable)]
    #[inline]
    pub(crate) fn leave_poll(&self) {
        match self.inner_polls.load(Relaxed) {
            0 => self.end_poll(),
            inner_polls => self.inner_polls.store(inner_polls - 1, Relaxed),
        }
    }

    /// See [`PollCell::running`].
    pub(crate) fn running_poll(&self) -> Option<RunningPoll> {
        self.poll.running()
    }

    /// The poll counter: odd while a poll runs.
    #[inline]
    pub(crate) fn seq(&self) -> u64 {
        self.poll.seq()
    }

    /// Asks the thread to note the time at which the poll `seq` ends.
    pub(crate) fn want_end_of(&self, seq: u64) {
        self.poll.want_end_of(seq);
    }

    /// The exact end of the poll last asked for, once it is over.
    pub(crate) fn take_end(&self) -> Option<u64> {
        self.poll.take_end()
    }

    /// The thread is about to park: it found no work.
    #[inline]
    pub(crate) fn parks(&self, runtime: u64, worker: Option<usize>) {
        self.set_place(runtime, worker);
        self.parked.is_now();
    }

    /// The thread was woken and is about to poll, where it parked.
    #[inline]
    pub(crate) fn unparks(&self) {
        self.unparked.is_now();
        watchdog::wake_if_asleep();
    }

    /// Where this thread runs now: tokio's runtime id and the worker index.
    #[inline]
    pub(crate) fn set_place(&self, runtime: u64, worker: Option<usize>) {
        self.runtime.store(runtime, Relaxed);
        self.worker.store(worker.unwrap_or(NO_WORKER), Relaxed);
    }

    /// Sets the innermost scope and returns the one before.
    #[inline]
    pub(crate) fn swap_scope(&self, scope: u64) -> u64 {
        let before = self.scope.load(Relaxed);
        self.scope.store(scope, Relaxed);
        before
    }

    /// Sets the innermost guard and returns the one before.
    #[inline]
    pub(crate) fn swap_guard(&self, guard: u64) -> u64 {
        let before = self.guard.load(Relaxed);
        self.guard.store(guard, Release);
        before
    }

    /// Declares that this thread drives the current-thread runtime `runtime` (0: no more).
    pub(crate) fn set_drives(&self, runtime: u64) {
        self.drives.store(runtime, Release);
    }

    pub(crate) fn drives(&self) -> u64 {
        self.drives.load(Acquire)
    }

    pub(crate) fn scope(&self) -> u64 {
        self.scope.load(Relaxed)
    }

    pub(crate) fn guard(&self) -> u64 {
        self.guard.load(Acquire)
    }

    pub(crate) fn runtime(&self) -> u64 {
        self.runtime.load(Relaxed)
    }

    pub(crate) fn worker(&self) -> Option<usize> {
        let worker = self.worker.load(Relaxed);
        (worker != NO_WORKER).then_some(worker)
    }

    /// True from when the thread parks until it is woken.
    pub(crate) fn is_parked(&self) -> bool {
        self.parked.stamp() > self.unparked.stamp()
    }

    /// When the thread last parked, as a stamp of the clock, 0 if it never did.
    pub(crate) fn parked(&self) -> u64 {
        self.parked.stamp()
    }

    /// When the thread last parked, 0 if it never did. For the watchdog.
    pub(crate) fn parked_ns(&self) -> u64 {
        self.parked.ns()
    }

    /// When the thread was last woken, 0 if it never was. For the watchdog.
    pub(crate) fn unparked_ns(&self) -> u64 {
        self.unparked.ns()
    }

    /// When the thread last parked or was woken, as a stamp of the clock, 0 if it never did.
    pub(crate) fn last_seen(&self) -> u64 {
        self.parked.stamp().max(self.unparked.stamp())
    }

    /// False for a thread that has neither polled nor parked since it took this slot.
    pub(crate) fn was_used(&self) -> bool {
        self.seq() != self.seq_at_start.load(Relaxed) || self.last_seen() > 0
    }

    /// What the thread had used when it took this slot: it may have computed for long before anybody looked, and before
    /// the clock of [`now_ns`] began. Its waits until then are not known, and left out.
    pub(crate) fn mark_at_start(&self) -> Mark {
        Mark {
            at_ns: self.started_ns.load(Relaxed),
            cpu_ns: self.cpu_ns_at_start.load(Relaxed),
            run_delay_ns: 0,
        }
    }

    pub(crate) fn tid(&self) -> i32 {
        self.tid.load(Relaxed)
    }

    pub(crate) fn cpu_clock(&self) -> i32 {
        self.cpu_clock.load(Relaxed)
    }

    pub(crate) fn stack_end(&self) -> usize {
        self.stack_end.load(Relaxed)
    }

    /// Return address of the outermost frame, 0 if unknown.
    pub(crate) fn stack_root(&self) -> u64 {
        self.stack_root.load(Relaxed)
    }

    pub(crate) fn name(&self) -> String {
        self.name
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
