//! A stretch of time without progress, and how much of it the thread's own code is responsible for. Pure.

use super::account::{Account, Sample, ThreadState};
use super::target::Start;
use super::threads::Mark;

/// Since when there is no progress, and what was known of the thread before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stretch {
    start: Start,
    /// At some moment before the start.
    before: Mark,
    /// How long of the time between the two the thread was parked, as far as that is known.
    parked_ns: u64,
}

impl Stretch {
    pub(crate) fn begin(start: Start, before: Mark, parked_ns: u64) -> Self {
        Self {
            start,
            before,
            parked_ns,
        }
    }

    /// A stretch that begins with the sample `first`.
    pub(crate) fn begin_at(first: &Sample) -> Self {
        let at_ns = first.at_ns;
        let start = Start {
            likely_ns: at_ns,
            latest_ns: at_ns,
        };
        let before = Mark {
            at_ns,
            cpu_ns: first.cpu_ns,
            run_delay_ns: first.run_delay_ns,
        };
        Self::begin(start, before, 0)
    }

    /// The best estimate.
    pub(crate) fn start_ns(&self) -> u64 {
        self.start.likely_ns
    }

    pub(crate) fn age_ns(&self, now: u64) -> u64 {
        now.saturating_sub(self.start.likely_ns)
    }

    /// The process was stopped for `paused_ns`: as if that time had not been.
    pub(crate) fn leave_out(&mut self, paused_ns: u64) {
        self.start.likely_ns += paused_ns;
        self.start.latest_ns += paused_ns;
    }

    /// How long it has lasted at least by the clock on the wall.
    pub(crate) fn surely_lasts_ns(&self, now: u64) -> u64 {
        now.saturating_sub(self.start.latest_ns)
    }

    /// How long the thread's own code is responsible for up to the latest sample, at least: nobody is accused of time that
    /// was not seen. 0 without samples.
    pub(crate) fn net_ns(&self, account: &Account) -> u64 {
        let Some(first) = account.first() else {
            return 0;
        };
        let start_ns = self.start.latest_ns;
        let outside_ns = self.outside_ns();
        let seen_ns = account.breakdown().unwrap_or_default().net_ns();
        let by_samples_ns = seen_ns + self.net_before(first, start_ns, outside_ns);
        by_samples_ns.max(account.net_by_sleep_ns(start_ns, self.before.run_delay_ns))
    }

    /// [`Self::net_ns`], but up to `ended_ns`, when it was over: as `after` tells, a sample taken since, which itself was
    /// taken no later than `later_ns` after the end.
    pub(crate) fn net_until_ns(
        &self,
        account: &Account,
        ended_ns: u64,
        later_ns: u64,
        after: &Sample,
    ) -> u64 {
        let Some(last) = account.last() else {
            let outside_ns = self.outside_ns() + later_ns;
            let used_ns = after.cpu_ns.saturating_sub(self.before.cpu_ns);
            return used_ns.saturating_sub(outside_ns);
        };
        let used_ns = after.cpu_ns.saturating_sub(last.cpu_ns);
        let mut since_ns = used_ns.saturating_sub(later_ns);
        if last.state == ThreadState::Sleeping {
            // At its end it had a CPU, and with that the kernel had counted all waiting for it.
            let waited_ns = after.run_delay_ns.saturating_sub(last.run_delay_ns);
            let slept_ns = ended_ns.saturating_sub(last.at_ns);
            since_ns = since_ns.max(slept_ns.saturating_sub(waited_ns));
        }
        self.net_ns(account) + since_ns
    }

    /// Time without a CPU from the start to the latest sample, as far as it is known.
    pub(crate) fn starved_ns(&self, account: &Account) -> u64 {
        let Some(first) = account.first() else {
            return 0;
        };
        let start_ns = self.start.likely_ns;
        let before_ns = first.at_ns.saturating_sub(start_ns);
        let starved_before_ns = before_ns - self.net_before(first, start_ns, 0);
        let known_ns = account.breakdown().map_or(0, |known| known.run_queue_ns);
        starved_before_ns + known_ns
    }

    /// CPU time used since the mark was used before the start if that is possible: at most this much.
    fn outside_ns(&self) -> u64 {
        let before_ns = self.start.latest_ns.saturating_sub(self.before.at_ns);
        before_ns.saturating_sub(self.parked_ns)
    }

    /// The net time from `start_ns` to the first sample. Of the CPU time used since the mark, `outside_ns` were before.
    fn net_before(&self, first: &Sample, start_ns: u64, outside_ns: u64) -> u64 {
        let before_ns = first.at_ns.saturating_sub(start_ns);
        if first.state == ThreadState::Sleeping {
            // The kernel has counted all waiting, of which some may lie before the start.
            let waited_ns = first.run_delay_ns.saturating_sub(self.before.run_delay_ns);
            before_ns.saturating_sub(waited_ns)
        } else {
            // It computed no longer than its CPU clock says, and may have waited else.
            let used_ns = first.cpu_ns.saturating_sub(self.before.cpu_ns);
            before_ns.min(used_ns.saturating_sub(outside_ns))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ThreadState::{Runnable, Sleeping};
    use super::*;

    const MS: u64 = 1_000_000;

    /// A first sample at 20 ms.
    fn found(state: ThreadState, cpu_ms: u64, run_delay_ms: u64) -> Account {
        let mut account = Account::default();
        account.add(Sample {
            at_ns: 20 * MS,
            cpu_ns: cpu_ms * MS,
            run_delay_ns: run_delay_ms * MS,
            sleeps: 5,
            state,
        });
        account
    }

    /// Began at 12 ms; the mark, all zeros, is of 1 ms.
    fn stretch(parked_ms: u64) -> Stretch {
        let start = Start {
            likely_ns: 12 * MS,
            latest_ns: 12 * MS,
        };
        let before = Mark {
            at_ns: MS,
            ..Mark::default()
        };
        Stretch::begin(start, before, parked_ms * MS)
    }

    #[test]
    fn computing_that_may_have_been_before_the_start_accuses_nobody() {
        // Computed for 9 ms before the start and has waited for a CPU since.
        assert_eq!(stretch(0).net_ns(&found(Runnable, 9, 0)), 0);
    }

    #[test]
    fn computing_that_cannot_have_been_before_the_start_counts() {
        assert_eq!(stretch(0).net_ns(&found(Runnable, 15, 0)), 4 * MS);
        assert_eq!(stretch(11).net_ns(&found(Runnable, 8, 0)), 8 * MS);
    }

    #[test]
    fn a_thread_found_asleep_is_responsible_for_all_but_its_waits() {
        assert_eq!(stretch(0).net_ns(&found(Sleeping, 0, 3)), 5 * MS);
    }

    /// Over at 32 ms, and looked at 8 ms later.
    fn net_until_over(stretch: Stretch, account: &Account, cpu_ms: u64, run_delay_ms: u64) -> u64 {
        let after = Sample {
            at_ns: 40 * MS,
            cpu_ns: cpu_ms * MS,
            run_delay_ns: run_delay_ms * MS,
            sleeps: 6,
            state: Runnable,
        };
        stretch.net_until_ns(account, 32 * MS, 8 * MS, &after) / MS
    }

    #[test]
    fn a_poll_that_ended_unseen_is_responsible_for_what_it_surely_computed() {
        let computes = found(Runnable, 8, 0);
        assert_eq!(net_until_over(stretch(11), &computes, 28, 0), 8 + 12);
        // Waited for a CPU until its end, and computed after that.
        assert_eq!(net_until_over(stretch(11), &computes, 16, 12), 8);
    }

    #[test]
    fn a_poll_that_ended_unseen_is_responsible_for_its_sleep() {
        let sleeps = found(Sleeping, 0, 0);
        assert_eq!(net_until_over(stretch(0), &sleeps, 0, 5), 8 + 7);
    }

    #[test]
    fn a_poll_that_was_never_looked_at_has_its_cpu_clock() {
        let never = Account::default();
        assert_eq!(net_until_over(stretch(11), &never, 28, 0), 20);
        // As much as it can have computed before and after.
        assert_eq!(net_until_over(stretch(0), &never, 19, 0), 0);
    }

    #[test]
    fn a_start_that_is_only_likely_accuses_nobody() {
        let mut stretch = stretch(0);
        stretch.start.latest_ns = 19 * MS;
        assert_eq!(stretch.net_ns(&found(Sleeping, 0, 0)), MS);
        assert_eq!(stretch.age_ns(20 * MS), 8 * MS);
    }
}
