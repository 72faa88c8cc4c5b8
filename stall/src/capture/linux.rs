//! Linux on x86_64 and aarch64.

use std::thread;
use std::time::Duration;

use super::{CaptureMode, RawStack};
use crate::export::{self, CaptureResult};
use crate::report::CaptureMethod;
use crate::slot::{self, ThreadSlot};
use crate::watchdog::account::ThreadState;

mod modules;
mod peek;
mod registers;
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
/// Looks at a thread that keeps moving between running and sleeping.
const ATTEMPTS: u32 = 3;

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

    /// Tries both ways: `sleeper` is a thread that waits for the answer, the running thread is this one.
    pub(crate) fn try_out(&mut self, sleeper: Option<&'static ThreadSlot>) -> CaptureMode {
        // The sleeper may need a moment to fall asleep.
        let can_peek = sleeper.is_some_and(|slot| {
            (0..50).any(|_| {
                thread::sleep(Duration::from_millis(1));
                self.peeker.take(slot, None, &mut self.unwinder).is_ok()
            })
        });
        let can_signal = slot::current()
            .is_some_and(|own| self.signaller.take(own, None, &mut self.unwinder).is_ok());
        self.mode = match (can_peek, can_signal) {
            (true, true) => CaptureMode::PeekAndSignal,
            (true, false) => CaptureMode::PeekOnly,
            (false, true) => CaptureMode::SignalOnly,
            (false, false) => CaptureMode::NoStacks,
        };
        self.mode
    }

    /// The stack of the thread of `slot` while its poll `seq` runs. `None` if it could not be had.
    pub(crate) fn take(
        &mut self,
        slot: &'static ThreadSlot,
        seq: Option<u64>,
        state: ThreadState,
    ) -> Option<RawStack> {
        let mut state = state;
        for _ in 0..ATTEMPTS {
            let (method, outcome) = self.attempt(slot, seq, state);
            export::capture(method, result_of(&outcome));
            match outcome {
                Ok(stack) => return Some(stack),
                Err(Missed::Failed) => return None,
                Err(Missed::Moved) if seq.is_some_and(|seq| slot.seq() != seq) => return None,
                Err(Missed::Moved) => state = crate::procfs::look(slot)?.sample.state,
            }
        }
        None
    }

    fn attempt(
        &mut self,
        slot: &'static ThreadSlot,
        seq: Option<u64>,
        state: ThreadState,
    ) -> (CaptureMethod, Result<RawStack, Missed>) {
        match state {
            ThreadState::Sleeping if self.mode.can_peek() => (
                CaptureMethod::Peek,
                self.peeker.take(slot, seq, &mut self.unwinder),
            ),
            ThreadState::Runnable if self.mode.can_signal() => (
                CaptureMethod::Signal,
                self.signaller.take(slot, seq, &mut self.unwinder),
            ),
            _ => (CaptureMethod::None, Err(Missed::Failed)),
        }
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
