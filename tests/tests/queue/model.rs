//! Random command sequences against a plain model: one terminal state each, none lost, none run twice at once.

mod check; // what Redis must hold, given the model
mod plain; // the model

use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::Config;
use shared::config::QueueArgs;
use shared::job::{JobId, State};
use shared::queue::{
    CancelAnswer, Claim, DeleteAnswer, Finished, Lease, NewJob, Outcome, Queue, RetryAnswer,
    Submitted, WorkerId,
};
use shared::timestamp::Timestamp;
use uuid::Uuid;

use crate::bench::{Bench, args, damage, job_of, outage, priority, tally, worker, worker_info};
use check::check;
use plain::{Model, OWNERS};

const OWNER_LIMIT: u32 = 3;
const DEPTH: u64 = 12;
const OWNER_DEPTH: u64 = 7;
const WORKERS: [&str; 3] = ["w1", "w2", "w3"];

#[derive(Clone, Debug)]
enum Step {
    Submit {
        owner: usize,
        priority: u8,
        delayed: bool,
        key: Option<u8>,
    },
    /// A submit whose reply was lost, made again.
    SubmitAgain {
        job: usize,
    },
    Claim {
        worker: usize,
        slots: usize,
    },
    /// A claim whose reply was lost, made again.
    ClaimAgain {
        worker: usize,
    },
    Renew {
        worker: usize,
    },
    Progress {
        lease: usize,
    },
    /// Leases and outcomes, reported together.
    Finish {
        ended: Vec<(usize, usize)>,
    },
    Cancel {
        job: usize,
    },
    Retry {
        job: usize,
    },
    Delete {
        job: usize,
    },
    /// The worker of a held job has been silent for too long.
    Crash {
        job: usize,
    },
    /// The time of a delayed job has come.
    Due {
        job: usize,
    },
    /// The retention time of an ended job is over.
    Retire {
        job: usize,
    },
    Sweep,
}

fn step() -> impl Strategy<Value = Step> {
    let any = any::<usize>;
    prop_oneof![
        6 => (0..OWNERS.len(), 0..10u8, prop::bool::weighted(0.2), prop::option::weighted(0.2, 0..4u8))
            .prop_map(|(owner, priority, delayed, key)| Step::Submit { owner, priority, delayed, key }),
        1 => any().prop_map(|job| Step::SubmitAgain { job }),
        8 => (0..WORKERS.len(), 1..6usize).prop_map(|(worker, slots)| Step::Claim { worker, slots }),
        2 => (0..WORKERS.len()).prop_map(|worker| Step::ClaimAgain { worker }),
        2 => (0..WORKERS.len()).prop_map(|worker| Step::Renew { worker }),
        2 => any().prop_map(|lease| Step::Progress { lease }),
        8 => prop::collection::vec((any(), 0..9usize), 1..4).prop_map(|ended| Step::Finish { ended }),
        2 => any().prop_map(|job| Step::Cancel { job }),
        2 => any().prop_map(|job| Step::Retry { job }),
        1 => any().prop_map(|job| Step::Delete { job }),
        3 => any().prop_map(|job| Step::Crash { job }),
        3 => any().prop_map(|job| Step::Due { job }),
        1 => any().prop_map(|job| Step::Retire { job }),
        2 => Just(Step::Sweep),
    ]
}

#[test]
fn any_sequence_of_commands_does_what_the_model_says() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let bench = runtime.block_on(Bench::with(QueueArgs {
        owner_running: OWNER_LIMIT,
        owner_queued: OWNER_DEPTH,
        queue_depth: DEPTH,
        retention: Duration::from_secs(36_000_000),
        ..args()
    }));
    let config = Config {
        failure_persistence: None,
        ..Config::with_cases(100)
    };
    proptest!(config, |(steps in prop::collection::vec(step(), 1..120))| {
        runtime.block_on(run(&bench, steps));
    });
}

async fn run(bench: &Bench, steps: Vec<Step>) {
    let _: String = bench.raw(&redis::cmd("FLUSHALL")).await;
    let mut play = Play {
        bench,
        queue: &bench.queue,
        model: Model::new(bench.queue.args()),
        submitted: Vec::new(),
        leases: Vec::new(),
        requests: WORKERS.map(|_| None),
    };
    for step in steps {
        play.step(&step).await;
        check(bench, &play.model).await;
    }
    play.drain().await;
    check(bench, &play.model).await;
}

struct Play<'a> {
    bench: &'a Bench,
    queue: &'a Queue,
    model: Model,
    submitted: Vec<NewJob>,
    /// Every lease that was ever given, the lost ones too.
    leases: Vec<(usize, Lease)>,
    /// The newest claim of each worker.
    requests: [Option<(Uuid, Vec<Lease>)>; WORKERS.len()],
}

impl Play<'_> {
    async fn step(&mut self, step: &Step) {
        match *step {
            Step::Submit {
                owner,
                priority,
                delayed,
                key,
            } => self.submit(owner, priority, delayed, key).await,
            Step::SubmitAgain { job } => self.submit_again(job).await,
            Step::Claim { worker, slots } => {
                self.claim(worker, slots).await;
            }
            Step::ClaimAgain { worker } => self.claim_again(worker).await,
            Step::Renew { worker } => self.renew(worker).await,
            Step::Progress { lease } => self.progress(lease).await,
            Step::Finish { ref ended } => self.finish(ended).await,
            Step::Cancel { job } => self.cancel(job).await,
            Step::Retry { job } => self.retry(job).await,
            Step::Delete { job } => self.delete(job).await,
            Step::Crash { job } => {
                if let Some(id) = pick(&self.model.held(), job) {
                    self.bench.expire_lease(id).await;
                    self.model.job(id).silent = true;
                }
            }
            Step::Due { job } => {
                if let Some(id) = pick(&self.model.delayed(), job) {
                    self.bench.make_due(id).await;
                    self.model.job(id).due = true;
                }
            }
            Step::Retire { job } => {
                if let Some(id) = pick(&self.model.ended(), job) {
                    let set = if self.model.job(id).state == State::Dead {
                        "dead"
                    } else {
                        "done"
                    };
                    self.bench.rescore(set, id).await;
                    self.model.job(id).retired = true;
                }
            }
            Step::Sweep => self.sweep().await,
        }
    }

    async fn submit(&mut self, owner: usize, number: u8, delayed: bool, key: Option<u8>) {
        let new = NewJob {
            priority: priority(number),
            delay: if delayed {
                Duration::from_secs(36_000_000)
            } else {
                Duration::ZERO
            },
            idempotency: key.map(|key| format!("key-{key}").parse().unwrap()),
            ..job_of(OWNERS[owner])
        };
        let mut answer = self.queue.submit(&new).await.unwrap();
        // The model knows no time.
        match &mut answer {
            Submitted::Full(full) => full.room_in = None,
            Submitted::Accepted(at) => *at = Timestamp::default(),
            Submitted::Existing(_) | Submitted::Late => {}
        }
        assert_eq!(answer, self.model.submit(&new));
        if matches!(answer, Submitted::Accepted(_)) {
            self.submitted.push(new);
        }
    }

    async fn submit_again(&mut self, job: usize) {
        let Some(new) = pick_ref(&self.submitted, job) else {
            return;
        };
        let answer = self.queue.submit(new).await.unwrap();
        assert!(matches!(answer, Submitted::Accepted(_)), "{answer:?}");
    }

    async fn claim(&mut self, by: usize, slots: usize) -> bool {
        let request = Uuid::now_v7();
        self.model.clock();
        let claims = self
            .queue
            .claim_up_to(&name(by), request, slots)
            .await
            .unwrap();
        for claim in &claims {
            let lease = claim.lease();
            self.model.claimed(Some((lease.job, lease.attempt)));
        }
        if claims.len() < slots {
            self.model.claimed(None);
        }
        let leases: Vec<_> = claims.iter().map(Claim::lease).collect();
        self.leases.extend(leases.iter().map(|lease| (by, *lease)));
        self.requests[by] = Some((request, leases));
        !claims.is_empty()
    }

    async fn claim_again(&mut self, by: usize) {
        let Some((request, leases)) = &self.requests[by] else {
            return;
        };
        let held: Vec<_> = leases
            .iter()
            .copied()
            .filter(|lease| self.model.holds(*lease))
            .collect();
        if held.is_empty() {
            return; // a fresh claim, which the step of that name covers
        }
        let again = self
            .queue
            .claim_up_to(&name(by), *request, leases.len())
            .await
            .unwrap();
        let again: Vec<_> = again.iter().map(Claim::lease).collect();
        assert_eq!(again, held);
        for lease in held {
            self.model.job(lease.job).silent = false;
        }
    }

    async fn renew(&mut self, by: usize) {
        let held: Vec<_> = self
            .leases
            .iter()
            .filter(|(worker, _)| *worker == by)
            .map(|(_, lease)| *lease)
            .collect();
        let renewal = self
            .queue
            .renew(&name(by), &worker_info(WORKERS[by]), &held)
            .await
            .unwrap();
        assert_eq!((renewal.lost, renewal.cancelled), self.model.renew(&held));
    }

    async fn progress(&mut self, lease: usize) {
        let Some((_, lease)) = pick(&self.leases, lease) else {
            return;
        };
        let answer = self
            .queue
            .progress(lease, &shared::job::Progress::default())
            .await
            .unwrap();
        assert_eq!(answer, self.model.progress(lease));
    }

    async fn finish(&mut self, ended: &[(usize, usize)]) {
        let outcomes = [
            Outcome::Succeeded(tally(0)),
            Outcome::Succeeded(tally(3)),
            Outcome::Failed(damage()),
            Outcome::Retry { error: outage() },
            Outcome::Retry { error: outage() },
            Outcome::Crashed(damage()),
            Outcome::Dead(damage()),
            Outcome::Cancelled,
            Outcome::Release,
        ];
        let ended: Vec<_> = ended
            .iter()
            .filter_map(|(lease, outcome)| {
                Some((pick(&self.leases, *lease)?.1, &outcomes[*outcome]))
            })
            .collect();
        for time in ["first", "second"] {
            let expected: Vec<_> = ended
                .iter()
                .map(|(lease, outcome)| self.model.finish(*lease, outcome))
                .collect();
            let answers = self.queue.finish_all(&ended).await.unwrap();
            assert_eq!(answers, expected, "{time} report of {ended:?}");
        }
    }

    async fn cancel(&mut self, job: usize) {
        let Some(id) = pick(&self.model.ids(), job) else {
            return;
        };
        let expected = self.model.cancel(id);
        assert_eq!(self.queue.cancel(id).await.unwrap(), expected);
        let again = self.queue.cancel(id).await.unwrap();
        assert!(again == expected || expected == CancelAnswer::Unknown);
    }

    async fn retry(&mut self, job: usize) {
        let Some(id) = pick(&self.model.ids(), job) else {
            return;
        };
        assert_eq!(self.queue.retry(id).await.unwrap(), self.model.retry(id));
        let again = self.queue.retry(id).await.unwrap();
        assert_ne!(again, RetryAnswer::Queued, "a second retry changes nothing");
    }

    async fn delete(&mut self, job: usize) {
        let Some(id) = pick(&self.model.ids(), job) else {
            return;
        };
        let expected = self.model.delete(id);
        for _ in 0..2 {
            assert_eq!(self.queue.delete(id).await.unwrap(), expected);
        }
        assert_ne!(expected, DeleteAnswer::Unknown);
    }

    async fn sweep(&mut self) {
        self.model.clock();
        self.model.expire();
        let mut purge = self.queue.sweep().await.unwrap();
        purge.sort_unstable();
        assert_eq!(purge, self.model.purge());
        for id in purge {
            self.queue.purged(id).await.unwrap();
        }
    }

    /// Runs everything to its end, as workers would.
    async fn drain(&mut self) {
        for id in self.model.held() {
            self.bench.expire_lease(id).await;
            self.model.job(id).silent = true;
        }
        loop {
            for id in self.model.delayed() {
                self.bench.make_due(id).await;
                self.model.job(id).due = true;
            }
            let before = self.leases.len();
            while self.claim(0, 3).await {}
            for (_, lease) in &self.leases[before..] {
                let outcome = Outcome::Succeeded(tally(0));
                let answer = self.queue.finish(*lease, &outcome).await.unwrap();
                assert_eq!(answer, self.model.finish(*lease, &outcome));
                assert!(matches!(answer, Finished::Done(_)));
            }
            if before == self.leases.len() && self.model.delayed().is_empty() {
                break;
            }
        }
        for id in self.model.ids() {
            assert!(self.model.job(id).state.is_terminal(), "{id} was lost");
        }
    }
}

fn name(by: usize) -> WorkerId {
    worker(WORKERS[by])
}

fn pick<T: Clone>(from: &[T], number: usize) -> Option<T> {
    pick_ref(from, number).cloned()
}

fn pick_ref<T>(from: &[T], number: usize) -> Option<&T> {
    from.get(number.checked_rem(from.len())?)
}

fn ids_of(ids: impl IntoIterator<Item = JobId>) -> Vec<JobId> {
    let mut ids: Vec<_> = ids.into_iter().collect();
    ids.sort_unstable();
    ids
}
