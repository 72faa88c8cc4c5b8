//! What one run yields, and how runs of the same kind add up.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;

use super::usage::ByRole;
use crate::exposition::Exposition;

/// Counted by the stall probe for every poll that held a runtime thread too long, and how long they did.
const STALLS: &str = "tokio_worker_stalls_total";
const STALL_TIME: &str = "tokio_worker_stall_seconds";
const STALL_SITES: &str = "tokio_worker_stall_sites_total";
/// Latencies are kept in µs, to three digits, from one to this.
const LONGEST: Duration = Duration::from_secs(3600);

/// The measured part of a run: from the end of the warm-up on.
pub(super) struct Measured {
    /// How long it was.
    pub(super) window: Duration,
    /// Jobs that ended with a result in it, with their pages and the bytes of their documents.
    pub(super) jobs: u64,
    pub(super) pages: u64,
    pub(super) bytes: u64,
    /// Of submits that began in it: until the answer was there.
    pub(super) submit: Latencies,
    /// Of jobs that ended in it: from the submit until the client knew.
    pub(super) end_to_end: Latencies,
    /// CPU time spent in it.
    pub(super) cpu: ByRole<Duration>,
    /// The most memory that one process held in the whole run, in bytes.
    pub(super) memory_peaks: ByRole<u64>,
    /// In the whole run.
    pub(super) stalls: ByRole<Stalls>,
    /// In the whole run, with the warm-up.
    pub(super) failures: BTreeMap<String, Failures>,
    /// Submits that the service asked to be made again later; their latencies hold the wait.
    pub(super) resent: u64,
}

/// Failures of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failures {
    pub(super) count: u64,
    /// What the first of them said.
    pub(super) example: String,
}

/// How often, and how long together, event loops were held.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Stalls {
    pub(super) count: u64,
    pub(super) time: Duration,
    /// Of those whose stack could be taken, by file and line.
    pub(super) sites: BTreeMap<String, u64>,
}

/// A distribution of latencies.
#[derive(Clone)]
pub(super) struct Latencies(Histogram<u64>);

impl Measured {
    pub(super) fn new() -> Self {
        Self {
            window: Duration::ZERO,
            jobs: 0,
            pages: 0,
            bytes: 0,
            submit: Latencies::new(),
            end_to_end: Latencies::new(),
            cpu: ByRole::new(),
            memory_peaks: ByRole::new(),
            stalls: ByRole::new(),
            failures: BTreeMap::new(),
            resent: 0,
        }
    }

    /// Adds another run of the same kind.
    pub(super) fn merge(&mut self, other: &Self) {
        self.window += other.window;
        self.jobs += other.jobs;
        self.pages += other.pages;
        self.bytes += other.bytes;
        self.submit.merge(&other.submit);
        self.end_to_end.merge(&other.end_to_end);
        for (role, cpu) in &other.cpu {
            *self.cpu.entry(*role).or_default() += *cpu;
        }
        self.note_memory(&other.memory_peaks);
        for (role, stalls) in &other.stalls {
            let sum = self.stalls.entry(*role).or_default();
            sum.add(stalls);
        }
        for (kind, failures) in &other.failures {
            self.fail_often(kind.clone(), failures.count, &failures.example);
        }
        self.resent += other.resent;
    }

    /// Keeps the larger of two peaks.
    pub(super) fn note_memory(&mut self, peaks: &ByRole<u64>) {
        for (role, peak) in peaks {
            let known = self.memory_peaks.entry(*role).or_default();
            *known = (*peak).max(*known);
        }
    }

    /// Counts one job without a result.
    pub(super) fn fail(&mut self, kind: String, detail: &str) {
        self.fail_often(kind, 1, detail);
    }

    fn fail_often(&mut self, kind: String, count: u64, example: &str) {
        let new = || Failures {
            count: 0,
            example: example.to_owned(),
        };
        self.failures.entry(kind).or_insert_with(new).count += count;
    }
}

impl Stalls {
    pub(super) fn read(metrics: &Exposition) -> Self {
        let sites = metrics.by(STALL_SITES, "site");
        Self {
            count: metrics.sum(STALLS, None).unwrap_or_default() as u64,
            time: metrics.time(STALL_TIME, None).unwrap_or_default(),
            sites: sites
                .map(|(site, count)| (site.to_owned(), count as u64))
                .collect(),
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.time += other.time;
        for (site, count) in &other.sites {
            *self.sites.entry(site.clone()).or_default() += count;
        }
    }

    pub(super) fn since(&self, earlier: &Self) -> Self {
        let before = |site: &String| earlier.sites.get(site).copied().unwrap_or(0);
        let sites = self.sites.iter();
        let sites = sites.map(|(site, count)| (site.clone(), count.saturating_sub(before(site))));
        Self {
            count: self.count.saturating_sub(earlier.count),
            time: self.time.saturating_sub(earlier.time),
            sites: sites.filter(|(_, count)| *count > 0).collect(),
        }
    }
}

impl Latencies {
    fn new() -> Self {
        let histogram = Histogram::new_with_bounds(1, LONGEST.as_micros() as u64, 3);
        Self(histogram.expect("the bounds are constants in their order"))
    }

    pub(super) fn record(&mut self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        self.0.saturating_record(micros);
    }

    fn merge(&mut self, other: &Self) {
        self.0.add(&other.0).expect("all have the same bounds");
    }

    /// The time within which `percent` of all were; 100 gives the longest.
    pub(super) fn percentile(&self, percent: f64) -> Duration {
        Duration::from_micros(self.0.value_at_percentile(percent))
    }

    pub(super) fn count(&self) -> u64 {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::usage::Role;

    #[test]
    fn runs_add_up() {
        let run = |millis: u64, peak: u64| {
            let mut measured = Measured::new();
            measured.window = Duration::from_secs(1);
            measured.jobs = 2;
            measured.submit.record(Duration::from_millis(millis));
            measured
                .cpu
                .insert(Role::Api, Duration::from_millis(millis));
            measured.memory_peaks.insert(Role::Api, peak);
            measured.fail("lost".to_owned(), &format!("after {millis} ms"));
            measured
        };
        let mut sum = run(10, 5);
        sum.merge(&run(30, 3));
        assert_eq!((sum.jobs, sum.window), (4, Duration::from_secs(2)));
        assert_eq!(sum.submit.count(), 2);
        let longest = sum.submit.percentile(100.0).as_micros();
        assert!((30_000..30_030).contains(&longest), "{longest}");
        assert_eq!(sum.cpu[&Role::Api], Duration::from_millis(40));
        assert_eq!(sum.memory_peaks[&Role::Api], 5);
        assert_eq!(
            sum.failures["lost"],
            Failures {
                count: 2,
                example: "after 10 ms".to_owned()
            }
        );
    }
}
