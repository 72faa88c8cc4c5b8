//! The poll that runs on a thread: written by the thread with plain stores, read consistently from outside (a seqlock).

use super::atomic::Ordering::{Acquire, Relaxed, Release};
use super::atomic::{AtomicU64, fence};

/// One writer, the thread itself; one reader, the watchdog.
#[derive(Debug)]
pub(crate) struct PollCell {
    /// Odd while a poll runs. Never goes back.
    seq: AtomicU64,
    /// Start of the running poll, as a stamp of the clock, or 0 where polls are not timed (`tokio_unstable` hooks).
    start: AtomicU64,
    task: AtomicU64,
    /// The odd `seq` whose end the watchdog wants to know exactly.
    end_wanted: AtomicU64,
    ended_ns: AtomicU64,
}

/// What a poll is, read consistently from outside of its thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RunningPoll {
    pub(crate) seq: u64,
    /// As a stamp of the clock; `None` where polls are not timed.
    pub(crate) start: Option<u64>,
    pub(crate) task: Option<u64>,
}

impl PollCell {
    pub(crate) fn new() -> Self {
        Self {
            seq: AtomicU64::new(0),
            start: AtomicU64::new(0),
            task: AtomicU64::new(0),
            end_wanted: AtomicU64::new(0),
            ended_ns: AtomicU64::new(0),
        }
    }

    /// Marks the start of a poll; `start` is 0 if it is not timed. False if one is already running here: then the
    /// outer one counts, and gets the time of the inner one if it has none.
    #[inline]
    pub(crate) fn begin(&self, start: u64, task: u64) -> bool {
        let seq = self.seq.load(Relaxed);
        if seq & 1 == 1 {
            if self.start.load(Relaxed) == 0 {
                self.start.store(start, Relaxed);
            }
            return false;
        }
        // Orders the stores below after the even `seq` of the last poll, see `running`.
        fence(Release);
        self.start.store(start, Relaxed);
        self.task.store(task, Relaxed);
        self.seq.store(seq + 1, Release);
        true
    }

    /// Marks the end of the running poll; reads the clock only if the watchdog asked for it.
    #[inline]
    pub(crate) fn end(&self, now_ns: impl FnOnce() -> u64) {
        let seq = self.seq.load(Relaxed);
        if self.end_wanted.load(Relaxed) == seq {
            self.ended_ns.store(now_ns(), Relaxed);
        }
        self.seq.store(seq + 1, Release);
    }

    /// The thread goes; the poll that ran there, if any, with it.
    pub(crate) fn leave(&self) {
        let seq = self.seq.load(Relaxed);
        self.seq.store(seq + (seq & 1), Release);
    }

    /// The poll that runs now, or `None`. Consistent: `None` too if the thread moved on while this was read.
    pub(crate) fn running(&self) -> Option<RunningPoll> {
        let seq = self.seq();
        if seq & 1 == 0 {
            return None;
        }
        let start = self.start.load(Relaxed);
        let task = self.task.load(Relaxed);
        fence(Acquire);
        (self.seq.load(Relaxed) == seq).then_some(RunningPoll {
            seq,
            start: (start != 0).then_some(start),
            task: (task != 0).then_some(task),
        })
    }

    /// The poll counter: odd while a poll runs.
    #[inline]
    pub(crate) fn seq(&self) -> u64 {
        self.seq.load(Acquire)
    }

    /// Asks the thread to note the time at which the poll `seq`, seen by [`Self::running`], ends.
    pub(crate) fn want_end_of(&self, seq: u64) {
        self.ended_ns.store(0, Relaxed);
        self.end_wanted.store(seq, Release);
    }

    /// The exact end of the poll last asked for, once [`Self::seq`] has shown that it is over; `None` if it ended
    /// before it was asked for.
    pub(crate) fn take_end(&self) -> Option<u64> {
        self.end_wanted.store(0, Relaxed);
        let ended_ns = self.ended_ns.swap(0, Acquire);
        (ended_ns != 0).then_some(ended_ns)
    }
}
