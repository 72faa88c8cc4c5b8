//! The watchdog: one thread outside of all runtimes that looks at every watched thread each tick.

use std::io;
use std::mem;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicBool, AtomicU64, compiler_fence};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Arc, OnceLock};
use std::thread::{self, Thread};
use std::time::Duration;

use crate::capture::{CaptureMode, Capturer};
use crate::clock::{self, nanos, now_ns};
use crate::engine::{Engine, Lists};
use crate::reporter::{Event, Message};
use crate::slot::{self, ThreadSlot};
use crate::{export, os};

pub(crate) mod account;
mod consumers;
pub(crate) mod numbered;
mod punctuality;
mod stretch;
mod target;
mod threads;
mod track;

use consumers::Consumers;
use numbered::Numbered;
use punctuality::Punctuality;
use target::{Observation, Observer, TargetId};
pub(crate) use threads::Mark;
use threads::Threads;
use track::{Limits, Track};

/// Ticks without any work before the watchdog sleeps until it is woken.
const QUIET_TICKS: u32 = 2;
/// The longest sleep: schedule latency is measured at least this often.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);
/// How often schedule latency is measured while there is work.
const PING_INTERVAL_NS: u64 = 250_000_000;
/// A look is taken later than it can be due by this part of a tick: at that very moment it would mostly come too early.
const MARGIN: u32 = 8;
/// The tick while nobody has asked for another.
const DEFAULT_TICK: Duration = Duration::from_millis(5);

/// Set while the watchdog sleeps for long, so that the first thread with work wakes it.
static ASLEEP: AtomicBool = AtomicBool::new(false);
static THREAD: OnceLock<Thread> = OnceLock::new();

/// Called by a thread that has work now. One load on the usual path.
///
/// The load may pass the caller's earlier store ("I have work") only within the caller's store buffer, that is by far
/// less than a tick; the watchdog sets `ASLEEP`, waits one tick and looks once more before it sleeps, so one of the two
/// always sees the other. This keeps a full fence out of every poll.
#[inline]
pub(crate) fn wake_if_asleep() {
    compiler_fence(SeqCst);
    if ASLEEP.load(Relaxed) {
        wake();
    }
}

/// Makes the watchdog tick now.
#[cold]
pub(crate) fn wake() {
    ASLEEP.store(false, SeqCst);
    if let Some(thread) = THREAD.get() {
        thread.unpark();
    }
}

/// What the watchdog found out before its first tick.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) mode: CaptureMode,
    /// Gets a message when the reporter has read the debug information.
    pub(crate) symbols: Receiver<()>,
}

/// Starts the thread. The receiver gets its message once the unwind tables are loaded and captures were tried.
pub(crate) fn spawn(
    engine: Arc<Engine>,
    messages: SyncSender<Message>,
) -> io::Result<Receiver<Ready>> {
    let (ready, is_ready) = mpsc::sync_channel(1);
    let sleeper = slot::current();
    let thread = thread::Builder::new()
        .name("stall-watchdog".into())
        .spawn(move || {
            os::run_promptly();
            let mut capturer = Capturer::new();
            let (mode, stack) = capturer.try_out(sleeper);
            let (warm, symbols) = mpsc::sync_channel(1);
            let warming = messages.send(Message::WarmUp(stack, warm));
            let told = ready.send(Ready { mode, symbols });
            if warming.is_ok() && told.is_ok() {
                Watchdog::new(engine, messages, capturer).run();
            }
        })?;
    THREAD.get_or_init(|| thread.thread().clone());
    Ok(is_ready)
}

struct Watchdog {
    engine: Arc<Engine>,
    messages: SyncSender<Message>,
    capturer: Capturer,
    lists: Lists,
    lists_version: u64,
    slots: Vec<&'static ThreadSlot>,
    slots_version: u64,
    tracks: Numbered<TargetId, Track>,
    threads: Threads,
    observer: Observer,
    /// What the threads had done at the last tick, see [`done_by`].
    done: u64,
    /// Kept from tick to tick for its memory.
    busy: Vec<Observation>,
    over: Vec<TargetId>,
    /// When the next look at something that lasted from one tick to the next can be due; never, if nothing did.
    due_ns: u64,
    tick: Duration,
    tick_number: u64,
    last_tick_ns: u64,
    last_ping_ns: u64,
    cpu_exported_ns: u64,
}

impl Watchdog {
    fn new(engine: Arc<Engine>, messages: SyncSender<Message>, capturer: Capturer) -> Self {
        Self {
            engine,
            messages,
            capturer,
            lists: Lists::default(),
            lists_version: u64::MAX,
            slots: Vec::new(),
            slots_version: u64::MAX,
            tracks: Numbered::default(),
            threads: Threads::default(),
            observer: Observer::default(),
            done: 0,
            busy: Vec::new(),
            over: Vec::new(),
            due_ns: u64::MAX,
            tick: DEFAULT_TICK,
            tick_number: 0,
            last_tick_ns: now_ns(),
            last_ping_ns: 0,
            cpu_exported_ns: 0,
        }
    }

    /// Never returns: the watchdog lives as long as the process.
    fn run(&mut self) {
        let mut quiet_ticks = 0;
        let mut punctuality = Punctuality::new();
        loop {
            if !self.rest(&mut punctuality, quiet_ticks) {
                quiet_ticks = 0;
            }
            self.refresh();
            clock::calibrate();
            let busy = self.look_at_everything();
            quiet_ticks = if busy { 0 } else { quiet_ticks + 1 };
            self.measure_latency();
            for question in self.engine.take_questions() {
                // A full queue means that the reporter is behind: then wait for it, a question must not be lost.
                if self.messages.send(Message::Question(question)).is_err() {
                    return;
                }
            }
        }
    }

    /// Waits for the next tick. False if a thread with work ended a long sleep.
    fn rest(&mut self, punctuality: &mut Punctuality, quiet_ticks: u32) -> bool {
        let long = quiet_ticks > QUIET_TICKS;
        let length = if long {
            LONGEST_SLEEP
        } else {
            let due_in = Duration::from_nanos(self.due_ns.saturating_sub(now_ns()));
            // What begins after this is still seen before half of the threshold has passed.
            (due_in.saturating_add(self.tick / MARGIN)).clamp(self.tick, self.tick * 2)
        };
        if quiet_ticks == QUIET_TICKS {
            ASLEEP.store(true, SeqCst);
        }
        punctuality.goes_to_sleep();
        let planned_ns = now_ns() + nanos(length);
        thread::park_timeout(length);
        if let Some(paused_ns) = punctuality.unexplained_pause(planned_ns) {
            self.tracks
                .values_mut()
                .for_each(|track| track.leave_out(paused_ns));
        }
        quiet_ticks < QUIET_TICKS || ASLEEP.load(SeqCst)
    }

    fn refresh(&mut self) {
        let slots_version = slot::version();
        if slots_version != self.slots_version {
            (self.slots_version, self.slots) = slot::in_use();
            self.threads.keep(&self.slots);
        }
        if self
            .lists
            .runtimes
            .values()
            .any(|runtime| runtime.is_gone())
        {
            self.engine.touch();
        }
        if let Some(lists) = self.engine.lists_since(&mut self.lists_version) {
            self.lists = lists;
            self.observer.keep(&self.lists);
            self.lists
                .runtimes
                .values()
                .for_each(|runtime| runtime.start_latency_task());
            self.tick = self.shortest_tick();
        }
    }

    fn shortest_tick(&self) -> Duration {
        let of_probe = self.lists.settings.as_ref().map(|settings| settings.tick);
        let of_guards = self.lists.guards.iter().map(|guard| guard.tick());
        of_guards.chain(of_probe).min().unwrap_or(DEFAULT_TICK)
    }

    /// One tick. True if any thread has work, or had some since the last one.
    fn look_at_everything(&mut self) -> bool {
        // What is seen now began after this at the next tick, and before `now` at this one.
        let begun_ns = now_ns();
        self.tick_number += 1;
        self.due_ns = u64::MAX;
        let mut busy = mem::take(&mut self.busy);
        let must_poll = self.observer.observe(&self.slots, &self.lists, &mut busy);
        let now = now_ns();
        for observation in &busy {
            self.visit(observation, now);
        }
        self.finish_unseen(now);
        self.threads.mark(&self.slots);
        self.last_tick_ns = begun_ns;
        let done = done_by(&self.slots);
        let had_work = mem::replace(&mut self.done, done) != done;
        let has_work = !busy.is_empty() || must_poll;
        self.busy = busy;
        has_work || had_work
    }

    /// Finishes what was not seen in this tick.
    fn finish_unseen(&mut self, now: u64) {
        let mut over = mem::take(&mut self.over);
        let tracks = self.tracks.iter();
        over.extend(
            tracks
                .filter(|(_, track)| track.tick_number != self.tick_number)
                .map(|(id, _)| *id),
        );
        for id in over.drain(..) {
            if let Some(track) = self.tracks.remove(&id) {
                self.finish(track, now);
            }
        }
        self.over = over;
    }

    fn visit(&mut self, observation: &Observation, now: u64) {
        if self
            .tracks
            .get(&observation.id)
            .is_some_and(|track| !track.is_about(observation))
            && let Some(over) = self.tracks.remove(&observation.id)
        {
            self.finish(over, now);
        }
        let consumers = Consumers::of(observation, &self.lists);
        let Some(threshold_ns) = consumers.threshold_ns() else {
            return;
        };
        let (last_tick_ns, tick_ns) = (self.last_tick_ns, nanos(self.tick));
        let track = self.tracks.entry(observation.id).or_insert_with(|| {
            let before = self.threads.last_mark(observation.slot);
            let start = observation.start(last_tick_ns, now, tick_ns);
            Track::begin(observation, start, before)
        });
        let lasts = track.tick_number + 1 == self.tick_number;
        track.tick_number = self.tick_number;
        track.observation = *observation;
        let limits = Limits {
            threshold_ns,
            hang_after_ns: consumers.hang_after_ns(),
        };
        let runtime = self.lists.runtimes.get(&observation.runtime);
        if track.look(now, limits, &mut self.threads, runtime) {
            let event = track.event(&consumers, &mut self.capturer, runtime);
            send(&self.messages, event);
        } else {
            track.prepare(threshold_ns, &mut self.capturer, runtime);
        }
        if lasts {
            self.due_ns = self.due_ns.min(track.due_ns(threshold_ns));
        }
        if track.is_open() {
            export::stalled_now(place(&self.lists, observation), track.age_ns(now));
        }
    }

    /// The poll of `track` is over.
    fn finish(&mut self, mut track: Track, now: u64) {
        let observation = track.observation;
        let consumers = Consumers::of(&observation, &self.lists);
        if let Some(starved_ns) = track.starved_ns(now, consumers.threshold_ns()) {
            export::starved(place(&self.lists, &observation), starved_ns);
        }
        let runtime = self.lists.runtimes.get(&observation.runtime);
        if let Some(event) = track.unseen_event(&consumers, &mut self.threads, runtime)
            && target::keeps_its_worker(observation.slot, &self.slots)
        {
            send(&self.messages, event);
        }
        if let Some(event) = track.end_event(now, self.last_tick_ns, &mut self.threads, runtime) {
            export::stalled_now(place(&self.lists, &observation), 0);
            send(&self.messages, event);
        }
    }

    fn measure_latency(&mut self) {
        let now = self.last_tick_ns;
        if now - self.last_ping_ns < PING_INTERVAL_NS {
            return;
        }
        self.last_ping_ns = now;
        for (id, runtime) in &self.lists.runtimes {
            let driven = !target::is_current_thread(runtime)
                || self.slots.iter().any(|slot| slot.drives() == *id);
            if driven {
                runtime.ping();
            }
        }
        let cpu_ns = os::own_cpu_time_ns();
        export::probe_cpu(cpu_ns.saturating_sub(self.cpu_exported_ns));
        self.cpu_exported_ns = cpu_ns;
    }
}

/// Changes whenever any of the threads polls or parks: at most ticks, most workers of a runtime that is not full are parked.
fn done_by(slots: &[&'static ThreadSlot]) -> u64 {
    slots.iter().fold(0, |done: u64, slot| {
        done.wrapping_add(slot.seq()).wrapping_add(slot.last_seen())
    })
}

fn place<'a>(lists: &'a Lists, observation: &Observation) -> export::Place<'a> {
    let runtime = lists
        .runtimes
        .get(&observation.runtime)
        .map_or("unnamed", |runtime| runtime.name());
    export::Place {
        runtime,
        worker: observation.worker,
    }
}

fn send(messages: &SyncSender<Message>, event: Event) {
    if messages.try_send(Message::Stall(Box::new(event))).is_err() {
        export::suppressed();
    }
}

/// Stalls are numbered from 1.
static NEXT_STALL: AtomicU64 = AtomicU64::new(1);
