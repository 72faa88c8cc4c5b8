//! One target over time: since when it makes no progress, and what was reported about it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::NEXT_STALL;
use super::account::{Account, Breakdown, ThreadState};
use super::consumers::Consumers;
use super::stretch::Stretch;
use super::target::{Observation, Start};
use super::threads::{Mark, Threads};
use crate::capture::{Activity, Capturer, RawStack};
use crate::clock::now_ns;
use crate::guard::GuardState;
use crate::report::{Capture, CaptureMethod, Class, Kind, Phase, StallReport};
use crate::reporter::Event;
use crate::runtime::RuntimeEntry;
use crate::scope;
use crate::slot::ThreadSlot;

mod early;
mod unseen;

use early::Early;

/// The first look is taken at this part of the threshold.
const FIRST_LOOK: u64 = 4;

/// How often a stack that could not be had is tried for again, at the following ticks: its thread may have had no CPU to
/// answer on.
const MORE_STACK_ATTEMPTS: u32 = 8;

/// What counts as a stall of a target.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) threshold_ns: u64,
    pub(crate) hang_after_ns: Option<u64>,
}

/// Looks in a row at a thread that has just woken, when the answer matters, and the pause between them.
const MORE_LOOKS: u32 = 6;
const BETWEEN_LOOKS: Duration = Duration::from_micros(100);

/// A target without progress.
pub(crate) struct Track {
    pub(crate) observation: Observation,
    /// The tick in which it was last seen without progress.
    pub(crate) tick_number: u64,
    stretch: Stretch,
    next_look_ns: u64,
    account: Account,
    /// True where the system gives no samples: then wall time must do.
    blind: bool,
    state: ThreadState,
    net_ns: u64,
    /// Reports sent at a multiple of the threshold.
    sent: u32,
    /// Further attempts at the stack of a stall that was reported without one.
    stack_attempts: u32,
    early: Early,
    hang: bool,
    open: Option<OpenStall>,
}

/// A stall that was reported and is not over.
struct OpenStall {
    report: StallReport,
    for_probe: bool,
    guards: Vec<Arc<GuardState>>,
    /// Set by the reporter if the stack shows that this is no stall (`block_in_place`).
    dismissed: Arc<AtomicBool>,
}

impl Track {
    /// `before` is what the thread had used at some moment before `start`. Has the thread note when the poll ends.
    pub(crate) fn begin(observation: &Observation, start: Start, before: Mark) -> Self {
        if let Some(poll) = observation.poll {
            observation.slot.want_end_of(poll.seq);
        }
        Self {
            observation: *observation,
            tick_number: 0,
            stretch: Stretch::begin(start, before, parked_ns(observation.slot, start, before)),
            next_look_ns: 0,
            account: Account::default(),
            blind: false,
            state: ThreadState::Runnable,
            net_ns: 0,
            sent: 0,
            stack_attempts: 0,
            early: Early::Later,
            hang: false,
            open: None,
        }
    }

    /// True if `observation` is still the same poll (or stretch without maintenance).
    pub(crate) fn is_about(&self, observation: &Observation) -> bool {
        self.observation.progress == observation.progress
    }

    pub(crate) fn age_ns(&self, now: u64) -> u64 {
        self.stretch.age_ns(now)
    }

    /// True while a reported stall goes on.
    pub(crate) fn is_open(&self) -> bool {
        self.open
            .as_ref()
            .is_some_and(|open| !open.dismissed.load(Relaxed))
    }

    /// The process was stopped for `paused_ns`: as if that time had not been.
    pub(crate) fn leave_out(&mut self, paused_ns: u64) {
        self.stretch.leave_out(paused_ns);
        self.account.shift(paused_ns);
    }

    /// Looks at the thread if it is time to. True if there is something to report now.
    pub(crate) fn look(
        &mut self,
        now: u64,
        limits: Limits,
        threads: &mut Threads,
        runtime: Option<&Arc<RuntimeEntry>>,
    ) -> bool {
        let Limits {
            threshold_ns,
            hang_after_ns,
        } = limits;
        let age_ns = self.age_ns(now);
        if age_ns < threshold_ns / FIRST_LOOK || now < self.next_look_ns {
            return false;
        }
        self.next_look_ns = now + 1;
        let level_ns = self.level_ns(threshold_ns);
        // A sample that was taken after its end says nothing about this poll.
        if !self.sample(age_ns >= level_ns, threads) || !self.observation.still_holds(runtime) {
            return false;
        }
        let hang_ns = hang_after_ns.filter(|_| !self.hang).unwrap_or(u64::MAX);
        let net_ns = self.net_now(now);
        self.net_ns = net_ns;
        let is_hang = net_ns >= hang_ns;
        self.hang |= is_hang;
        let is_level = net_ns >= level_ns;
        self.sent += u32::from(is_level);
        let is_due = is_hang || is_level;
        if !is_due && self.stack_attempts > 0 {
            self.stack_attempts -= 1;
            return true;
        }
        if self.account.is_exact() {
            // Before that it cannot get there.
            let goal_ns = self.level_ns(threshold_ns).min(hang_ns);
            let goal_ns = self.early_goal_ns(goal_ns, threshold_ns);
            self.next_look_ns = now.saturating_add(goal_ns.saturating_sub(net_ns));
        }
        is_due
    }

    /// When the next look can be due. At once while a report is open: nothing else shows when that stall ends.
    pub(crate) fn due_ns(&self, threshold_ns: u64) -> u64 {
        if self.is_open() {
            0
        } else if self.account.first().is_none() && !self.blind {
            self.stretch.start_ns() + threshold_ns / FIRST_LOOK
        } else {
            self.next_look_ns
        }
    }

    /// The length at which the next report is due.
    fn level_ns(&self, threshold_ns: u64) -> u64 {
        threshold_ns.saturating_mul(1 << self.sent.min(40))
    }

    /// False if a debugger holds the thread: then everything starts anew. If the answer matters now, a thread that has
    /// just woken is given some time to fall asleep again, as one that waits for a disk block by block does: only then
    /// it is known how long it slept.
    fn sample(&mut self, matters: bool, threads: &mut Threads) -> bool {
        for _ in 0..if matters { MORE_LOOKS } else { 1 } {
            let Some(look) = threads.look(self.observation.slot) else {
                self.blind = true;
                return true;
            };
            if look.traced || look.sample.state == ThreadState::Stopped {
                self.stretch = Stretch::begin_at(&look.sample);
                self.account = Account::default();
                return false;
            }
            self.state = look.sample.state;
            self.account.add(look.sample);
            if self.account.is_exact() {
                break;
            }
            thread::sleep(BETWEEN_LOOKS);
        }
        true
    }

    /// How long the thread's own code is responsible for, at least.
    fn net_now(&self, now: u64) -> u64 {
        if self.blind {
            self.stretch.surely_lasts_ns(now)
        } else {
            self.stretch.net_ns(&self.account)
        }
    }

    /// The report that is due now, with a fresh stack.
    pub(crate) fn event(
        &mut self,
        consumers: &Consumers<'_>,
        capturer: &mut Capturer,
        runtime: Option<&Arc<RuntimeEntry>>,
    ) -> Event {
        let seen_ns = now_ns();
        let stack = self
            .fresh_stack(capturer, runtime)
            .or_else(|| self.early.stack());
        let phase = match (&self.open, &stack) {
            (None, None) => {
                self.stack_attempts = MORE_STACK_ATTEMPTS;
                Phase::Started
            }
            (None, Some(_)) => Phase::Started,
            (Some(_), None) => Phase::Ongoing,
            (Some(_), Some(_)) => {
                self.stack_attempts = 0;
                Phase::Ongoing
            }
        };
        let mut report = self.report(phase, self.age_ns(seen_ns), self.net_ns, runtime);
        report.syscall = stack.as_ref().and_then(|stack| stack.syscall.clone());
        let open = self.open.get_or_insert_with(|| OpenStall {
            report: report.clone(),
            for_probe: false,
            guards: Vec::new(),
            dismissed: Arc::new(AtomicBool::new(false)),
        });
        report.id = open.report.id;
        if stack.is_none() {
            report.syscall = open.report.syscall.take();
        }
        if report.fields.is_empty() {
            // A worker may be done with the task, but not with the turn.
            report.fields = std::mem::take(&mut open.report.fields);
        }
        open.for_probe |= consumers.probe_wants(self.net_ns);
        for guard in consumers.guards_that_want(self.net_ns) {
            if !open.guards.iter().any(|known| known.id() == guard.id()) {
                open.guards.push(guard);
            }
        }
        open.report = report;
        open.event(stack)
    }

    /// The last report, if the stall was ever reported.
    pub(crate) fn end_event(
        &mut self,
        now: u64,
        last_tick_ns: u64,
        threads: &mut Threads,
        runtime: Option<&Arc<RuntimeEntry>>,
    ) -> Option<Event> {
        let mut open = self.open.take()?;
        let wall_ns = self.length_ns(now, last_tick_ns, runtime).max(self.net_ns);
        let run_queue_ns = self
            .starved_until_ended_ns(threads)
            .min(wall_ns - self.net_ns);
        let net_ns = wall_ns - run_queue_ns;
        let mut report = self.report(Phase::Ended, wall_ns, net_ns, runtime);
        report.run_queue_us = run_queue_ns / 1000;
        report.id = open.report.id;
        report.syscall = open.report.syscall.take();
        report.fields = std::mem::take(&mut open.report.fields);
        open.report = report;
        Some(open.event(None))
    }

    /// From the start to the end, which is exact if the thread noted it. Else it is the last tick's or this tick's side of
    /// the middle, unless the worker says by its busy time that it was sooner.
    fn length_ns(&self, now: u64, last_tick_ns: u64, runtime: Option<&Arc<RuntimeEntry>>) -> u64 {
        let slot = self.observation.slot;
        if self.observation.poll.is_some() {
            let middle_ns = last_tick_ns.midpoint(now);
            return self.age_ns(slot.take_end().unwrap_or(middle_ns));
        }
        let parked_ns = slot.parked_ns();
        let busy_ns = self.observation.busy_since_ns(runtime).unwrap_or(u64::MAX);
        if parked_ns > last_tick_ns.max(self.stretch.start_ns()) {
            self.age_ns(parked_ns).min(busy_ns)
        } else {
            let (least_ns, most_ns) = (self.age_ns(last_tick_ns), self.age_ns(now));
            least_ns.midpoint(most_ns.min(busy_ns).max(least_ns))
        }
    }

    /// Time without a CPU, of a poll that has just ended.
    fn starved_until_ended_ns(&self, threads: &mut Threads) -> u64 {
        let mut account = self.account;
        if let Some(look) = threads.look(self.observation.slot) {
            account.close(look.sample);
        }
        self.stretch.starved_ns(&account)
    }

    /// Run-queue wait in a target that would have been a stall by the clock on the wall.
    pub(crate) fn starved_ns(&self, now: u64, threshold_ns: Option<u64>) -> Option<u64> {
        let run_queue_ns = self.breakdown().run_queue_ns;
        (run_queue_ns > 0 && self.age_ns(now) >= threshold_ns?).then_some(run_queue_ns)
    }

    fn breakdown(&self) -> Breakdown {
        self.account.breakdown().unwrap_or_default()
    }

    fn report(
        &self,
        phase: Phase,
        wall_ns: u64,
        net_ns: u64,
        runtime: Option<&Arc<RuntimeEntry>>,
    ) -> StallReport {
        let Observation {
            slot,
            worker,
            poll,
            scope,
            ..
        } = self.observation;
        let known = self.breakdown();
        StallReport {
            id: if self.open.is_none() && phase == Phase::Started {
                NEXT_STALL.fetch_add(1, Relaxed)
            } else {
                0
            },
            phase,
            at_unix_ms: unix_ms(),
            runtime: runtime
                .map_or("unnamed", |runtime| runtime.name())
                .to_owned(),
            worker,
            thread: slot.name(),
            tid: slot.tid(),
            task: poll.and_then(|poll| poll.task),
            kind: self.kind(),
            class: self.class(known),
            wall_us: wall_ns / 1000,
            net_us: net_ns / 1000,
            cpu_us: known.cpu_ns.min(wall_ns) / 1000,
            run_queue_us: known.run_queue_ns / 1000,
            syscall: None,
            fields: scope::fields_of(scope),
            fingerprint: String::new(),
            count: 0,
            capture: Capture {
                method: CaptureMethod::None,
                complete: false,
            },
            user_frames: Vec::new(),
            frames: Vec::new(),
            build_id: None,
        }
    }

    /// A thread that slept at all since it was first looked at may be about to sleep again.
    fn activity(&self) -> Activity {
        let known = self.breakdown();
        if self.state == ThreadState::Runnable && !self.account.slept() {
            Activity::Computing
        } else if self.state == ThreadState::Runnable && known.cpu_ns >= known.slept_ns() {
            Activity::Mixed
        } else {
            Activity::Sleeping
        }
    }

    fn kind(&self) -> Kind {
        match self.observation.poll {
            _ if self.hang => Kind::Hang,
            Some(_) => Kind::LongPoll,
            None => Kind::WorkerBusy,
        }
    }

    fn class(&self, known: Breakdown) -> Class {
        let looked_once = known.covered_ns == 0;
        if self.blind {
            Class::Unknown
        } else if looked_once && self.state == ThreadState::Sleeping {
            Class::Blocked
        } else if known.cpu_ns >= known.slept_ns() {
            Class::Cpu
        } else {
            Class::Blocked
        }
    }
}

impl OpenStall {
    fn event(&self, stack: Option<RawStack>) -> Event {
        Event {
            report: self.report.clone(),
            stack,
            for_probe: self.for_probe,
            guards: self.guards.clone(),
            dismissed: Arc::clone(&self.dismissed),
        }
    }
}

/// How long the thread was parked last, if that was between the two moments.
fn parked_ns(slot: &ThreadSlot, start: Start, before: Mark) -> u64 {
    let (parked_ns, unparked_ns) = (slot.parked_ns(), slot.unparked_ns());
    if parked_ns == 0 || unparked_ns > start.latest_ns {
        return 0;
    }
    unparked_ns.saturating_sub(parked_ns.max(before.at_ns))
}

fn unix_ms() -> u64 {
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(all(test, target_os = "linux", not(miri)))]
mod tests;
