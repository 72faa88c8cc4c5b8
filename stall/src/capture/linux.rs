//! Linux on x86_64 and aarch64.

use std::thread;
use std::time::Duration;

use super::{Activity, CaptureMode, RawStack};
use crate::export::{self, CaptureResult};
use crate::report::CaptureMethod;
use crate::slot::{self, ThreadSlot};

mod calls;
mod modules;
mod peek;
mod registers;
mod search;
mod signal;
mod symbols;
mod syscalls;
mod unwind;

use peek::Peeker;
use signal::Signaller;
use unwind::Unwinder;

pub(crate) use signal::SignalCell;
pub(crate) use symbols::Symbols;

/// How much of a stack is copied at most, from the top. Deeper stacks are cut off at their outer end.
const STACK_COPY: usize = 256 * 1024;
/// Attempts to catch a thread that wakes now and then in its sleep, and the pause between them.
const ATTEMPTS: u32 = 60;
const BETWEEN_ATTEMPTS: Duration = Duration::from_micros(40);

/// Takes stacks; owned by the watchdog's thread.
pub(crate) struct Capturer {
    unwinder: Unwinder,
    peeker: Peeker,
    signaller: Signaller,
    mode: CaptureMode,
}

/// Why there is no stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Missed {
    /// The thread woke, went to sleep or ended its poll.
    Moved,
    /// The system refused, or the thread did not answer.
    Failed,
}

impl Capturer {
    pub(crate) fn new() -> Self {
        Self {
            unwinder: Unwinder::load(),
            peeker: Peeker::new(),
            signaller: Signaller::new(),
            mode: CaptureMode::PeekAndSignal,
        }
    }

    /// Tries both ways: `sleeper` is a thread that waits for the answer, the running thread is this one. Returns what
    /// works, and a stack to warm the symbols up with.
    pub(crate) fn try_out(
        &mut self,
        sleeper: Option<&'static ThreadSlot>,
    ) -> (CaptureMode, Vec<u64>) {
        // On a busy machine the sleeper may not have got to sleep yet.
        let asleep =
            sleeper.and_then(|slot| (0..ATTEMPTS).find_map(|_| self.peek(slot, None).ok()));
        let running = slot::current().and_then(|own| self.signal(own, None).ok());
        self.mode = match (asleep.is_some(), running.is_some()) {
            (true, true) => CaptureMode::PeekAndSignal,
            (true, false) => CaptureMode::PeekOnly,
            (false, true) => CaptureMode::SignalOnly,
            (false, false) => CaptureMode::NoStacks,
        };
        (
            self.mode,
            asleep
                .or(running)
                .map(|stack| stack.addresses)
                .unwrap_or_default(),
        )
    }

    /// The stack of the thread of `slot` while its poll `seq` runs. `None` if it could not be had.
    pub(crate) fn take(
        &mut self,
        slot: &'static ThreadSlot,
        seq: Option<u64>,
        activity: Activity,
    ) -> Option<RawStack> {
        let ways: &[CaptureMethod] = match activity {
            Activity::Computing => &[CaptureMethod::Signal],
            Activity::Mixed => &[CaptureMethod::Peek, CaptureMethod::Signal],
            Activity::Sleeping => &[CaptureMethod::Peek],
        };
        ways.iter().find_map(|way| {
            let outcome = match way {
                CaptureMethod::Peek if self.mode.can_peek() => self.peek(slot, seq),
                CaptureMethod::Signal if self.mode.can_signal() => self.signal(slot, seq),
                _ => Err(Missed::Failed),
            };
            export::capture(*way, result_of(&outcome));
            outcome.ok()
        })
    }

    /// Waits for the thread to be asleep, so that a thread that sleeps now and then need not be signalled.
    fn peek(&mut self, slot: &'static ThreadSlot, seq: Option<u64>) -> Result<RawStack, Missed> {
        for _ in 0..ATTEMPTS {
            match self.peeker.take(slot, seq, &mut self.unwinder) {
                Err(Missed::Moved) if seq.is_none_or(|seq| slot.seq() == seq) => {
                    thread::sleep(BETWEEN_ATTEMPTS)
                }
                outcome => return outcome,
            }
        }
        Err(Missed::Moved)
    }

    fn signal(&mut self, slot: &'static ThreadSlot, seq: Option<u64>) -> Result<RawStack, Missed> {
        self.signaller.take(slot, seq, &mut self.unwinder)
    }
}

fn result_of(outcome: &Result<RawStack, Missed>) -> CaptureResult {
    match outcome {
        Ok(stack) if stack.complete => CaptureResult::Complete,
        Ok(_) => CaptureResult::Partial,
        Err(Missed::Moved) => CaptureResult::Moved,
        Err(Missed::Failed) => CaptureResult::Failed,
    }
}
