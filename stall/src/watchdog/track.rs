//! One target over time: since when it makes no progress, and what was reported about it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::NEXT_STALL;
use super::account::{Account, Breakdown, Sample, ThreadState};
use super::consumers::Consumers;
use super::target::Observation;
use super::threads::{Mark, Threads};
use crate::capture::{Activity, Capturer, RawStack};
use crate::guard::GuardState;
use crate::report::{Capture, CaptureMethod, Class, Kind, Phase, StallReport};
use crate::reporter::Event;
use crate::runtime::RuntimeEntry;
use crate::scope;

/// The first look is taken at this part of the threshold: early enough for the samples to cover half of it.
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
    start_ns: u64,
    next_look_ns: u64,
    account: Account,
    /// At some moment before this began.
    before: Mark,
    /// True where the system gives no samples: then wall time must do.
    blind: bool,
    state: ThreadState,
    net_ns: u64,
    /// Reports sent at a multiple of the threshold.
    sent: u32,
    /// Further attempts at the stack of a stall that was reported without one.
    stack_attempts: u32,
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
    /// `before` is what the thread had used at some moment before `start_ns`.
    pub(crate) fn begin(observation: &Observation, start_ns: u64, before: Mark) -> Self {
        Self {
            observation: *observation,
            tick_number: 0,
            start_ns,
            next_look_ns: 0,
            account: Account::default(),
            before,
            blind: false,
            state: ThreadState::Runnable,
            net_ns: 0,
            sent: 0,
            stack_attempts: 0,
            hang: false,
            open: None,
        }
    }

    /// True if `observation` is still the same poll (or stretch without maintenance).
    pub(crate) fn is_about(&self, observation: &Observation) -> bool {
        self.observation.progress == observation.progress
    }

    pub(crate) fn age_ns(&self, now: u64) -> u64 {
        now.saturating_sub(self.start_ns)
    }

    /// What the thread had used at the last look.
    pub(crate) fn mark(&self) -> Option<Mark> {
        self.account.last().map(mark)
    }

    /// True while a reported stall goes on.
    pub(crate) fn is_open(&self) -> bool {
        self.open
            .as_ref()
            .is_some_and(|open| !open.dismissed.load(Relaxed))
    }

    /// The process was stopped for `paused_ns`: as if that time had not been.
    pub(crate) fn leave_out(&mut self, paused_ns: u64) {
        self.start_ns += paused_ns;
        self.account.shift(paused_ns);
    }

    /// Looks at the thread if it is time to. True if there is something to report now.
    pub(crate) fn look(&mut self, now: u64, limits: Limits, threads: &mut Threads) -> bool {
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
        if !self.sample(now, age_ns >= level_ns, threads) {
            return false;
        }
        let hang_ns = hang_after_ns.filter(|_| !self.hang).unwrap_or(u64::MAX);
        let Some(net_ns) = self.net_now(age_ns, threshold_ns) else {
            self.next_look_ns = self.start_ns.saturating_add(level_ns.min(hang_ns));
            return false;
        };
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
            self.next_look_ns = now.saturating_add(goal_ns.saturating_sub(net_ns));
        }
        is_due
    }

    /// The length at which the next report is due.
    fn level_ns(&self, threshold_ns: u64) -> u64 {
        threshold_ns.saturating_mul(1 << self.sent.min(40))
    }

    /// False if a debugger holds the thread: then everything starts anew. If the answer matters now, a thread that has
    /// just woken is given some time to fall asleep again, as one that waits for a disk block by block does: only then
    /// it is known how long it slept.
    fn sample(&mut self, now: u64, matters: bool, threads: &mut Threads) -> bool {
        for _ in 0..if matters { MORE_LOOKS } else { 1 } {
            let Some(look) = threads.look(self.observation.slot) else {
                self.blind = true;
                return true;
            };
            if look.traced || look.sample.state == ThreadState::Stopped {
                self.start_ns = now;
                self.before = mark(&look.sample);
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

    /// How long the thread's own code is responsible for. `None` until the samples tell enough.
    fn net_now(&self, age_ns: u64, threshold_ns: u64) -> Option<u64> {
        if self.blind {
            return Some(age_ns);
        }
        let first = self.account.first()?;
        let known = self.breakdown();
        // What a thread did before a sample that finds it asleep is known.
        if first.state != ThreadState::Sleeping && known.covered_ns < threshold_ns / 2 {
            return None;
        }
        let before_ns = age_ns.saturating_sub(known.covered_ns);
        Some((known.net_ns() + self.net_before(first, before_ns)).min(age_ns))
    }

    /// The same for the `before_ns` before the first sample, as far as it is sure.
    fn net_before(&self, first: &Sample, before_ns: u64) -> u64 {
        if first.state == ThreadState::Sleeping {
            // The kernel has counted all waiting, of which some may lie before the start.
            let waited_ns = first.run_delay_ns.saturating_sub(self.before.run_delay_ns);
            before_ns.saturating_sub(waited_ns)
        } else {
            // It computed no longer than its CPU clock says, and may have waited else.
            before_ns.min(first.cpu_ns.saturating_sub(self.before.cpu_ns))
        }
    }

    /// The report that is due now, with a fresh stack.
    pub(crate) fn event(
        &mut self,
        now: u64,
        consumers: &Consumers<'_>,
        capturer: &mut Capturer,
        runtime: Option<&Arc<RuntimeEntry>>,
    ) -> Event {
        let seq = self.observation.poll.map(|poll| poll.seq);
        if let Some(seq) = seq {
            self.observation.slot.want_end_of(seq);
        }
        let stack = capturer
            .take(self.observation.slot, seq, self.activity())
            .filter(|_| self.observation.still_holds(runtime));
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
        let mut report = self.report(phase, self.age_ns(now), self.net_ns, runtime);
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
        let end_ns = self.end_ns(now, last_tick_ns);
        let wall_ns = end_ns.saturating_sub(self.start_ns);
        let run_queue_ns = self.starved_until_ended_ns(threads);
        let net_ns = wall_ns.saturating_sub(run_queue_ns);
        let mut report = self.report(Phase::Ended, wall_ns, net_ns, runtime);
        report.run_queue_us = run_queue_ns.min(wall_ns) / 1000;
        report.id = open.report.id;
        report.syscall = open.report.syscall.take();
        report.fields = std::mem::take(&mut open.report.fields);
        open.report = report;
        Some(open.event(None))
    }

    /// Exactly if the thread noted it; else the last tick's or this tick's side of the middle.
    fn end_ns(&self, now: u64, last_tick_ns: u64) -> u64 {
        let slot = self.observation.slot;
        if self.observation.poll.is_some() {
            if let Some(end_ns) = slot.take_end() {
                return end_ns;
            }
        } else {
            let parked_ns = slot.parked_ns();
            if parked_ns > last_tick_ns.max(self.start_ns) {
                return parked_ns;
            }
        }
        last_tick_ns.midpoint(now).max(self.start_ns)
    }

    /// Time without a CPU, of a poll that has just ended.
    fn starved_until_ended_ns(&self, threads: &mut Threads) -> u64 {
        let mut account = self.account;
        if let Some(look) = threads.look(self.observation.slot) {
            account.close(look.sample);
        }
        let Some(first) = account.first() else {
            return 0;
        };
        let before_ns = first.at_ns.saturating_sub(self.start_ns);
        let starved_before_ns = before_ns - self.net_before(first, before_ns);
        let known_ns = account.breakdown().map_or(0, |known| known.run_queue_ns);
        starved_before_ns + known_ns
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
        if self.blind {
            Class::Unknown
        } else if known.cpu_ns >= known.slept_ns() {
            Class::Cpu
        } else {
            Class::Blocked
        }
    }
}

fn mark(sample: &Sample) -> Mark {
    Mark {
        cpu_ns: sample.cpu_ns,
        run_delay_ns: sample.run_delay_ns,
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

fn unix_ms() -> u64 {
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX)
}
