//! Where the time of a stuck thread went: computing, sleeping, or waiting for a CPU. Pure.
//!
//! The kernel's run-queue wait (`schedstat`) counts a wait only when it ends, so a thread that waits right now looks
//! as if it were stuck. What is missing ("lag") follows from the samples: a thread that was runnable at both ends of an
//! interval and never slept in between spent all of it on a CPU or waiting for one. What a hypervisor takes from a running
//! thread is missing in the same way, and for ever.

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
    lag: Lag,
    /// Waits that the kernel will not count any more: a hypervisor ran something else.
    stolen_ns: u64,
    slept: bool,
    /// The latest sample that found the thread asleep.
    asleep: Option<Sample>,
}

/// Run-queue wait that the kernel has not counted yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lag {
    Known(u64),
    /// The thread slept and woke since the last sample: at most this much.
    AtMost(u64),
}

impl Default for Lag {
    fn default() -> Self {
        Self::Known(0)
    }
}

impl Account {
    pub(crate) fn add(&mut self, sample: Sample) {
        if sample.state == ThreadState::Sleeping {
            self.slept = true;
            self.asleep = Some(sample);
        }
        let Some((first, last)) = self.ends else {
            self.ends = Some((sample, sample));
            return;
        };
        self.slept |= last.sleeps != sample.sleeps;
        self.count_wait(&last, &sample);
        self.ends = Some((first, sample));
    }

    /// The last sample, taken when the poll is over and its thread may have gone to sleep and woken for another: what
    /// is not known to be waiting is then not taken for it.
    pub(crate) fn close(&mut self, sample: Sample) {
        self.add(sample);
        if let Lag::AtMost(_) = self.lag {
            self.lag = Lag::Known(0);
        }
    }

    /// Everything happened `by_ns` later: the process was stopped for that long.
    pub(crate) fn shift(&mut self, by_ns: u64) {
        if let Some((first, last)) = &mut self.ends {
            first.at_ns += by_ns;
            last.at_ns += by_ns;
        }
        if let Some(asleep) = &mut self.asleep {
            asleep.at_ns += by_ns;
        }
    }

    /// The first sample.
    pub(crate) fn first(&self) -> Option<&Sample> {
        self.ends.as_ref().map(|(first, _)| first)
    }

    /// The latest sample.
    pub(crate) fn last(&self) -> Option<&Sample> {
        self.ends.as_ref().map(|(_, last)| last)
    }

    /// How long the thread's own code is responsible for since `start_ns`, at least, as the latest sample that found it
    /// asleep tells: all waiting was counted then, since a moment before at which it was `run_delay_ns`.
    pub(crate) fn net_by_sleep_ns(&self, start_ns: u64, run_delay_ns: u64) -> u64 {
        let (Some(asleep), Some((_, last))) = (&self.asleep, &self.ends) else {
            return 0;
        };
        let waited_ns = asleep.run_delay_ns.saturating_sub(run_delay_ns) + self.stolen_ns;
        let net_ns = asleep
            .at_ns
            .saturating_sub(start_ns)
            .saturating_sub(waited_ns);
        net_ns + last.cpu_ns.saturating_sub(asleep.cpu_ns)
    }

    /// False if waiting may turn out to have been sleep at the next sample.
    pub(crate) fn is_exact(&self) -> bool {
        matches!(self.lag, Lag::Known(_))
    }

    /// `None` until there are two samples.
    pub(crate) fn breakdown(&self) -> Option<Breakdown> {
        let (first, last) = self.ends?;
        let covered_ns = last
            .at_ns
            .checked_sub(first.at_ns)
            .filter(|covered| *covered > 0)?;
        let cpu_ns = last.cpu_ns.saturating_sub(first.cpu_ns).min(covered_ns);
        let (Lag::Known(lag_ns) | Lag::AtMost(lag_ns)) = self.lag;
        let run_queue_ns = if self.slept {
            last.run_delay_ns.saturating_sub(first.run_delay_ns) + lag_ns + self.stolen_ns
        } else {
            covered_ns - cpu_ns
        };
        Some(Breakdown {
            covered_ns,
            cpu_ns,
            run_queue_ns: run_queue_ns.min(covered_ns),
        })
    }

    /// True if the thread was asleep at any time that is known of. One that is runnable now may still be on its way out
    /// of the system call it slept in.
    pub(crate) fn slept(&self) -> bool {
        self.slept
    }

    /// Adds the run-queue wait between two samples that the kernel has not counted.
    fn count_wait(&mut self, last: &Sample, now: &Sample) {
        let passed_ns = now.at_ns.saturating_sub(last.at_ns);
        let off_cpu_ns = passed_ns.saturating_sub(now.cpu_ns.saturating_sub(last.cpu_ns));
        let counted_ns = now.run_delay_ns.saturating_sub(last.run_delay_ns);
        let both_runnable =
            last.state == ThreadState::Runnable && now.state == ThreadState::Runnable;
        let (Lag::Known(lag_ns) | Lag::AtMost(lag_ns)) = self.lag;
        let uncounted_ns = (lag_ns + off_cpu_ns).saturating_sub(counted_ns);
        if both_runnable && last.sleeps == now.sleeps {
            self.lag = match self.lag {
                Lag::Known(_) => Lag::Known(uncounted_ns),
                Lag::AtMost(_) => Lag::AtMost(uncounted_ns),
            };
            return;
        }
        // Before it went to sleep it had a CPU, and with that the kernel counted the wait for it.
        if let Lag::Known(lag_ns) = self.lag {
            self.stolen_ns += lag_ns.saturating_sub(counted_ns);
        }
        self.lag = if now.state == ThreadState::Runnable {
            // It woke some time in this interval; what the kernel did not count may all be waiting.
            Lag::AtMost(uncounted_ns.min(off_cpu_ns))
        } else {
            Lag::Known(0)
        };
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
    fn what_a_thread_did_after_its_poll_is_not_taken_for_waiting() {
        let mut account = Account::default();
        account.add(sample(0, 0, 0, 5, Sleeping));
        account.add(sample(10, 0, 0, 5, Sleeping));
        account.close(sample(20, 1, 2, 7, Runnable));
        let known = account.breakdown().expect("three samples");
        assert_eq!(known.run_queue_ns, 2_000_000);
    }

    #[test]
    fn a_wait_counted_late_is_not_taken_for_the_next_one() {
        // Waits 5 ms, runs 1 ms, sleeps 2 ms and waits again, for 6 ms so far.
        let waits = [sample(0, 0, 0, 5, Runnable), sample(5, 0, 0, 5, Runnable)];
        let waits_again = sample(14, 1, 5, 6, Runnable);
        assert!(net_ms(&[waits[0], waits[1], waits_again]) <= 3);
    }

    #[test]
    fn what_a_hypervisor_took_is_not_taken_for_sleep() {
        // Of 10 ms without sleep it ran 4 and the kernel counts no wait; then it sleeps for 3 ms.
        let runs = [sample(0, 0, 0, 5, Runnable), sample(10, 4, 0, 5, Runnable)];
        let sleeps = sample(13, 4, 0, 6, Sleeping);
        assert_eq!(net_ms(&[runs[0], runs[1], sleeps]), 7);
    }

    #[test]
    fn a_wait_from_before_the_first_sample_hides_no_computing() {
        // Had waited for 8 ms already; the kernel counts all 9 ms when it runs.
        let samples = [sample(0, 0, 0, 5, Runnable), sample(20, 19, 9, 5, Runnable)];
        assert_eq!(net_ms(&samples), 19);
    }

    #[test]
    fn a_thread_found_asleep_tells_what_it_did_before_the_first_sample() {
        // Began at 10 ms; woke just before the first sample at 15, and sleeps again at 20, after 2 ms of waiting.
        let mut account = Account::default();
        account.add(sample(15, 0, 3, 5, Runnable));
        account.add(sample(20, 1, 5, 6, Sleeping));
        assert_eq!(account.net_by_sleep_ns(10_000_000, 3_000_000), 8_000_000);
    }

    #[test]
    fn waking_is_not_exact_until_the_thread_sleeps_again() {
        let mut account = Account::default();
        account.add(sample(0, 0, 0, 5, Sleeping));
        account.add(sample(5, 0, 0, 5, Runnable));
        assert!(!account.is_exact());
        account.add(sample(10, 1, 0, 6, Sleeping));
        assert!(account.is_exact());
    }

    #[test]
    fn a_pause_of_the_process_leaves_no_trace() {
        let mut account = Account::default();
        account.add(sample(0, 0, 0, 5, Runnable));
        account.add(sample(3, 3, 0, 5, Runnable));
        account.shift(500_000_000);
        account.add(sample(507, 7, 0, 5, Runnable));
        let known = account.breakdown().expect("three samples");
        assert_eq!((known.covered_ns, known.run_queue_ns), (7_000_000, 0));
    }

    #[test]
    fn one_sample_tells_nothing() {
        let mut account = Account::default();
        account.add(sample(0, 0, 0, 0, Runnable));
        assert_eq!(account.breakdown(), None);
    }
}
