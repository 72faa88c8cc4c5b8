//! Where the time of a stuck thread went: computing, sleeping, or waiting for a CPU. Pure.
//!
//! The kernel's run-queue wait (`schedstat`) counts a wait only when it ends, so a thread that waits right now looks
//! as if it were stuck. What is missing ("lag") follows from the samples: a thread that was runnable at both ends of an
//! interval and never slept in between spent all of it on a CPU or waiting for one.

/// One look at a thread from outside. Times in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    pub(crate) at_ns: u64,
    /// CPU time used by the thread so far.
    pub(crate) cpu_ns: u64,
    /// Run-queue wait of the thread so far, without a wait that is going on.
    pub(crate) run_delay_ns: u64,
    /// How often the thread went to sleep by itself.
    pub(crate) sleeps: u64,
    pub(crate) state: ThreadState,
}

/// The scheduler's view of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ThreadState {
    /// On a CPU or waiting for one.
    Runnable,
    /// In the kernel until something happens.
    Sleeping,
    /// Stopped by a signal, or traced by a debugger.
    Stopped,
}

/// Where the time between the first and the last sample went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Breakdown {
    pub(crate) covered_ns: u64,
    pub(crate) cpu_ns: u64,
    pub(crate) run_queue_ns: u64,
}

impl Breakdown {
    /// Time that the thread slept in the kernel.
    pub(crate) fn slept_ns(&self) -> u64 {
        self.covered_ns
            .saturating_sub(self.cpu_ns + self.run_queue_ns)
    }

    /// Time for which the thread's own code is responsible.
    pub(crate) fn net_ns(&self) -> u64 {
        self.covered_ns.saturating_sub(self.run_queue_ns)
    }
}

/// The samples of one stuck poll.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Account {
    ends: Option<(Sample, Sample)>,
    lag_ns: u64,
    slept: bool,
}

impl Account {
    pub(crate) fn add(&mut self, sample: Sample) {
        self.slept |= sample.state == ThreadState::Sleeping;
        let Some((first, last)) = self.ends else {
            self.ends = Some((sample, sample));
            return;
        };
        self.slept |= last.sleeps != sample.sleeps;
        self.lag_ns = self.lag_after(&last, &sample);
        self.ends = Some((first, sample));
    }

    /// `None` until there are two samples.
    pub(crate) fn breakdown(&self) -> Option<Breakdown> {
        let (first, last) = self.ends?;
        let covered_ns = last
            .at_ns
            .checked_sub(first.at_ns)
            .filter(|covered| *covered > 0)?;
        let run_queue_ns = last.run_delay_ns.saturating_sub(first.run_delay_ns) + self.lag_ns;
        Some(Breakdown {
            covered_ns,
            cpu_ns: last.cpu_ns.saturating_sub(first.cpu_ns).min(covered_ns),
            run_queue_ns: run_queue_ns.min(covered_ns),
        })
    }

    /// True if the thread was asleep at any time that is known of. One that is runnable now may still be on its way out
    /// of the system call it slept in.
    pub(crate) fn slept(&self) -> bool {
        self.slept
    }

    /// The run-queue wait that the kernel has not counted yet at `now`.
    fn lag_after(&self, last: &Sample, now: &Sample) -> u64 {
        if now.state != ThreadState::Runnable {
            return 0;
        }
        let off_cpu =
            (now.at_ns - last.at_ns).saturating_sub(now.cpu_ns.saturating_sub(last.cpu_ns));
        let counted = now.run_delay_ns.saturating_sub(last.run_delay_ns);
        if last.state == ThreadState::Runnable && last.sleeps == now.sleeps {
            (self.lag_ns + off_cpu).saturating_sub(counted)
        } else {
            // It woke some time in this interval; what the kernel did not count may all be waiting.
            off_cpu.saturating_sub(counted)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ThreadState::{Runnable, Sleeping};
    use super::*;

    fn sample(
        at_ms: u64,
        cpu_ms: u64,
        run_delay_ms: u64,
        sleeps: u64,
        state: ThreadState,
    ) -> Sample {
        const MS: u64 = 1_000_000;
        Sample {
            at_ns: at_ms * MS,
            cpu_ns: cpu_ms * MS,
            run_delay_ns: run_delay_ms * MS,
            sleeps,
            state,
        }
    }

    fn net_ms(samples: &[Sample]) -> u64 {
        let mut account = Account::default();
        samples.iter().for_each(|sample| account.add(*sample));
        account.breakdown().expect("two samples").net_ns() / 1_000_000
    }

    #[test]
    fn a_computing_thread_is_responsible_for_all_of_it() {
        assert_eq!(
            net_ms(&[sample(0, 0, 0, 5, Runnable), sample(10, 10, 0, 5, Runnable)]),
            10
        );
    }

    #[test]
    fn a_sleeping_thread_is_responsible_for_all_of_it() {
        assert_eq!(
            net_ms(&[sample(0, 0, 0, 5, Sleeping), sample(10, 0, 0, 5, Sleeping)]),
            10
        );
    }

    #[test]
    fn a_thread_that_waits_for_a_cpu_is_innocent_before_the_kernel_counts_the_wait() {
        assert_eq!(
            net_ms(&[sample(0, 0, 0, 5, Runnable), sample(10, 1, 0, 5, Runnable)]),
            1
        );
    }

    #[test]
    fn a_wait_is_not_counted_twice_when_the_kernel_catches_up() {
        let waiting = [sample(0, 0, 0, 5, Runnable), sample(10, 1, 0, 5, Runnable)];
        let running_again = sample(20, 10, 10, 5, Runnable);
        assert_eq!(net_ms(&[waiting[0], waiting[1], running_again]), 10);
    }

    #[test]
    fn a_wait_after_waking_is_not_taken_for_sleep() {
        let asleep = [sample(0, 0, 0, 5, Sleeping), sample(4, 0, 0, 5, Sleeping)];
        assert_eq!(
            net_ms(&[asleep[0], asleep[1], sample(14, 0, 0, 5, Runnable)]),
            4
        );
    }

    #[test]
    fn many_short_sleeps_count_without_the_waits_between_them() {
        assert_eq!(
            net_ms(&[sample(0, 0, 0, 5, Sleeping), sample(10, 2, 3, 50, Sleeping)]),
            7
        );
    }

    #[test]
    fn a_thread_that_has_just_woken_is_known_to_have_slept() {
        let mut account = Account::default();
        account.add(sample(0, 0, 0, 5, Sleeping));
        account.add(sample(10, 0, 0, 5, Runnable));
        assert!(account.slept());
    }

    #[test]
    fn one_sample_tells_nothing() {
        let mut account = Account::default();
        account.add(sample(0, 0, 0, 0, Runnable));
        assert_eq!(account.breakdown(), None);
    }
}
