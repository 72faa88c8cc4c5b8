//! The queue as a plain map, told in the words of the state table.

use std::collections::{BTreeMap, HashMap};

use shared::config::QueueArgs;
use shared::job::{JobId, State};
use shared::queue::{
    CancelAnswer, DeleteAnswer, Finished, Full, Lease, NewJob, Outcome, ProgressAnswer,
    RetryAnswer, Submitted, Whose,
};
use shared::timestamp::Timestamp;

use super::ids_of;

pub(super) const OWNERS: [&str; 3] = ["alice", "bob", "carol"];

#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) owner: String,
    pub(super) priority: u8,
    pub(super) state: State,
    pub(super) attempt: u32,
    pub(super) crashes: u32,
    /// Attempts that do not count: those before a retry by the client, and releases.
    base: u32,
    /// Its lease has run out, and nobody has noticed.
    pub(super) silent: bool,
    /// Its delay is over, and nobody has noticed.
    pub(super) due: bool,
    /// Its retention is over, and nobody has noticed.
    pub(super) retired: bool,
    purge: bool,
    ended: HashMap<u32, State>,
}

pub(super) struct Model {
    pub(super) jobs: BTreeMap<JobId, Job>,
    keys: HashMap<(String, String), JobId>,
    owner_limit: usize,
    owner_depth: u64,
    depth: u64,
    max_attempts: u32,
    max_crashes: u32,
}

impl Model {
    pub(super) fn new(args: &QueueArgs) -> Self {
        Self {
            jobs: BTreeMap::new(),
            keys: HashMap::new(),
            owner_limit: args.owner_running as usize,
            owner_depth: args.owner_queued,
            depth: args.queue_depth,
            max_attempts: args.max_attempts,
            max_crashes: args.max_crashes,
        }
    }

    pub(super) fn job(&mut self, id: JobId) -> &mut Job {
        self.jobs
            .get_mut(&id)
            .expect("the model knows every id it gave")
    }

    pub(super) fn ids(&self) -> Vec<JobId> {
        self.jobs.keys().copied().collect()
    }

    pub(super) fn held(&self) -> Vec<JobId> {
        self.in_states(&[State::Running, State::Cancelling])
    }

    pub(super) fn delayed(&self) -> Vec<JobId> {
        self.in_states(&[State::Scheduled, State::Retrying])
    }

    pub(super) fn ended(&self) -> Vec<JobId> {
        let ended = self
            .jobs
            .iter()
            .filter(|(_, job)| job.state.is_terminal() && job.state != State::Expired);
        ended.map(|(id, _)| *id).collect()
    }

    pub(super) fn in_states(&self, states: &[State]) -> Vec<JobId> {
        let jobs = self
            .jobs
            .iter()
            .filter(|(_, job)| states.contains(&job.state));
        jobs.map(|(id, _)| *id).collect()
    }

    pub(super) fn submit(&mut self, new: &NewJob) -> Submitted {
        let key = new
            .idempotency
            .as_ref()
            .map(|key| (new.owner.to_string(), key.to_string()));
        if let Some(made) = key.as_ref().and_then(|key| self.keys.get(key)) {
            return Submitted::Existing(*made);
        }
        let depth = self
            .in_states(&[State::Queued, State::Scheduled, State::Retrying])
            .len() as u64;
        let own = self
            .in_states(&[State::Queued, State::Scheduled, State::Retrying])
            .iter()
            .filter(|id| self.jobs[id].owner == new.owner.as_str())
            .count() as u64;
        let full = |whose, waiting, limit| {
            Submitted::Full(Full {
                whose,
                waiting,
                limit,
                room_in: None,
            })
        };
        if depth >= self.depth {
            return full(Whose::Everybody, depth, self.depth);
        }
        if own >= self.owner_depth {
            return full(Whose::Owner, own, self.owner_depth);
        }
        if let Some(key) = key {
            self.keys.insert(key, new.id);
        }
        let job = Job {
            owner: new.owner.to_string(),
            priority: new.priority.into(),
            state: if new.delay.is_zero() {
                State::Queued
            } else {
                State::Scheduled
            },
            attempt: 0,
            crashes: 0,
            base: 0,
            silent: false,
            due: false,
            retired: false,
            purge: false,
            ended: HashMap::new(),
        };
        self.jobs.insert(new.id, job);
        Submitted::Accepted(Timestamp::default())
    }

    /// What a claim and a sweep notice first.
    pub(super) fn clock(&mut self) {
        for job in self.jobs.values_mut() {
            if std::mem::take(&mut job.due) {
                job.state = State::Queued;
            }
            if std::mem::take(&mut job.silent) {
                job.crashes += 1;
                job.state = match job.state {
                    State::Cancelling => State::Cancelled,
                    _ if job.crashes >= self.max_crashes => State::Dead,
                    _ if job.attempt - job.base >= self.max_attempts => State::Dead,
                    _ => State::Queued,
                };
            }
        }
    }

    /// Checks a claim's answer, and takes it over.
    pub(super) fn claimed(&mut self, answer: Option<(JobId, u32)>) {
        let open: Vec<_> = OWNERS
            .into_iter()
            .filter(|owner| self.running(owner) < self.owner_limit)
            .collect();
        let claimable =
            |job: &&Job| job.state == State::Queued && open.contains(&job.owner.as_str());
        let Some((id, attempt)) = answer else {
            assert_eq!(
                self.jobs.values().find(claimable).map(|job| &job.owner),
                None,
                "a job was claimable"
            );
            return;
        };
        let job = self.jobs.get(&id).expect("a claimed job was submitted");
        assert!(
            claimable(&job),
            "{id} was claimed while it was {} of {}",
            job.state,
            job.owner
        );
        let first = self
            .jobs
            .values()
            .filter(|other| other.state == State::Queued && other.owner == job.owner);
        assert_eq!(
            first.map(|other| other.priority).min(),
            Some(job.priority),
            "by priority"
        );
        assert_eq!(attempt, job.attempt + 1, "every claim has a new attempt");
        let job = self.job(id);
        job.attempt = attempt;
        job.state = State::Running;
    }

    fn running(&self, owner: &str) -> usize {
        let held = self.held();
        held.iter()
            .filter(|id| self.jobs[id].owner == owner)
            .count()
    }

    pub(super) fn holds(&self, lease: Lease) -> bool {
        let job = &self.jobs[&lease.job];
        matches!(job.state, State::Running | State::Cancelling) && job.attempt == lease.attempt
    }

    pub(super) fn renew(&mut self, held: &[Lease]) -> (Vec<JobId>, Vec<JobId>) {
        let (mut lost, mut cancelled) = (Vec::new(), Vec::new());
        for lease in held {
            if !self.holds(*lease) {
                lost.push(lease.job);
                continue;
            }
            let job = self.job(lease.job);
            job.silent = false;
            if job.state == State::Cancelling {
                cancelled.push(lease.job);
            }
        }
        (lost, cancelled)
    }

    pub(super) fn progress(&self, lease: Lease) -> ProgressAnswer {
        match self.jobs[&lease.job].state {
            _ if !self.holds(lease) => ProgressAnswer::Stale,
            State::Cancelling => ProgressAnswer::Cancelled,
            _ => ProgressAnswer::Noted,
        }
    }

    pub(super) fn finish(&mut self, lease: Lease, outcome: &Outcome) -> Finished {
        let newest = self.jobs[&lease.job].attempt;
        let (held, max_attempts, max_crashes) =
            (self.holds(lease), self.max_attempts, self.max_crashes);
        let job = self.job(lease.job);
        if !held {
            // Only the newest ending is remembered.
            let ended = job.ended.iter().max_by_key(|(attempt, _)| **attempt);
            let told = ended
                .filter(|(attempt, _)| **attempt == lease.attempt && job.state != State::Expired);
            debug_assert!(lease.attempt <= newest);
            return told.map_or(Finished::Stale, |(_, state)| Finished::Done(*state));
        }
        let state = match outcome {
            Outcome::Succeeded(tally) if tally.warnings > 0 => State::Partial,
            Outcome::Succeeded(_) => State::Succeeded,
            _ if job.state == State::Cancelling => State::Cancelled,
            Outcome::Cancelled => State::Cancelled,
            Outcome::Failed(_) => State::Failed,
            Outcome::Dead(_) => State::Dead,
            Outcome::Crashed(_) => {
                job.crashes += 1;
                if job.crashes >= max_crashes || job.attempt - job.base >= max_attempts {
                    State::Dead
                } else {
                    State::Retrying
                }
            }
            Outcome::Retry { .. } if job.attempt - job.base >= max_attempts => State::Dead,
            Outcome::Retry { .. } => State::Retrying,
            Outcome::Release => {
                job.base += 1;
                State::Queued
            }
        };
        job.state = state;
        job.silent = false;
        job.ended.insert(lease.attempt, state);
        Finished::Done(state)
    }

    pub(super) fn cancel(&mut self, id: JobId) -> CancelAnswer {
        let job = self.job(id);
        match job.state {
            State::Queued | State::Scheduled | State::Retrying | State::Cancelled => {
                job.state = State::Cancelled;
                job.due = false;
                CancelAnswer::Cancelled
            }
            State::Running | State::Cancelling => {
                job.state = State::Cancelling;
                CancelAnswer::Cancelling
            }
            state => CancelAnswer::TooLate(state),
        }
    }

    pub(super) fn retry(&mut self, id: JobId) -> RetryAnswer {
        let job = self.job(id);
        if !matches!(job.state, State::Failed | State::Dead | State::Cancelled) {
            return RetryAnswer::NotTerminal(job.state);
        }
        job.state = State::Queued;
        job.base = job.attempt;
        job.crashes = 0;
        job.retired = false;
        RetryAnswer::Queued
    }

    pub(super) fn delete(&mut self, id: JobId) -> DeleteAnswer {
        let job = self.job(id);
        if !job.state.is_terminal() {
            return DeleteAnswer::Live(job.state);
        }
        if job.state != State::Expired {
            job.state = State::Expired;
            job.purge = true;
        }
        DeleteAnswer::Deleted
    }

    pub(super) fn expire(&mut self) {
        for job in self.jobs.values_mut() {
            if std::mem::take(&mut job.retired) && job.state != State::Expired {
                job.state = State::Expired;
                job.purge = true;
            }
        }
    }

    /// The jobs whose objects are to be deleted, once.
    pub(super) fn purge(&mut self) -> Vec<JobId> {
        let jobs = self
            .jobs
            .iter_mut()
            .filter_map(|(id, job)| std::mem::take(&mut job.purge).then_some(*id));
        ids_of(jobs)
    }
}
